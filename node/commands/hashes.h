// Commands of the group hash: HSET, HGETALL, HINCRBY, HEXPIRE and their relatives.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_HASHES_H_
#define SLOTMESH_NODE_COMMANDS_HASHES_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> HashCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_HASHES_H_
