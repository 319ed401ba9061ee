// All that the log has decided, as of one version: the slot map, and what belongs to deciding about
// it (processes, in-sync processes, moves under way, seal). Every member has one; voters get theirs
// from the log, the others pull it (map_codec.h).
//
// A plain value. `map` and the lists beside it say the same where they overlap; CheckView() finds
// where not.
#ifndef SLOTMESH_SLOTS_LEDGER_VIEW_H_
#define SLOTMESH_SLOTS_LEDGER_VIEW_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "slots/ids.h"
#include "slots/ledger/entry.h"
#include "slots/slot_map.h"

namespace slotmesh::ledger {

inline constexpr size_t kMembersMax = 16384;
inline constexpr size_t kMovesMax = 256;
inline constexpr size_t kFinishedMovesMax = 128;
inline constexpr size_t kOpenedSlotsMax = 16384;
inline constexpr size_t kJoinedLogsMax = 4096;
inline constexpr size_t kReasonMax = 200;
inline constexpr size_t kLabelBytesMax = 256;
inline constexpr size_t kSealAddressesMax = 16;
inline constexpr size_t kLibrariesMax = 4096;
inline constexpr uint64_t kLibraryBytesMax = 1 << 20;       // Of one library's text.
inline constexpr uint64_t kLibrariesBytesMax = 64 << 20;    // Of all texts.
inline constexpr size_t kLibraryNamesBytesMax = 256 << 10;  // Of all names, functions' too.

struct MovePlan {
  PlanId plan;
  slots::SlotSet slots;
  MoveSide source;
  MoveSide target;
  friend bool operator==(const MovePlan&, const MovePlan&) = default;
};

struct FinishedMove {
  PlanId plan;
  bool committed = false;
  std::string reason;     // Of an abort.
  uint64_t sequence = 0;  // The map's, with the outcome in it.
  friend bool operator==(const FinishedMove&, const FinishedMove&) = default;
};

// A slot that a shard moves away or takes in key by key: one of the two nodes is set.
struct OpenedSlot {
  slots::Slot slot = 0;
  ShardId shard;
  NodeId migrating_to;    // The shard owns the slot.
  NodeId importing_from;  // It does not.
  friend bool operator==(const OpenedSlot&, const OpenedSlot&) = default;
};

struct Seal {
  LogId into;
  absl::Time into_created;
  uint64_t at = 0;  // The map's sequence, with the seal in it: tells seals apart.
  std::vector<std::string> addresses;  // Of members of `into`, as LogSealed says.
  friend bool operator==(const Seal&, const Seal&) = default;
};

struct LibraryRecord {
  LibraryDeclaration declared;
  uint64_t version = 0;  // The map's sequence, with this text in it: a newer text has a higher one.
  friend bool operator==(const LibraryRecord&, const LibraryRecord&) = default;
};

struct InSyncSet {
  ShardId shard;
  std::vector<NodeBoot> members;  // Sorted. The process may be one that has ended since (SAFETY 1).
  bool synced = false;  // Replies waited for them: nobody else may be promoted (SAFETY 13).
  friend bool operator==(const InSyncSet&, const InSyncSet&) = default;
};

struct View {
  slots::SlotMapData map;  // version.log is zero before the log's first entry.
  absl::Time created;
  std::vector<NodeBoot> members;       // Each with its present process; sorted.
  std::vector<InSyncSet> in_sync;      // One for each shard; sorted.
  std::vector<NodeId> voters;          // Sorted; may name a node that is not a member yet.
  std::vector<MovePlan> moves;         // Under way; sorted by plan.
  std::vector<FinishedMove> finished;  // The last kFinishedMovesMax, in order.
  std::vector<OpenedSlot> opened;      // By slot, then shard.
  std::optional<Seal> seal;
  std::vector<LogId>
      joined;  // The last kJoinedLogsMax logs that became part of this one, in order.
  std::vector<CancelledJoin> cancelled;  // The last kJoinedLogsMax, each log once, in order.
  std::vector<LibraryRecord> libraries;  // Sorted by name. No two have a function in common.
  uint64_t libraries_version = 0;        // The map's sequence of their last change; 0: none ever.

  // Present process of a member, 0 if it is none.
  BootId BootOf(const NodeId& node) const;
  // Null if there is no such shard, plan.
  const slots::ShardInfo* FindShard(const ShardId& shard) const;
  const InSyncSet* FindInSync(const ShardId& shard) const;
  const MovePlan* FindMove(const PlanId& plan) const;
  const FinishedMove* FindFinished(const PlanId& plan) const;
  const LibraryRecord* FindLibrary(std::string_view name) const;
  bool HasJoined(const LogId& log) const;  // That log became part of this one.

  friend bool operator==(const View&, const View&) = default;
};

// Of two logs, the one that others join (SAFETY 23): by creation stamp, then id.
bool IsOlderLog(absl::Time a_created, const LogId& a, absl::Time b_created, const LogId& b);

// Internal error naming the first list that is out of order or contradicts another. The map itself
// is checked by SlotMap::Build.
absl::Status CheckView(const View& view);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_VIEW_H_
