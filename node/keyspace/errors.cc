#include "node/keyspace/errors.h"

namespace slotmesh::node {

absl::Status WrongTypeError() {
  return absl::FailedPreconditionError(
      "WRONGTYPE Operation against a key holding the wrong kind of value");
}

}  // namespace slotmesh::node
