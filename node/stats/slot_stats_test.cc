#include "node/stats/slot_stats.h"

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

TEST(SlotStatsTest, SumsStandUntilTheyAreReset) {
  SlotStats stats;
  EXPECT_EQ(stats.of(7), SlotUsage());
  stats.SetActive(true);
  stats.Add(7, {.ticks = 3, .bytes_in = 20, .bytes_out = 5});
  stats.Add(7, {.ticks = 4, .bytes_in = 1, .bytes_out = 2});
  stats.AddBytesOut(slots::kSlotCount - 1, 9);
  stats.SetActive(false);
  EXPECT_EQ(stats.of(7), (SlotUsage{.ticks = 7, .bytes_in = 21, .bytes_out = 7}));
  stats.Reset(7);
  EXPECT_EQ(stats.of(7), SlotUsage());
  EXPECT_EQ(stats.of(slots::kSlotCount - 1), (SlotUsage{.bytes_out = 9}));
  stats.SetActive(true);  // Nothing is lost by it.
  EXPECT_EQ(stats.of(slots::kSlotCount - 1), (SlotUsage{.bytes_out = 9}));
  stats.ResetAll();
  EXPECT_EQ(stats.of(slots::kSlotCount - 1), SlotUsage());
}

TEST(SlotStatsTest, ResettingWhatNeverCountedDoesNothing) {
  SlotStats stats;
  stats.Reset(3);
  stats.ResetAll();
  EXPECT_FALSE(stats.active());
  EXPECT_EQ(stats.of(3), SlotUsage());
}

}  // namespace
}  // namespace slotmesh::node
