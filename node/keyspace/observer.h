// What the keyspace tells others. Each interface is optional (null costs one branch), borrowed by
// the keyspace and called on the engine thread; none may change the keyspace from within a call.
#ifndef SLOTMESH_NODE_KEYSPACE_OBSERVER_H_
#define SLOTMESH_NODE_KEYSPACE_OBSERVER_H_

#include <cstdint>
#include <memory>

#include "node/keyspace/hashed_key.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

class Database;
class Entry;
struct SlotTable;

// Why a key went away without a command that said so.
enum class Removal : uint8_t { kExpired, kEvicted };

// Why the value of a key is about to go.
enum class Departure : uint8_t { kDeleted, kExpired, kEvicted, kOverwritten };

// Modules: hears of values before they go. Attached while anybody listens.
class DepartureListener {
 public:
  virtual ~DepartureListener() = default;
  // The key can be read still. Flushing and swapping databases tell of no keys.
  virtual void OnDeparture(int database, const HashedKey& key, Departure why) = 0;
};

// The dispatcher: journals DEL or UNLINK and sends keyspace notifications.
class RemovalListener {
 public:
  virtual ~RemovalListener() = default;
  // The key has been removed (`key` is valid during the call).
  virtual void OnRemoved(int database, const HashedKey& key, Removal why) = 0;
};

// WATCH and client-side caching: who is interested in this key? Attached while anybody is.
class TouchListener {
 public:
  virtual ~TouchListener() = default;
  // The key was created, changed or removed.
  virtual void OnTouched(int database, const HashedKey& key) = 0;
  // The same of a key that expired or was evicted: no command did it.
  virtual void OnTouchedByItself(int database, const HashedKey& key) { OnTouched(database, key); }
  // All keys of the database (slot < 0) or of one slot of it were removed or replaced.
  virtual void OnAllTouched(int database, int slot) = 0;
  // The same of many slots at once.
  virtual void OnSlotsTouched(int database, const slots::SlotSet& slots) {
    slots.ForEach([&](slots::Slot slot) { OnAllTouched(database, slot); });
  }
  // All keys of the database are about to be removed.
  virtual void OnFlush(int database) { OnAllTouched(database, -1); }
  // Two databases are about to trade places.
  virtual void OnSwap(int a, int b) {
    OnAllTouched(a, -1);
    OnAllTouched(b, -1);
  }
};

// Snapshots: what is about to change must be saved first. Attached while a walk runs.
class ChangeGuard {
 public:
  virtual ~ChangeGuard() = default;
  // Anything whose hash shares a bucket with `hash` may be about to change in this table.
  virtual void BeforeChange(const Database& database, SlotTable& table, uint64_t hash) = 0;
  // The table has left the keyspace with all its keys (flush). A guard that still needs it moves it
  // out of `table`; otherwise its keys are released.
  virtual void OnDetached(const Database& database, std::unique_ptr<SlotTable>& table) = 0;
};

// Where garbage goes. Without one it is freed on the spot.
class Reclaimer {
 public:
  virtual ~Reclaimer() = default;
  virtual void TakeTable(std::unique_ptr<SlotTable> table) = 0;
  // An entry whose value is expensive to free (UNLINK, lazyfree-lazy-*).
  virtual void TakeEntry(Entry* entry) = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_OBSERVER_H_
