// Whether this node may take writes, and whether its cluster can decide.
#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "node/cluster/control/control_node.h"

namespace slotmesh::node {

namespace {

// A lease that goes with `before` does not go with `after`: the shard is another one or has lost
// slots. Whoever still goes by the old map must not take it for a lease of what was lost. Slots
// that left by a move of this process do not count: it proposed the commit behind its own fence,
// which stays until it has taken up the new map (SAFETY 20, 22), and its other slots go on without
// a gap. The same goes for what the engine has offered behind its fence.
bool Lost(const ledger::View& before, const ledger::View& after, const slots::SlotMap& map,
          const slots::ShardInfo& had, const slots::SlotSet& offered, const slots::NodeId& self,
          slots::BootId boot) {
  const slots::ShardInfo* has = map.ShardOf(self);
  if (has == nullptr || has->id != had.id || before.map.version.log != after.map.version.log) {
    return true;
  }
  slots::SlotSet lost = had.slots - has->slots - offered;
  for (const ledger::MovePlan& plan : before.moves) {
    const ledger::FinishedMove* finished = after.FindFinished(plan.plan);
    const bool ours = plan.source.shard == had.id && plan.source.boot == boot;
    if (ours && finished != nullptr && finished->committed) lost -= plan.slots;
  }
  return !lost.empty();
}

// What the change takes from that shard.
slots::SlotSet TakenFrom(const slots::ShardId& shard, const ledger::Change& change) {
  const auto* unassigned = std::get_if<ledger::SlotsUnassigned>(&change);
  if (unassigned != nullptr && unassigned->shard == shard) return unassigned->slots;
  const auto* reassigned = std::get_if<ledger::SlotsReassigned>(&change);
  if (reassigned != nullptr && reassigned->source == shard) return reassigned->slots;
  return {};
}

}  // namespace

void ControlNode::NoteOffer(const ProposeChange& input) {
  const slots::ShardInfo* shard = map().ShardOf(record_.id);
  if (shard == nullptr) return;
  const slots::SlotSet slots = TakenFrom(shard->id, input.change);
  if (!slots.empty()) offers_[input.ticket] = slots;
}

// The ledger asks for the lease and knows its end (slots/ledger/lease.h). A lease that ends sooner
// than was said before has been taken back: what follows is another one.
void ControlNode::MindLease(ControlOutput* out) {
  const absl::Time until = ledger_->lease_deadline();
  const slots::ShardInfo* had = lease_map_ == nullptr ? nullptr : lease_map_->ShardOf(record_.id);
  slots::SlotSet offered;
  for (const auto& [ticket, slots] : offers_) offered |= slots;
  const bool lost =
      lease_map_ != known_map_ && had != nullptr && !had->slots.empty() &&
      Lost(*lease_view_, *known_view_, *known_map_, *had, offered, record_.id, options_.boot);
  // The engine has been told what came of these.
  for (const uint64_t ticket : std::exchange(settled_offers_, {})) offers_.erase(ticket);
  lease_map_ = known_map_;
  lease_view_ = known_view_;
  if (until == lease_until_ && !lost) return;
  if (until < lease_until_ || lost) {
    ++lease_tenure_;
    picture_dirty_ = true;
    picture_at_ = absl::InfinitePast();
  }
  lease_until_ = until;
  out->lease = ControlOutput::Lease{lease_tenure_, until};
}

// When the ledger could last decide, as far as can be seen from here: a leader counts its rounds, a
// voter trusts the leader that it hears (who steps down without a majority), and anybody else looks
// whether a majority of the voters is there.
absl::Time ControlNode::MajoritySeen() const {
  const ledger::Leadership leadership = ledger_->leadership();
  if (leadership.leader == record_.id) return ledger_->majority_round();
  // One that was a voter when it stopped, and was replaced, learns so from the map alone.
  const std::vector<slots::NodeId>& voters = ledger_->view().voters;
  const bool votes = std::find(voters.begin(), voters.end(), record_.id) != voters.end();
  if (ledger_->is_voter() && votes) {
    return leadership.leader.is_zero() ? absl::InfinitePast() : now_;
  }
  std::vector<absl::Time> heard;
  const gossip::View view = gossip_->view();
  for (const slots::NodeId& voter : voters) heard.push_back(view.LastHeard(voter));
  if (heard.empty()) return absl::InfinitePast();
  const auto majority = heard.begin() + static_cast<std::ptrdiff_t>(heard.size() / 2);
  std::nth_element(heard.begin(), majority, heard.end(), std::greater<>());
  return *majority;
}

void ControlNode::MindMajority(ControlOutput*) {
  majority_seen_ = std::max(majority_seen_, MajoritySeen());
  const bool has = now_ < majority_seen_ + options_.node_timeout;
  if (has == has_majority_) return;
  has_majority_ = has;
  picture_dirty_ = true;
  picture_at_ = absl::InfinitePast();
}

}  // namespace slotmesh::node
