// Slot moves of this node, both ways: drives a MigrationSource for each plan of the ledger that
// takes slots away from here, and a MigrationTarget with its staging area for each that brings
// some.
//
// The ledger's picture is the only thing that begins and ends a move. When a picture shows a move
// committed, then before ClusterState takes it up (PictureFollower) the source has thrown its keys
// away and the target has adopted what it staged; behind it the source lifts its fence, so that who
// waited gets MOVED. A fence is lifted by nothing else (SAFETY 22).
//
// What is staged goes into the journal as it comes, and the source hears that the target is
// complete once the target's files and in-sync replicas have it (SAFETY 20). A process that becomes
// primary with what another one staged asks the ledger what has become of it, and holds these slots
// back until it knows.
//
// Engine thread only; everything happens between commands, in slices of at most kMoveSliceMicros,
// except for handing entries out before they change and taking effects from the journal. Borrows
// all its parts. Registers itself as follower of `state` and takes the link's bulk handlers.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_MIGRATION_MANAGER_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_MIGRATION_MANAGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node/cluster/cluster_state.h"
#include "node/cluster/migration/entry_parts.h"
#include "node/cluster/migration/migration_book.h"
#include "node/cluster/migration/peer_outbox.h"
#include "node/cluster/migration/source.h"
#include "node/cluster/migration/staged_moves.h"
#include "node/cluster/migration/staging.h"
#include "node/cluster/migration/target.h"
#include "node/cluster/slot_handover.h"
#include "node/command/dispatcher.h"
#include "node/journal/journal.h"
#include "node/keyspace/observer.h"
#include "node/snapshot/snapshots.h"
#include "node/stats/log.h"

namespace slotmesh::node {

inline constexpr int64_t kMoveSliceMicros = 500;
// Moves to this node at a time; more are refused.
inline constexpr size_t kImportsMax = 64;
// Staged and journalled, but not yet kept (Parts::is_kept): with more than about twice that the
// stream has to wait, so that it does not outrun files and replicas.
inline constexpr uint64_t kStagedUnkeptMax = 8 << 20;
// A request that waits for a fence longer is answered TRYAGAIN.
inline constexpr int64_t kFencePatienceMs = 5000;

class MigrationManager : private JournalSink, private PictureFollower {
 public:
  struct Parts {
    Engine& engine;
    Dispatcher& dispatcher;
    ClusterState& state;
    Snapshots& snapshots;
    MigrationBook& book;
    StagedMoves& staged;
    Log& log;
    Reclaimer* reclaimer = nullptr;  // Frees what moved away; null: on the spot.
    // Runs a task on the engine thread soon, behind what waits there, not within the call.
    std::function<void(std::function<void()>)> post;
    // Whatever the journal said up to `offset` (Journal::data_offset) is in the node's files, as
    // their directives promise, and every replica in sync has it; if not, it is asked for. Null:
    // always.
    std::function<bool(uint64_t offset)> is_kept = nullptr;
    PartSizes part_sizes = {};
    uint64_t staged_unkept_max = kStagedUnkeptMax;
  };

  explicit MigrationManager(Parts parts);
  ~MigrationManager() override;

  // To be called every 10 ms or so while active().
  void Tick();
  bool active() const { return moving() || handover_.active() || !parts_.staged.empty(); }
  bool imports_running() const { return !imports_.empty(); }
  // The node's files are loaded, or more is kept than before.
  void Look();

  // Shares the bulk channel.
  SlotHandover& handover() { return handover_; }

  void CheckInvariants() const;

 private:
  class Export;
  class Import;
  enum class Outcome { kRunning, kCommitted, kAborted };

  // JournalSink.
  bool wants_resp() const override { return false; }
  void OnUnit(const JournalUnit& unit) override;
  // PictureFollower.
  void BeforePicture(const ClusterPicture& next) override;
  void AfterPicture() override;

