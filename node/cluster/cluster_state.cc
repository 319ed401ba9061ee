#include "node/cluster/cluster_state.h"

#include <algorithm>
#include <utility>

#include "node/command/script_errors.h"
#include "node/resp/errors.h"
#include "slots/hash_slot.h"
#include "slots/key_spec.h"
#include "slots/redirect.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using slots::RouteTrait;

RouteTrait TraitsOf(const GateRequest& request) {
  RouteTrait traits = RouteTrait::kNone;
  if (Has(request.flags, Flag::kWrite)) traits = traits | RouteTrait::kWrite;
  if (Has(request.flags, Flag::kShardPubSub)) traits = traits | RouteTrait::kShardPubSub;
  if (Has(request.flags, Flag::kMigrate)) traits = traits | RouteTrait::kMigrate;
  if (Has(request.flags, Flag::kAsking)) traits = traits | RouteTrait::kAsking;
  if (Has(request.flags, Flag::kMovesAcrossDatabases)) {
    // A row of fixed arity always does; one with options only with DB among them.
    const bool always = request.command.spec().arity.value > 0;
    if (always || std::any_of(request.args.begin() + 1, request.args.end(),
                              [](std::string_view word) { return EqualsIgnoreCase(word, "DB"); })) {
      traits = traits | RouteTrait::kMovesAcrossDatabases;
    }
  }
  return traits;
}

// Part of the request changes keys that it does not name.
bool ChangesAllKeys(const GateRequest& request, const Client& client) {
  if (!Has(request.command.flags(), Flag::kTransactionControl)) {
    return request.command.changes_all_keys();
  }
  const std::vector<QueuedCommand>& queued = client.transaction.queued;
  return std::any_of(queued.begin(), queued.end(),
                     [](const QueuedCommand& one) { return one.command->changes_all_keys(); });
}

slots::KeyPresence Combine(slots::KeyPresence a, slots::KeyPresence b) {
  return a == b ? a : slots::KeyPresence::kSome;
}

// A script hears of it in words of its own.
void RefuseWith(const GateRequest& request, slots::RouteOutcome outcome, std::string_view error,
                Reply& reply) {
  if (request.origin == RequestOrigin::kScript) {
    reply.Error(errors::ScriptRouteError(outcome, request.command.full_name()));
  } else {
    reply.Error(error);
  }
}

}  // namespace

slots::IpFamily FamilyOf(const Client& client) {
  return client.address.starts_with('[') ? slots::IpFamily::kV6 : slots::IpFamily::kV4;
}

ClusterState::ClusterState(ControlLink& link, Engine& engine)
    : link_(link), engine_(engine), picture_(link.picture()) {
  view_.emplace(*picture_->map, link_.self(), open_slots_);
  TakeOpenSlots();
  FindDownReason();
}

bool ClusterState::Refresh() {
  const std::shared_ptr<const ClusterPicture> before = picture_;
  std::shared_ptr<const ClusterPicture> next = link_.picture();
  if (follower_ != nullptr && next != before) follower_->BeforePicture(*next);
  picture_ = std::move(next);
  const bool map_changed = picture_->map != before->map;
  if (map_changed) {
    view_.emplace(*picture_->map, link_.self(), open_slots_);
    for (const slots::NodeInfo& node : before->map->data().nodes) {
      if (map().FindNode(node.id) == nullptr) forgotten_.push_back(node.id);
    }
    while (forgotten_.size() > kForgottenMax) forgotten_.pop_front();
  }
  if (map_changed) TakeOpenSlots();
  if (map_changed) AwaitLease(*before);
  if (map_changed && any_fence_ && !refused_.empty()) {
    refused_ &= view_->self_shard == nullptr ? slots::SlotSet() : view_->self_shard->slots;
    FenceChanged();
  }
  if (map_changed) ForgetSlots();
  const bool was_down = !down_reason_.empty();
  FindDownReason();
  // Who waits for keys may have to wait elsewhere.
  if (map_changed || was_down == down_reason_.empty()) engine_.key_waiters.CheckAll();
  if (follower_ != nullptr && picture_ != before) follower_->AfterPicture();
  if (safety_ != nullptr && picture_ != before) safety_->OnPicture();
  return map_changed;
}

