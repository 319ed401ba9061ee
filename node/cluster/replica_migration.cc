#include "node/cluster/replica_migration.h"

#include <algorithm>
#include <vector>

namespace slotmesh::node {
namespace {

using IsUp = absl::FunctionRef<bool(const slots::NodeId&)>;

int64_t LiveReplicas(const slots::ShardInfo& shard, IsUp is_up) {
  return std::count_if(shard.replicas.begin(), shard.replicas.end(),
                       [&](const slots::NodeId& id) { return is_up(id); });
}

// A live primary with slots that had replicas, all of which are gone.
bool IsOrphaned(const slots::ShardInfo& shard, IsUp is_up) {
  return !shard.slots.empty() && !shard.replicas.empty() && is_up(shard.primary) &&
         LiveReplicas(shard, is_up) == 0;
}

// Of all that could go, the one that does.
const slots::NodeId* WhoGoes(const slots::SlotMap& map, IsUp is_up) {
  int64_t most = 0;
  for (const slots::ShardInfo& shard : map.data().shards) {
    if (is_up(shard.primary)) most = std::max(most, LiveReplicas(shard, is_up));
  }
  const slots::NodeId* first = nullptr;
  for (const slots::ShardInfo& shard : map.data().shards) {
    if (!is_up(shard.primary) || LiveReplicas(shard, is_up) != most) continue;
    for (const slots::NodeId& id : shard.replicas) {
      if (is_up(id) && (first == nullptr || id < *first)) first = &id;
    }
  }
  return first;
}

}  // namespace

std::optional<ledger::ReplicaAssigned> ReplicaMigration::Step(const slots::SlotMap& map,
                                                              const ledger::NodeBoot& self,
                                                              IsUp is_up, const Settings& settings,
                                                              int64_t now_ms) {
  const slots::ShardInfo* own = map.ShardOf(self.node);
  const bool spare = own != nullptr && own->primary != self.node && is_up(own->primary) &&
                     LiveReplicas(*own, is_up) > settings.barrier;
  const std::vector<slots::ShardInfo>& shards = map.data().shards;
  const auto orphan = std::find_if(shards.begin(), shards.end(), [&](const slots::ShardInfo& one) {
    return IsOrphaned(one, is_up);
  });
  if (!settings.allowed || !spare || orphan == shards.end()) {
    orphan_.reset();
    return std::nullopt;
  }
  if (orphan_ != orphan->id) {
    orphan_ = orphan->id;
    orphaned_since_ms_ = now_ms;
  }
  if (now_ms - orphaned_since_ms_ < kOrphanedMillis || now_ms < next_ms_) return std::nullopt;
  const slots::NodeId* goes = WhoGoes(map, is_up);
  if (goes == nullptr || *goes != self.node) return std::nullopt;
  next_ms_ = now_ms + kRetryMillis;
  return ledger::ReplicaAssigned{self, orphan->id, orphan->epoch};
}

}  // namespace slotmesh::node
