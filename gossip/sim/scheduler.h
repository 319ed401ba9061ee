// Simulated time: a queue of events, run one by one in the order of their times (and, at one time,
// of their scheduling). The clock jumps from event to event, so a minute of cluster life costs what
// its events cost.
//
// Everything a run does depends on the seed alone. trace_hash() sums up what was done; two runs of
// one seed and one build that differ in it have found nondeterminism (an unordered container
// walked, a wall clock read).
//
// Checkers run after each event. The first that fails stops the run for good: status() then names
// seed, event number, time, checker and finding, and it is printed to stderr.
//
// Thread-compatible. Owns the actions; whatever they borrow must outlive the scheduler's last run.
// Scheduling and running an event cost O(log events), cancelling O(1).
#ifndef SLOTMESH_GOSSIP_SIM_SCHEDULER_H_
#define SLOTMESH_GOSSIP_SIM_SCHEDULER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gossip/sim/random.h"

namespace slotmesh::sim {

// Names a scheduled event; stays harmless after the event has run. Default: names none.
struct EventId {
  uint32_t index = 0;
  uint32_t generation = 0;
};

class Scheduler {
 public:
  using Action = absl::AnyInvocable<void()>;
  using Checker = std::function<absl::Status()>;

  explicit Scheduler(uint64_t seed);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  uint64_t seed() const { return seed_; }
  absl::Time now() const { return now_; }
  // Time since the start of the run.
  absl::Duration elapsed() const { return now_ - start_; }
  // The run's common source. Parts that should not disturb each other take a Fork() of their own at
  // start.
  Random& random() { return random_; }
  absl::BitGenRef bits() { return random_; }

  // A time in the past means now. The action runs once, unless cancelled.
  EventId At(absl::Time when, Action action);
  EventId After(absl::Duration delay, Action action) { return At(now_ + delay, std::move(action)); }
  // False if it has run, has been cancelled or names none.
  bool Cancel(EventId id);

  // Runs after each `every`-th event. REQUIRES: every >= 1.
  void AddChecker(std::string name, Checker check, uint64_t every = 1);
  // Runs all checkers now, whatever their interval.
  void CheckNow();
  // Stops the run as a failed checker does.
  void Fail(std::string_view finding);
  const absl::Status& status() const { return status_; }

  // Runs the next event. False if there is none or the run has failed.
  bool RunOne();
  // Runs all events of the next `duration`, then sets the clock to its end. False if the run has
  // failed.
  bool RunFor(absl::Duration duration);
  // Runs until `done` holds: true. False if `limit` passes first (the clock then stands at its end)
  // or the run fails. `done` is asked at the start and after each event, or, if `poll` is above
  // zero, once each `poll`.
  bool RunUntil(const std::function<bool()>& done, absl::Duration limit,
                absl::Duration poll = absl::ZeroDuration());

  // Adds to the trace hash. Network and hosts do so for their events; nodes add what they decide.
  void Trace(uint64_t a, uint64_t b = 0, uint64_t c = 0);
  void Trace(std::string_view what);
  uint64_t trace_hash() const { return trace_hash_; }
  uint64_t events_run() const { return events_run_; }
  size_t events_pending() const { return queue_.size() - cancelled_; }

 private:
  struct Key {
    int64_t when_ns;  // Since start.
    uint64_t order;
    EventId id;
  };
  struct Cell {
    Action action;
    uint32_t generation = 1;
  };
  struct NamedChecker {
    std::string name;
    Checker check;
    uint64_t every;
  };

  static bool Later(const Key& a, const Key& b);
  bool IsLive(EventId id) const;
  Action Take(EventId id);  // And frees the cell.
  bool RunOneUntil(int64_t limit_ns);
  void DropCancelled();
  void Check(const NamedChecker& checker);

  const uint64_t seed_;
  const absl::Time start_;
  Random random_;
  absl::Time now_;
  std::vector<Key> queue_;  // A heap by Later.
  std::vector<Cell> cells_;
  std::vector<uint32_t> free_cells_;
  std::vector<NamedChecker> checkers_;
  size_t cancelled_ = 0;  // Of queue_.
  uint64_t order_ = 0;
  uint64_t events_run_ = 0;
  uint64_t trace_hash_;
  absl::Status status_;
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_SCHEDULER_H_
