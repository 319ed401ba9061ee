// Handlers of the pubsub commands, for pubsub_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_PUBSUB_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_PUBSUB_HANDLERS_H_

#include "node/command/command_context.h"

namespace slotmesh::node {

void Subscribe(CommandContext& ctx, Args args);
void PSubscribe(CommandContext& ctx, Args args);
void SSubscribe(CommandContext& ctx, Args args);
void Unsubscribe(CommandContext& ctx, Args args);
void PUnsubscribe(CommandContext& ctx, Args args);
void SUnsubscribe(CommandContext& ctx, Args args);
void Publish(CommandContext& ctx, Args args);
void SPublish(CommandContext& ctx, Args args);
void PubSubChannels(CommandContext& ctx, Args args);
void PubSubNumSub(CommandContext& ctx, Args args);
void PubSubNumPat(CommandContext& ctx, Args args);
void PubSubShardChannels(CommandContext& ctx, Args args);
void PubSubShardNumSub(CommandContext& ctx, Args args);
void PubSubHelp(CommandContext& ctx, Args args);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_PUBSUB_HANDLERS_H_
