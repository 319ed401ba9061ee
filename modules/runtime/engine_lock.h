// The engine's lock as modules' threads take it: whoever holds it may do all that a command may.
//
// The engine thread has it whenever it runs. A thread that wants it stands in a queue and posts a
// grant to the engine's loop; within a grant the engine thread sleeps and the lock goes from thread
// to thread, in the order of asking, for at most kGrant. Then clients have a turn of the loop, and
// who still waits gets another grant. So nothing is paid while nobody asks, a hand-over costs one
// wake-up, and any number of threads leaves clients served: they wait for kGrant and for what the
// last holder does.
//
// Lock, TryLock and Unlock: any thread but the engine's. The threads' functions of Hooks run on the
// thread that holds the lock. Outlives nothing: whoever waits when it is destroyed waits for ever,
// on memory that stays.
#ifndef SLOTMESH_MODULES_RUNTIME_ENGINE_LOCK_H_
#define SLOTMESH_MODULES_RUNTIME_ENGINE_LOCK_H_

#include <functional>
#include <memory>
#include <thread>

#include "absl/time/time.h"

namespace slotmesh::modules {

class EngineLock {
 public:
  static constexpr absl::Duration kGrant = absl::Milliseconds(1);
  // TryLock cannot know whether the engine sleeps: it asks for so long.
  static constexpr absl::Duration kPatience = absl::Milliseconds(2);

  struct Hooks {
    std::function<void(std::function<void()>)> post;  // To the engine's loop, from any thread.
    std::function<int64_t()> now_ns;                  // Monotonic, from any thread.
    // On the engine thread, around a grant: the time that is seen is refreshed; what the holders
    // did is followed up.
    std::function<void()> before_grant;
    std::function<void()> after_grant;
    // On the holder's thread.
    std::function<void()> on_acquired;
    std::function<void()> before_release;
  };

  // REQUIRES: on the engine thread.
  explicit EngineLock(Hooks hooks);
  ~EngineLock();
  EngineLock(const EngineLock&) = delete;
  EngineLock& operator=(const EngineLock&) = delete;

  // REQUIRES: held_here() is false.
  void Lock();
  // False: the engine is busy, or has the lock for this thread already.
  bool TryLock();
  // REQUIRES: this thread has it through Lock or TryLock.
  void Unlock();

  // This thread may touch the engine: it is the engine's, or has locked it.
  bool held_here() const;
  bool on_engine_thread() const { return std::this_thread::get_id() == engine_; }

 private:
  struct State;

  static void Grant(const std::shared_ptr<State>& state);

  const std::thread::id engine_;
  std::shared_ptr<State> state_;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_RUNTIME_ENGINE_LOCK_H_
