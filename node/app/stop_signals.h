// SIGTERM and SIGINT, taken by a thread of their own: whoever presses Ctrl-C again is heard also
// while the engine's thread is busy saving.
//
// Block() comes before any thread of the process begins; then one object per process. The callbacks
// run on the object's thread.
#ifndef SLOTMESH_NODE_APP_STOP_SIGNALS_H_
#define SLOTMESH_NODE_APP_STOP_SIGNALS_H_

#include <atomic>
#include <functional>
#include <thread>

namespace slotmesh::node {

class StopSignals {
 public:
  struct Callbacks {
    std::function<void(int signal)> on_signal;
    // SIGINT while an earlier signal's work is under way. Is to end the process.
    std::function<void()> on_insisting;
  };

  // Threads that are begun from now on leave the signals to Watch()'s.
  static void Block();

  StopSignals() = default;
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  void Watch(Callbacks callbacks);
  // The process goes on in spite of the signal. Any thread.
  void Forget() { under_way_ = false; }

 private:
  void Run();

  Callbacks callbacks_;
  std::thread thread_;
  std::atomic<bool> under_way_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_STOP_SIGNALS_H_
