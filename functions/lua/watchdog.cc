#include "functions/lua/watchdog.h"

#include <chrono>

namespace slotmesh::functions::lua {

Watchdog::Watchdog() : thread_([this] { Loop(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Watchdog::Wake() {
  const std::lock_guard lock(mutex_);
  asleep_ = false;
  wake_.notify_all();
}

bool Watchdog::WaitForCall() {
  const std::lock_guard lock(mutex_);
  return called_.exchange(false);
}

void Watchdog::Loop() {
  std::unique_lock lock(mutex_);
  uint64_t seen = 0;
  int64_t age_ms = 0;
  int idle = 0;
  while (!stop_) {
    const uint64_t run = run_;
    idle = run == 0 ? idle + 1 : 0;
    if (idle > kIdleTicks) {
      asleep_ = true;
      // Who begins between the two lines sees asleep_.
      wake_.wait(lock, [this] { return stop_ || !asleep_ || run_ != 0; });
      asleep_ = false;
      idle = 0;
    } else {
      wake_.wait_for(lock, std::chrono::milliseconds(kTickMillis), [this] { return stop_; });
    }
    if (run == 0 || run != run_) continue;
    age_ms = run == seen ? age_ms + kTickMillis : kTickMillis;
    seen = run;
    if (age_ms < limit_ms_) continue;
    called_ = true;
    // End() either has been called already, or sees called_ and waits for the lock.
    if (run_ == run) target_.load()->OnOverdue();
  }
}

}  // namespace slotmesh::functions::lua
