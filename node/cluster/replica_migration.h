// Replicas go where they are needed: one of a shard that has more than it needs becomes a replica
// of a primary whose own replicas are all gone (cluster-allow-replica-migration,
// cluster-migration-barrier).
//
// Each replica decides for itself, all by the same rule, so that one goes: of the shards with most
// live replicas, the live replica with the smallest id. A primary that never had a replica gets
// none. A step machine of the engine thread, without clock and I/O; REQUIRES: Step() is called now
// and then.
#ifndef SLOTMESH_NODE_CLUSTER_REPLICA_MIGRATION_H_
#define SLOTMESH_NODE_CLUSTER_REPLICA_MIGRATION_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "slots/ledger/entry.h"
#include "slots/slot_map.h"

namespace slotmesh::node {

class ReplicaMigration {
 public:
  // A primary is without replicas that long before another shard's comes: they may be back.
  static constexpr int64_t kOrphanedMillis = 5000;
  // After a proposal, until the next one.
  static constexpr int64_t kRetryMillis = 2000;

  struct Settings {
    bool allowed = true;
    int64_t barrier = 1;  // Live replicas that its primary keeps.
  };

  // The move of this replica that is due, if one is; to be proposed.
  std::optional<ledger::ReplicaAssigned> Step(const slots::SlotMap& map,
                                              const ledger::NodeBoot& self,
                                              absl::FunctionRef<bool(const slots::NodeId&)> is_up,
                                              const Settings& settings, int64_t now_ms);

 private:
  std::optional<slots::ShardId> orphan_;  // Seen as one since then.
  int64_t orphaned_since_ms_ = 0;
  int64_t next_ms_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_REPLICA_MIGRATION_H_
