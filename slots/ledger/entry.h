// What the log of ownership is made of: one Entry is one change that a majority of the voters
// agreed on, and that every replica of the log applies to its state in the same order (state.h).
//
// An entry carries what it was decided on (the shard's epoch and in-sync version, the boot ids, the
// plan): if that has moved on by the time it is applied, it does nothing (SAFETY 3, 19). It also
// carries the id of its proposal, by which it is applied once however often it was sent (SAFETY 4).
//
// Encoding (wire.h): 1 byte format version (kEntryVersion), tag, proposal, the change's fields in
// the order of their declaration, 4 bytes checksum over all before. A tag names a kind of change
// for good: it is never reused, and the fields under a tag never change (a kind that needs other
// fields gets a new tag; 19 was a LogJoined without libraries). A list of nodes inside an entry may
// stand in any order. Plain values; safe from any thread.
#ifndef SLOTMESH_SLOTS_LEDGER_ENTRY_H_
#define SLOTMESH_SLOTS_LEDGER_ENTRY_H_

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "slots/ids.h"
#include "slots/slot_map.h"
#include "slots/slot_set.h"

namespace slotmesh::ledger {

using slots::BootId;
using slots::Epoch;
using slots::LibraryDigest;
using slots::LogId;
using slots::NodeId;
using slots::PlanId;
using slots::ShardId;

// An entry that is larger is refused where it is proposed.
inline constexpr size_t kEntryBytesMax = 1 << 20;
inline constexpr uint8_t kEntryVersion = 1;

// A process: SAFETY 1 names nodes so wherever a restart makes a difference.
struct NodeBoot {
  NodeId node;
  BootId boot = 0;

  friend auto operator<=>(const NodeBoot&, const NodeBoot&) = default;
};

// Who proposed, and the how manyth of that process's proposals it is, from 1.
struct ProposalId {
  NodeId node;
  BootId boot = 0;
  uint64_t counter = 0;

