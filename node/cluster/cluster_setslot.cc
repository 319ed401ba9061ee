// CLUSTER SETSLOT: moving a slot key by key, as redis-cli and scripts do it.
//
// Which slots are open (MIGRATING here, IMPORTING there) stands in the ledger, so it outlives a
// restart and a failover: as long as the slot is not given away or closed, the source goes on
// sending clients after the keys that have left it.
#include <string>
#include <utility>

#include "node/cluster/cluster_propose.h"
#include "node/cluster/slot_handover.h"
#include "node/cluster/slot_release.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

constexpr std::string_view kBadAction =
    "Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP";

const slots::NodeInfo* PrimaryOrRefuse(CommandContext& ctx, const ClusterState& state,
                                       std::string_view word, std::string_view unknown) {
  const slots::NodeInfo* node = MemberOrRefuse(ctx, state, word, unknown);
  if (node == nullptr) return nullptr;
  const slots::ShardInfo* shard = state.map().ShardOf(node->id);
  if (shard != nullptr && shard->primary == node->id) return node;
  ctx.reply().Error("Target node is not a master");
  return nullptr;
}

void Open(CommandContext& ctx, ClusterState& state, const slots::ShardInfo& shard, slots::Slot slot,
          const slots::OpenSlot& open) {
  const slots::OpenSlot* before = state.open_slots().Find(slot);
  if (before == nullptr ? open == slots::OpenSlot() : *before == open) return ctx.reply().Ok();
  if (RefusedWhileFenced(ctx, state, slots::SlotSet::Of(slot, slot))) return;
  Propose(ctx, state,
          ledger::SlotOpened{slot, shard.id, shard.epoch, open.migrating_to, open.importing_from});
}

void SetMigrating(CommandContext& ctx, ClusterState& state, const slots::ShardInfo& shard,
                  slots::Slot slot, std::string_view word) {
  if (!state.IsMine(slot)) {
    return ctx.reply().Error(StrCat("I'm not the owner of hash slot ", slot));
  }
  const slots::NodeInfo* node = PrimaryOrRefuse(ctx, state, word, "I don't know about node ");
  if (node == nullptr) return;
  if (node->id == state.self_id()) {
    return ctx.reply().Error("I'm the owner of the hash slot already: it cannot move here");
  }
  Open(ctx, state, shard, slot, {.migrating_to = node->id});
}

void SetImporting(CommandContext& ctx, ClusterState& state, const slots::ShardInfo& shard,
                  slots::Slot slot, std::string_view word) {
  if (state.IsMine(slot)) {
    return ctx.reply().Error(StrCat("I'm already the owner of hash slot ", slot));
  }
  const slots::NodeInfo* node = PrimaryOrRefuse(ctx, state, word, "I don't know about node ");
  if (node == nullptr) return;
  Open(ctx, state, shard, slot, {.importing_from = node->id});
}

// To this node, away from it, or between others. Its owner gives the slot away; if that is dead for
// all that is known here, the ledger waits until its lease is over (SAFETY 8).
void SetOwner(CommandContext& ctx, ClusterState& state, slots::Slot slot, std::string_view word) {
  const slots::NodeInfo* node = PrimaryOrRefuse(ctx, state, word, "Unknown node ");
  if (node == nullptr) return;
  const slots::ShardInfo* target = state.map().ShardOf(node->id);
  const slots::ShardInfo* owner = state.map().Owner(slot);
  if (owner == target) return ctx.reply().Ok();
  const slots::SlotSet slots = slots::SlotSet::Of(slot, slot);
  if (owner == nullptr) {
    return Propose(ctx, state, ledger::SlotsAssigned{target->id, target->epoch, slots});
  }
  if (RefusedWhereItCannotWait(ctx)) return;
  SlotHandover* handover = ctx.family<ClusterFamily>().handover;
  if (state.IsMine(slot) && (handover == nullptr || !state.fenced().Contains(slot))) {
    const absl::Status refusal = CheckRelease(ctx.engine(), state, slot);
    if (!refusal.ok()) return ctx.reply().Error(ToStd(refusal.message()));
    return ReleaseSlot(state, slot, *target, ReplyWhenDecided(ctx));
  }
  if (handover != nullptr && state.IsUp(owner->primary)) {
    return handover->Ask(slot, node->id, ReplyWhenDecided(ctx));
  }
  Propose(ctx, state,
          ledger::SlotsReassigned{slots, owner->id, owner->epoch, target->id, target->epoch});
}

// SETSLOT's words behind the slot, without a TIMEOUT at their end. False, with the refusal in the
// reply, for one that is none. The ledger has a time of its own: it is only read.
bool TakeTimeout(CommandContext& ctx, Args* words) {
  if (words->size() >= 2 && EqualsIgnoreCase(words->back(), "TIMEOUT")) {
    ctx.reply().Error("Missing timeout value");
    return false;
  }
  if (words->size() < 3 || !EqualsIgnoreCase((*words)[words->size() - 2], "TIMEOUT")) return true;
  const std::optional<int64_t> timeout = ParseInt64(words->back());
  if (!timeout.has_value() || *timeout < 0) {
    ctx.reply().Error(timeout.has_value() ? "timeout is negative"
                                          : "timeout is not an integer or out of range");
    return false;
  }
  words->remove_suffix(2);
  return true;
}

}  // namespace

void SetSlot(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  Args words = args.subspan(3);
  if (!TakeTimeout(ctx, &words)) return;
  const slots::ShardInfo* shard = state->self_shard();
  if (shard != nullptr && shard->primary != state->self_id()) {
    return ctx.reply().Error("You can use SETSLOT only with masters.");
  }
  const std::optional<slots::Slot> slot = ParseSlot(ctx, args[2]);
  if (!slot.has_value()) return;
  const std::string_view action = words[0];
  if (EqualsIgnoreCase(action, "NODE") && words.size() == 2) {
    return SetOwner(ctx, *state, *slot, words[1]);
  }
  shard = ShardOrRefuse(ctx, *state);
  if (shard == nullptr) return;
  if (EqualsIgnoreCase(action, "STABLE") && words.size() == 1) {
    return Open(ctx, *state, *shard, *slot, {});
  }
  if (EqualsIgnoreCase(action, "MIGRATING") && words.size() == 2) {
    return SetMigrating(ctx, *state, *shard, *slot, words[1]);
  }
  if (EqualsIgnoreCase(action, "IMPORTING") && words.size() == 2) {
    return SetImporting(ctx, *state, *shard, *slot, words[1]);
  }
  ctx.reply().Error(kBadAction);
}

}  // namespace slotmesh::node::cluster_commands
