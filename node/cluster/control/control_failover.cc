// Shards whose primary has died, or came back as another process: the ledger's leader gives them
// one of their replicas as primary (SAFETY 5, 6, 14, 17). The ledger lets that come to pass only
// once the old one's lease is over.
#include <algorithm>

#include "node/cluster/control/control_node.h"
#include "slots/strings.h"

namespace slotmesh::node {

// What this node says of itself to others.
void ControlNode::TellOfSelf(ControlOutput* out) {
  StepGossip(gossip::LocalChange{ledger_->leadership().term, OwnOffset(), local_.load_permille},
             out);
}

// An offset that the engine counted for an earlier place says nothing of this one.
uint64_t ControlNode::OwnOffset() const {
  const slots::ShardInfo* shard = ledger_->map()->ShardOf(record_.id);
  return shard != nullptr && shard->primary == local_.primary ? local_.replication_offset : 0;
}

// Who has become a replica with `map`: what it said before, it said as something else.
void ControlNode::NotePlaces(const slots::SlotMap& map) {
  std::map<slots::NodeId, uint64_t> placed;
  const bool same_log = known_map_ != nullptr && known_map_->version().log == map.version().log;
  for (const slots::ShardInfo& shard : map.data().shards) {
    const slots::ShardInfo* before = same_log ? known_map_->FindShard(shard.id) : nullptr;
    for (const slots::NodeId& id : shard.replicas) {
      const bool stays =
          before != nullptr && std::count(before->replicas.begin(), before->replicas.end(), id) > 0;
      const auto known = placed_.find(id);
      placed[id] = stays && known != placed_.end() ? known->second : map.version().sequence;
    }
  }
  placed_ = std::move(placed);
}

// How much of its primary's data a replica says it has; nothing if it has not spoken as one.
std::optional<uint64_t> ControlNode::OffsetOf(const gossip::MemberView& member) const {
  if (member.heard == nullptr) return std::nullopt;
  const gossip::Beat& beat = member.heard->beat;
  const auto placed = placed_.find(member.member->id);
  const bool spoke_earlier =
      placed != placed_.end() &&
      (beat.map.log != known_map_->version().log || beat.map.sequence < placed->second);
  if (spoke_earlier || beat.boot != ledger_->view().BootOf(member.member->id)) return std::nullopt;
  return beat.replication_offset;
}

// In synced mode nobody else has what was acknowledged, or may be promoted (SAFETY 13). Who says
// that it is not to be is not.
bool ControlNode::MayBePromoted(const slots::ShardInfo& shard,
                                const ledger::NodeBoot& replica) const {
  if (const slots::NodeInfo* node = map().FindNode(replica.node);
      node != nullptr && node->labels.no_failover) {
    return false;
  }
  const ledger::InSyncSet* set = ledger_->view().FindInSync(shard.id);
  return !set->synced || std::binary_search(set->members.begin(), set->members.end(), replica);
}

// With which set `next` begins: those of the present one who are there. Whoever is left out of it
// and lives comes in again once it has caught up.
std::vector<ledger::NodeBoot> ControlNode::InSyncWith(const slots::ShardInfo& shard,
                                                      const ledger::NodeBoot& next) const {
  std::vector<ledger::NodeBoot> set = {next};
  for (const ledger::NodeBoot& member : ledger_->view().FindInSync(shard.id)->members) {
    if (member.node == next.node || member.node == shard.primary) continue;
    const std::optional<gossip::MemberView> seen = gossip_->view().Find(member.node);
    const bool there =
        member.node == record_.id || (seen.has_value() && seen->state == gossip::State::kAlive);
    if (there && member.boot == ledger_->view().BootOf(member.node)) set.push_back(member);
  }
  return set;
}

// Each replica is dead or says that it has no copy, so there is nobody to wait for. In
// synced mode only those count who may be promoted.
bool ControlNode::NoReplicaHasMore(const slots::ShardInfo& shard) const {
  const gossip::View members = gossip_->view();
  return std::all_of(shard.replicas.begin(), shard.replicas.end(), [&](const slots::NodeId& id) {
    if (!MayBePromoted(shard, {id, ledger_->view().BootOf(id)})) return true;
    const std::optional<gossip::MemberView> member = members.Find(id);
    if (!member.has_value()) return false;
    return member->state == gossip::State::kDead || OffsetOf(*member) == uint64_t{0};
  });
}

// Of the replicas that live, have a copy and may be promoted, the one that has most.
std::optional<ledger::NodeBoot> ControlNode::BestReplica(const slots::ShardInfo& shard) const {
  const gossip::View members = gossip_->view();
  std::optional<ledger::NodeBoot> best;
  uint64_t most = 0;
  for (const slots::NodeId& id : shard.replicas) {
    const slots::BootId boot = ledger_->view().BootOf(id);
    if (!MayBePromoted(shard, {id, boot})) continue;
    uint64_t offset = 0;
    if (id == record_.id) {
      if (boot == options_.boot) offset = OwnOffset();
    } else if (const std::optional<gossip::MemberView> member = members.Find(id)) {
      if (member->state == gossip::State::kAlive) offset = OffsetOf(*member).value_or(0);
    }
    if (offset <= most) continue;
    most = offset;
    best = ledger::NodeBoot{id, boot};
  }
  return best;
}

// Dead as far as this node knows; or another process than was made primary, which has had time to
// say that it goes on.
bool ControlNode::HasLostItsPrimary(const slots::ShardInfo& shard) const {
  if (shard.primary == record_.id) {
    return shard.primary_boot != options_.boot && !options_.keeps_every_write &&
           now_ >= began_ + options_.node_timeout / 2;
  }
  const std::optional<gossip::MemberView> member = gossip_->view().Find(shard.primary);
  if (!member.has_value()) return false;
  if (member->state == gossip::State::kDead) return true;
  const slots::BootId known = ledger_->view().BootOf(shard.primary);
  return known != shard.primary_boot && member->boot == known &&
         now_ >= member->since + options_.node_timeout / 2;
}

absl::Status ControlNode::MindFailover(ControlOutput* out) {
  if (now_ < failover_at_) return absl::OkStatus();
  failover_at_ = now_ + options_.node_timeout / 10;
  const ledger::View& view = ledger_->view();
  const bool leads = ledger_->leadership().settled;
  if (!leads || failover_open_ || view.seal.has_value() || gossip_->view().isolated()) {
    return absl::OkStatus();
  }
  for (const slots::ShardInfo& shard : view.map.shards) {
    if (shard.replicas.empty() || !HasLostItsPrimary(shard)) continue;
    const std::optional<ledger::NodeBoot> next = BestReplica(shard);
    if (!next.has_value()) continue;
    out->notes.push_back(StrCat("The primary of shard ", shard.id.ToHex(), ", ",
                                shard.primary.ToHex(), ", is gone: its replica ",
                                next->node.ToHex(), " is to take over"));
    failover_open_ = true;
    const bool synced = view.FindInSync(shard.id)->synced;
    return Propose(ledger::PrimaryChanged{.shard = shard.id,
                                          .expected_epoch = shard.epoch,
                                          .expected_in_sync_version = shard.in_sync_version,
                                          .primary = *next,
                                          .in_sync = InSyncWith(shard, *next),
                                          .outside_set = !synced},
                   ForFailover{}, out);
  }
  return absl::OkStatus();
}

}  // namespace slotmesh::node
