// What a node in cluster mode has besides the engine: the control thread with the bus, what it
// serves, and administration.
//
// Engine thread only, but for what it hands to other threads itself. Start() before clients are
// served.
#ifndef SLOTMESH_NODE_APP_CLUSTER_PART_H_
#define SLOTMESH_NODE_APP_CLUSTER_PART_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "admin/cluster_control.h"
#include "admin/metrics.h"
#include "boost/asio/io_context.hpp"
#include "functions/functions.h"
#include "modules/cluster_view.h"
#include "modules/modules.h"
#include "node/app/log_ring.h"
#include "node/cluster/cluster_family.h"
#include "node/cluster/cluster_state.h"
#include "node/cluster/synced_writes.h"
#include "node/command/client_table.h"
#include "node/command/dispatcher.h"
#include "node/command/engine.h"
#include "node/config/config_store.h"
#include "node/keyspace/observer.h"
#include "node/replication/failover.h"
#include "node/snapshot/snapshots.h"

namespace slotmesh::node {

// The HTTP port is the client port plus this, unless it is set.
inline constexpr int kHttpPortOffset = 30000;

class ClusterPart {
 public:
  struct Environment {
    boost::asio::io_context& io;
    Engine& engine;
    Dispatcher& dispatcher;
    ClientTable& clients;
    LogRing& log;
    Snapshots& snapshots;
    Reclaimer& reclaimer;
    ConfigStore& settings;
    uint64_t seed = 0;
    // Begins to end the process, to start it anew; an error if it cannot be.
    std::function<absl::Status()> restart;
    // The node can promise nothing any more: end the process.
    std::function<void(const absl::Status&)> on_fatal;
  };

  virtual ~ClusterPart() = default;
  // Opens the node's files and the bus. An error's message is ready for the log.
  static absl::StatusOr<std::unique_ptr<ClusterPart>> Start(const Environment& environment);

  virtual ClusterState& state() = 0;
  virtual ClusterFamily& family() = 0;
  virtual admin::ClusterControl& control() = 0;
  virtual BusFaults& bus_faults() = 0;
  // The cluster as modules see it.
  virtual modules::ClusterView& module_view() = 0;
  // What administrators are told of modules. Borrowed.
  virtual void UseModules(const modules::Modules& modules) = 0;
  // The function libraries from now on: the node's, once its files are loaded. Borrowed.
  virtual void UseLibraries(functions::Functions& functions) = 0;
  // What administration sees, for the status page. Engine thread.
  virtual admin::ClusterView Look() = 0;
  // From now on says whom this node copies, by the map: null for nobody, it is a primary. Now, and
  // whenever that may have changed.
  using OnPrimary = std::function<void(const slots::NodeInfo* primary)>;
  virtual void FollowMap(OnPrimary on_primary) = 0;
  // This process is its shard's primary, with the data: a restarted one, which may know less than
  // its replicas, would wipe them (SAFETY 14).
  virtual bool GivesCopies() const = 0;
  // The ledger would let that replica take over: it is in sync, if its shard is
  // synced.
  virtual bool MayTakeOver(const Failover::Target& replica) const = 0;
  // That replica, which has everything, takes over, while nothing is written here.
  // `done`: whether it did; if not, this node is the primary still.
  virtual void HandOver(const Failover::Target& replica, std::function<void(bool)> done) = 0;
  virtual SyncedWrites& synced_writes() = 0;
  // The files are loaded, and go on. `flush_files`: what has been journalled is in them from now
  // on, as appendfsync promises; false if not.
  virtual void KeepIn(std::function<bool()> flush_files) = 0;
  // Data of slots on their way here is kept aside, which no RDB file holds; and is dropped: another
  // node's data takes the place of this one's.
  virtual bool stages_moves() const = 0;
  virtual void DropStaged() = 0;
  // `hz` times a second. `offset`: how far this node's data is in its shard's stream; 0 if it has
  // none. `link_down_ms`: of a replica, for how long it has not heard its primary's stream.
  virtual void Tick(uint64_t offset, int64_t link_down_ms) = 0;
  // Within a long script and the like: this node lives.
  virtual void EngineTurned() = 0;
  virtual void AddMetrics(admin::ClusterMetrics* metrics) const = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_CLUSTER_PART_H_
