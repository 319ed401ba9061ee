// What each slot costs: time, and bytes to and from clients and replicas. CLUSTER SLOT-STATS shows
// it.
//
// Counts only while it is on (cluster-slot-stats-enabled in cluster mode); what was counted stays
// when it is switched off. Who counts asks active() first, so that it costs one test while it is
// off. Engine thread only. Memory: 400 kB from the first time that it is on.
#ifndef SLOTMESH_NODE_STATS_SLOT_STATS_H_
#define SLOTMESH_NODE_STATS_SLOT_STATS_H_

#include <cstdint>
#include <vector>

#include "slots/ids.h"

namespace slotmesh::node {

struct SlotUsage {
  uint64_t ticks = 0;  // Of Clock, in commands.
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;

  bool operator==(const SlotUsage&) const = default;
};

class SlotStats {
 public:
  bool active() const { return active_; }
  void SetActive(bool active) {
    active_ = active;
    if (active && slots_.empty()) slots_.resize(slots::kSlotCount);
  }

  // REQUIRES: active(); 0 <= slot < kSlotCount.
  void Add(int slot, const SlotUsage& usage) {
    SlotUsage& sum = slots_[slot];
    sum.ticks += usage.ticks;
    sum.bytes_in += usage.bytes_in;
    sum.bytes_out += usage.bytes_out;
  }
  void AddBytesOut(int slot, uint64_t bytes) { slots_[slot].bytes_out += bytes; }

  // All zero for a slot that nothing was counted for.
  SlotUsage of(int slot) const { return slots_.empty() ? SlotUsage() : slots_[slot]; }

  // The slot is served elsewhere from now on.
  void Reset(int slot) {
    if (!slots_.empty()) slots_[slot] = {};
  }
  // CONFIG RESETSTAT.
  void ResetAll() { slots_.assign(slots_.size(), {}); }

 private:
  bool active_ = false;
  std::vector<SlotUsage> slots_;  // Empty until it is on for the first time.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_SLOT_STATS_H_
