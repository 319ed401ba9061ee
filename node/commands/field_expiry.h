// Removes fields of hashes whose time has come: what active expiry does with the keys that
// Database::ExpireSome found.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMANDS_FIELD_EXPIRY_H_
#define SLOTMESH_NODE_COMMANDS_FIELD_EXPIRY_H_

#include <cstdint>
#include <string_view>

#include "node/command/engine.h"
#include "node/types/hash.h"

namespace slotmesh::node {

// Fields removed; copies and listeners have been told, and the key goes with its last field. *done:
// none is left that is due. Nothing happens if the key holds no hash any more.
uint64_t ExpireFieldsOf(Engine& engine, int database, std::string_view key,
                        const Hash::Sweep& bounds, bool* done);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_FIELD_EXPIRY_H_