void ClusterState::ForgetSlots() {
  engine_.messages.pubsub.CloseShardChannels(
      [this](std::string_view channel) { return !IsMine(slots::HashSlot(channel)); });
  if (engine_.slot_stats == nullptr) return;
  for (int slot = 0; slot < slots::kSlotCount; ++slot) {
    if (!IsMine(static_cast<slots::Slot>(slot))) engine_.slot_stats->Reset(slot);
  }
}

void ClusterState::AwaitLease(const ClusterPicture& before) {
  if (self_shard() == nullptr || self_shard()->primary != self_id()) return;
  const slots::ShardInfo* had = before.map->ShardOf(self_id());
  if (had != nullptr && had->primary == self_id()) return;
  lease_awaited_until_ms_ = engine_.now_ms + engine_.config.cluster_node_timeout;
}

void ClusterState::AwaitHandOver() {
  lease_awaited_until_ms_ = engine_.now_ms + engine_.config.cluster_node_timeout;
}

void ClusterState::EndWaitForLease() {
  if (lease_awaited_until_ms_ == 0) return;
  const bool late = engine_.now_ms >= lease_awaited_until_ms_ || !IsPrimary();
  if (!late && !HasLease(engine_.clock.MonotonicNanos())) return;
  lease_awaited_until_ms_ = 0;
  engine_.parking.Release([this](const ParkingLot::Place& place) {
    const auto slot = static_cast<slots::Slot>(place.slot);
    return place.reason == ParkReason::kFence && place.slot >= 0 &&
           !fenced_writes_.Contains(slot) && !expected_.Contains(slot);
  });
}

void ClusterState::RunLater() {
  for (const std::function<void()>& task : std::exchange(later_, {})) task();
}

// What the ledger says of this node's shard. The other side is the primary of its shard, whoever
// that was when the slot was opened.
void ClusterState::TakeOpenSlots() {
  open_slots_.Clear();
  if (self_shard() == nullptr) return;
  const auto primary_now = [this](const slots::NodeId& node) {
    const slots::ShardInfo* shard = map().ShardOf(node);
    return shard == nullptr ? node : shard->primary;
  };
  for (const ledger::OpenedSlot& open : picture_->decided->opened) {
    if (open.shard != self_shard()->id) continue;
    if (!open.migrating_to.is_zero()) {
      open_slots_.SetMigrating(open.slot, primary_now(open.migrating_to));
    } else {
      open_slots_.SetImporting(open.slot, primary_now(open.importing_from));
    }
  }
}

const PeerHealth* ClusterState::FindPeer(const slots::NodeId& node) const {
  const std::vector<PeerHealth>& peers = picture_->peers;
  const auto at = std::lower_bound(
      peers.begin(), peers.end(), node,
      [](const PeerHealth& peer, const slots::NodeId& id) { return peer.node < id; });
  return at != peers.end() && at->node == node ? &*at : nullptr;
}

bool ClusterState::IsUp(const slots::NodeId& node) const {
  if (node == link_.self()) return true;
  const PeerHealth* peer = FindPeer(node);
  return peer == nullptr || peer->state != gossip::State::kDead;
}

bool ClusterState::WasForgotten(const slots::NodeId& node) const {
  return map().FindNode(node) == nullptr &&
         std::find(forgotten_.begin(), forgotten_.end(), node) != forgotten_.end();
}

