// A node's clock: it starts at an offset of its own and runs fast or slow by some parts per
// million.
//
// Thread-compatible; a value. Never runs backwards: a change of drift takes effect from the moment
// on at which it is made.
#ifndef SLOTMESH_GOSSIP_SIM_CLOCK_H_
#define SLOTMESH_GOSSIP_SIM_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"

namespace slotmesh::sim {

class Clock {
 public:
  // Shows `true_now` + `offset` at `true_now`.
  Clock(absl::Time true_now, absl::Duration offset, int64_t drift_ppm);

  int64_t drift_ppm() const { return drift_ppm_; }
  // REQUIRES: |ppm| < 1,000,000; true_now is not before an earlier call's.
  void SetDrift(absl::Time true_now, int64_t ppm);

  // What the clock shows at `true_now`, to the nanosecond, rounded down.
  absl::Time Local(absl::Time true_now) const;
  // The first moment at which the clock shows at least `local`. absl::InfiniteFuture() stays what
  // it is.
  absl::Time TrueTime(absl::Time local) const;

 private:
  absl::Time base_true_;
  absl::Time base_local_;
  int64_t drift_ppm_;
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_CLOCK_H_
