#include "gossip/probing.h"

#include <utility>

#include "absl/random/distributions.h"

namespace slotmesh::gossip {

std::optional<slots::NodeId> ProbeRound::Drain(
    const std::function<bool(const slots::NodeId&)>& accept) {
  while (!left_.empty()) {
    const slots::NodeId node = left_.back();
    left_.pop_back();
    if (accept(node)) return node;
  }
  return std::nullopt;
}

std::optional<slots::NodeId> ProbeRound::Next(
    absl::BitGenRef random, const std::function<std::vector<slots::NodeId>()>& candidates,
    const std::function<bool(const slots::NodeId&)>& accept) {
  const std::optional<slots::NodeId> found = Drain(accept);
  if (found) return found;
  left_ = candidates();
  for (size_t i = left_.size(); i > 1; --i) {
    std::swap(left_[i - 1], left_[absl::Uniform<size_t>(random, 0, i)]);
  }
  return Drain(accept);
}

}  // namespace slotmesh::gossip
