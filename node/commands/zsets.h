// Commands of the group sorted-set: ZADD, ZRANGE, ZUNION, BZPOPMIN and their relatives.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_ZSETS_H_
#define SLOTMESH_NODE_COMMANDS_ZSETS_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> SortedSetReadCommands();
absl::Span<const CommandSpec> SortedSetWriteCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_ZSETS_H_
