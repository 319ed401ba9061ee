#include "gossip/update_queue.h"

#include "slots/check.h"

namespace slotmesh::gossip {

void UpdateQueue::Add(const slots::NodeId& node) {
  Remove(node);
  const Rank rank{0, --next_age_, node};
  ranks_.insert(rank);
  places_[node] = {rank.sent, rank.age};
}

void UpdateQueue::Remove(const slots::NodeId& node) {
  const auto place = places_.find(node);
  if (place == places_.end()) return;
  ranks_.erase({place->second.first, place->second.second, node});
  places_.erase(place);
}

void UpdateQueue::Keep(const Members& members) {
  std::vector<slots::NodeId> gone;
  for (const Rank& rank : ranks_) {
    if (!members.Contains(rank.node)) gone.push_back(rank.node);
  }
  for (const slots::NodeId& node : gone) Remove(node);
}

std::vector<slots::NodeId> UpdateQueue::Pick(size_t count, int transmissions_max,
                                             const slots::NodeId& except) {
  std::vector<Rank> picked;
  for (auto it = ranks_.begin(); it != ranks_.end() && picked.size() < count; ++it) {
    if (it->node != except) picked.push_back(*it);
  }
  std::vector<slots::NodeId> nodes;
  nodes.reserve(picked.size());
  for (Rank& rank : picked) {
    nodes.push_back(rank.node);
    ranks_.erase(rank);
    if (++rank.sent >= transmissions_max) {
      places_.erase(rank.node);
    } else {
      ranks_.insert(rank);
      places_[rank.node].first = rank.sent;
    }
  }
  return nodes;
}

void UpdateQueue::CheckInvariants() const {
  CHECK_EQ(ranks_.size(), places_.size());
  for (const Rank& rank : ranks_) {
    const auto place = places_.find(rank.node);
    CHECK(place != places_.end());
    CHECK_EQ(place->second.first, rank.sent);
    CHECK_EQ(place->second.second, rank.age);
  }
}

}  // namespace slotmesh::gossip
