// Slots that come with all their keys at once, or leave so: what the node's files and replicas hear
// of it.
//
// No command of a client did it, so the journal gets commands that do the same. While slots are on
// their way here, what comes is journalled as it is staged, so that who reads the journal stages it
// too, hidden (staged_moves.h):
//
//   CLUSTER STAGED <plan> BEGIN <map version> <slots>   an empty staging area
//   CLUSTER STAGED <plan> DATA <bytes>                  the next piece of the record stream
//   CLUSTER STAGED <plan> ADOPT | DROP                  the ledger has decided
//
// What was not journalled so is, when it is adopted, as RESTORE of each key. CLUSTER FLUSHSLOT
// stands for each slot that left.
//
// A copy of this node's data that is begun in the midst (a rewritten append-only file, a replica's
// full copy) has nothing of what was journalled before: it is all said again (StagingWalk).
//
// Engine thread only; not within a command. Cost: nothing without files and replicas.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_SLOT_JOURNAL_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_SLOT_JOURNAL_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "node/cluster/migration/entry_parts.h"
#include "node/command/engine.h"
#include "slots/ids.h"
#include "slots/slot_map.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

// These slots' keys are here now.
void JournalArrival(Engine& engine, const slots::SlotSet& slots);
// These slots' keys, if there are any, are about to go.
void JournalDeparture(Engine& engine, const slots::SlotSet& slots);

struct StagedPlan {
  slots::PlanId plan;
  slots::SlotSet slots;  // Not empty.
  slots::MapVersion known_at;
};
enum class StagedEnd : uint8_t { kAdopt, kDrop };

void JournalStagingBegin(Engine& engine, const StagedPlan& plan);
void JournalStagingData(Engine& engine, const StagedPlan& plan, std::string_view bytes);
void JournalStagingEnd(Engine& engine, const StagedPlan& plan, StagedEnd end);

std::string MapVersionText(const slots::MapVersion& version);
std::optional<slots::MapVersion> ParseMapVersion(std::string_view text);

// Journals all that is staged of a plan, from BEGIN to the stream's end. REQUIRES: nothing of it
// changes meanwhile.
class StagingWalk {
 public:
  StagingWalk(StagedPlan plan, const Keyspace& staged, const PartSizes& sizes)
      : plan_(std::move(plan)), staged_(staged), parts_(sizes) {}
  // True when done. Not within a command.
  bool Step(Engine& engine, absl::FunctionRef<bool()> out_of_time);

 private:
  // The next table that has keys; false if there is none.
  bool FindTable();
  void Say(const Entry& entry);
  // A part of a big value, or the next bucket; false if there is none.
  bool SayMore();

  const StagedPlan plan_;
  const Keyspace& staged_;
  std::string bytes_;
  EntryParts parts_;
  std::deque<const Entry*> big_;  // Of the bucket before; the first one goes in parts.
  int big_database_ = 0;
  bool begun_ = false;
  int database_ = 0;
  int slot_ = 0;
  uint64_t cursor_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_SLOT_JOURNAL_H_
