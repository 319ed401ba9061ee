// Commands of the group generic: what can be done to a key whatever its value, and DBSIZE.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_GENERIC_H_
#define SLOTMESH_NODE_COMMANDS_GENERIC_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> GenericCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_GENERIC_H_
