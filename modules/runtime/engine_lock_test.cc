#include "modules/runtime/engine_lock.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace slotmesh::modules {
namespace {

// A loop on the test's thread, which so is the engine's. Time is what the test says.
class Loop {
 public:
  void Post(std::function<void()> task) {
    const std::lock_guard guard(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }
  // Runs the next task, waiting for it.
  void RunOne() {
    std::function<void()> task;
    {
      std::unique_lock guard(mutex_);
      wake_.wait(guard, [this] { return !tasks_.empty(); });
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
  bool idle() {
    const std::lock_guard guard(mutex_);
    return tasks_.empty();
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
};

class EngineLockTest : public testing::Test {
 protected:
  Loop loop;
  std::atomic<int64_t> now_ns = 0;
  int turns_before = 0;
  int turns_after = 0;
  int acquired = 0;  // Guarded by the lock, as the rest of the engine is.
  int released = 0;
  EngineLock lock{{.post = [this](std::function<void()> task) { loop.Post(std::move(task)); },
                   .now_ns = [this] { return now_ns.load(); },
                   .before_grant = [this] { ++turns_before; },
                   .after_grant = [this] { ++turns_after; },
                   .on_acquired = [this] { ++acquired; },
                   .before_release = [this] { ++released; }}};
};

TEST_F(EngineLockTest, ThreadsExcludeEachOtherAndTheEngine) {
  constexpr int kThreads = 20;
  constexpr int kTimes = 200;
  int counter = 0;
  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTimes; ++n) {
        lock.Lock();
        EXPECT_TRUE(lock.held_here());
        ++counter;
        lock.Unlock();
        EXPECT_FALSE(lock.held_here());
      }
      if (--running == 0) loop.Post([] {});
    });
  }
  while (running > 0) {
    loop.RunOne();
    const int before = counter;  // The engine's turn: nobody else changes it.
    std::this_thread::yield();
    EXPECT_EQ(counter, before);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, kThreads * kTimes);
  EXPECT_EQ(acquired, counter);
  EXPECT_EQ(released, counter);
  EXPECT_EQ(turns_before, turns_after);
  // With time standing still the lock went from thread to thread.
  EXPECT_LT(turns_after, counter);
}

TEST_F(EngineLockTest, AGrantEndsWhenItsTimeIsOverThoughOthersWait) {
  constexpr int kTimes = 50;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  std::atomic<int> running = 2;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTimes; ++n) {
        lock.Lock();
        now_ns += absl::ToInt64Nanoseconds(EngineLock::kGrant);
        lock.Unlock();
      }
      if (--running == 0) {
        done = true;
        loop.Post([] {});
      }
    });
  }
  while (!done) loop.RunOne();
  for (std::thread& thread : threads) thread.join();
  // Each took a whole grant, so the engine had its turn after each.
  EXPECT_EQ(turns_after, 2 * kTimes);
}

TEST_F(EngineLockTest, TryLockFailsWhileTheEngineIsBusyAndLeavesNothingBehind) {
  std::thread thread([&] { EXPECT_FALSE(lock.TryLock()); });
  thread.join();  // The engine's thread does nothing else meanwhile.
  loop.RunOne();  // The grant that was asked for finds nobody.
  EXPECT_EQ(acquired, 0);
  EXPECT_TRUE(loop.idle());
}

TEST_F(EngineLockTest, TryLockSucceedsWhileTheEngineIsIdle) {
  std::atomic<bool> got = false;
  std::thread thread([&] {
    while (!got) {
      if (!lock.TryLock()) continue;
      got = true;
      lock.Unlock();
    }
  });
  while (!got) loop.RunOne();
  thread.join();
  EXPECT_EQ(acquired, 1);
  EXPECT_EQ(released, 1);
}

TEST_F(EngineLockTest, TheEnginesOwnThreadHasItAlready) {
  EXPECT_TRUE(lock.held_here());
  EXPECT_FALSE(lock.TryLock());
  EXPECT_DEATH(lock.Lock(), "held_here");
}

}  // namespace
}  // namespace slotmesh::modules