void ClusterState::FindDownReason() {
  const Config& config = engine_.config;
  down_reason_.clear();
  if (!picture_->has_majority) {
    down_reason_ = "no majority of the voters is reachable";
  } else if (picture_->data_missing) {
    down_reason_ = "the data of this node's slots is not here (yet)";
  } else if (config.cluster_require_full_coverage) {
    const int assigned = map().assigned_slots();
    if (assigned != slots::kSlotCount) {
      down_reason_ = StrCat(slots::kSlotCount - assigned, " slots are not assigned");
      return FinishRefresh();
    }
    for (const slots::ShardInfo& shard : map().data().shards) {
      if (shard.slots.empty()) continue;
      if (!IsUp(shard.primary)) {
        down_reason_ = StrCat("the primary of shard ", shard.id.ToHex(), " is down");
      } else if (shard.primary_boot != picture_->decided->BootOf(shard.primary)) {
        down_reason_ = StrCat("the primary of shard ", shard.id.ToHex(),
                              " came back without the data of its slots");
      }
    }
  }
  FinishRefresh();
}

void ClusterState::FinishRefresh() {
  view_->cluster_ok = down_reason_.empty();
  view_->allow_reads_when_down = engine_.config.cluster_allow_reads_when_down;
  view_->allow_pubsubshard_when_down = engine_.config.cluster_allow_pubsubshard_when_down;
}

void ClusterState::SetFence(const slots::SlotSet& slots, Fence fence) {
  fenced_writes_ |= slots;
  if (fence == Fence::kWritesAndReads) fenced_reads_ |= slots;
  FenceChanged();
}

void ClusterState::RefuseSlots(const slots::SlotSet& slots) {
  refused_ |= slots;
  FenceChanged();
  engine_.key_waiters.CheckAll();
}

void ClusterState::FenceChanged() {
  any_fence_ = !fenced_writes_.empty() || !refused_.empty();
  engine_.keyspace.set_frozen(fenced_writes_);
}

void ClusterState::ExpectSlots(const slots::SlotSet& slots) { expected_ |= slots; }

void ClusterState::SettleSlots(const slots::SlotSet& slots) {
  expected_ -= slots;
  engine_.parking.Release([&](const ParkingLot::Place& place) {
    return place.reason == ParkReason::kFence && place.slot >= 0 &&
           slots.Contains(static_cast<slots::Slot>(place.slot));
  });
}

void ClusterState::LiftFence(const slots::SlotSet& slots) {
  fenced_writes_ -= slots;
  fenced_reads_ -= slots;
  FenceChanged();
  engine_.parking.Release([&](const ParkingLot::Place& place) {
    if (place.reason != ParkReason::kFence) return false;
    if (place.slot < 0) return fenced_writes_.empty();
    return slots.Contains(static_cast<slots::Slot>(place.slot));
  });
}

bool ClusterState::IsHeld(const GateRequest& request, const Client& client, bool write) const {
  const int slot = request.keys.slot;
  const slots::SlotSet& fenced = write ? fenced_writes_ : fenced_reads_;
  if (slot >= 0 && fenced.Contains(static_cast<slots::Slot>(slot))) return true;
  return write && !fenced_writes_.empty() && ChangesAllKeys(request, client);
}

