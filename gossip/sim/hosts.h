// The machines of a simulated cluster, numbered from 0: which are up, paused or down, and what time
// their clocks show. Timers and deliveries go through here, so that a crash drops them and a pause
// (SIGSTOP) holds them back until the host goes on.
//
// Thread-compatible. Borrows the scheduler, which must outlive it. Crash, Start, Pause and Resume
// are for faults and tests: call them from an event of their own, never from inside a node's own
// code, since the listeners destroy and build nodes.
#ifndef SLOTMESH_GOSSIP_SIM_HOSTS_H_
#define SLOTMESH_GOSSIP_SIM_HOSTS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/time/time.h"
#include "gossip/sim/clock.h"
#include "gossip/sim/scheduler.h"

namespace slotmesh::sim {

using HostIndex = int;

class Hosts {
 public:
  struct Options {
    int count = 3;
    // Each clock drifts by a random amount within this bound, and starts at a random offset of up
    // to this much.
    int64_t drift_ppm_max = 0;
    absl::Duration offset_max = absl::ZeroDuration();
  };
  using Listener = std::function<void(HostIndex)>;

  // All hosts start up (as in: not down), without a call of OnStart's listeners.
  Hosts(Scheduler& scheduler, Options options);

  int size() const { return static_cast<int>(hosts_.size()); }
  Scheduler& scheduler() { return scheduler_; }

  bool IsUp(HostIndex host) const { return hosts_[host].up; }  // Paused is up too.
  bool IsPaused(HostIndex host) const { return hosts_[host].paused; }
  bool IsRunning(HostIndex host) const { return hosts_[host].up && !hosts_[host].paused; }
  // Rises with each crash: 1 in the first life.
  uint64_t life(HostIndex host) const { return hosts_[host].life; }

  // The host's monotonic clock, which goes on through crashes and pauses.
  Clock& clock(HostIndex host) { return hosts_[host].clock; }
  absl::Time LocalNow(HostIndex host) const { return hosts_[host].clock.Local(scheduler_.now()); }

  // Each does nothing if the host is already so. A paused host that crashes is no longer paused.
  void Crash(HostIndex host);
  void Start(HostIndex host);
  void Pause(HostIndex host);
  void Resume(HostIndex host);
  void Restart(HostIndex host) {
    Crash(host);
    Start(host);
  }

  // Listeners run in the order in which they were added: at a crash e.g. a disk's Crash() and the
  // destruction of the node, at a start its construction.
  void OnCrash(Listener listener) { on_crash_.push_back(std::move(listener)); }
  void OnStart(Listener listener) { on_start_.push_back(std::move(listener)); }

  // Runs `action` when the host's clock shows `local`, in this life only; held back while it is
  // paused. REQUIRES: the host is up.
  EventId At(HostIndex host, absl::Time local, Scheduler::Action action);
  EventId After(HostIndex host, absl::Duration delay, Scheduler::Action action) {
    return At(host, LocalNow(host) + delay, std::move(action));
  }
  // Runs `action` now if the host runs, at its resumption if it is paused, never if `life` is over.
  void Run(HostIndex host, uint64_t life, Scheduler::Action action);

 private:
  struct Host {
    Clock clock;
    bool up = true;
    bool paused = false;
    uint64_t life = 1;
    std::vector<Scheduler::Action> held;  // While paused, in order.
  };

  Scheduler& scheduler_;
  std::vector<Host> hosts_;
  std::vector<Listener> on_crash_;
  std::vector<Listener> on_start_;
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_HOSTS_H_
