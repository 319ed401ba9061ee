#include "functions/lua/watchdog.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace slotmesh::functions::lua {
namespace {

class CountingTarget : public Watchdog::Target {
 public:
  void OnOverdue() override {
    const std::lock_guard lock(mutex_);
    ++calls_;
    called_.notify_all();
  }
  void WaitForCalls(int count) {
    std::unique_lock lock(mutex_);
    called_.wait(lock, [&] { return calls_ >= count; });
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable called_;
  int calls_ = 0;
};

TEST(Watchdog, CallsAgainUntilTheRunEnds) {
  Watchdog watchdog;
  CountingTarget target;
  watchdog.Begin(target, 0);
  target.WaitForCalls(3);
  EXPECT_TRUE(watchdog.End());
  const int calls = target.calls();
  CountingTarget other;
  watchdog.Begin(other, 0);
  other.WaitForCalls(2);
  EXPECT_TRUE(watchdog.End());
  EXPECT_EQ(target.calls(), calls);
}

TEST(Watchdog, ManyShortRunsAreNotOneLongRun) {
  Watchdog watchdog;
  CountingTarget target;
  constexpr int64_t kForever = 1'000'000;
  for (int i = 0; i < 100'000; ++i) {
    watchdog.Begin(target, kForever);
    EXPECT_FALSE(watchdog.End());
  }
  EXPECT_EQ(target.calls(), 0);
}

TEST(Watchdog, WakesForARunAfterItHasFallenAsleep) {
  Watchdog watchdog;
  CountingTarget ticks;
  // As long as it takes it to fall asleep, measured in its own ticks.
  Watchdog other;
  other.Begin(ticks, 0);
  ticks.WaitForCalls(2 * Watchdog::kIdleTicks);
  EXPECT_TRUE(other.End());
  CountingTarget target;
  watchdog.Begin(target, 0);
  target.WaitForCalls(1);
  EXPECT_TRUE(watchdog.End());
}

}  // namespace
}  // namespace slotmesh::functions::lua
