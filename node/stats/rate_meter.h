// A counter's growth per second over the last moments: INFO's instantaneous_ numbers.
//
// Thread-compatible. Sample it about every kPeriodMillis; the rate is the mean of the last kSamples
// samples.
#ifndef SLOTMESH_NODE_STATS_RATE_METER_H_
#define SLOTMESH_NODE_STATS_RATE_METER_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace slotmesh::node {

class RateMeter {
 public:
  static constexpr int64_t kPeriodMillis = 100;
  static constexpr size_t kSamples = 16;

  // `value` is the counter now. A counter that went back (it was reset) starts anew.
  void Sample(uint64_t value, int64_t now_ms) {
    const int64_t passed = now_ms - last_ms_;
    if (last_ms_ != 0 && passed > 0 && value >= last_value_) {
      rates_[next_] = static_cast<double>(value - last_value_) * 1000 / static_cast<double>(passed);
      next_ = (next_ + 1) % kSamples;
    }
    last_ms_ = now_ms;
    last_value_ = value;
  }
  bool IsDue(int64_t now_ms) const { return now_ms - last_ms_ >= kPeriodMillis; }

  double per_second() const {
    double sum = 0;
    for (const double rate : rates_) sum += rate;
    return sum / kSamples;
  }

 private:
  std::array<double, kSamples> rates_{};
  size_t next_ = 0;
  int64_t last_ms_ = 0;
  uint64_t last_value_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_RATE_METER_H_
