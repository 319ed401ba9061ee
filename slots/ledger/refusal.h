// Why the ledger did not do what an entry asks for. Numbers are on the wire and in files: never
// reused.
#ifndef SLOTMESH_SLOTS_LEDGER_REFUSAL_H_
#define SLOTMESH_SLOTS_LEDGER_REFUSAL_H_

#include <cstdint>
#include <string_view>

namespace slotmesh::ledger {

enum class Refusal : uint8_t {
  kNone = 0,   // Done (or it was so already).
  kNoLog = 1,  // The log has no first entry yet.
  kLogExists = 2,
  kSealed = 3,  // The log changes no more: it joins another.
  kUnknownMember = 4,
  kMemberExists = 5,
  kUnknownShard = 6,
  kShardExists = 7,
  kEpochMoved = 8,     // The shard's epoch is not the one that was expected.
  kInSyncMoved = 9,    // The in-sync set's version is not the one that was expected.
  kBootMoved = 10,     // The process is not the one that was expected.
  kSlotBusy = 11,      // Somebody owns the slot.
  kSlotNotOwned = 12,  // The shard does not own the slot.
  kSlotMoving = 13,    // A planned move has the slot.
  kUnknownPlan = 14,   // No such move is under way: it was never planned or is finished.
  kPlanExists = 15,
  kNotReplica = 16,
  kNotInSync = 17,
  kNotEmpty = 18,  // Slots or replicas are still there.
  kStillVoter = 19,
  kNotLone = 20,  // The cluster has other members.
  kEpochAlreadySet = 21,
  kOlderLog = 22,        // The log that should join is the older one.
  kConflict = 23,        // Both logs claim the same thing.
  kTooMany = 24,         // A bound of this header's neighbours is reached.
  kInvalid = 25,         // The entry makes no sense by itself.
  kTooOld = 26,          // The proposal left the dedupe window: its outcome is no longer known.
  kUnknownOutcome = 27,  // Never from Apply(): the proposer stopped waiting; it may still happen.
  kCancelled = 28,       // That attempt of the log to join was given up.
  kLibraryExists = 29,
  kFunctionExists = 30,  // In another library.
  kUnknownLibrary = 31,
};
inline constexpr uint8_t kRefusalMax = 31;

std::string_view RefusalName(Refusal refusal);  // E.g. "EpochMoved"; "None".

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_REFUSAL_H_
