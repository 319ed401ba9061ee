// Beginning and ending moves, as pictures of the cluster say.
#include "node/cluster/migration/migration_manager.h"

#include <utility>

#include "node/cluster/migration/manager_moves.h"
#include "node/cluster/migration/slot_journal.h"
#include "node/resp/errors.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kNanosPerMicro = 1000;

MoveStage StageOf(MigrationSource::Phase phase) {
  switch (phase) {
    case MigrationSource::Phase::kGreeting:
      return MoveStage::kWaiting;
    case MigrationSource::Phase::kCopying:
    case MigrationSource::Phase::kCatchingUp:
      return MoveStage::kCopying;
    case MigrationSource::Phase::kDraining:
    case MigrationSource::Phase::kCommitting:
      return MoveStage::kFenced;
    case MigrationSource::Phase::kAborting:
    case MigrationSource::Phase::kOver:
      return MoveStage::kAborting;
  }
  return MoveStage::kAborting;
}

MoveStage StageOf(MigrationTarget::Phase phase) {
  switch (phase) {
    case MigrationTarget::Phase::kWaiting:
      return MoveStage::kWaiting;
    case MigrationTarget::Phase::kReceiving:
    case MigrationTarget::Phase::kStoring:
      return MoveStage::kCopying;
    case MigrationTarget::Phase::kComplete:
      return MoveStage::kFenced;
    case MigrationTarget::Phase::kFailed:
    case MigrationTarget::Phase::kOver:
      return MoveStage::kAborting;
  }
  return MoveStage::kAborting;
}

MoveStage EndOf(bool committed, std::string_view reason) {
  if (committed) return MoveStage::kSuccess;
  return reason == kCancelReason ? MoveStage::kCancelled : MoveStage::kFailed;
}

bool OwnsAll(const slots::SlotMap& map, const slots::ShardId& shard, const slots::SlotSet& slots) {
  const slots::ShardInfo* owner = map.FindShard(shard);
  return owner != nullptr && owner->slots.ContainsAll(slots);
}

}  // namespace

MigrationManager::MigrationManager(Parts parts)
    : parts_(std::move(parts)),
      outbox_(link()),
      handover_(parts_.engine, parts_.state,
                [this](const slots::NodeId& to, std::string frame) {
                  outbox_.Send(to, std::move(frame));
                }),
      alive_(std::make_shared<bool>(true)) {
  parts_.state.set_follower(this);
  parts_.snapshots.set_on_cut([this] {
    if (moving()) Schedule();
  });
  link().SetBulkHandlers({
      .on_frame = [this](const slots::NodeId& from, slots::BootId boot,
                         std::string payload) { OnBulkFrame(from, boot, payload); },
      .on_writable = [this](const slots::NodeId& peer) { OnPeerWritable(peer); },
      .on_lost = [this](const slots::NodeId& peer) { OnPeerLost(peer); },
  });
  BeforePicture(parts_.state.picture());
  AfterPicture();
}

MigrationManager::~MigrationManager() {
  *alive_ = false;
  parts_.state.set_follower(nullptr);
  parts_.snapshots.set_on_cut(nullptr);
  link().SetBulkHandlers({});
  if (subscribed_) parts_.engine.journal.Unsubscribe(*this);
}

// --- Pictures ---

MigrationManager::Outcome MigrationManager::FindOutcome(const ledger::MovePlan& plan,
                                                        const ClusterPicture& next,
                                                        std::string* reason) const {
  if (next.decided->FindMove(plan.plan) != nullptr) return Outcome::kRunning;
  if (const ledger::FinishedMove* finished = next.decided->FindFinished(plan.plan)) {
    *reason = finished->reason;
    return finished->committed ? Outcome::kCommitted : Outcome::kAborted;
  }
  // So long ago that it is forgotten, or another log is followed now: what counts is who owns.
  *reason = "the ledger knows nothing of it any more";
  return OwnsAll(*next.map, plan.target.shard, plan.slots) ? Outcome::kCommitted
                                                           : Outcome::kAborted;
}

