// Where a request must run: here, or which redirect or refusal its client gets.
//
// Route is a pure function of what a node knows (RoutingView) and what the request is
// (RouteRequest). It is the one place where the rules and their order stand; the dispatcher, EXEC,
// scripts, blocked clients and shard pub/sub all ask it. It reads traits of commands, never their
// names, and says what is so, never how a client hears it: redirect.h has the replies, scripts have
// texts of their own. No allocation; a few nanoseconds for a slot that is served here.
#ifndef SLOTMESH_SLOTS_ROUTER_H_
#define SLOTMESH_SLOTS_ROUTER_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "slots/ids.h"
#include "slots/open_slots.h"
#include "slots/slot_map.h"

namespace slotmesh::slots {

// What a node goes by. Borrows everything: valid as long as the map, the open slots and the node's
// own place in the map stay. Make a new one when the map changes.
struct RoutingView {
  RoutingView(const SlotMap& slot_map, const NodeId& self_id, const OpenSlots& open_slots)
      : map(slot_map),
        self(slot_map.FindNode(self_id)),
        self_shard(slot_map.ShardOf(self_id)),
        open(open_slots) {}

  const SlotMap& map;
  const NodeInfo* self;         // Null: not a member, so it serves no slot.
  const ShardInfo* self_shard;  // Null: without a shard.
  const OpenSlots& open;
  bool cluster_ok = true;                   // CLUSTER INFO's cluster_state.
  bool allow_reads_when_down = false;       // cluster-allow-reads-when-down.
  bool allow_pubsubshard_when_down = true;  // cluster-allow-pubsubshard-when-down.
};

// What of a command matters to routing. For EXEC: of all that was queued.
enum class RouteTrait : uint8_t {
  kNone = 0,
  kWrite = 1u << 0,                 // May change data.
  kShardPubSub = 1u << 1,           // Its "keys" are shard channels.
  kMigrate = 1u << 2,               // Takes keys to another node and expects them here.
  kMovesAcrossDatabases = 1u << 3,  // MOVE, or COPY to another database.
  kAsking = 1u << 4,                // Comes as if behind ASKING.
};
constexpr RouteTrait operator|(RouteTrait a, RouteTrait b) {
  return static_cast<RouteTrait>(static_cast<uint8_t>(a) | static_cast<uint8_t>(b));
}
constexpr bool Has(RouteTrait set, RouteTrait any_of) {
  return (static_cast<uint8_t>(set) & static_cast<uint8_t>(any_of)) != 0;
}

inline constexpr int kNoSlot = -1;

// The slots of a request's keys (or shard channels), summed up.
struct KeySlots {
  int slot = kNoSlot;  // Of the first key.
  bool cross_slot = false;
  bool several_keys = false;

  void Add(Slot next) {
    several_keys = slot != kNoSlot;
    cross_slot = cross_slot || (several_keys && next != slot);
    if (slot == kNoSlot) slot = next;
  }
};

struct RouteRequest {
  KeySlots keys;
  RouteTrait traits = RouteTrait::kNone;
  bool readonly = false;  // The client has said READONLY,
  bool asking = false;    // or ASKING just before.
};

// Which of a request's keys are here. A key that has expired is not.
enum class KeyPresence : uint8_t { kAll = 0, kSome = 1, kNone = 2 };
using PresenceOfKeys = absl::FunctionRef<KeyPresence()>;

enum class RouteOutcome : uint8_t {
  kServe = 0,
  kCrossSlot = 1,      // Keys of several slots.
  kUnserved = 2,       // Nobody serves the slot.
  kTryAgain = 3,       // The keys cannot be had together while they move.
  kDown = 4,           // The cluster is down.
  kDownReadsOnly = 5,  // It is down for writes.
  kAsk = 6,            // Once, at `target`: the keys have moved there already.
  kMoved = 7,          // The slot is `target`'s.
};

struct RouteDecision {
  RouteOutcome outcome = RouteOutcome::kServe;
  Slot slot = 0;                     // 0 if the request has no keys.
  const NodeInfo* target = nullptr;  // Of kAsk and kMoved, else null. Belongs to the map.

  bool served() const { return outcome == RouteOutcome::kServe; }
};

// Calls `presence` at most once, and only if the outcome depends on it: in an open slot.
RouteDecision Route(const RoutingView& view, const RouteRequest& request, PresenceOfKeys presence);

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_ROUTER_H_