  friend auto operator<=>(const ProposalId&, const ProposalId&) = default;
};

// The log's first entry. Its id and stamp never change.
struct LogCreated {
  static constexpr uint32_t kTag = 1;
  LogId log;
  absl::Time created;  // Whole microseconds.
  uint64_t generation = 0;
  friend bool operator==(const LogCreated&, const LogCreated&) = default;
};

// A node becomes a member, without a shard. `info.shard` is zero, `info.voter` is not looked at.
struct MemberJoined {
  static constexpr uint32_t kTag = 2;
  slots::NodeInfo info;
  BootId boot = 0;
  friend bool operator==(const MemberJoined&, const MemberJoined&) = default;
};

// A member's addresses or process changed. A new boot id of a primary aborts its shard's moves; the
// new process is not in sync, and no primary, until further entries say so.
struct MemberUpdated {
  static constexpr uint32_t kTag = 3;
  slots::NodeInfo info;
  BootId boot = 0;
  BootId expected_boot = 0;
  friend bool operator==(const MemberUpdated&, const MemberUpdated&) = default;
};

// What a member says of itself besides its addresses is that from now on. Entries that carry a
// NodeInfo do not carry its labels, and change none.
struct MemberLabelled {
  static constexpr uint32_t kTag = 28;
  NodeBoot member;
  slots::NodeLabels labels;
  friend bool operator==(const MemberLabelled&, const MemberLabelled&) = default;
};

// A member goes; `forget` if it was told to be forgotten (CLUSTER FORGET) rather than leaving by
// itself.
struct MemberLeft {
  static constexpr uint32_t kTag = 4;
  NodeBoot member;
  bool forget = false;
  friend bool operator==(const MemberLeft&, const MemberLeft&) = default;
};

// A shard of one member, its primary, without slots.
struct ShardCreated {
  static constexpr uint32_t kTag = 5;
  ShardId shard;
  NodeBoot primary;
  friend bool operator==(const ShardCreated&, const ShardCreated&) = default;
};

// A member becomes a replica of the shard, not in sync (CLUSTER REPLICATE).
struct ReplicaAssigned {
  static constexpr uint32_t kTag = 6;
  NodeBoot replica;
  ShardId shard;
  Epoch expected_epoch = 0;
  friend bool operator==(const ReplicaAssigned&, const ReplicaAssigned&) = default;
};

// Slots that nobody owns get an owner.
struct SlotsAssigned {
  static constexpr uint32_t kTag = 7;
  ShardId shard;
  Epoch expected_epoch = 0;
  slots::SlotSet slots;
  friend bool operator==(const SlotsAssigned&, const SlotsAssigned&) = default;
};

struct SlotsUnassigned {
  static constexpr uint32_t kTag = 8;
  ShardId shard;
  Epoch expected_epoch = 0;
  slots::SlotSet slots;
  friend bool operator==(const SlotsUnassigned&, const SlotsUnassigned&) = default;
};

// Slots go from one owner to another at once, without a plan (SETSLOT NODE). The new owner serves
// only once the old one has stopped or its lease is over (SAFETY 8).
struct SlotsReassigned {
  static constexpr uint32_t kTag = 9;
  slots::SlotSet slots;
  ShardId source;
  Epoch source_epoch = 0;
  ShardId target;
  Epoch target_epoch = 0;
  friend bool operator==(const SlotsReassigned&, const SlotsReassigned&) = default;
};

// One side of a move: the shard as it was when the move was planned, with its primary's process.
struct MoveSide {
  ShardId shard;
  Epoch epoch = 0;
  BootId boot = 0;
  friend bool operator==(const MoveSide&, const MoveSide&) = default;
};

struct MovePlanned {
  static constexpr uint32_t kTag = 10;
  PlanId plan;
  slots::SlotSet slots;
  MoveSide source;
  MoveSide target;
  friend bool operator==(const MovePlanned&, const MovePlanned&) = default;
};

// The planned slots change hands, if plan and both sides are still what is said here (SAFETY 19).
struct MoveCommitted {
  static constexpr uint32_t kTag = 11;
  PlanId plan;
  MoveSide source;
  MoveSide target;
  friend bool operator==(const MoveCommitted&, const MoveCommitted&) = default;
};

struct MoveAborted {
  static constexpr uint32_t kTag = 12;
  PlanId plan;
  std::string reason;  // For people; at most kReasonMax bytes are kept.
  friend bool operator==(const MoveAborted&, const MoveAborted&) = default;
};

// The primary's node runs a new process, which goes on from its files (SAFETY 14).
struct PrimaryBooted {
  static constexpr uint32_t kTag = 13;
  ShardId shard;
  Epoch expected_epoch = 0;
  uint64_t expected_in_sync_version = 0;
  NodeBoot primary;
  std::vector<NodeBoot> in_sync;  // With the primary; of the rest only who was in the set before.
  friend bool operator==(const PrimaryBooted&, const PrimaryBooted&) = default;
};

// Another member of the shard becomes its primary. The old one stays as a replica, out of sync
// unless `in_sync` names it.
struct PrimaryChanged {
  static constexpr uint32_t kTag = 14;
  ShardId shard;
  Epoch expected_epoch = 0;
  uint64_t expected_in_sync_version = 0;
  NodeBoot primary;
  std::vector<NodeBoot> in_sync;
  bool outside_set =
      false;  // Promote although not in sync: async mode, or the data-loss word (SAFETY 17).
  friend bool operator==(const PrimaryChanged&, const PrimaryChanged&) = default;
};

struct InSyncChanged {
  static constexpr uint32_t kTag = 15;
  ShardId shard;
  Epoch expected_epoch = 0;
  uint64_t expected_in_sync_version = 0;
  std::vector<NodeBoot> in_sync;  // The whole new set, the primary among it.
  friend bool operator==(const InSyncChanged&, const InSyncChanged&) = default;
};

// The shard's primary acknowledges in synced mode from now on, or does not any more: whether only a
// member of the in-sync set may be promoted (SAFETY 13). Committed before the first such reply.
struct WriteSafetyChanged {
  static constexpr uint32_t kTag = 27;
  ShardId shard;
  Epoch expected_epoch = 0;
  uint64_t expected_in_sync_version = 0;
  bool synced = false;
  friend bool operator==(const WriteSafetyChanged&, const WriteSafetyChanged&) = default;
};

// Bookkeeping of who votes; made from the consensus layer's own configuration, never proposed.
struct VotersChanged {
  static constexpr uint32_t kTag = 16;
  std::vector<NodeId> voters;
  friend bool operator==(const VotersChanged&, const VotersChanged&) = default;
};

// This log will be joined into an older one and changes no more (SAFETY 23).
struct LogSealed {
  static constexpr uint32_t kTag = 17;
  LogId into;
  absl::Time into_created;
  bool owns_keys = false;  // Any of this log's members holds keys.
  // Bus addresses of members of the other log, for whoever of this log goes on with the join.
  std::vector<std::string> addresses;
  friend bool operator==(const LogSealed&, const LogSealed&) = default;
};

// The join was refused for good (JoinCancelled, there): this log changes again.
struct LogUnsealed {
  static constexpr uint32_t kTag = 18;
  LogId into;
  uint64_t sealed_at = 0;  // Seal::at: an old one does not lift a newer seal.
  friend bool operator==(const LogUnsealed&, const LogUnsealed&) = default;
};

struct JoiningMember {
  slots::NodeInfo info;
  BootId boot = 0;
  friend bool operator==(const JoiningMember&, const JoiningMember&) = default;
};

struct JoiningShard {
  ShardId shard;
  Epoch epoch = 0;
  NodeBoot primary;
  std::vector<NodeId> replicas;
  std::vector<NodeBoot> in_sync;
  uint64_t in_sync_version = 0;
  slots::SlotSet slots;
  friend bool operator==(const JoiningShard&, const JoiningShard&) = default;
};

// A seal of a log that was given up: what it asked for is not to be taken in any more.
struct CancelledJoin {
  LogId log;
  uint64_t sealed_at = 0;
  friend bool operator==(const CancelledJoin&, const CancelledJoin&) = default;
};

// A function library. Its text is not in the ledger (node/cluster/control/library_courier.h): the
// digest says which one it is, and the names of its functions are here so that every replica of the
// log decides alike which libraries go together.
struct LibraryDeclaration {
  std::string name;
  LibraryDigest digest;
  uint64_t bytes = 0;                  // Of the text.
  std::vector<std::string> functions;  // Their names, as they were registered.
  friend bool operator==(const LibraryDeclaration&, const LibraryDeclaration&) = default;
};

// A younger log, sealed into this one, becomes part of it with all that it holds.
struct LogJoined {
  static constexpr uint32_t kTag = 26;
  LogId log;
  absl::Time created;
  std::vector<JoiningMember> members;
  std::vector<JoiningShard> shards;
  uint64_t sealed_at = 0;                // Seal::at of the joining log.
  std::vector<LogId> joined;             // What had become part of it before.
  std::vector<CancelledJoin> cancelled;  // What it had refused for good.
  std::vector<LibraryDeclaration> libraries;
  friend bool operator==(const LogJoined&, const LogJoined&) = default;
};

// SET-CONFIG-EPOCH on a lone node (SAFETY 24).
struct ConfigEpochSet {
  static constexpr uint32_t kTag = 20;
  ShardId shard;
  Epoch epoch = 0;
  friend bool operator==(const ConfigEpochSet&, const ConfigEpochSet&) = default;
};

// BUMPEPOCH: nothing changes if the shard's epoch is the greatest already.
struct EpochBumped {
  static constexpr uint32_t kTag = 21;
  ShardId shard;
  Epoch expected_epoch = 0;
  friend bool operator==(const EpochBumped&, const EpochBumped&) = default;
};

// After `recover-quorum`: versions of the lost generation are refused from now on (SAFETY 2).
struct GenerationRaised {
  static constexpr uint32_t kTag = 22;
  uint64_t expected_generation = 0;
  uint64_t generation = 0;
  friend bool operator==(const GenerationRaised&, const GenerationRaised&) = default;
};

// What that seal of that log asks for is refused for good: a LogJoined that is still on its way
// does nothing from now on, so that the log may be unsealed (SAFETY 23).
struct JoinCancelled {
  static constexpr uint32_t kTag = 23;
  CancelledJoin join;
  friend bool operator==(const JoinCancelled&, const JoinCancelled&) = default;
};

// What a shard says of a slot that is moved key by key (CLUSTER SETSLOT MIGRATING, IMPORTING,
// STABLE), instead of what it said before. At most one of the two nodes is set; neither: the slot
// is closed.
struct SlotOpened {
  static constexpr uint32_t kTag = 24;
  slots::Slot slot = 0;
  ShardId shard;
  Epoch expected_epoch = 0;
  NodeId migrating_to;
  NodeId importing_from;
  friend bool operator==(const SlotOpened&, const SlotOpened&) = default;
};

// Function libraries come and go, all of it or nothing: first those go that are to go, then those
// come that are declared.
struct LibrariesChanged {
  static constexpr uint32_t kTag = 25;
  bool flush = false;                // All that are there go.
  std::vector<std::string> removed;  // By name.
  std::vector<LibraryDeclaration> declared;
  bool replace = false;  // One of the same name goes; else it is in the way.
  friend bool operator==(const LibrariesChanged&, const LibrariesChanged&) = default;
};

using Change = std::variant<LogCreated, MemberJoined, MemberUpdated, MemberLeft, ShardCreated,
                            ReplicaAssigned, SlotsAssigned, SlotsUnassigned, SlotsReassigned,
                            MovePlanned, MoveCommitted, MoveAborted, PrimaryBooted, PrimaryChanged,
                            InSyncChanged, VotersChanged, LogSealed, LogUnsealed, ConfigEpochSet,
                            EpochBumped, GenerationRaised, JoinCancelled, SlotOpened,
                            LibrariesChanged, LogJoined, WriteSafetyChanged, MemberLabelled>;

struct Entry {
  ProposalId
      proposal;  // All zero: not proposed by anyone, applied as often as it stands in the log.
  Change change;
  friend bool operator==(const Entry&, const Entry&) = default;
};

// The kind's name as declared above, e.g. "MoveCommitted".
std::string_view ChangeName(const Change& change);

std::string EncodeEntry(const Entry& entry);
// Invalid argument, saying what is wrong, for anything but an encoded entry; unimplemented for a
// version or tag that this build does not know.
absl::StatusOr<Entry> DecodeEntry(std::string_view bytes);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_ENTRY_H_
