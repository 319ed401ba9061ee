// SlotIndex: how many keys each slot has, answering "which slot holds the i-th key" and "which slot
// is next".
//
// Two levels: a count per slot, a sum per group of 128 slots. An update touches two words (a
// Fenwick tree 14: it runs for every key created or removed); a search adds up at most 256
// neighbouring words, about 100 ns. Thread-compatible. Owns its counts, which are allocated with
// the first key when there are several slots.
#ifndef SLOTMESH_NODE_KEYSPACE_SLOT_INDEX_H_
#define SLOTMESH_NODE_KEYSPACE_SLOT_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace slotmesh::node {

class SlotIndex {
 public:
  // REQUIRES: 0 < slots <= 16384.
  explicit SlotIndex(int slots) : slots_(slots) {}

  void Add(int slot, int64_t delta) {
    total_ += delta;
    if (slots_ == 1) return;
    if (counts_.empty()) [[unlikely]]
      Allocate();
    counts_[slot] += delta;
    groups_[slot >> kGroupShift] += delta;
  }

  uint64_t total() const { return total_; }
  uint64_t Count(int slot) const {
    if (slots_ == 1) return total_;
    return counts_.empty() ? 0 : counts_[slot];
  }
  // The slot of the key with this rank, counting slot by slot. REQUIRES: rank < total().
  int SlotOfRank(uint64_t rank) const;
  // The first slot at or after `slot` that has keys; -1 if there is none. `slot` may be past the
  // end.
  int NextNonEmpty(int slot) const;

  void CheckInvariants() const;

 private:
  static constexpr int kGroupShift = 7;
  static constexpr int kGroup = 1 << kGroupShift;

  void Allocate();

  int slots_;
  uint64_t total_ = 0;
  std::vector<uint64_t> counts_;
  std::vector<uint64_t> groups_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_SLOT_INDEX_H_
