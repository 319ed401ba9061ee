#include "gossip/sim/hosts.h"

#include <vector>

#include "gtest/gtest.h"

namespace slotmesh::sim {
namespace {

TEST(ClockTest, TrueTimeIsTheFirstMomentThatShowsTheLocalTime) {
  const absl::Time start = absl::FromUnixSeconds(1000);
  for (const int64_t ppm : {-500, -1, 0, 1, 500, 100'000}) {
    const Clock clock(start, absl::Seconds(7), ppm);
    EXPECT_EQ(clock.Local(start), start + absl::Seconds(7));
    for (int64_t ns = 1; ns < 1'000'000'000'000; ns = ns * 3 + 1) {
      const absl::Time local = clock.Local(start) + absl::Nanoseconds(ns);
      const absl::Time when = clock.TrueTime(local);
      EXPECT_GE(clock.Local(when), local);
      EXPECT_LT(clock.Local(when - absl::Nanoseconds(1)), local);
    }
  }
}

TEST(ClockTest, ATimerForAPartOfANanosecondIsNotEarly) {
  Scheduler scheduler(1);
  Hosts hosts(scheduler, {.count = 1, .drift_ppm_max = 500});
  const absl::Time local = hosts.LocalNow(0) + absl::Nanoseconds(5) / 2;
  bool ran = false;
  hosts.At(0, local, [&] {
    ran = true;
    EXPECT_GE(hosts.LocalNow(0), local);
  });
  scheduler.RunFor(absl::Seconds(1));
  EXPECT_TRUE(ran);
}

TEST(ClockTest, AChangeOfDriftMovesNothingBackwards) {
  const absl::Time start = absl::FromUnixSeconds(1000);
  Clock clock(start, absl::ZeroDuration(), 500);
  EXPECT_EQ(clock.Local(start + absl::Seconds(1000)) - start, absl::Seconds(1000.5));
  clock.SetDrift(start + absl::Seconds(1000), -500);
  EXPECT_EQ(clock.Local(start + absl::Seconds(1000)) - start, absl::Seconds(1000.5));
  EXPECT_EQ(clock.Local(start + absl::Seconds(2000)) - start, absl::Seconds(2000));
  EXPECT_EQ(clock.TrueTime(absl::InfiniteFuture()), absl::InfiniteFuture());
}

TEST(HostsTest, ACrashEndsTheTimersOfThatLifeOnly) {
  Scheduler scheduler(1);
  Hosts hosts(scheduler, {.count = 2});
  std::vector<int> ran;
  hosts.After(0, absl::Seconds(2), [&] { ran.push_back(0); });
  hosts.After(1, absl::Seconds(2), [&] { ran.push_back(1); });
  hosts.OnStart(
      [&](HostIndex host) { hosts.After(host, absl::Seconds(1), [&] { ran.push_back(10); }); });
  scheduler.After(absl::Seconds(1), [&] { hosts.Restart(0); });
  scheduler.RunFor(absl::Seconds(5));
  EXPECT_EQ(ran, (std::vector<int>{1, 10}));
  EXPECT_EQ(hosts.life(0), 2u);
}

TEST(HostsTest, APauseHoldsTimersBackUntilTheHostGoesOnInOrder) {
  Scheduler scheduler(1);
  Hosts hosts(scheduler, {.count = 1});
  std::vector<int> ran;
  hosts.After(0, absl::Seconds(1), [&] { ran.push_back(1); });
  hosts.After(0, absl::Seconds(2), [&] { ran.push_back(2); });
  hosts.Pause(0);
  scheduler.RunFor(absl::Seconds(5));
  EXPECT_TRUE(ran.empty());
  hosts.Resume(0);
  scheduler.RunFor(absl::Seconds(0));
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(HostsTest, TimersFollowTheHostsOwnClock) {
  Scheduler scheduler(1);
  Hosts hosts(scheduler, {.count = 1});
  hosts.clock(0).SetDrift(scheduler.now(), -100'000);  // Shows 0.9 s after 1 s.
  absl::Duration when;
  hosts.After(0, absl::Seconds(9), [&] { when = scheduler.elapsed(); });
  scheduler.RunFor(absl::Minutes(1));
  EXPECT_EQ(when, absl::Seconds(10));
}

}  // namespace
}  // namespace slotmesh::sim
