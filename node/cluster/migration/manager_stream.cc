// The streams of moves: frames in and out, entries of the walk, effects of the journal.
#include <string>
#include <utility>

#include "node/cluster/migration/manager_moves.h"
#include "node/keyspace/entry_codec.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kNanosPerMicro = 1000;

}  // namespace

// --- Performing ---

void MigrationManager::RaiseFence(Export& moving, Fence fence) {
  parts_.state.SetFence(moving.machine.plan().slots, fence);
  if (!moving.fenced_ns) moving.fenced_ns = parts_.engine.clock.MonotonicNanos();
}

void MigrationManager::Perform(Export& moving, MigrationSource::Output& out) {
  if (out.fence) RaiseFence(moving, *out.fence);
  bool lost = false;
  for (std::string& frame : out.frames) lost |= !outbox_.Send(moving.target, std::move(frame));
  if (out.begin_copy) moving.wants_walk = true;
  // Not at once: this may be within a call of the walk.
  if (out.end_copy) moving.copy_ended = true;
  if (out.begin_copy || out.end_copy) Schedule();
  if (out.proposal) Propose(moving.machine.plan().plan, *std::move(out.proposal));
  if (!lost) return;
  MigrationSource::Output next;
  moving.machine.OnLinkLost(Now(), &next);
  Perform(moving, next);
}

void MigrationManager::Perform(Import& moving, MigrationTarget::Output& out) {
  JournalStaged(moving, out.staged);
  bool lost = false;
  for (std::string& frame : out.frames) lost |= !outbox_.Send(moving.source, std::move(frame));
  if (out.drop_staging) moving.staging.reset();
  if (!moving.expected && moving.machine.phase() == MigrationTarget::Phase::kComplete) {
    moving.expected = true;
    parts_.state.ExpectSlots(moving.machine.plan().slots);
  }
  if (out.proposal) Propose(moving.machine.plan().plan, *std::move(out.proposal));
  if (!lost) return;
  MigrationTarget::Output next;
  moving.machine.OnLinkLost(Now(), &next);
  Perform(moving, next);
}

void MigrationManager::Propose(const slots::PlanId& plan, ledger::Change change) {
  link().Propose(std::move(change), [this, alive = alive_, plan](const absl::Status& status) {
    if (*alive) OnAnswer(plan, status);
  });
}

void MigrationManager::OnAnswer(const slots::PlanId& plan, const absl::Status& status) {
  // If it is decided, that ends the move.
  parts_.state.Refresh();
  if (const auto at = exports_.find(plan); at != exports_.end()) {
    MigrationSource::Output out;
    at->second->machine.OnAnswer(Now(), status, &out);
    Perform(*at->second, out);
  } else if (const auto import = imports_.find(plan); import != imports_.end()) {
    import->second->machine.OnAnswer(Now());
  }
}

// --- Frames ---

void MigrationManager::OnBulkFrame(const slots::NodeId& from, slots::BootId boot,
                                   std::string_view payload) {
  const absl::StatusOr<MigrationFrame> frame = DecodeFrame(payload);
  if (!frame.ok()) {
    parts_.log.Warning(StrCat("From ", from.ToHex(), ": ", frame.status().message()));
    return;
  }
  if (frame->kind == FrameKind::kGive || frame->kind == FrameKind::kGiven) {
    parts_.dispatcher.BeginTurn();
    return handover_.OnFrame(from, *frame);
  }
  if (!exports_.contains(frame->plan) && !imports_.contains(frame->plan)) parts_.state.Refresh();
  if (const auto at = exports_.find(frame->plan); at != exports_.end()) {
    Export& moving = *at->second;
    if (moving.target != from || moving.machine.plan().target.boot != boot) return;
    MigrationSource::Output out;
    moving.machine.OnFrame(Now(), *frame, &out);
    Perform(moving, out);
    Schedule();
  } else if (const auto import = imports_.find(frame->plan); import != imports_.end()) {
    Import& moving = *import->second;
    if (moving.source != from || moving.machine.plan().source.boot != boot) return;
    MigrationTarget::Output out;
    moving.machine.OnFrame(Now(), *frame, &out);
    Perform(moving, out);
    if (moving.machine.has_work()) Schedule();
  }
}

void MigrationManager::OnPeerLost(const slots::NodeId& peer) {
  outbox_.OnLost(peer);
  for (const auto& [plan, moving] : exports_) {
    if (moving->target != peer) continue;
    MigrationSource::Output out;
    moving->machine.OnLinkLost(Now(), &out);
    Perform(*moving, out);
  }
  for (const auto& [plan, moving] : imports_) {
    if (moving->source != peer) continue;
    MigrationTarget::Output out;
    moving->machine.OnLinkLost(Now(), &out);
    Perform(*moving, out);
  }
}

void MigrationManager::OnPeerWritable(const slots::NodeId& peer) {
  if (!outbox_.OnWritable(peer)) OnPeerLost(peer);
}

// --- Walk and journal ---

void MigrationManager::TakeEntry(Export& moving, const SnapshotItem& item) {
  const Entry& entry = item.entry;
  if (moving.parts.Takes(entry)) {
    // Nobody could wait for it; at the target it takes its time all the same.
    EntryParts parts(parts_.part_sizes);
    while (!TakePart(moving, parts, item)) continue;
    return;
  }
  MigrationSource::Output out;
  const std::string payload = DumpEntry(entry, /*compress=*/false, item.database);
  moving.machine.AddEntry(RecordOf(item.database, entry, payload), Now(), &out);
  Perform(moving, out);
}

