// A simulated cluster of gossip machines, for tests and measurements: hosts, a network with faults,
// streams as the bus keeps them, and a stand-in for the ledger that hands out map versions.
//
// Streams: a node connects to whom its machine wants, and tries again until it succeeds; a process
// that dies resets its streams (unless that too is lost), one that is cut off leaves them hanging.
// Maps: one node at a time gets the next version from the test; the others pull it from whom their
// machines name.
//
// Thread-compatible. After each step of a machine its invariants are checked, and what it may never
// believe.
#ifndef SLOTMESH_GOSSIP_CLUSTER_SIM_H_
#define SLOTMESH_GOSSIP_CLUSTER_SIM_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_set.h"
#include "gossip/machine.h"
#include "gossip/sim/hosts.h"
#include "gossip/sim/links.h"
#include "gossip/sim/network.h"
#include "gossip/sim/scheduler.h"

namespace slotmesh::gossip {

struct ClusterSimOptions {
  uint64_t seed = 1;
  int nodes = 3;
  int voters = 3;      // The first ones; at most `nodes`.
  int shard_size = 1;  // Nodes are dealt into shards of this size.
  absl::Duration node_timeout = absl::Seconds(3);
  sim::LinkFaults faults;
  int64_t drift_ppm_max = 500;
  double reset_percent = 80;      // Of the streams of a dying process.
  double clock_back_percent = 0;  // Of restarts: the new process starts with a lower incarnation.
  uint64_t check_every = 1;       // Full invariants each so many steps of a machine; 0 is never.
};

class ClusterSim {
 public:
  using ChangeListener = std::function<void(int observer, const StateChange& change)>;

  // A node has got a map.
  using MapListener = std::function<void(int node, uint64_t map)>;

  explicit ClusterSim(const ClusterSimOptions& options);
  ClusterSim(const ClusterSim&) = delete;
  ClusterSim& operator=(const ClusterSim&) = delete;

  sim::Scheduler& scheduler() { return scheduler_; }
  sim::Hosts& hosts() { return hosts_; }
  sim::Links& links() { return links_; }
  int size() const { return options_.nodes; }

  // Null while the host is down.
  const Machine* machine(int node) const { return nodes_[node].machine.get(); }
  View view(int node) const { return nodes_[node].machine->view(); }
  const slots::NodeId& id(int node) const { return ids_[node]; }
  int IndexOf(const slots::NodeId& id) const;
  State StateOf(int observer, int subject) const { return view(observer).Find(id(subject))->state; }
  bool IsVoter(int node) const { return node < options_.voters; }

  void OnMap(MapListener listener) { on_map_ = std::move(listener); }
  void OnChange(ChangeListener listener) { on_change_ = std::move(listener); }

  // A new map version, known to `node` alone at first. With `members`: those nodes are its members.
  void ChangeMap(int node);
  void ChangeMap(int node, const std::vector<int>& members);
  // The newest that a running node has. (One that only a dead node had is lost: the ledger's part
  // is to prevent it.)
  uint64_t NewestMap() const;
  uint64_t MapOf(int node) const { return nodes_[node].map; }  // 0 while it is down.
  void SetLocal(int node, const LocalChange& change);

  // Of the running nodes: all hold each running member as alive, each that is down as dead, and
  // have one view and the newest map.
  bool Converged() const;
  // True if all running nodes have `state` for `subject` (itself left out).
  bool AllSee(int subject, State state) const;
  bool AllHaveNewestMap() const;
  std::string Describe() const;

  const sim::Traffic& traffic(int node) const { return network_->traffic(node); }
  void ResetTraffic() { network_->ResetTraffic(); }

 private:
  struct Envelope {
    enum class Kind { kGossip, kConnect, kAccept, kReset, kPull, kMap };
    Kind kind = Kind::kGossip;
    std::shared_ptr<const Message> message;
    uint64_t map = 0;
  };
  struct Node {
    std::unique_ptr<sim::Random> random;
    std::unique_ptr<Machine> machine;
    slots::BootId boot = 0;
    Incarnation first_incarnation = 0;
    uint64_t map = 0;
    uint64_t steps = 0;
    absl::btree_set<int> wanted;
    absl::btree_set<int> linked;
    absl::Time tick_at = absl::InfiniteFuture();  // Of the earliest tick that is scheduled.
  };
  struct MapContent {
    std::shared_ptr<const Members> members;
  };

  void Boot(int node);
  void Died(int node);
  void Step(int node, const Input& input);
  void Perform(int node, Output& out);
  void ScheduleTick(int node);
  void Connect(int node);
  void Handle(int from, int to, Envelope envelope);
  void HandleGossip(int from, int to, const Envelope& envelope);
  void Transmit(int from, int to, Envelope::Kind kind, uint64_t map = 0);
  void GiveMap(int node, uint64_t map);
  void CheckBeliefs(int node);
  slots::MapVersion VersionOf(uint64_t map) const;
  std::shared_ptr<const Members> MakeMembers(const std::vector<int>& nodes) const;

  ClusterSimOptions options_;
  sim::Scheduler scheduler_;
  sim::Hosts hosts_;
  sim::Links links_;
  std::unique_ptr<sim::Network<Envelope>> network_;
  sim::Random random_;
  slots::LogId log_;
  std::vector<slots::NodeId> ids_;
  std::vector<slots::ShardId> shards_;
  absl::flat_hash_map<slots::NodeId, int> index_;
  std::vector<Node> nodes_;
  std::vector<MapContent> maps_;  // By version; the first is none.
  ChangeListener on_change_;
  MapListener on_map_;
  Output out_;
};

}  // namespace slotmesh::gossip

#endif  // SLOTMESH_GOSSIP_CLUSTER_SIM_H_
