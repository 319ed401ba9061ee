// Entries as DUMP payloads (node/codec/dump.h) and back, whatever their type.
//
// Pure; engine thread for entries that the keyspace holds. Linear in the value.
#ifndef SLOTMESH_NODE_KEYSPACE_ENTRY_CODEC_H_
#define SLOTMESH_NODE_KEYSPACE_ENTRY_CODEC_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "node/codec/dump.h"
#include "node/keyspace/entry.h"
#include "node/types/type_settings.h"

namespace slotmesh::node {

std::string DumpEntry(const Entry& entry, bool compress, int database = -1);

// A new entry under `key`, which the caller owns. Errors: DATA_LOSS for a malformed body,
// UNIMPLEMENTED for a type that is not known.
absl::StatusOr<Entry*> LoadEntry(std::string_view key, const DumpedValue& value, UnixMillis expiry,
                                 const TypeSettings& settings, int database = -1);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_ENTRY_CODEC_H_
