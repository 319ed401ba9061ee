// What this node has, hidden, of slot moves to its shard of which it is not the target's own
// process: as a replica of the target, or as the process that came after it on the same files.
//
// Before a move commits the target's files and in-sync replicas have its slots' data (SAFETY 20):
// the target journals what it stages (slot_journal.h), and whoever reads that journal stages it
// here. Nothing of it shows. What becomes of it the journal says, too; whoever has become primary
// before it did asks the ledger (MigrationManager::SettleStaged).
//
// Engine thread only. Borrows the live engine; owns the staged keys. Bound: what the target stages.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_STAGED_MOVES_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_STAGED_MOVES_H_

#include <map>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "node/cluster/migration/records.h"
#include "node/cluster/migration/staging.h"
#include "node/command/engine.h"
#include "node/stats/log.h"
#include "slots/ids.h"
#include "slots/slot_map.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

class StagedMoves {
 public:
  struct Move {
    slots::MapVersion known_at;  // A map that had the plan under way.
    slots::SlotSet slots;
    std::unique_ptr<Staging> staging;
    RecordReader reader;
    bool complete = false;  // Its final record has been read.
    uint64_t copies = 0;    // Journal::copies() when it began: later ones lack the begin.
    bool broken = false;    // What came is no stream; it never gets complete.
  };

  // `reclaimer` frees what is dropped; null: on the spot.
  StagedMoves(Engine& live, Log& log, Reclaimer* reclaimer)
      : live_(live), log_(log), reclaimer_(reclaimer) {}

  const std::map<slots::PlanId, Move>& moves() const { return moves_; }
  bool empty() const { return moves_.empty(); }
  // Of all that is complete.
  slots::SlotSet complete_slots() const;

  // --- The journal. ---

  // In place of what is there of this plan.
  void Begin(const slots::PlanId& plan, const slots::MapVersion& known_at, slots::SlotSet slots);
  // The next piece of the record stream. A plan that never began is passed over: its beginning
  // comes again.
  void Add(const slots::PlanId& plan, std::string_view bytes);
  // Its keys become the node's own, in place of what is there in these slots. Failed precondition
  // if they are not all there; what there is is dropped then. REQUIRES: no unit of the journal has
  // effects.
  absl::Status Adopt(const slots::PlanId& plan);
  void Drop(const slots::PlanId& plan) { moves_.erase(plan); }

  // The target's own staging area, whole, when its process is the target no longer.
  void Keep(const slots::PlanId& plan, const slots::MapVersion& known_at,
            const slots::SlotSet& slots, std::unique_ptr<Staging> staging);
  // The node's data becomes a copy of another's.
  void Clear() { moves_.clear(); }

 private:
  Engine& live_;
  Log& log_;
  Reclaimer* reclaimer_;
  std::map<slots::PlanId, Move> moves_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_STAGED_MOVES_H_
