// What all databases of a keyspace share. Internal to node/keyspace apart from the enums and
// statistics.
#ifndef SLOTMESH_NODE_KEYSPACE_SHARED_STATE_H_
#define SLOTMESH_NODE_KEYSPACE_SHARED_STATE_H_

#include <cstdint>

#include "node/keyspace/access_clock.h"
#include "node/keyspace/observer.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

// What an entry's 24-bit access clock holds.
enum class AccessPolicy : uint8_t {
  kLru,  // Seconds, modulo 2^24.
  kLfu,  // Minutes (16 bits) and a logarithmic counter (8 bits).
};

// What a look-up does with a key whose time has come.
enum class ExpiryMode : uint8_t {
  kDelete,  // Remove it and tell the listener: a primary.
  kHide,  // Report it as absent but keep it: a replica (its primary decides), slots being received.
  kIgnore,  // Treat it as any other key: the replica link, loading files.
};

// Counters for INFO. Since start or CONFIG RESETSTAT.
struct KeyspaceStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t expired = 0;
  uint64_t evicted = 0;
};

struct SharedState {
  bool cluster = false;
  uint64_t hash_seed = 0;
  AccessPolicy access_policy = AccessPolicy::kLru;
  bool touching = true;  // Look-ups update access clocks.
  LfuSettings lfu;
  uint64_t lfu_random = 1;  // State of a small generator: LFU counters need luck, not entropy.
  ExpiryMode expiry_mode = ExpiryMode::kDelete;
  bool lazy_expire = false;  // lazyfree-lazy-expire
  KeyspaceStats stats;
  RemovalListener* removal_listener = nullptr;
  TouchListener* touch_listener = nullptr;
  DepartureListener* departure_listener = nullptr;
  ChangeGuard* change_guard = nullptr;
  uint16_t walk_epoch = 0;  // Of the last walk that was begun.
  Reclaimer* reclaimer = nullptr;
  slots::SlotSet frozen;  // In these nothing expires or is evicted: they only hide what is due.
  bool any_frozen = false;

  bool IsFrozen(int slot) const {
    return any_frozen && frozen.Contains(static_cast<slots::Slot>(slot));
  }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_SHARED_STATE_H_
