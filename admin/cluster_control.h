// What administration needs from a member of a cluster; node/cluster implements it.
//
// Threads: every method may be called from any thread and may block it until `timeout` has passed;
// the implementation hands the work to its own thread. Nothing here speaks of gRPC or RESP.
#ifndef SLOTMESH_ADMIN_CLUSTER_CONTROL_H_
#define SLOTMESH_ADMIN_CLUSTER_CONTROL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "slots/ids.h"
#include "slots/slot_map.h"
#include "slots/slot_set.h"

namespace slotmesh::admin {

enum class NodeHealth { kOnline, kSuspected, kFailed, kJoining };

// What is known about a member besides its entry in the slot map.
struct NodeState {
  slots::NodeId id;
  slots::BootId boot = 0;  // 0: unknown.
  NodeHealth health = NodeHealth::kOnline;
  bool measured = false;  // The next five are known: each member knows its own.
  std::string version;
  uint64_t keys = 0;
  uint64_t memory_bytes = 0;
  uint64_t clients = 0;
  double commands_per_second = 0;
  absl::Duration heard_ago;  // Since the last sign of life.
  uint64_t replication_offset = 0;
  uint64_t map_sequence = 0;  // Of the map that it follows.
};

enum class MoveStage { kPlanned, kCopying, kFenced, kCommitted, kAborted };

struct MoveState {
  std::string id;
  slots::ShardId from;
  slots::ShardId to;
  slots::SlotSet slots;
  MoveStage stage = MoveStage::kPlanned;
  uint64_t keys = 0;  // Sent so far.
  uint64_t bytes = 0;
  absl::Duration age;
  std::string error;  // kAborted: why.
};

struct LedgerState {
  slots::NodeId leader;  // Zero if unknown.
  uint64_t term = 0;
  uint64_t index = 0;  // Committed.
};

struct ClusterView {
  slots::NodeId myself;
  std::shared_ptr<const slots::SlotMap> map;  // Never null.
  bool ok = false;                            // cluster_state.
  std::string reason;                         // Why it is not ok.
  std::vector<NodeState> nodes;  // Sorted by id; members that are joining may stand here only.
  std::vector<MoveState> moves;  // Running, and those that ended lately.
  LedgerState ledger;
};

// A function library, as the cluster has decided and as the node that answers has it.
struct LibraryState {
  std::string name;
  uint64_t version = 0;  // Of the cluster's; 0: the cluster has none of this name.
  std::string digest;    // Which text it is, 40 hex digits; empty as above.
  uint64_t bytes = 0;
  std::vector<std::string> functions;
  std::string here;     // Which text the node runs, empty if none.
  std::string problem;  // Why that is not the cluster's, empty if it is.
};

struct LibrariesState {
  bool clustered = false;               // False: this node decides alone (cluster-functions no).
  uint64_t version = 0;                 // Of the last change that the node knows.
  std::vector<LibraryState> libraries;  // By name.
};

// A module that the node that answers has loaded.
struct ModuleState {
  std::string name;
  int64_t version = 0;  // As it says of itself.
  std::string path;
};

struct LogEntry {
  uint64_t number = 0;  // Rising.
  absl::Time time;
  std::string level;
  std::string text;
};

class ClusterControl {
 public:
  virtual ~ClusterControl() = default;

  virtual absl::StatusOr<ClusterView> View() = 0;

  // Joins the node at host:port into this cluster (or this lone node into its, as SAFETY 23
  // decides). OK means that the ledger has committed it. FAILED_PRECONDITION with the reason if it
  // is refused.
  virtual absl::Status Meet(const std::string& host, uint16_t port, uint16_t bus_port,
                            absl::Duration timeout) = 0;
  // Takes a member without slots out of the cluster for good.
  virtual absl::Status Forget(const slots::NodeId& node, absl::Duration timeout) = 0;
  // Gives slots that nobody owns to shards, all in one entry of the ledger.
  virtual absl::Status AssignSlots(
      const std::vector<std::pair<slots::ShardId, slots::SlotSet>>& assignments,
      absl::Duration timeout) = 0;

  // Makes a member without slots a replica of the shard.
  virtual absl::Status AssignReplica(const slots::NodeId& node, const slots::ShardId& shard,
                                     absl::Duration timeout) = 0;

  // Begins to move `slots`, all owned by `from`; returns the move's id.
  virtual absl::StatusOr<std::string> StartMove(const slots::ShardId& from,
                                                const slots::ShardId& to,
                                                const slots::SlotSet& slots,
                                                absl::Duration timeout) = 0;
  // NOT_FOUND for an id that is unknown or long over.
  virtual absl::StatusOr<MoveState> FindMove(const std::string& id) = 0;
  virtual absl::Status CancelMove(const std::string& id, absl::Duration timeout) = 0;

  // The asked node, a replica, becomes its shard's primary; with `force` without that one's help,
  // with `accept_data_loss` though acknowledged writes are lost by it (SAFETY 17). OK means that it
  // was made so, or without `force` that the primary has been asked to make way.
  virtual absl::Status Failover(bool force, bool accept_data_loss, absl::Duration timeout) = 0;
  // The majority of the voters is lost for good: the asked node decides alone from now on, with
  // what it knows. FAILED_PRECONDITION if it is there, or if another node knows more.
  virtual absl::Status RecoverQuorum(absl::Duration timeout) = 0;
  // The asked node ends as SHUTDOWN does, and starts anew. OK means that it is about to.
  virtual absl::Status Restart() = 0;

  // The asked node came up without the data of its slots (they are lost for good): it serves them
  // empty from now on (SAFETY 14). Harmless where nothing is missing.
  virtual absl::Status AcceptEmpty() = 0;

  virtual absl::StatusOr<LibrariesState> Libraries() = 0;
  // Makes `text` a library of the cluster; its name. FAILED_PRECONDITION or INVALID_ARGUMENT with
  // the reason if it is refused.
  virtual absl::StatusOr<std::string> LoadLibrary(const std::string& text, bool replace,
                                                  absl::Duration timeout) = 0;
  virtual absl::Status DeleteLibrary(const std::string& name, absl::Duration timeout) = 0;

  virtual absl::StatusOr<std::vector<ModuleState>> Modules() = 0;

  // Entries after number `after`, oldest first, at most `limit` of the latest.
  virtual std::vector<LogEntry> Logs(uint64_t after, size_t limit) = 0;
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLUSTER_CONTROL_H_
