// One function for each kind of change: checks it against the view and makes it. Internal to
// state.cc.
//
// A function that refuses may leave the view half changed: the caller works on a copy and drops it.
// Pure.
#ifndef SLOTMESH_SLOTS_LEDGER_APPLY_H_
#define SLOTMESH_SLOTS_LEDGER_APPLY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/refusal.h"
#include "slots/ledger/view.h"

namespace slotmesh::ledger {

struct Verdict {
  Refusal refusal = Refusal::kNone;
  std::string message;
  bool changed = false;

  bool ok() const { return refusal == Refusal::kNone; }
};

inline Verdict Changed() { return {.changed = true}; }
inline Verdict Unchanged() { return {}; }  // It is so already.
template <typename... Parts>
Verdict Refuse(Refusal refusal, const Parts&... parts) {
  return {.refusal = refusal, .message = absl::StrCat(parts...)};
}

// state_members.cc
Verdict Apply(View& view, const LogCreated& change);
Verdict Apply(View& view, const MemberJoined& change);
Verdict Apply(View& view, const MemberUpdated& change);
Verdict Apply(View& view, const MemberLabelled& change);
Verdict Apply(View& view, const MemberLeft& change);
Verdict Apply(View& view, const ShardCreated& change);
Verdict Apply(View& view, const ReplicaAssigned& change);
Verdict Apply(View& view, const VotersChanged& change);
Verdict Apply(View& view, const GenerationRaised& change);
// state_slots.cc
Verdict Apply(View& view, const SlotsAssigned& change);
Verdict Apply(View& view, const SlotsUnassigned& change);
Verdict Apply(View& view, const SlotsReassigned& change);
Verdict Apply(View& view, const MovePlanned& change);
Verdict Apply(View& view, const MoveCommitted& change);
Verdict Apply(View& view, const MoveAborted& change);
Verdict Apply(View& view, const SlotOpened& change);
// state_shards.cc
Verdict Apply(View& view, const PrimaryBooted& change);
Verdict Apply(View& view, const PrimaryChanged& change);
Verdict Apply(View& view, const InSyncChanged& change);
Verdict Apply(View& view, const WriteSafetyChanged& change);
Verdict Apply(View& view, const ConfigEpochSet& change);
Verdict Apply(View& view, const EpochBumped& change);
// state_libraries.cc
Verdict Apply(View& view, const LibrariesChanged& change);
// state_join.cc
Verdict Apply(View& view, const LogSealed& change);
Verdict Apply(View& view, const LogUnsealed& change);
Verdict Apply(View& view, const LogJoined& change);
Verdict Apply(View& view, const JoinCancelled& change);

// Shared by them.

// Null if there is none.
slots::NodeInfo* MutableNode(View& view, const NodeId& node);
slots::ShardInfo* MutableShard(View& view, const ShardId& shard);
InSyncSet* MutableInSync(View& view, const ShardId& shard);
// Keeps the lists sorted; the member has no labels yet. REQUIRES: the id is not there yet.
void InsertMember(View& view, slots::NodeInfo info, BootId boot);
void InsertShard(View& view, slots::ShardInfo shard, std::vector<NodeBoot> in_sync);
// Takes the shard away, its moves aborted. REQUIRES: it is there.
void EraseShard(View& view, ShardId shard, std::string_view reason);
// Sets the shard's in-sync set, with the next version. REQUIRES: the shard is there.
void SetInSync(View& view, slots::ShardInfo& shard, std::vector<NodeBoot> members);
// Takes the node out of its shard's replicas and in-sync set.
void DropReplica(View& view, slots::ShardInfo& shard, const NodeId& node);
// Of all moves that have the shard on either side.
void AbortMovesOf(View& view, const ShardId& shard, std::string_view reason);
void FinishMove(View& view, const PlanId& plan, bool committed, std::string_view reason);
// The first slot of `slots` that a move has, and that move; null if none has.
const MovePlan* FindMoving(const View& view, const slots::SlotSet& slots, slots::Slot* slot);
// The shard says nothing of these slots any more.
void CloseSlots(View& view, const ShardId& shard, const slots::SlotSet& slots);
// The shard, if it is there with that epoch; else null and *why.
slots::ShardInfo* ExpectShard(View& view, const ShardId& shard, Epoch epoch, Verdict* why);
// OK if the member is there and runs that process.
Verdict ExpectProcess(const View& view, const NodeBoot& member);
// Takes in a joining log's libraries; those that are here already, text for text, are fine.
Verdict JoinLibraries(View& view, const std::vector<LibraryDeclaration>& libraries);
// "shard 0123... (primary 4567... at 10.0.0.1:7000)".
std::string DescribeOwner(const View& view, const slots::ShardInfo& shard);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_APPLY_H_