void MigrationManager::BeforePicture(const ClusterPicture& next) {
  if (next.decided == decided_) return;
  decided_ = next.decided;
  UpdateBook();
  // What goes away goes before anything is adopted: slots that left may have come back.
  EndExports(next);
  EndImports(next);
  HoldStaged(*next.map);
  BeginMoves(next);
  FollowJournal();
}

void MigrationManager::AfterPicture() {
  for (const std::unique_ptr<Export>& moving : std::exchange(ended_exports_, {})) {
    const ledger::MovePlan& plan = moving->machine.plan();
    std::string fence;
    if (moving->fenced_ns) {
      parts_.state.LiftFence(plan.slots);
      const int64_t micros =
          (parts_.engine.clock.MonotonicNanos() - *moving->fenced_ns) / kNanosPerMicro;
      parts_.book.RecordFence(micros);
      fence = StrCat(", writes waited ", micros, " us");
    }
    parts_.book.End(plan.plan, EndOf(moving->committed, moving->end_reason),
                    moving->committed ? "" : moving->end_reason, WallMillis());
    if (moving->committed) {
      parts_.log.Notice(StrCat("Slots ", plan.slots.ToString(), " moved to ",
                               moving->target.ToHex(), ", plan ", plan.plan.ToHex(), fence));
    } else {
      parts_.log.Warning(StrCat("Slots ", plan.slots.ToString(), " stay here, plan ",
                                plan.plan.ToHex(), " failed: ", moving->end_reason, fence));
    }
  }
  if (!settled_.empty()) parts_.state.SettleSlots(std::exchange(settled_, slots::SlotSet()));
  GiveUpOnTheDead();
  handover_.AfterPicture();
  // The role that goes with the picture is taken up behind this.
  if (active()) Schedule();
}

void MigrationManager::EndExports(const ClusterPicture& next) {
  for (auto at = exports_.begin(); at != exports_.end();) {
    Export& moving = *at->second;
    const ledger::MovePlan& plan = moving.machine.plan();
    const Outcome outcome = FindOutcome(plan, next, &moving.end_reason);
    if (outcome == Outcome::kRunning) {
      ++at;
      continue;
    }
    moving.walk.reset();
    moving.machine.OnDecided();
    moving.committed = outcome == Outcome::kCommitted;
    if (moving.committed) {
      Keyspace& keyspace = parts_.engine.keyspace;
      JournalDeparture(parts_.engine, plan.slots);
      for (int i = 0; i < keyspace.database_count(); ++i) {
        if (keyspace.database(i).size() > 0) keyspace.database(i).FlushSlots(plan.slots);
      }
    }
    leaving_ -= plan.slots;
    ended_exports_.push_back(std::move(at->second));
    at = exports_.erase(at);
  }
}

void MigrationManager::EndImports(const ClusterPicture& next) {
  for (auto at = imports_.begin(); at != imports_.end();) {
    std::string reason;
    const Outcome outcome = FindOutcome(at->second->machine.plan(), next, &reason);
    if (outcome == Outcome::kRunning) {
      ++at;
      continue;
    }
    EndImport(*at->second, outcome, reason, next);
    at = imports_.erase(at);
  }
}

