// What moves stage, in the node's files and replicas, and what becomes of it when another process
// takes over (SAFETY 20).
#include <utility>

#include "node/cluster/migration/manager_moves.h"
#include "slots/strings.h"

namespace slotmesh::node {

// This process is the primary of its shard.
bool MigrationManager::LeadsTargetOf(const slots::SlotMap& map) const {
  const slots::ShardInfo* shard = map.ShardOf(parts_.state.self_id());
  return shard != nullptr && shard->primary == parts_.state.self_id() &&
         shard->primary_boot == parts_.state.link().boot();
}

// --- Of this process's own imports. ---

// Whoever reads the journal, or began to copy this node, has all that is staged.
bool MigrationManager::IsSaid(const Import& import) const {
  const Journal& journal = parts_.engine.journal;
  return !journal.streams() || import.said == journal.copies();
}

// Files and replicas have to get on before more is staged.
bool MigrationManager::IsAheadOfCopies(Import& import) {
  if (parts_.is_kept == nullptr || !parts_.engine.journal.streams()) return false;
  const uint64_t offset = parts_.engine.journal.data_offset();
  if (offset - import.kept_mark <= parts_.staged_unkept_max) return false;
  if (!parts_.is_kept(import.kept_mark)) return true;
  import.kept_mark = offset;
  return false;
}

void MigrationManager::JournalStaged(Import& import, const std::vector<std::string>& pieces) {
  const Journal& journal = parts_.engine.journal;
  if (pieces.empty() || !journal.streams()) return;
  // The first piece is the stream's begin if nothing has been acknowledged before.
  if (!import.began) {
    JournalStagingBegin(parts_.engine, import.staged);
    import.said = journal.copies();
  }
  import.began = true;
  // Else a copy lacks the begin: all is said once it is there.
  if (!IsSaid(import)) return;
  for (const std::string& piece : pieces) JournalStagingData(parts_.engine, import.staged, piece);
}

// True when all is said.
bool MigrationManager::SayAgain(Import& import, absl::FunctionRef<bool()> out_of_time) {
  const uint64_t copies = parts_.engine.journal.copies();
  if (import.walk == nullptr || import.walk_copies != copies) {
    import.walk =
        std::make_unique<StagingWalk>(import.staged, import.staging->keyspace(), parts_.part_sizes);
    import.walk_copies = copies;
  }
  if (!import.walk->Step(parts_.engine, out_of_time)) return false;
  import.walk.reset();
  import.said = copies;
  import.stored_offset.reset();
  return true;
}

// True if there is more to do at once.
bool MigrationManager::StepStoring(Import& import, absl::FunctionRef<bool()> out_of_time) {
  if (!IsSaid(import) && !SayAgain(import, out_of_time)) return true;
  if (!import.stored_offset) import.stored_offset = parts_.engine.journal.data_offset();
  if (parts_.is_kept != nullptr && !parts_.is_kept(*import.stored_offset)) return false;
  MigrationTarget::Output out;
  import.machine.OnStored(&out);
  Perform(import, out);
  return false;
}

void MigrationManager::Adopt(Import& import) {
  const slots::SlotSet& slots = import.staged.slots;
  JournalDeparture(parts_.engine, slots);  // What is left over from an earlier owner's time.
  import.staging->AdoptInto(parts_.engine.keyspace);
  if (IsSaid(import)) {
    JournalStagingEnd(parts_.engine, import.staged, StagedEnd::kAdopt);
  } else {
    JournalArrival(parts_.engine, slots);
    // Some readers may have it staged as well.
    JournalStagingEnd(parts_.engine, import.staged, StagedEnd::kDrop);
  }
}

// --- Of what other processes staged. ---

void MigrationManager::Look() {
  HoldStaged(parts_.state.map());
  if (active()) Schedule();
}

// Who asks a new primary for what may be its own waits until it knows. So it is with a restarted
// one that the ledger holds for the process before: it does not write yet, but it is read.
void MigrationManager::HoldStaged(const slots::SlotMap& map) {
  slots::SlotSet held;
  const slots::ShardInfo* shard = map.ShardOf(parts_.state.self_id());
  if (shard != nullptr && shard->primary == parts_.state.self_id()) {
    held = parts_.staged.complete_slots();
  }
  for (const auto& [plan, import] : imports_) held -= import->staged.slots;
  const slots::SlotSet more = held - held_;
  const slots::SlotSet less = held_ - held;
  held_ = std::move(held);
  if (!more.empty()) parts_.state.SetFence(more, Fence::kWritesAndReads);
  if (!less.empty()) parts_.state.LiftFence(less);
}

// The ledger's word, as far as it can be told from the picture here: one from before the plan says
// nothing of it.
MigrationManager::Outcome MigrationManager::FindOutcomeOf(const slots::PlanId& plan,
                                                          const StagedMoves::Move& move) const {
  const ClusterPicture& picture = parts_.state.picture();
  if (picture.decided->FindMove(plan) != nullptr) return Outcome::kRunning;
  const slots::ShardInfo* own = parts_.state.self_shard();
  const bool owns = own != nullptr && own->slots.ContainsAll(move.slots);
  if (const ledger::FinishedMove* finished = picture.decided->FindFinished(plan)) {
    return finished->committed && owns ? Outcome::kCommitted : Outcome::kAborted;
  }
  const slots::MapVersion& version = picture.map->version();
  const bool later = version == move.known_at || IsNewer(version, move.known_at) ||
                     picture.decided->HasJoined(move.known_at.log);
  if (!later) return Outcome::kRunning;
  return owns ? Outcome::kCommitted : Outcome::kAborted;
}

void MigrationManager::SettleStaged() {
  const bool ready =
      !parts_.engine.loading.active && !parts_.engine.replication.is_replica && !data_missing_;
  if (parts_.staged.empty() || !ready || !LeadsTargetOf(parts_.state.map())) return;
  std::vector<std::pair<slots::PlanId, Outcome>> decided;
  for (const auto& [plan, move] : parts_.staged.moves()) {
    const Outcome outcome = imports_.contains(plan) ? Outcome::kAborted : FindOutcomeOf(plan, move);
    if (outcome != Outcome::kRunning) decided.emplace_back(plan, outcome);
  }
  for (const auto& [plan, outcome] : decided) {
    Settle(plan, parts_.staged.moves().at(plan), outcome);
  }
  HoldStaged(parts_.state.map());
}

void MigrationManager::Settle(const slots::PlanId& plan, const StagedMoves::Move& move,
                              Outcome outcome) {
  const StagedPlan staged{plan, move.slots, move.known_at};
  const std::string what = StrCat("slots ", staged.slots.ToString(), ", plan ", plan.ToHex());
  if (outcome == Outcome::kAborted) {
    parts_.staged.Drop(plan);
    // An import of this process has said it anew.
    if (!imports_.contains(plan)) JournalStagingEnd(parts_.engine, staged, StagedEnd::kDrop);
    return parts_.log.Notice(StrCat("Dropped what was staged before this node led: ", what));
  }
  const bool said = move.copies == parts_.engine.journal.copies();
  if (move.complete) JournalDeparture(parts_.engine, staged.slots);
  if (parts_.staged.Adopt(plan).ok()) {
    if (!said) JournalArrival(parts_.engine, staged.slots);
    JournalStagingEnd(parts_.engine, staged, said ? StagedEnd::kAdopt : StagedEnd::kDrop);
    return parts_.log.Notice(StrCat("Took over what was staged before this node led: ", what));
  }
  // The source commits only what was complete in the files and the replicas in sync.
  parts_.state.RefuseSlots(staged.slots);
  parts_.log.Warning(
      StrCat("DATA MISSING: the ledger gave this node ", what,
             ", but their data had not all arrived when it took over; they are refused until they "
             "have another owner or this node is restarted"));
}

}  // namespace slotmesh::node