  bool moving() const { return !exports_.empty() || !imports_.empty(); }
  absl::Time Now() const { return absl::FromUnixNanos(parts_.engine.clock.MonotonicNanos()); }
  int64_t WallMillis() const { return parts_.engine.clock.WallMicros() / 1000; }
  ControlLink& link() { return parts_.state.link(); }

  // The ledger's word on a plan.
  Outcome FindOutcome(const ledger::MovePlan& plan, const ClusterPicture& next,
                      std::string* reason) const;
  void EndExports(const ClusterPicture& next);
  void EndImports(const ClusterPicture& next);
  void EndImport(Import& import, Outcome outcome, const std::string& reason,
                 const ClusterPicture& next);
  void Adopt(Import& import);
  void BeginMoves(const ClusterPicture& next);
  void BeginExport(const ledger::MovePlan& plan, const slots::NodeId& target);
  void BeginImport(const ledger::MovePlan& plan, const slots::NodeId& source,
                   const slots::MapVersion& known_at);
  // Why this node takes part in no move (or no further one); empty if it does.
  std::string ReasonToRefuse() const;
  MigrationRecord NewRecord(const ledger::MovePlan& plan, const ClusterPicture& next) const;
  void GiveUpOnTheDead();
  void FollowJournal();

  void OnBulkFrame(const slots::NodeId& from, slots::BootId boot, std::string_view payload);
  void OnPeerLost(const slots::NodeId& peer);
  void OnPeerWritable(const slots::NodeId& peer);

  void TakeEntry(Export& moving, const SnapshotItem& item);
  bool TakePart(Export& moving, EntryParts& parts, const SnapshotItem& item);
  void TakeEffect(const Effect& effect);
  void SaveKeysOf(Export& moving, const Effect& effect);
  void GiveUpAll(std::string_view reason);

  void Perform(Export& moving, MigrationSource::Output& out);
  void Perform(Import& moving, MigrationTarget::Output& out);
  void RaiseFence(Export& moving, Fence fence);
  void Propose(const slots::PlanId& plan, ledger::Change change);
  void OnAnswer(const slots::PlanId& plan, const absl::Status& status);

  void Schedule();
  void RunSlice();
  // True if there is more to do at once.
  bool StepExport(Export& moving, absl::FunctionRef<bool()> out_of_time);
  bool StepImport(Import& moving, absl::FunctionRef<bool()> out_of_time);
  void UpdateBook();

  // manager_staged.cc
  bool LeadsTargetOf(const slots::SlotMap& map) const;
  bool IsSaid(const Import& import) const;
  bool IsAheadOfCopies(Import& import);
  void JournalStaged(Import& import, const std::vector<std::string>& pieces);
  bool SayAgain(Import& import, absl::FunctionRef<bool()> out_of_time);
  bool StepStoring(Import& import, absl::FunctionRef<bool()> out_of_time);
  void HoldStaged(const slots::SlotMap& map);
  Outcome FindOutcomeOf(const slots::PlanId& plan, const StagedMoves::Move& move) const;
  void SettleStaged();
  void Settle(const slots::PlanId& plan, const StagedMoves::Move& move, Outcome outcome);

  Parts parts_;
  PeerOutbox outbox_;
  SlotHandover handover_;
  std::map<slots::PlanId, std::unique_ptr<Export>> exports_;
  std::map<slots::PlanId, std::unique_ptr<Import>> imports_;
  // Decided by the picture that is being taken up; their fences fall once it is.
  std::vector<std::unique_ptr<Export>> ended_exports_;
  slots::SlotSet leaving_;  // Of all exports.
  slots::SlotSet held_;     // Staged by another process, and not decided as far as known here.
  slots::SlotSet settled_;  // Of imports that the picture being taken up has ended.
  std::shared_ptr<const ledger::View> decided_;
  bool data_missing_ = false;
  bool subscribed_ = false;
  bool scheduled_ = false;
  std::shared_ptr<bool> alive_;  // False once this has gone: for tasks and answers on their way.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_MIGRATION_MANAGER_H_
