#include "node/stats/latency_histogram.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

TEST(LatencyHistogramTest, EmptyHasNoPercentile) {
  EXPECT_EQ(LatencyHistogram().PercentileMicros(50), 0u);
}

TEST(LatencyHistogramTest, PercentilesAreWithinABucketOfTheTruth) {
  LatencyHistogram histogram;
  for (uint64_t i = 1; i <= 100'000; ++i) histogram.Record(i);
  for (const double percent : {1.0, 50.0, 99.0, 99.9}) {
    const double truth = percent * 1000;
    EXPECT_NEAR(static_cast<double>(histogram.PercentileMicros(percent)), truth, truth / 16 + 1);
  }
  EXPECT_EQ(histogram.count(), 100'000u);
}

TEST(LatencyHistogramTest, DurationsPastTheRangeAreCountedInTheLastBucket) {
  LatencyHistogram histogram;
  histogram.Record(uint64_t{1} << 40);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.CountUpTo(1'000'000), 0u);
  EXPECT_GE(histogram.PercentileMicros(100), 1'000'000u);
}

TEST(LatencyHistogramTest, SmallDurationsAreExact) {
  LatencyHistogram histogram;
  for (uint64_t i = 0; i < 16; ++i) histogram.Record(i);
  EXPECT_EQ(histogram.CountUpTo(7), 8u);
}

}  // namespace
}  // namespace slotmesh::node
