// COMMAND and its subcommands: what clients ask about commands, answered from the rows.
//
// The rows need no family state; they read the engine's registry.
#ifndef SLOTMESH_NODE_COMMANDS_COMMAND_FAMILY_H_
#define SLOTMESH_NODE_COMMANDS_COMMAND_FAMILY_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> CommandCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_COMMAND_FAMILY_H_
