#include "gossip/sim/scheduler.h"

#include <vector>

#include "gtest/gtest.h"

namespace slotmesh::sim {
namespace {

TEST(SchedulerTest, EventsRunInTheOrderOfTheirTimesAndThenOfScheduling) {
  Scheduler scheduler(1);
  std::vector<int> ran;
  scheduler.After(absl::Seconds(2), [&] { ran.push_back(3); });
  scheduler.After(absl::Seconds(1), [&] { ran.push_back(1); });
  scheduler.After(absl::Seconds(1), [&] { ran.push_back(2); });
  EXPECT_TRUE(scheduler.RunFor(absl::Seconds(3)));
  EXPECT_EQ(ran, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(scheduler.elapsed(), absl::Seconds(3));
  EXPECT_EQ(scheduler.events_pending(), 0u);
}

TEST(SchedulerTest, RunForLeavesLaterEventsAlone) {
  Scheduler scheduler(1);
  bool ran = false;
  scheduler.After(absl::Seconds(2), [&] { ran = true; });
  scheduler.RunFor(absl::Seconds(1));
  EXPECT_FALSE(ran);
  scheduler.RunFor(absl::Seconds(1));
  EXPECT_TRUE(ran);
}

TEST(SchedulerTest, CancelledEventsDoNotRunAndOldIdsAreHarmless) {
  Scheduler scheduler(1);
  int ran = 0;
  const EventId first = scheduler.After(absl::Seconds(1), [&] { ++ran; });
  EXPECT_TRUE(scheduler.Cancel(first));
  EXPECT_FALSE(scheduler.Cancel(first));
  const EventId second = scheduler.After(absl::Seconds(1), [&] { ran += 10; });
  EXPECT_FALSE(scheduler.Cancel(first)) << "the id's cell has a new event now";
  EXPECT_FALSE(scheduler.Cancel(EventId{}));
  EXPECT_EQ(scheduler.events_pending(), 1u);
  scheduler.RunFor(absl::Seconds(2));
  EXPECT_EQ(ran, 10);
  EXPECT_FALSE(scheduler.Cancel(second));
}

TEST(SchedulerTest, RunUntilStopsAtTheEventThatFulfilsIt) {
  Scheduler scheduler(1);
  int count = 0;
  for (int i = 1; i <= 5; ++i) scheduler.After(absl::Seconds(i), [&] { ++count; });
  EXPECT_TRUE(scheduler.RunUntil([&] { return count == 3; }, absl::Minutes(1)));
  EXPECT_EQ(scheduler.elapsed(), absl::Seconds(3));
  EXPECT_FALSE(scheduler.RunUntil([&] { return count == 9; }, absl::Minutes(1)));
  EXPECT_EQ(scheduler.elapsed(), absl::Seconds(63));
}

TEST(SchedulerTest, ACheckerThatFailsStopsTheRunAndNamesTheSeed) {
  Scheduler scheduler(77);
  int count = 0;
  for (int i = 1; i <= 5; ++i) scheduler.After(absl::Seconds(i), [&] { ++count; });
  scheduler.AddChecker("count stays small", [&] {
    return count < 3 ? absl::OkStatus() : absl::InternalError("it is 3");
  });
  EXPECT_FALSE(scheduler.RunFor(absl::Minutes(1)));
  EXPECT_EQ(count, 3);
  EXPECT_EQ(scheduler.status().message(), "seed=77 event=3 at 3s: count stays small: it is 3");
  EXPECT_FALSE(scheduler.RunOne());
}

uint64_t TraceOf(uint64_t seed) {
  Scheduler scheduler(seed);
  int left = 100;
  std::function<void()> step = [&] {
    scheduler.Trace(scheduler.random()());
    if (--left > 0) scheduler.After(absl::Nanoseconds(scheduler.random().Below(1000)), step);
  };
  step();
  scheduler.RunFor(absl::Seconds(1));
  EXPECT_EQ(left, 0);
  return scheduler.trace_hash();
}

TEST(SchedulerTest, OneSeedGivesOneTrace) {
  EXPECT_EQ(TraceOf(5), TraceOf(5));
  EXPECT_NE(TraceOf(5), TraceOf(6));
}

TEST(RandomTest, ForksAreIndependentOfEachOther) {
  const Random random(3);
  Random a = random.Fork(1);
  Random b = random.Fork(2);
  Random again = random.Fork(1);
  EXPECT_NE(a(), b());
  Random a_from_start = random.Fork(1);
  EXPECT_EQ(a_from_start(), again());
}

TEST(RandomTest, PercentIsNeverAtZeroAlwaysAtHundredAndNearInBetween) {
  Random random(3);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(random.Percent(0));
    EXPECT_TRUE(random.Percent(100));
    hits += random.Percent(5);
  }
  EXPECT_GT(hits, 400);
  EXPECT_LT(hits, 600);
}

}  // namespace
}  // namespace slotmesh::sim
