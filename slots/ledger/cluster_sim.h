// A simulated cluster of ledgers, with everything that can go wrong, and what must hold after every
// event: applied logs agree, a term has one leader, maps of one version are one map (so that a slot
// has one owner in it), an answer is what the log says. For tests; one seed is one run, always the
// same.
//
// Node 0 creates the log, the others follow it. Thread-compatible.
#ifndef SLOTMESH_SLOTS_LEDGER_CLUSTER_SIM_H_
#define SLOTMESH_SLOTS_LEDGER_CLUSTER_SIM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gossip/sim/disk.h"
#include "gossip/sim/hosts.h"
#include "gossip/sim/links.h"
#include "gossip/sim/network.h"
#include "gossip/sim/scheduler.h"
#include "slots/ledger/ledger.h"
#include "slots/ledger/log_disk_sim.h"
#include "slots/ledger/random_entries.h"
#include "slots/ledger/storage.h"

namespace slotmesh::ledger {

struct SimOptions {
  uint64_t seed = 1;
  int nodes = 3;
  absl::Duration node_timeout = absl::Seconds(3);
  uint64_t snapshot_after = 1024;
  double loss_percent = 0;
  double duplicate_percent = 0;
  double slow_percent = 0;
  bool disks_get_lost = false;  // Then nobody leaves: fewer voters could not bear it.
  // Of steps that want something written: the process dies before it is, and soon comes back.
  double crash_writing_percent = 0;
  double health_error_percent = 0;  // Of statements about who is alive.
};

class SimCluster {
 public:
  explicit SimCluster(const SimOptions& options);

  sim::Scheduler& scheduler() { return scheduler_; }
  sim::Hosts& hosts() { return hosts_; }
  sim::Links& links() { return links_; }
  sim::SimDisk& disk(int host) { return *disks_[host]; }
  const SimOptions& options() const { return options_; }
  int size() const { return options_.nodes; }

  // Null while the host is down.
  Ledger* ledger(int host) {
    return nodes_[host] == nullptr ? nullptr : nodes_[host]->ledger.get();
  }
  static NodeId IdOf(int host) { return testing::Node(static_cast<uint64_t>(host) + 1); }
  // False if the host is down or its ledger takes no more at the moment.
  bool Propose(int host, const Change& change);
  // Of the settled leader of the latest term, -1 if there is none.
  int Leader();
  // All that were answered, and those that came to something.
  uint64_t answers() const { return answers_; }
  uint64_t changes() const { return changes_; }
  uint64_t leases_seen() const { return leases_seen_; }
  uint64_t takeovers() const { return takeovers_; }
  // The log as far as anybody has applied it, applied.
  const State& reference() const { return reference_; }

  // Crash and, a while later, restart; the disk loses what was not synced.
  void CrashFor(int host, absl::Duration time);
  // And comes back with an empty disk. False if this would be more than the others can bear.
  bool LoseDiskFor(int host, absl::Duration time);
  // No more faults: everybody up and connected, messages arrive.
  void Heal();
  // All members joined, one settled leader, everybody has the latest map.
  bool Agreed();
  // As many voters as there should be, all of them up to date on their disks.
  bool VotersComplete();
  std::string Describe();

 private:
  struct Node {
    std::unique_ptr<SimLogDisk> disk;
    std::unique_ptr<FileStorage> storage;
    sim::Random random{0};
    std::unique_ptr<Ledger> ledger;
    std::vector<Persist> unwritten;
    bool writing = false;
    sim::EventId tick;
    BootId boot = 0;
    std::map<uint64_t, bool> open;  // Tickets.
  };

  void Start(int host);
  void Stop(int host);
  void Step(int host, const LedgerInput& input);
  void Perform(int host, LedgerOutput out);
  void Write(int host);
  void ScheduleTick(int host);
  void SayWhoIsAlive(int host);
  void CheckLeases(int host);
  void CheckNode(int host, const LedgerOutput& out);
  void CheckApplied(int host, const LogEntry& entry);
  void Finding(int host, const std::string& what);

  const SimOptions options_;
  sim::Scheduler scheduler_;
  sim::Hosts hosts_;
  sim::Links links_;
  sim::Network<std::string> network_;
  std::vector<std::unique_ptr<sim::SimDisk>> disks_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::set<int> wiped_;
  BootId boots_ = 0;

  // What everybody must agree on.
  std::vector<LogEntry> log_;
  State reference_;
  std::map<uint64_t, uint64_t> digests_;  // By the map's sequence.
  std::map<ProposalId, ApplyResult> outcomes_;
  std::map<Term, ServerId> leaders_;
  std::map<ServerId, Index> applied_;  // Of the present process.
  bool healed_ = false;
  uint64_t answers_ = 0;
  uint64_t changes_ = 0;
  uint64_t leases_seen_ = 0;
  uint64_t takeovers_ = 0;
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_CLUSTER_SIM_H_
