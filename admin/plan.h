// Which slots should go where: plans for forming, resharding, rebalancing and emptying shards.
//
// Pure functions, the same plan for the same input. A plan says what to move, not how; moves of one
// plan touch different slots, so that they can run in any order. Cost: O(slots + shards log
// shards).
#ifndef SLOTMESH_ADMIN_PLAN_H_
#define SLOTMESH_ADMIN_PLAN_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "slots/ids.h"
#include "slots/slot_map.h"
#include "slots/slot_set.h"

namespace slotmesh::admin {

struct Move {
  slots::ShardId from;
  slots::ShardId to;
  slots::SlotSet slots;
};
using Plan = std::vector<Move>;

int CountSlots(const Plan& plan);

// All slots in `primaries` consecutive ranges whose sizes differ by at most one.
// INVALID_ARGUMENT unless 1 <= primaries <= kSlotCount.
absl::StatusOr<std::vector<slots::SlotSet>> PlanCreate(int primaries);

// A machine that is to hold a primary or a replica.
struct Host {
  std::string ip;
  std::string zone;
};
struct Placement {
  std::vector<int> primaries;  // Indices into the hosts; primaries spread over machines and zones.
  std::vector<int>
      primary_of;  // For each host: its own index, or that of the primary it replicates.
};
// Deals hosts out as primaries with `replicas` replicas each, so that a replica stands in another
// zone, or else on another machine, than its primary and fellow replicas wherever possible.
// INVALID_ARGUMENT if the hosts are not enough for one primary with its replicas.
absl::StatusOr<Placement> PlanPlacement(const std::vector<Host>& hosts, int replicas);

// Moves `count` slots to `to`, taken from each shard of `from` (all others, if empty) in proportion
// to what it owns; from each its highest slots. INVALID_ARGUMENT if `to` or a source is no shard, a
// source is `to`, or the sources own fewer slots.
absl::StatusOr<Plan> PlanReshard(const slots::SlotMap& map, const slots::ShardId& to, int count,
                                 const std::vector<slots::ShardId>& from);

// Brings every shard with a primary to its share of the assigned slots by weight (1 where none is
// given; 0 empties a shard). Empty if no shard is off by more than `threshold_percent` of its
// share. INVALID_ARGUMENT for a negative weight, an unknown shard, or no weight above 0.
absl::StatusOr<Plan> PlanRebalance(const slots::SlotMap& map,
                                   const absl::flat_hash_map<slots::ShardId, double>& weights,
                                   double threshold_percent);

// Moves everything off `shard` to those that own least. FAILED_PRECONDITION if no other shard has a
// primary.
absl::StatusOr<Plan> PlanDrain(const slots::SlotMap& map, const slots::ShardId& shard);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_PLAN_H_