void MigrationManager::EndImport(Import& import, Outcome outcome, const std::string& reason,
                                 const ClusterPicture& next) {
  const ledger::MovePlan& plan = import.machine.plan();
  const bool complete = import.machine.phase() == MigrationTarget::Phase::kComplete;
  import.machine.OnDecided();
  if (import.expected) settled_ |= plan.slots;
  const std::string what = StrCat("slots ", plan.slots.ToString(), " from ", import.source.ToHex(),
                                  ", plan ", plan.plan.ToHex());
  const bool leads = LeadsTargetOf(*next.map);
  if (outcome == Outcome::kAborted) {
    if (leads && import.said.has_value()) {
      JournalStagingEnd(parts_.engine, import.staged, StagedEnd::kDrop);
    }
    parts_.book.End(plan.plan, EndOf(false, reason), reason, WallMillis());
    parts_.log.Warning(StrCat("Not taken over: ", what, ": ", reason));
  } else if (complete) {
    if (leads) {
      Adopt(import);
    } else {
      // The shard has another primary already, whose stream says when.
      parts_.staged.Keep(plan.plan, import.staged.known_at, plan.slots, std::move(import.staging));
    }
    parts_.book.End(plan.plan, MoveStage::kSuccess, "", WallMillis());
    parts_.log.Notice(StrCat("Took over ", what));
  } else {
    // The source commits only what was complete here, so this is a defect of one of us. To serve
    // these slots empty would be worse than not to serve them.
    parts_.state.RefuseSlots(plan.slots);
    parts_.book.End(plan.plan, MoveStage::kFailed, "committed although its data is not all here",
                    WallMillis());
    parts_.log.Warning(
        StrCat("DATA MISSING: the ledger gave this node ", what,
               ", but their data has not all arrived; they are refused until they have another "
               "owner or this node is restarted"));
  }
}

MigrationRecord MigrationManager::NewRecord(const ledger::MovePlan& plan,
                                            const ClusterPicture& next) const {
  MigrationRecord record;
  record.plan = plan.plan;
  record.slots = plan.slots;
  record.source_shard = plan.source.shard;
  record.target_shard = plan.target.shard;
  if (const slots::ShardInfo* shard = next.map->FindShard(plan.source.shard)) {
    record.source = shard->primary;
  }
  if (const slots::ShardInfo* shard = next.map->FindShard(plan.target.shard)) {
    record.target = shard->primary;
  }
  record.created_ms = record.updated_ms = record.last_ack_ms = WallMillis();
  return record;
}

void MigrationManager::BeginMoves(const ClusterPicture& next) {
  const slots::NodeId& self = parts_.state.self_id();
  const slots::BootId boot = link().boot();
  data_missing_ = next.data_missing;
  for (const ledger::MovePlan& plan : next.decided->moves) {
    if (parts_.book.Find(plan.plan) != nullptr) continue;
    MigrationRecord record = NewRecord(plan, next);
    const slots::NodeId source = record.source;
    const slots::NodeId target = record.target;
    record.exporting = source == self && plan.source.boot == boot;
    if (!record.exporting && !(target == self && plan.target.boot == boot)) continue;
    parts_.book.Begin(record);
    parts_.log.Notice(StrCat(record.exporting ? "Moving slots " : "Expecting slots ",
                             plan.slots.ToString(), record.exporting ? " to " : " from ",
                             (record.exporting ? target : source).ToHex(), ", plan ",
                             plan.plan.ToHex()));
    if (record.exporting) {
      BeginExport(plan, target);
    } else {
      BeginImport(plan, source, next.map->version());
    }
  }
}

std::string MigrationManager::ReasonToRefuse() const {
  // What it would take over would not be served either; what it would give away is not there.
  if (parts_.engine.loading.active) return "a node that is loading its files is part of it";
  if (data_missing_) return "a node that came up without the data of its slots is part of it";
  if (imports_.size() <= kImportsMax) return "";
  return StrCat(kImportsMax, " moves to one node are under way, the most there can be");
}

void MigrationManager::BeginExport(const ledger::MovePlan& plan, const slots::NodeId& target) {
  const auto at = exports_.emplace(plan.plan, std::make_unique<Export>(*this, plan, target, Now()));
  leaving_ |= plan.slots;
  std::string reason = data_missing_ || parts_.engine.loading.active ? ReasonToRefuse() : "";
  if (held_.Intersects(plan.slots)) reason = "its slots have not all come to the source yet";
  if (reason.empty()) return;
  MigrationSource::Output out;
  at.first->second->machine.GiveUp(Now(), reason, &out);
  Perform(*at.first->second, out);
}

void MigrationManager::BeginImport(const ledger::MovePlan& plan, const slots::NodeId& source,
                                   const slots::MapVersion& known_at) {
  const auto at = imports_.emplace(plan.plan, std::make_unique<Import>(plan, source, known_at));
  const std::string reason = ReasonToRefuse();
  if (reason.empty()) return;
  MigrationTarget::Output out;
  at.first->second->machine.GiveUp(Now(), reason, &out);
  Perform(*at.first->second, out);
}

