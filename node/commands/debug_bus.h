// DEBUG's faults of the bus between nodes.
#ifndef SLOTMESH_NODE_COMMANDS_DEBUG_BUS_H_
#define SLOTMESH_NODE_COMMANDS_DEBUG_BUS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

void DebugDropPackets(CommandContext& ctx, Args args);
void DebugCloseLinksOnDrop(CommandContext& ctx, Args args);
void DebugClusterLink(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_DEBUG_BUS_H_
