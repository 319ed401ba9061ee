#include "node/stats/latency_histogram.h"

#include <bit>
#include <cmath>

namespace slotmesh::node {

int LatencyHistogram::BucketOf(uint64_t micros) {
  constexpr uint64_t kSubBuckets = 1 << kSubBucketBits;
  if (micros < kSubBuckets) return static_cast<int>(micros);
  if (micros >> kMaxExponent != 0) return kBuckets - 1;
  const int exponent = std::bit_width(micros) - 1;  // >= kSubBucketBits
  const int shift = exponent - kSubBucketBits;
  const uint64_t sub = (micros >> shift) & (kSubBuckets - 1);
  return static_cast<int>((shift + 1) * kSubBuckets + sub);
}

uint64_t LatencyHistogram::UpperEnd(int bucket) {
  constexpr int kSubBuckets = 1 << kSubBucketBits;
  if (bucket < kSubBuckets) return bucket;
  const int shift = bucket / kSubBuckets - 1;
  const uint64_t sub = bucket % kSubBuckets;
  return ((uint64_t{kSubBuckets} + sub + 1) << shift) - 1;
}

uint64_t LatencyHistogram::CountUpTo(uint64_t micros) const {
  uint64_t total = 0;
  for (int i = 0; i < kBuckets && UpperEnd(i) <= micros; ++i) total += counts_[i];
  return total;
}

uint64_t LatencyHistogram::PercentileMicros(double percent) const {
  if (count_ == 0) return 0;
  const uint64_t wanted =
      static_cast<uint64_t>(std::ceil(percent / 100 * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (int i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0) return UpperEnd(i);
  }
  return UpperEnd(kBuckets - 1);
}

}  // namespace slotmesh::node
