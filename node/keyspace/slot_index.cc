#include "node/keyspace/slot_index.h"

#include "slots/check.h"

namespace slotmesh::node {

void SlotIndex::Allocate() {
  counts_.resize(slots_);
  groups_.resize((slots_ + kGroup - 1) / kGroup);
}

int SlotIndex::SlotOfRank(uint64_t rank) const {
  CHECK_LT(rank, total_);
  if (slots_ == 1) return 0;
  int group = 0;
  for (; rank >= groups_[group]; ++group) rank -= groups_[group];
  int slot = group * kGroup;
  for (; rank >= counts_[slot]; ++slot) rank -= counts_[slot];
  return slot;
}

int SlotIndex::NextNonEmpty(int slot) const {
  if (total_ == 0) return -1;
  if (slots_ == 1) return slot == 0 ? 0 : -1;
  while (slot < slots_) {
    if (slot % kGroup == 0 && groups_[slot / kGroup] == 0) {
      slot += kGroup;
    } else if (counts_[slot] == 0) {
      ++slot;
    } else {
      return slot;
    }
  }
  return -1;
}

void SlotIndex::CheckInvariants() const {
  if (counts_.empty()) {
    CHECK(slots_ == 1 || total_ == 0);
    return;
  }
  uint64_t all = 0;
  for (size_t group = 0; group < groups_.size(); ++group) {
    uint64_t sum = 0;
    for (int slot = static_cast<int>(group) * kGroup;
         slot < static_cast<int>(group + 1) * kGroup && slot < slots_; ++slot) {
      sum += counts_[slot];
    }
    CHECK_EQ(sum, groups_[group]);
    all += sum;
  }
  CHECK_EQ(all, total_);
}

}  // namespace slotmesh::node
