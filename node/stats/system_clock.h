// The machine's clocks.
#ifndef SLOTMESH_NODE_STATS_SYSTEM_CLOCK_H_
#define SLOTMESH_NODE_STATS_SYSTEM_CLOCK_H_

#include "node/stats/clock.h"

namespace slotmesh::node {

// Thread-safe. Construction calibrates the tick counter against the monotonic clock (about 5 ms).
class SystemClock : public Clock {
 public:
  SystemClock();

  int64_t WallMicros() override;
  int64_t MonotonicNanos() override;
  uint64_t Ticks() override;
  double ticks_per_micro() const override { return ticks_per_micro_; }

 private:
  double ticks_per_micro_ = 1;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_SYSTEM_CLOCK_H_
