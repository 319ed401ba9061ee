#include "gossip/overlay.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/random/distributions.h"

namespace slotmesh::gossip {
namespace {

// Whom every node of the shard keeps a stream to. A voter is a direct peer of all, but the streams
// to it are theirs.
bool IsFixed(const Member& self, const Member& other) {
  return other.voter || (self.shard == other.shard && !self.shard.is_zero());
}

constexpr int kDrawsMax = 32;

}  // namespace

bool Overlay::IsCandidate(const MemberTable& table, const Member& self, uint32_t index) const {
  const Member& other = table.members()[index];
  return other.id != self_ && !IsFixed(self, other) && table.entry(index).state != State::kDead &&
         !random_.contains(other.id);
}

bool Overlay::AddRandom(const MemberTable& table, const Member& self, absl::BitGenRef random) {
  const uint32_t count = static_cast<uint32_t>(table.size());
  for (int draw = 0; draw < kDrawsMax; ++draw) {
    const uint32_t index = absl::Uniform<uint32_t>(random, 0, count);
    if (!IsCandidate(table, self, index)) continue;
    random_.insert(table.members()[index].id);
    return true;
  }
  const uint32_t start = absl::Uniform<uint32_t>(random, 0, count);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t index = (start + i) % count;
    if (!IsCandidate(table, self, index)) continue;
    random_.insert(table.members()[index].id);
    return true;
  }
  return false;
}

bool Overlay::Update(const MemberTable& table, absl::BitGenRef random) {
  std::vector<slots::NodeId> wanted;
  const Member* self = table.members().Find(self_);
  if (self == nullptr) {
    random_.clear();
  } else {
    for (auto it = random_.begin(); it != random_.end();) {
      const uint32_t index = table.members().IndexOf(*it);
      const bool keep = index != Members::kNone && table.entry(index).state != State::kDead &&
                        !IsFixed(*self, table.members()[index]);
      it = keep ? std::next(it) : random_.erase(it);
    }
    while (random_.size() < static_cast<size_t>(random_peers_) && AddRandom(table, *self, random)) {
    }
    wanted.assign(random_.begin(), random_.end());
    for (const Member& other : table.members().all()) {
      if (other.id != self_ && IsFixed(*self, other)) wanted.push_back(other.id);
    }
    std::sort(wanted.begin(), wanted.end());
  }
  if (wanted == wanted_) return false;
  wanted_ = std::move(wanted);
  return true;
}

void Overlay::Rotate(const MemberTable& table, absl::BitGenRef random) {
  const Member* self = table.members().Find(self_);
  if (self == nullptr || random_.empty()) return;
  const slots::NodeId leaving =
      *std::next(random_.begin(), absl::Uniform<ptrdiff_t>(random, 0, random_.size()));
  if (AddRandom(table, *self, random)) random_.erase(leaving);
}

}  // namespace slotmesh::gossip
