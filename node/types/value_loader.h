// A value out of its serialised form, in parts: as ValueType::SerialisePart has cut it.
//
// Thread-compatible; touches nothing but the value that it makes.
#ifndef SLOTMESH_NODE_TYPES_VALUE_LOADER_H_
#define SLOTMESH_NODE_TYPES_VALUE_LOADER_H_

#include "absl/status/statusor.h"
#include "node/codec/rdb_reader.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

class ValueLoader {
 public:
  virtual ~ValueLoader() = default;

  // Takes in elements up to the part's end, or up to the value's, if that comes first. False: the
  // part's status() says what is wrong; there is no going on then. Linear in the part.
  virtual bool Add(RdbReader& part) = 0;
  virtual bool complete() const = 0;
  // What is there so far, null if nothing is; the caller owns it. The last call.
  virtual Object* Release() = 0;
};

// The value of a body that is here as a whole. Errors as of LoadValue.
inline absl::StatusOr<Object*> LoadWhole(ValueLoader& loader, RdbReader& body) {
  if (!loader.Add(body)) return body.status();
  if (!loader.complete()) {
    body.Fail("unexpected end");
    return body.status();
  }
  return loader.Release();
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_VALUE_LOADER_H_
