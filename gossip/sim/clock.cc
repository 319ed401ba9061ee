#include "gossip/sim/clock.h"

#include "slots/check.h"

namespace slotmesh::sim {
namespace {

constexpr int64_t kMillion = 1'000'000;

}  // namespace

Clock::Clock(absl::Time true_now, absl::Duration offset, int64_t drift_ppm)
    : base_true_(true_now), base_local_(true_now + offset), drift_ppm_(0) {
  SetDrift(true_now, drift_ppm);
}

void Clock::SetDrift(absl::Time true_now, int64_t ppm) {
  CHECK(ppm > -kMillion && ppm < kMillion);
  base_local_ = Local(true_now);
  base_true_ = true_now;
  drift_ppm_ = ppm;
}

absl::Time Clock::Local(absl::Time true_now) const {
  const __int128 passed = absl::ToInt64Nanoseconds(true_now - base_true_);
  CHECK_GE(passed, 0);
  return base_local_ +
         absl::Nanoseconds(static_cast<int64_t>(passed * (kMillion + drift_ppm_) / kMillion));
}

absl::Time Clock::TrueTime(absl::Time local) const {
  if (local == absl::InfiniteFuture()) return local;
  if (local <= base_local_) return base_true_;
  // Times have parts of a nanosecond; the clock has not.
  const __int128 wanted =
      absl::ToInt64Nanoseconds(absl::Ceil(local - base_local_, absl::Nanoseconds(1)));
  const int64_t rate = kMillion + drift_ppm_;
  return base_true_ +
         absl::Nanoseconds(static_cast<int64_t>((wanted * kMillion + rate - 1) / rate));
}

}  // namespace slotmesh::sim
