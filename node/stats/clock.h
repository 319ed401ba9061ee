// Time, injected: wall time for expiry and replies, monotonic time for leases and timeouts, ticks
// for latency.
//
// SystemClock (system_clock.h) is the only place that asks the machine; tests and simulations bring
// their own. Thread safety: SystemClock may be used from any thread.
#ifndef SLOTMESH_NODE_STATS_CLOCK_H_
#define SLOTMESH_NODE_STATS_CLOCK_H_

#include <cstdint>

namespace slotmesh::node {

class Clock {
 public:
  virtual ~Clock() = default;

  virtual int64_t WallMicros() = 0;  // Since the Unix epoch.
  virtual int64_t MonotonicNanos() = 0;
  // A cheap counter (on x86-64 the time-stamp counter) for durations only.
  virtual uint64_t Ticks() = 0;
  virtual double ticks_per_micro() const = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_CLOCK_H_
