#include "modules/runtime/engine_lock.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "slots/check.h"

namespace slotmesh::modules {

// Kept by the lock, by grants that are under way, and by threads that wait.
struct EngineLock::State {
  struct Waiter {
    std::condition_variable wake;
    bool granted = false;
  };

  // The lock passes to `waiter`. REQUIRES: mutex is held.
  void GiveTo(Waiter& waiter) {
    held = true;
    waiter.granted = true;
    waiter.wake.notify_one();
  }
  // REQUIRES: mutex is held, somebody waits.
  Waiter& TakeFirst() {
    Waiter& first = *waiters.front();
    waiters.pop_front();
    return first;
  }
  // REQUIRES: mutex is held. True if a grant is to be posted, by whoever asked.
  bool WantsGrant() { return !waiters.empty() && !closed && !std::exchange(granting, true); }

  Hooks hooks;
  std::mutex mutex;
  std::deque<Waiter*> waiters;
  std::condition_variable engine_wakes;
  bool granting = false;  // A grant is posted or under way.
  bool held = false;      // By a thread of a module's.
  bool closed = false;
  int64_t deadline_ns = 0;  // Of the grant.
  std::atomic<std::thread::id> holder{};
};

EngineLock::EngineLock(Hooks hooks)
    : engine_(std::this_thread::get_id()), state_(std::make_shared<State>()) {
  state_->hooks = std::move(hooks);
}

EngineLock::~EngineLock() {
  const std::lock_guard guard(state_->mutex);
  state_->closed = true;
}

bool EngineLock::held_here() const {
  const std::thread::id here = std::this_thread::get_id();
  return here == engine_ || state_->holder.load(std::memory_order_relaxed) == here;
}

void EngineLock::Grant(const std::shared_ptr<State>& state) {
  std::unique_lock guard(state->mutex);
  if (state->closed || state->waiters.empty()) {
    state->granting = false;
    return;
  }
  guard.unlock();
  state->hooks.before_grant();
  guard.lock();
  if (!state->waiters.empty()) {
    state->deadline_ns = state->hooks.now_ns() + absl::ToInt64Nanoseconds(kGrant);
    state->GiveTo(state->TakeFirst());
    state->engine_wakes.wait(guard, [&] { return !state->held; });
  }
  state->granting = false;
  const bool more = state->WantsGrant();
  guard.unlock();
  state->hooks.after_grant();
  if (more) state->hooks.post([state] { Grant(state); });
}

void EngineLock::Lock() {
  CHECK(!held_here());  // It would wait for itself.
  const std::shared_ptr<State> state = state_;
  State::Waiter me;
  std::unique_lock guard(state->mutex);
  state->waiters.push_back(&me);
  if (state->WantsGrant()) state->hooks.post([state] { Grant(state); });
  me.wake.wait(guard, [&] { return me.granted; });
  guard.unlock();
  state->holder.store(std::this_thread::get_id(), std::memory_order_relaxed);
  state->hooks.on_acquired();
}

bool EngineLock::TryLock() {
  if (held_here()) return false;
  const std::shared_ptr<State> state = state_;
  State::Waiter me;
  std::unique_lock guard(state->mutex);
  if (!state->waiters.empty()) return false;
  state->waiters.push_back(&me);
  if (state->WantsGrant()) state->hooks.post([state] { Grant(state); });
  if (!me.wake.wait_for(guard, absl::ToChronoNanoseconds(kPatience), [&] { return me.granted; })) {
    state->waiters.erase(std::find(state->waiters.begin(), state->waiters.end(), &me));
    return false;
  }
  guard.unlock();
  state->holder.store(std::this_thread::get_id(), std::memory_order_relaxed);
  state->hooks.on_acquired();
  return true;
}

void EngineLock::Unlock() {
  const std::shared_ptr<State> state = state_;
  CHECK(state->holder.load(std::memory_order_relaxed) == std::this_thread::get_id());
  state->hooks.before_release();
  state->holder.store(std::thread::id(), std::memory_order_relaxed);
  const std::lock_guard guard(state->mutex);
  if (!state->waiters.empty() && state->hooks.now_ns() < state->deadline_ns) {
    state->GiveTo(state->TakeFirst());
    return;
  }
  state->held = false;
  state->engine_wakes.notify_one();
}

}  // namespace slotmesh::modules