Admission ClusterState::Admit(const GateRequest& request, Client& client, Reply& reply) {
  const slots::RouteRequest route{.keys = request.keys,
                                  .traits = TraitsOf(request),
                                  .readonly = client.readonly,
                                  .asking = client.asking};
  const slots::RouteDecision decision =
      slots::Route(*view_, route, [&] { return Presence(request, client); });
  // Who waits for a key waits on while the slot is open here: for the slot's new owner, or the key.
  const bool waits_on = client.rerun.active && IsMine(decision.slot) &&
                        (decision.outcome == slots::RouteOutcome::kAsk ||
                         decision.outcome == slots::RouteOutcome::kTryAgain);
  if (!decision.served() && !waits_on) {
    if (decision.outcome == slots::RouteOutcome::kMoved && expected_.Contains(decision.slot) &&
        client.host() != nullptr && request.origin == RequestOrigin::kClient) {
      return Admission::kPark;
    }
    const auto endpoints =
        static_cast<slots::EndpointType>(engine_.config.cluster_preferred_endpoint_type);
    RefuseWith(request, decision.outcome,
               slots::RouteErrorText(decision, endpoints, /*tls=*/false, FamilyOf(client)), reply);
    return Admission::kRefused;
  }
  // What is published is nobody's data: any node of the shard takes it at any time.
  const bool write = Has(request.flags, Flag::kWrite | Flag::kMayReplicate) &&
                     !Has(request.flags, Flag::kShardPubSub);
  if (request.keys.slot >= 0) [[likely]] {
    const auto slot = static_cast<slots::Slot>(request.keys.slot);
    const bool missing = picture_->data_missing || (any_fence_ && refused_.Contains(slot));
    if (missing && IsMine(slot)) [[unlikely]] {
      RefuseWith(request, slots::RouteOutcome::kUnserved, errors::kSlotNotServed, reply);
      return Admission::kRefused;
    }
    // What a synced connection reads must be the newest there is (SAFETY 11).
    const bool needs_lease = write || (IsSynced(engine_, client) && IsPrimary());
    if (needs_lease && !HasLease(engine_.turn_ns)) [[unlikely]] {
      if (engine_.now_ms < lease_awaited_until_ms_ && client.host() != nullptr &&
          request.origin == RequestOrigin::kClient) {
        return Admission::kPark;
      }
      RefuseWith(request, slots::RouteOutcome::kDown, errors::kClusterDown, reply);
      return Admission::kRefused;
    }
  }
  if (!any_fence_) [[likely]]
    return Admission::kServe;
  if (!IsHeld(request, client, write)) return Admission::kServe;
  if (client.host() != nullptr && request.origin == RequestOrigin::kClient) return Admission::kPark;
  RefuseWith(request, slots::RouteOutcome::kTryAgain, errors::kTryAgain, reply);
  return Admission::kRefused;
}

bool ClusterState::MayChange(slots::Slot slot) {
  if (self_shard() == nullptr || self_shard()->primary != self_id()) return false;
  if (!IsMine(slot)) return true;
  return !fenced_writes_.Contains(slot) && !refused_.Contains(slot) && MayAcknowledge();
}

bool ClusterState::MayAcknowledge() { return HasLease(engine_.clock.MonotonicNanos()); }

slots::KeyPresence ClusterState::Presence(const GateRequest& request, const Client& client) const {
  if (!Has(request.command.flags(), Flag::kTransactionControl)) {
    return PresenceOf(request, request.args, request.command, client.database);
  }
  std::optional<slots::KeyPresence> all;
  for (const QueuedCommand& queued : client.transaction.queued) {
    if (!queued.command->has_keys()) continue;
    const slots::KeyPresence one =
        PresenceOf(request, queued.args.view(), *queued.command, client.database);
    all = all.has_value() ? Combine(*all, one) : one;
  }
  return all.value_or(slots::KeyPresence::kAll);
}

slots::KeyPresence ClusterState::PresenceOf(const GateRequest& request, Args args,
                                            const Command& command, int database) const {
  slots::KeyRefs keys;
  if (slots::FindKeys(command.spec().keys, command.spec().get_keys, slots::KeyDetail::kPositions,
                      args, &keys) != slots::KeyStatus::kOk) {
    return slots::KeyPresence::kAll;
  }
  std::optional<slots::KeyPresence> all;
  Database& db = engine_.keyspace.database(database);
  for (const slots::KeyRef& key : keys) {
    const bool here = db.FindRead(HashKey(engine_.keyspace, args[key.word]), request.now_ms,
                                  {.touch = false, .count = false}) != nullptr;
    const slots::KeyPresence one = here ? slots::KeyPresence::kAll : slots::KeyPresence::kNone;
    all = all.has_value() ? Combine(*all, one) : one;
  }
  return all.value_or(slots::KeyPresence::kAll);
}

}  // namespace slotmesh::node
