// DEBUG PROTOCOL type: a reply of each type, for those who write clients.
#ifndef SLOTMESH_NODE_COMMANDS_DEBUG_PROTOCOL_H_
#define SLOTMESH_NODE_COMMANDS_DEBUG_PROTOCOL_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

void DebugProtocol(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_DEBUG_PROTOCOL_H_
