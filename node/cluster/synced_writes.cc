#include "node/cluster/synced_writes.h"

#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {

SyncedWrites::SyncedWrites(ClusterState& state, Engine& engine, Log& log)
    : state_(state), engine_(engine), log_(log) {
  state_.set_reply_safety(this);
  in_sync_.Take(Decided(), engine_.now_ms);
}

SyncedWrites::~SyncedWrites() {
  *alive_ = false;
  state_.set_reply_safety(nullptr);
}

void SyncedWrites::SetHooks(Hooks hooks) { hooks_ = std::move(hooks); }

void SyncedWrites::AllowAsync() {
  allows_async_ = true;
  wanted_ = false;
}

InSync::Decided SyncedWrites::Decided() const {
  InSync::Decided decided;
  const slots::ShardInfo* shard = state_.self_shard();
  decided.self = {state_.self_id(), state_.link().boot()};
  if (shard == nullptr || shard->primary != decided.self.node ||
      shard->primary_boot != decided.self.boot) {
    return decided;
  }
  const ledger::View& view = *state_.picture().decided;
  const ledger::InSyncSet* set = view.FindInSync(shard->id);
  if (set == nullptr) return decided;
  decided.primary = true;
  decided.shard = shard->id;
  decided.epoch = shard->epoch;
  decided.version = shard->in_sync_version;
  decided.synced = set->synced;
  decided.members = set->members;
  for (const slots::NodeId& id : shard->replicas) decided.replicas.push_back({id, view.BootOf(id)});
  return decided;
}

void SyncedWrites::NoteSet(const InSync::Decided& before) const {
  const InSync::Decided& now = in_sync_.decided();
  if (!now.primary || !now.synced) return;
  if (now.members == before.members && now.synced == before.synced) return;
  log_.Notice(StrCat("In sync are ", now.members.size(), " of the shard's ",
                     now.replicas.size() + 1, " nodes: synced writes wait for them"));
}

void SyncedWrites::OnPicture() {
  const InSync::Decided before = in_sync_.decided();
  in_sync_.Take(Decided(), engine_.now_ms);
  const InSync::Decided& now = in_sync_.decided();
  const bool same = now.primary && before.primary && now.shard == before.shard &&
                    now.epoch == before.epoch && now.self == before.self;
  NoteSet(before);
  if (same) {
    if (now.version != before.version && hooks_.on_safe != nullptr) hooks_.on_safe();
    if (now.version != before.version && on_progress_ != nullptr) on_progress_();
    return;
  }
  asked_ = asked_all_ = 0;
  if (before.primary && hooks_.on_lost != nullptr) hooks_.on_lost();
}

bool SyncedWrites::HoldsReply(uint64_t offset) {
  if (!in_sync_.decided().primary) return false;
  wanted_ = true;
  if (!in_sync_.IsSafe(offset) && offset > asked_ && hooks_.ask != nullptr) {
    asked_ = offset;
    hooks_.ask();
  }
  return true;
}

bool SyncedWrites::EnoughInSync() {
  return !in_sync_.decided().primary || in_sync_.copies() >= engine_.config.min_in_sync;
}

void SyncedWrites::OnProgress(const slots::NodeId& node, slots::BootId boot, uint64_t offset) {
  in_sync_.OnProgress({node, boot}, offset, engine_.now_ms);
  if (hooks_.on_safe != nullptr) hooks_.on_safe();
  if (on_progress_ != nullptr) on_progress_();
}

bool SyncedWrites::AllHave(uint64_t offset) {
  if (in_sync_.AllHave(offset)) return true;
  if (in_sync_.decided().primary && offset > asked_all_ && hooks_.ask_now != nullptr) {
    asked_all_ = offset;
    hooks_.ask_now();
  }
  return false;
}

void SyncedWrites::OnGone(const slots::NodeId& node, slots::BootId boot) {
  in_sync_.OnGone({node, boot}, engine_.now_ms);
}

bool SyncedWrites::MayForget(const slots::NodeId& node, slots::BootId boot) {
  return in_sync_.MayForget({node, boot});
}

void SyncedWrites::Tick() {
  if (hooks_.ask == nullptr) return;
  if (hooks_.holds_replies() && !state_.MayAcknowledge()) hooks_.on_lost();
  if (hooks_.hands_over()) return;
  const bool directive = engine_.config.write_safety == WriteSafety::kSynced;
  const InSync::Settings settings{.node_timeout_ms = engine_.config.cluster_node_timeout,
                                  .synced = directive || wanted_,
                                  .async = allows_async_ && !directive && !wanted_};
  std::optional<ledger::Change> change =
      in_sync_.Step(settings, engine_.journal.data_offset(), engine_.now_ms);
  if (in_sync_.wants_acks()) hooks_.ask_now();
  if (!change.has_value()) return;
  state_.link().Propose(*std::move(change), [this, alive = alive_](const absl::Status& status) {
    if (!*alive) return;
    // The picture that shows it counts before what waits for it goes on.
    state_.Refresh();
    in_sync_.OnDecided(status.ok(), engine_.now_ms);
    if (!status.ok()) log_.Verbose(StrCat("In-sync change: ", ToStd(status.message())));
  });
}

}  // namespace slotmesh::node
