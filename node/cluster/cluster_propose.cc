#include "node/cluster/cluster_propose.h"

#include <memory>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

// A client's change, which may have to be tried several times.
struct Pending {
  ClusterState& state;
  Engine& engine;
  Attempt attempt;
  ControlLink::Done reply;
  int64_t until_ms = 0;
};

void TryAgain(const std::shared_ptr<Pending>& pending, bool again);

void Try(const std::shared_ptr<Pending>& pending, const Proposing& proposing) {
  const slots::MapVersion version = pending->state.map().version();
  proposing([pending, version](const absl::Status& status) {
    pending->state.Refresh();
    const bool moved = pending->state.map().version() != version;
    // Unavailable: also what was proposed to a log that has become part of another one.
    const bool worth_it = absl::IsAborted(status) || absl::IsUnavailable(status) ||
                          (absl::IsFailedPrecondition(status) && moved);
    if (!worth_it || pending->engine.now_ms >= pending->until_ms) return pending->reply(status);
    pending->state.Later([pending] { TryAgain(pending, /*again=*/true); });
  });
}

void TryAgain(const std::shared_ptr<Pending>& pending, bool again) {
  const absl::StatusOr<Proposing> proposing = pending->attempt(again);
  if (absl::IsAborted(proposing.status()) && pending->engine.now_ms < pending->until_ms) {
    return pending->state.Later([pending, again] { TryAgain(pending, again); });
  }
  if (!proposing.ok() || *proposing == nullptr) return pending->reply(proposing.status());
  Try(pending, *proposing);
}

}  // namespace

void ProposeOnceFormed(CommandContext& ctx, ClusterState& state, Attempt attempt) {
  const absl::StatusOr<Proposing> first = attempt(/*again=*/false);
  if (!first.ok() && !absl::IsAborted(first.status())) {
    return ctx.reply().Error(ToStd(first.status().message()));
  }
  if (first.ok() && *first == nullptr) return ctx.reply().Ok();
  if (RefusedWhereItCannotWait(ctx)) return;
  auto pending = std::make_shared<Pending>(Pending{state, ctx.engine(), std::move(attempt),
                                                   ReplyWhenDecided(ctx),
                                                   ctx.engine().now_ms + kFormingMillis});
  if (first.ok()) return Try(pending, *first);
  state.Later([pending] { TryAgain(pending, /*again=*/false); });
}

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
  const absl::Status free = CheckFenced(state, slots);
  if (!free.ok()) ctx.reply().Error(ToStd(free.message()));
  return !free.ok();
}

absl::Status CheckFenced(const ClusterState& state, const slots::SlotSet& slots) {
  const slots::SlotSet busy = state.fenced() & slots;
  if (busy.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      StrCat("ERR Slot ", *busy.First(), " is changing hands already: try again"));
}

absl::StatusOr<const slots::ShardInfo*> OwnShard(const ClusterState& state) {
  const slots::ShardInfo* shard = state.self_shard();
  const slots::NodeInfo* self = state.self();
  if (shard == nullptr && self != nullptr && self->arbiter) {
    return absl::FailedPreconditionError(
        "ERR This node is an arbiter: it holds no data and no slots");
  }
  if (shard == nullptr) {
    return absl::AbortedError(
        "ERR This node has no shard yet: its cluster is still forming, try again");
  }
  if (shard->primary != state.self_id()) {
    return absl::FailedPreconditionError("ERR This node is a replica: ask its primary");
  }
  return shard;
}

const slots::ShardInfo* ShardOrRefuse(CommandContext& ctx, const ClusterState& state) {
  const absl::StatusOr<const slots::ShardInfo*> shard = OwnShard(state);
  if (shard.ok()) return *shard;
  ctx.reply().Error(ToStd(shard.status().message()));
  return nullptr;
}

const slots::NodeInfo* MemberOrRefuse(CommandContext& ctx, const ClusterState& state,
                                      std::string_view word, std::string_view unknown) {
  const std::optional<slots::NodeId> id = slots::NodeId::FromHex(word);
  const slots::NodeInfo* node = id.has_value() ? state.map().FindNode(*id) : nullptr;
  if (node == nullptr) ctx.reply().Error(StrCat(unknown, word));
  return node;
}

}  // namespace slotmesh::node::cluster_commands
