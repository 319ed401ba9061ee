// Commands of the group set: SADD, SMEMBERS, SPOP, SINTER and their relatives.
//
// The rows need no family state.
#ifndef SLOTMESH_NODE_COMMANDS_SETS_H_
#define SLOTMESH_NODE_COMMANDS_SETS_H_

#include "absl/types/span.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

absl::Span<const CommandSpec> SetCommands();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SETS_H_
