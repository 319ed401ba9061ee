// Durations counted in buckets of at most 1/16 relative width, 1 us to 1 s; the rest in the end
// buckets.
//
// A fixed 320 counters, no allocation after construction; Record is a few instructions.
// Thread-compatible.
#ifndef SLOTMESH_NODE_STATS_LATENCY_HISTOGRAM_H_
#define SLOTMESH_NODE_STATS_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstdint>

namespace slotmesh::node {

class LatencyHistogram {
 public:
  static constexpr int kSubBucketBits = 4;
  static constexpr int kMaxExponent = 20;  // 2^20 us, about a second.
  static constexpr int kBuckets =
      (kMaxExponent - kSubBucketBits + 1) * (1 << kSubBucketBits) + (1 << kSubBucketBits);

  void Record(uint64_t micros) {
    ++counts_[BucketOf(micros)];
    ++count_;
    sum_micros_ += micros;
  }
  uint64_t count() const { return count_; }
  uint64_t sum_micros() const { return sum_micros_; }
  // How many durations were at most `micros` (to the width of a bucket).
  uint64_t CountUpTo(uint64_t micros) const;
  // The upper end of the bucket that holds the given share (0 to 100), in us. 0 if nothing was
  // recorded.
  uint64_t PercentileMicros(double percent) const;

 private:
  static int BucketOf(uint64_t micros);
  static uint64_t UpperEnd(int bucket);

  std::array<uint64_t, kBuckets> counts_{};
  uint64_t count_ = 0;
  uint64_t sum_micros_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_LATENCY_HISTOGRAM_H_