// True if it is the last.
bool MigrationManager::TakePart(Export& moving, EntryParts& parts, const SnapshotItem& item) {
  MigrationSource::Output out;
  std::string records;
  const bool last = parts.Append(item.database, item.entry, &records);
  moving.machine.AddPart(records, last, Now(), &out);
  Perform(moving, out);
  return last;
}

void MigrationManager::OnUnit(const JournalUnit& unit) {
  for (const Effect& effect : unit.effects) {
    if (effect.slot != kNoSlot) {
      if (leaving_.Contains(static_cast<slots::Slot>(effect.slot))) TakeEffect(effect);
    } else if (effect.changes_data()) {
      const Command* command = parts_.engine.registry.ResolveOriginal(effect.argv);
      if (command != nullptr && command->changes_all_keys()) {
        GiveUpAll(StrCat(command->full_name(), " came between"));
      }
    }
  }
}

void MigrationManager::TakeEffect(const Effect& effect) {
  for (const auto& [plan, moving] : exports_) {
    if (!moving->machine.plan().slots.Contains(static_cast<slots::Slot>(effect.slot))) continue;
    if (!moving->feeding) return;
    if (moving->walk != nullptr && !moving->copy_ended) SaveKeysOf(*moving, effect);
    MigrationSource::Output out;
    moving->machine.AddEffect(effect.database, effect.argv, parts_.engine.now_ms, Now(), &out);
    Perform(*moving, out);
    return Schedule();
  }
}

// What a command changes has been handed out already; what it only reads (COPY's source) must be at
// the target before the command is.
void MigrationManager::SaveKeysOf(Export& moving, const Effect& effect) {
  const Command* command = parts_.engine.registry.ResolveOriginal(effect.argv);
  if (command == nullptr || command->single_key() != 0) return;
  slots::KeyRefs keys;
  if (slots::FindKeys(command->spec().keys, command->spec().get_keys, slots::KeyDetail::kPositions,
                      effect.argv, &keys) != slots::KeyStatus::kOk) {
    return;
  }
  for (const slots::KeyRef& key : keys) {
    moving.walk->SaveNow(effect.database, HashKey(parts_.engine.keyspace, effect.argv[key.word]));
  }
}

void MigrationManager::GiveUpAll(std::string_view reason) {
  for (const auto& [plan, moving] : exports_) {
    MigrationSource::Output out;
    moving->machine.GiveUp(Now(), reason, &out);
    Perform(*moving, out);
  }
  for (const auto& [plan, moving] : imports_) {
    MigrationTarget::Output out;
    moving->machine.GiveUp(Now(), reason, &out);
    Perform(*moving, out);
  }
}

// --- Slices ---

void MigrationManager::Schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  parts_.post([this, alive = alive_] {
    if (*alive) RunSlice();
  });
}

void MigrationManager::RunSlice() {
  scheduled_ = false;
  SettleStaged();
  Clock& clock = parts_.engine.clock;
  bool more = false;
  for (const auto& [plan, moving] : exports_) {
    const int64_t end = clock.MonotonicNanos() + kMoveSliceMicros * kNanosPerMicro;
    more |= StepExport(*moving, [&] { return clock.MonotonicNanos() >= end; });
  }
  for (const auto& [plan, moving] : imports_) {
    const int64_t end = clock.MonotonicNanos() + kMoveSliceMicros * kNanosPerMicro;
    more |= StepImport(*moving, [&] { return clock.MonotonicNanos() >= end; });
  }
  FollowJournal();
  if (more) Schedule();
}

bool MigrationManager::StepExport(Export& moving, absl::FunctionRef<bool()> out_of_time) {
  if (moving.copy_ended) {
    moving.walk.reset();
    moving.wants_walk = moving.feeding = false;
    return false;
  }
  if (moving.wants_walk && moving.walk == nullptr) {
    auto walk = parts_.snapshots.Begin(moving.machine.plan().slots, moving);
    if (!walk.ok()) return false;  // Another snapshot has these slots: Tick comes back to it.
    moving.walk = *std::move(walk);
    moving.wants_walk = false;
    moving.feeding = true;
  }
  MigrationSource::Output out;
  if (moving.walk != nullptr && moving.walk->Step(out_of_time)) {
    moving.walk.reset();
    moving.machine.WalkDone(Now(), &out);
  }
  moving.machine.Send(Now(), &out);
  Perform(moving, out);
  return moving.walk != nullptr && moving.WantsMore();
}

bool MigrationManager::StepImport(Import& moving, absl::FunctionRef<bool()> out_of_time) {
  const MigrationTarget::Phase phase = moving.machine.phase();
  if (phase == MigrationTarget::Phase::kStoring) return StepStoring(moving, out_of_time);
  if (phase == MigrationTarget::Phase::kComplete && !IsSaid(moving)) {
    // The commit may be on its way: who takes a copy now is to have this, too, and before the copy.
    SayAgain(moving, [] { return false; });
    if (parts_.is_kept != nullptr) (void)parts_.is_kept(parts_.engine.journal.data_offset());
  }
  // Tick, and news of what is kept, come back to it.
  if (!moving.machine.has_work() || IsAheadOfCopies(moving)) return false;
  if (moving.staging == nullptr) {
    moving.staging =
        std::make_unique<Staging>(parts_.engine, moving.machine.plan().slots, parts_.reclaimer);
  }
  MigrationTarget::Output out;
  moving.machine.Apply(Now(), *moving.staging, out_of_time, &out);
  Perform(moving, out);
  return moving.machine.has_work() || moving.machine.phase() == MigrationTarget::Phase::kStoring;
}

}  // namespace slotmesh::node
