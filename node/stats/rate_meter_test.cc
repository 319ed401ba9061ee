#include "node/stats/rate_meter.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

TEST(RateMeter, SteadyGrowthGivesItsRateOnceTheWindowIsFull) {
  RateMeter meter;
  uint64_t counter = 0;
  for (int64_t now = 1000; now <= 1000 + 100 * 20; now += 100) {
    EXPECT_TRUE(meter.IsDue(now));
    meter.Sample(counter, now);
    counter += 50;
  }
  EXPECT_DOUBLE_EQ(meter.per_second(), 500);
  EXPECT_FALSE(meter.IsDue(3050));
}

TEST(RateMeter, FallsToNothingWhenTheCounterStands) {
  RateMeter meter;
  meter.Sample(0, 1000);
  meter.Sample(1000, 1100);
  EXPECT_GT(meter.per_second(), 0);
  for (int i = 0; i < 16; ++i) meter.Sample(1000, 1200 + 100 * i);
  EXPECT_DOUBLE_EQ(meter.per_second(), 0);
}

TEST(RateMeter, ACounterThatWasResetIsNotNegative) {
  RateMeter meter;
  meter.Sample(1'000'000, 1000);
  meter.Sample(5, 1100);
  EXPECT_DOUBLE_EQ(meter.per_second(), 0);
}

}  // namespace
}  // namespace slotmesh::node
