// Tells when a run takes too long.
//
// The interpreter runs without a hook, because a hook that counts instructions costs it two thirds
// of its speed; a thread of its own looks every kTickMillis whether the same run is still there,
// and after the run's limit calls its target, at every tick until the run ends. It sleeps while no
// scripts run.
//
// Begin and End on the engine thread, alternately; the target is called on the watchdog's thread,
// never after End has returned. A run costs two stores.
#ifndef SLOTMESH_FUNCTIONS_LUA_WATCHDOG_H_
#define SLOTMESH_FUNCTIONS_LUA_WATCHDOG_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace slotmesh::functions::lua {

class Watchdog {
 public:
  static constexpr int64_t kTickMillis = 5;
  // Ticks without a run after which it sleeps.
  static constexpr int kIdleTicks = 100;

  class Target {
   public:
    virtual void OnOverdue() = 0;

   protected:
    ~Target() = default;
  };

  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // A run begins. With a limit of 0 the target is called at the first tick.
  void Begin(Target& target, int64_t limit_ms) {
    target_.store(&target, std::memory_order_relaxed);
    limit_ms_.store(limit_ms, std::memory_order_relaxed);
    run_.store(++last_run_, std::memory_order_seq_cst);
    if (asleep_.load(std::memory_order_seq_cst)) [[unlikely]]
      Wake();
  }
  // True if the target has been called.
  bool End() {
    run_.store(0, std::memory_order_seq_cst);
    return called_.load(std::memory_order_seq_cst) && WaitForCall();
  }

 private:
  void Loop();
  void Wake();
  bool WaitForCall();

  std::atomic<uint64_t> run_{0};  // Its number; 0: none.
  std::atomic<Target*> target_{nullptr};
  std::atomic<int64_t> limit_ms_{0};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> called_{false};  // Or is about to be.
  uint64_t last_run_ = 0;            // Engine thread.

  std::mutex mutex_;  // Held while the target is called.
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_WATCHDOG_H_
