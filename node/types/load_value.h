// Values out of their serialised form: the one place that knows which type reads which form.
//
// Thread-safe (pure).
#ifndef SLOTMESH_NODE_TYPES_LOAD_VALUE_H_
#define SLOTMESH_NODE_TYPES_LOAD_VALUE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "node/codec/rdb_format.h"
#include "node/codec/rdb_reader.h"
#include "node/types/type_settings.h"
#include "node/types/value_loader.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

// The value that a body of that form holds; the caller owns it. REQUIRES: no string's form.
// Errors: DATA_LOSS for malformed bytes (nothing is left behind), UNIMPLEMENTED for forms that are
// not known. An empty collection is malformed, an empty stream is not.
absl::StatusOr<Object*> LoadValue(RdbType form, RdbReader& reader, const TypeSettings& settings);

// Values of that form, as big ones have it, may be loaded in parts.
bool LoadsInParts(RdbType form);
// Null if they may not. Borrows the settings.
std::unique_ptr<ValueLoader> NewValueLoader(RdbType form, const TypeSettings& settings);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_LOAD_VALUE_H_
