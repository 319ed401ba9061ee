// SORT and SORT_RO.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_SORT_H_
#define SLOTMESH_NODE_COMMANDS_SORT_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> SortCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SORT_H_