void MigrationManager::FollowJournal() {
  // Within a command (which the contract of Refresh rules out) it must wait.
  if (subscribed_ == moving() || parts_.engine.journal.in_unit()) return;
  subscribed_ = moving();
  if (subscribed_) {
    parts_.engine.journal.Subscribe(*this);
  } else {
    parts_.engine.journal.Unsubscribe(*this);
  }
}

void MigrationManager::GiveUpOnTheDead() {
  const auto is_dead = [this](const slots::NodeId& node) { return !parts_.state.IsUp(node); };
  for (const auto& [plan, moving] : exports_) {
    if (!is_dead(moving->target)) continue;
    MigrationSource::Output out;
    moving->machine.GiveUp(Now(), StrCat("the target ", moving->target.ToHex(), " is down"), &out);
    Perform(*moving, out);
  }
  for (const auto& [plan, moving] : imports_) {
    if (!is_dead(moving->source)) continue;
    MigrationTarget::Output out;
    moving->machine.GiveUp(Now(), StrCat("the source ", moving->source.ToHex(), " is down"), &out);
    Perform(*moving, out);
  }
}

// --- Time ---

void MigrationManager::Tick() {
  parts_.dispatcher.BeginTurn();
  for (const auto& [plan, moving] : exports_) {
    MigrationSource::Output out;
    moving->machine.Tick(Now(), &out);
    Perform(*moving, out);
  }
  for (const auto& [plan, moving] : imports_) {
    MigrationTarget::Output out;
    moving->machine.Tick(Now(), &out);
    Perform(*moving, out);
  }
  const int64_t now_ms = parts_.engine.now_ms;
  parts_.engine.parking.GiveUp(
      [&](const ParkingLot::Place& place) {
        return place.reason == ParkReason::kFence && now_ms - place.since_ms >= kFencePatienceMs;
      },
      [this](Client& client) { parts_.dispatcher.RefuseParked(client, errors::kTryAgain); });
  handover_.Tick();
  UpdateBook();
  if (active()) Schedule();
}

void MigrationManager::UpdateBook() {
  const int64_t now_ms = WallMillis();
  for (const auto& [plan, moving] : exports_) {
    const MigrationSource& machine = moving->machine;
    parts_.book.Update(
        plan,
        {.stage = StageOf(machine.phase()),
         .keys = machine.entries_sent(),
         .bytes = machine.stream().sent(),
         .remaining_bytes = machine.stream().lag(),
         .last_ack_ms = now_ms - absl::ToInt64Milliseconds(Now() - machine.last_ack())},
        now_ms);
  }
  for (const auto& [plan, moving] : imports_) {
    parts_.book.Update(plan,
                       {.stage = StageOf(moving->machine.phase()),
                        .keys = moving->staging == nullptr ? parts_.book.Find(plan)->keys
                                                           : moving->staging->entries(),
                        .bytes = moving->machine.received()},
                       now_ms);
  }
}

void MigrationManager::CheckInvariants() const {
  slots::SlotSet leaving;
  for (const auto& [plan, moving] : exports_) {
    moving->machine.CheckInvariants();
    CHECK(!leaving.Intersects(moving->machine.plan().slots));
    leaving |= moving->machine.plan().slots;
    const MigrationSource::Phase phase = moving->machine.phase();
    const bool must_be_fenced =
        phase == MigrationSource::Phase::kDraining || phase == MigrationSource::Phase::kCommitting;
    CHECK(moving->fenced_ns.has_value() || !must_be_fenced);
    CHECK_EQ(moving->fenced_ns.has_value(),
             parts_.state.fenced().ContainsAll(moving->machine.plan().slots));
  }
  CHECK(leaving == leaving_);
  for (const auto& [plan, moving] : imports_) moving->machine.CheckInvariants();
  CHECK_EQ(parts_.book.running(), exports_.size() + imports_.size());
}

}  // namespace slotmesh::node
