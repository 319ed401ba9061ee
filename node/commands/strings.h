// Commands of the group string: GET, SET, INCR, APPEND, LCS and their relatives.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_STRINGS_H_
#define SLOTMESH_NODE_COMMANDS_STRINGS_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> StringCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_STRINGS_H_
