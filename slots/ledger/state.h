// The ledger's state machine: entries in, the next map out. Every replica that applies the same
// entries in the same order has the same state, byte for byte. No clock, no randomness, no I/O.
//
// An entry is applied whole or refused whole; a refusal says why, changes nothing and is an answer
// like any other. Everything an entry was decided on is checked again here, at the moment it takes
// effect. The map's sequence is counted here and rises with each entry that changes anything in the
// view (SAFETY 2). What a proposal came to is remembered for the last kWindowSize proposals of each
// of the last kWindowsMax processes; a proposal that comes again gets the answer of the first time
// (SAFETY 4). A process therefore has at most kWindowSize proposals open at a time, and opens
// counter c only when all up to c - kWindowSize are settled.
//
// How one log joins another (SAFETY 23). Logs A (older) and B meet: who finds that its own log is
// the younger one (IsOlderLog over id and creation stamp) acts, the other side answers with its
// stamp and waits.
//   1. In B: propose LogSealed{into A}. Refused if B is the older, if moves are under way, if B has
//      several members and owns keys, or if it is sealed into another log (that join goes first).
//      From its commit on B changes no more, so that its view is final, and grants no leases.
//   2. In A (any member, forwarded to A's leader): propose LogJoined with JoinEntry(B's final
//      view). Any member of B may do so, as often as it likes: A remembers the logs that it has
//      joined, and those that had become part of them.
//      - Done: B's members, shards, slots and function libraries are A's; shards that share an
//        epoch or have none got their own (SAFETY 24).
//      - kSealed: A itself is sealed into M. B waits: its members ask again until A is part of M
//        (then M takes B in A's place) or changes again. A log is only ever sealed into an older
//        one, so that chains end at the oldest.
//      - kConflict, kMemberExists, kShardExists, kTooMany: the message names slot and owners, or
//      the
//        library that is another one in each log.
//        JoinCancelled is then proposed in A, since the same LogJoined may still be on its way
//        there and must not be applied once B changes again; and then LogUnsealed in B.
//   3. Every member of B that learns that its log is one of those that A has joined stops its
//      replica of B, deletes B's files, and follows A (ledger.h, Mode::kFollow).
//
// Thread-compatible; map() may be kept and shared. Apply costs a copy of the view (about 2 KB a
// shard) and a build of the map when something changes.
#ifndef SLOTMESH_SLOTS_LEDGER_STATE_H_
#define SLOTMESH_SLOTS_LEDGER_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/refusal.h"
#include "slots/ledger/view.h"
#include "slots/slot_map.h"

namespace slotmesh::ledger {

inline constexpr uint64_t kWindowSize = 16;
inline constexpr size_t kWindowsMax = 4096;

struct ApplyResult {
  Refusal refusal = Refusal::kNone;
  std::string message;    // Of a refusal: what was found, for people. At most kReasonMax bytes.
  uint64_t sequence = 0;  // The map's, with this entry in it.
  bool changed = false;   // The view is not what it was.
  bool repeated = false;  // The answer of an earlier time.

  bool ok() const { return refusal == Refusal::kNone; }
};

class State {
 public:
  State();

  ApplyResult Apply(const Entry& entry);

  const View& view() const { return view_; }
  const std::shared_ptr<const slots::SlotMap>& map() const { return map_; }
  // What became of a proposal, null if it is not (or no longer) known.
  const ApplyResult* FindOutcome(const ProposalId& proposal) const;

  // A state with that view, of which no proposal's outcome is known. REQUIRES: the view of a log.
  static State Of(View view);
  // Everything, as bytes with version and checksum. Equal states give equal bytes.
  std::string Serialize() const;
  // Invalid argument, saying what is wrong, for anything but such bytes.
  static absl::StatusOr<State> Restore(std::string_view bytes);

  // Aborts the process if the state contradicts itself.
  void CheckInvariants() const;

 private:
  using Process = std::pair<NodeId, BootId>;
  struct Outcome {
    uint64_t counter = 0;
    ApplyResult result;
  };
  struct Window {
    uint64_t last_used = 0;         // applied_ at that time.
    std::vector<Outcome> outcomes;  // By counter; at most kWindowSize.
  };
  friend struct StateCodec;

  // Null if the proposal is new; else what it gets.
  const ApplyResult* FindRepeated(const ProposalId& proposal, ApplyResult* too_old) const;
  void Remember(const ProposalId& proposal, const ApplyResult& result);
  ApplyResult ApplyChange(const Change& change);

  View view_;
  std::shared_ptr<const slots::SlotMap> map_;
  std::map<Process, Window> windows_;
  uint64_t applied_ = 0;  // Proposals, refused ones too.
};

// What a sealed log asks the older one to take in. REQUIRES: view.seal.
LogJoined JoinEntry(const View& view);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_STATE_H_
