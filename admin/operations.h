// Changes of a cluster that take several steps: form, add, drain, remove, reshard, rebalance, fail
// over.
//
// Each runs on the calling thread until it is done, reports on the way, and can be repeated after a
// failure: what has been done is found done. Slots move kSlotsPerMove at a time, one move after the
// other, each atomic by itself, so a run that breaks off leaves whole slots here or there and says
// how far it came. Thread-compatible; several objects may work on one ClusterControl.
#ifndef SLOTMESH_ADMIN_OPERATIONS_H_
#define SLOTMESH_ADMIN_OPERATIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "admin/cluster_control.h"
#include "admin/plan.h"

namespace slotmesh::admin {

inline constexpr int kSlotsPerMove = 512;
inline constexpr absl::Duration kPollEvery = absl::Milliseconds(50);
inline constexpr absl::Duration kStepTimeout = absl::Seconds(15);  // One call of ClusterControl.
inline constexpr absl::Duration kSettleTimeout =
    absl::Seconds(60);                                           // Until a change shows everywhere.
inline constexpr absl::Duration kCopyTimeout = absl::Hours(24);  // Of a shard's data.
// Until a primary has made way.
inline constexpr absl::Duration kFailoverTimeout = absl::Seconds(15);

struct NodeAddress {
  std::string host;
  uint16_t port = 0;
  uint16_t bus_port = 0;  // 0: port + 10000.
};
std::string ToText(const NodeAddress& address);  // "host:port"

struct ProgressReport {
  std::string phase;  // join, assign, replicas, settle, copy, plan, move, remove, failover, done
  std::string text;
  int slots_done = 0;
  int slots_total = 0;
  uint64_t keys = 0;
  uint64_t bytes = 0;
  bool finished = false;
  Plan plan;  // Phase "plan".
};

struct OperationEnvironment {
  std::function<absl::Time()> now;
  std::function<void(absl::Duration)> sleep;
  std::function<bool()> cancelled;  // The caller has gone.
  std::function<void(const ProgressReport&)> report;
};

// The member that `name` means: its id, a unique start of it (4 digits at least), its shard's id,
// or "host:port". NOT_FOUND or INVALID_ARGUMENT (several), saying how to see the names.
absl::StatusOr<slots::NodeInfo> FindMember(const slots::SlotMap& map, const std::string& name);

class Operations {
 public:
  // REQUIRES: all of `environment` is set; `control` outlives this.
  Operations(ClusterControl& control, OperationEnvironment environment)
      : control_(control), environment_(std::move(environment)) {}

  absl::Status Form(const std::vector<NodeAddress>& others, int replicas);
  // `replica_of`: a member of the shard that it is to be a replica of; empty: none.
  absl::Status AddNode(const NodeAddress& node, const std::string& replica_of);
  // Its shard's slots go to the other shards.
  absl::Status Drain(const std::string& name);
  // Drains it first; replicas that it has go to other shards.
  absl::Status RemoveNode(const std::string& name);
  // The node that does this, a replica, becomes its shard's primary.
  absl::Status Failover(bool force, bool accept_data_loss);
  absl::Status Reshard(const std::string& to, int slots, const std::vector<std::string>& from,
                       bool dry_run);
  absl::Status Rebalance(const std::vector<std::pair<std::string, double>>& weights,
                         double threshold_percent, bool dry_run);

 private:
  absl::Status Join(const NodeAddress& node);
  // The members in the order in which they are dealt out, and what each becomes.
  struct Parts {
    std::vector<slots::NodeInfo> nodes;
    Placement placement;
  };
  absl::StatusOr<Parts> DealOut(const std::vector<NodeAddress>& order, int replicas);
  absl::Status AssignReplicas(const Parts& parts);
  absl::Status AssignEvenly(const Parts& parts);
  // And waits until it has a copy.
  absl::Status MakeReplica(const slots::NodeId& node, const slots::ShardId& shard);
  absl::Status DrainShard(const ClusterView& view, const slots::NodeInfo& node);
  // The replicas of a primary that goes become replicas of the others.
  absl::Status DealOutReplicas(const slots::NodeInfo& primary);
  // Until `holds`, polled, is true of the view; DEADLINE_EXCEEDED with `what` after `timeout`.
  absl::Status WaitUntil(const std::string& what,
                         const std::function<bool(const ClusterView&)>& holds,
                         absl::Duration timeout = kSettleTimeout);
  absl::Status RunPlan(const Plan& plan, bool dry_run);
  absl::Status RunMove(const Move& move, ProgressReport* progress);
  absl::Status WaitForMove(const std::string& id, const Move& move, const ProgressReport& before);
  absl::StatusOr<slots::ShardId> FindShard(const slots::SlotMap& map,
                                           const std::string& name) const;
  void Report(std::string phase, std::string text, bool finished = false);

  ClusterControl& control_;
  const OperationEnvironment environment_;
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_OPERATIONS_H_
