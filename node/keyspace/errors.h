// Errors of typed look-ups. Messages are what goes on the wire.
#ifndef SLOTMESH_NODE_KEYSPACE_ERRORS_H_
#define SLOTMESH_NODE_KEYSPACE_ERRORS_H_

#include "absl/status/status.h"

namespace slotmesh::node {

// The status of a command that met a value of another kind.
absl::Status WrongTypeError();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_ERRORS_H_
