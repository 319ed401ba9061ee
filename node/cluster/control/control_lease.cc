// Whether this node may take writes, and whether its cluster can decide.
#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "node/cluster/control/control_node.h"

namespace slotmesh::node {

namespace {

// A lease that goes with `before` does not go with `after`: the shard is another one or has lost
// slots. Whoever still goes by the old map must not take it for a lease of what was lost.
bool Lost(const slots::SlotMap& before, const slots::SlotMap& after, const slots::NodeId& self) {
  const slots::ShardInfo* had = before.ShardOf(self);
  if (had == nullptr || had->slots.empty()) return false;
  const slots::ShardInfo* has = after.ShardOf(self);
  return has == nullptr || before.version().log != after.version().log || has->id != had->id ||
         !has->slots.ContainsAll(had->slots);
}

}  // namespace

// The ledger asks for the lease and knows its end (slots/ledger/lease.h). A lease that ends sooner
// than was said before has been taken back: what follows is another one.
void ControlNode::MindLease(ControlOutput* out) {
  const absl::Time until = ledger_->lease_deadline();
  const bool lost = lease_map_ != nullptr && Lost(*lease_map_, *known_map_, record_.id);
  lease_map_ = known_map_;
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
  if (ledger_->is_voter()) return leadership.leader.is_zero() ? absl::InfinitePast() : now_;
  std::vector<absl::Time> heard;
  const gossip::View view = gossip_->view();
  for (const slots::NodeId& voter : ledger_->view().voters) heard.push_back(view.LastHeard(voter));
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
