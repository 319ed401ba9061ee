#include "gossip/suspicion.h"

#include <algorithm>
#include <cmath>

namespace slotmesh::gossip {

bool Suspicions::Add(absl::Time now, const slots::NodeId& node, uint32_t accuser) {
  const auto [place, is_new] = map_.try_emplace(node);
  Suspicion& suspicion = place->second;
  if (is_new) suspicion.started = now;
  auto& accusers = suspicion.accusers;
  if (std::find(accusers.begin(), accusers.end(), accuser) != accusers.end()) return false;
  if (accusers.size() > static_cast<size_t>(confirmations_)) return false;
  accusers.push_back(accuser);
  return true;
}

void Suspicions::Keep(const Members& members) {
  for (auto it = map_.begin(); it != map_.end();) {
    it = members.Contains(it->first) ? std::next(it) : map_.erase(it);
  }
}

absl::Duration Suspicions::TimeToRefute(const Suspicion& suspicion, absl::Duration shortest,
                                        absl::Duration longest) const {
  if (confirmations_ < 1 || longest <= shortest) return shortest;
  const double confirmed = static_cast<double>(std::max<size_t>(suspicion.accusers.size(), 1) - 1);
  const double share = std::min(1.0, std::log(confirmed + 1) / std::log(confirmations_ + 1.0));
  return longest - (longest - shortest) * share;
}

}  // namespace slotmesh::gossip
