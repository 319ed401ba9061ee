// The wires between hosts: what is lost, doubled, delayed and cut. Decides fates; the Network
// carries messages.
//
// Thread-compatible; borrows the scheduler. A cut is one-way from one host to another and drops
// what is sent, and what is under way, until it is healed. All draws come from a generator of its
// own, so that the nodes' own draws do not shift when a fault is added.
#ifndef SLOTMESH_GOSSIP_SIM_LINKS_H_
#define SLOTMESH_GOSSIP_SIM_LINKS_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "absl/time/time.h"
#include "gossip/sim/hosts.h"
#include "gossip/sim/random.h"
#include "gossip/sim/scheduler.h"

namespace slotmesh::sim {

// How a link behaves. A delay is `delay_min` plus an exponential share of mean `delay_extra_mean`,
// at most `delay_max`; a message in `slow_percent` takes `slow_delay` on top.
struct LinkFaults {
  double loss_percent = 0;
  double duplicate_percent = 0;
  absl::Duration delay_min = absl::Microseconds(200);
  absl::Duration delay_extra_mean = absl::Microseconds(300);
  absl::Duration delay_max = absl::Milliseconds(50);
  double slow_percent = 0;
  absl::Duration slow_delay = absl::Milliseconds(200);
  // True: a link delivers in the order of sending, as a stream does. False: delays alone decide.
  bool ordered = false;
};

class Links {
 public:
  // One delay per copy that arrives: empty if the message is lost.
  using Fate = absl::InlinedVector<absl::Duration, 2>;

  Links(Scheduler& scheduler, LinkFaults faults);

  const LinkFaults& faults() const { return faults_; }
  void SetFaults(const LinkFaults& faults) { faults_ = faults; }

  // One way and both ways. Cutting twice needs healing once.
  void Cut(HostIndex from, HostIndex to);
  void Heal(HostIndex from, HostIndex to);
  void CutBoth(HostIndex a, HostIndex b);
  // Cuts each of `a` from each of `b`, both ways or only what `a` sends to `b`.
  void Partition(const std::vector<HostIndex>& a, const std::vector<HostIndex>& b);
  void PartitionOneWay(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to);
  // Cuts `host` from all others of `count` hosts, both ways.
  void Isolate(HostIndex host, int count);
  void HealAll() { cuts_.clear(); }
  bool IsCut(HostIndex from, HostIndex to) const {
    return !cuts_.empty() && cuts_.contains(Pair(from, to));
  }

  // Decides for one message that is sent now.
  Fate Decide(HostIndex from, HostIndex to);

 private:
  static uint64_t Pair(HostIndex from, HostIndex to) {
    return static_cast<uint64_t>(static_cast<uint32_t>(from)) << 32 | static_cast<uint32_t>(to);
  }
  absl::Duration DrawDelay();

  Scheduler& scheduler_;
  LinkFaults faults_;
  Random random_;
  absl::flat_hash_set<uint64_t> cuts_;
  absl::flat_hash_map<uint64_t, absl::Time> last_arrival_;  // Of ordered links; never walked.
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_LINKS_H_
