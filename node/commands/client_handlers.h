// Handlers of CLIENT's subcommands, for client_rows.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_CLIENT_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_CLIENT_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

// client_self.cc: one's own connection.
void ClientId(CommandContext& ctx, Args args);
void ClientGetName(CommandContext& ctx, Args args);
void ClientSetName(CommandContext& ctx, Args args);
void ClientSetInfo(CommandContext& ctx, Args args);
void ClientReplyMode(CommandContext& ctx, Args args);
void ClientWriteSafety(CommandContext& ctx, Args args);
void ClientNoEvict(CommandContext& ctx, Args args);
void ClientNoTouch(CommandContext& ctx, Args args);
void ClientCapa(CommandContext& ctx, Args args);
void ClientImportSource(CommandContext& ctx, Args args);
void ClientHelp(CommandContext& ctx, Args args);
// client_tracking.cc: client side caching.
void ClientTracking(CommandContext& ctx, Args args);
void ClientTrackingInfo(CommandContext& ctx, Args args);
void ClientCaching(CommandContext& ctx, Args args);
void ClientGetRedir(CommandContext& ctx, Args args);
// client_others.cc: all connections.
void ClientInfo(CommandContext& ctx, Args args);
void ClientList(CommandContext& ctx, Args args);
void ClientKill(CommandContext& ctx, Args args);
void ClientPause(CommandContext& ctx, Args args);
void ClientUnpause(CommandContext& ctx, Args args);
void ClientUnblock(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_CLIENT_HANDLERS_H_
