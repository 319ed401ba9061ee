// Random faults for a simulated cluster: crashes and restarts, pauses, partitions of one and two
// ways, links that lose and delay, clocks that change their rate. Then it heals all of it, for what
// must hold afterwards.
//
// Thread-compatible. Borrows scheduler, hosts and links, which outlive it and all events. Draws
// from a generator of its own. At most `down_max` hosts are down or paused at a time.
#ifndef SLOTMESH_GOSSIP_SIM_CHAOS_H_
#define SLOTMESH_GOSSIP_SIM_CHAOS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "gossip/sim/hosts.h"
#include "gossip/sim/links.h"
#include "gossip/sim/random.h"
#include "gossip/sim/scheduler.h"

namespace slotmesh::sim {

struct ChaosOptions {
  absl::Duration interval_mean = absl::Seconds(1);  // Between faults.
  absl::Duration duration_mean = absl::Seconds(3);  // Of a fault.
  absl::Duration duration_max = absl::Seconds(15);
  int down_max = 1;
  // How often, relative to each other; 0 is never.
  int crash_weight = 3;
  int pause_weight = 2;
  int partition_weight = 3;          // Two groups, both ways.
  int one_way_partition_weight = 2;  // Two groups, one way.
  int isolate_weight = 2;            // One host from all.
  int bad_links_weight = 2;          // Loss, doubling, delay for all links.
  int drift_weight = 1;              // A host's clock changes its rate, within drift_ppm_max.
  int64_t drift_ppm_max = 500;
  LinkFaults bad_links = {.loss_percent = 20,
                          .duplicate_percent = 10,
                          .delay_extra_mean = absl::Milliseconds(5),
                          .delay_max = absl::Milliseconds(500),
                          .slow_percent = 5};
};

class Chaos {
 public:
  Chaos(Hosts& hosts, Links& links, const ChaosOptions& options);
  Chaos(const Chaos&) = delete;
  Chaos& operator=(const Chaos&) = delete;

  // Faults come from now on until Heal().
  void Begin();
  // Ends all faults: every host is up and runs, links are as they were. No more faults come.
  void Heal();
  // As Heal(), but hosts that are down stay down.
  void HealLinks();
  uint64_t faults() const { return faults_; }

 private:
  enum class Fault { kCrash, kPause, kPartition, kOneWay, kIsolate, kBadLinks, kDrift };

  void ScheduleNext();
  Fault Draw();
  void Inject(Fault fault);
  void Partition(bool one_way);
  absl::Duration DrawTime(absl::Duration mean, absl::Duration most);
  // Runs `end` after a random time, unless all has been healed meanwhile.
  void EndLater(Scheduler::Action end);
  int DownCount() const;

  Hosts& hosts_;
  Links& links_;
  const ChaosOptions options_;
  const LinkFaults usual_links_;
  Random random_;
  uint64_t round_ = 0;  // Events of earlier rounds do nothing.
  uint64_t cut_ = 0;    // Of all partitions; the last one's end heals all.
  uint64_t faults_ = 0;
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_CHAOS_H_
