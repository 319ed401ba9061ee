// Commands of the group list: LPUSH, LRANGE, LMOVE, BLPOP and their relatives.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_LISTS_H_
#define SLOTMESH_NODE_COMMANDS_LISTS_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> ListCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_LISTS_H_
