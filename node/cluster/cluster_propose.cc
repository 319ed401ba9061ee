#include "node/cluster/cluster_propose.h"

#include <utility>

#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {

ControlLink::Done ReplyWhenDecided(CommandContext& ctx) {
  BlockedClients& blocked = ctx.engine().blocked;
  const BlockedClients::Ticket ticket = blocked.Block(ctx.client());
  return [&blocked, ticket](const absl::Status& status) {
    blocked.Complete(ticket, [&](Client& client) {
      if (status.ok()) return client.reply().Ok();
      client.reply().Error(ToStd(status.message()));
    });
  };
}

bool RefusedWhereItCannotWait(CommandContext& ctx) {
  if (ctx.may_block() || ctx.may_wait_in_transaction()) return false;
  ctx.reply().Error(StrCat("ERR CLUSTER ", ctx.command().spec().name,
                           " is not allowed inside a transaction or script"));
  return true;
}

void Propose(CommandContext& ctx, ClusterState& state, ledger::Change change) {
  if (RefusedWhereItCannotWait(ctx)) return;
  state.link().Propose(std::move(change), ReplyWhenDecided(ctx));
}

bool RefusedWhileFenced(CommandContext& ctx, const ClusterState& state,
                        const slots::SlotSet& slots) {
  if (RefusedWhereItCannotWait(ctx)) return true;
  const slots::SlotSet busy = state.fenced() & slots;
  if (busy.empty()) return false;
  ctx.reply().Error(StrCat("Slot ", *busy.First(), " is changing hands already: try again"));
  return true;
}

const slots::ShardInfo* ShardOrRefuse(CommandContext& ctx, const ClusterState& state) {
  const slots::ShardInfo* shard = state.self_shard();
  const slots::NodeInfo* self = state.map().FindNode(state.self_id());
  if (shard == nullptr && self != nullptr && self->arbiter) {
    ctx.reply().Error("This node is an arbiter: it holds no data and no slots");
  } else if (shard == nullptr) {
    ctx.reply().Error("This node has no shard yet: its cluster is still forming, try again");
  } else if (shard->primary != state.self_id()) {
    ctx.reply().Error("This node is a replica: ask its primary");
    return nullptr;
  }
  return shard;
}

const slots::NodeInfo* MemberOrRefuse(CommandContext& ctx, const ClusterState& state,
                                      std::string_view word, std::string_view unknown) {
  const std::optional<slots::NodeId> id = slots::NodeId::FromHex(word);
  const slots::NodeInfo* node = id.has_value() ? state.map().FindNode(*id) : nullptr;
  if (node == nullptr) ctx.reply().Error(StrCat(unknown, word));
  return node;
}

}  // namespace slotmesh::node::cluster_commands
