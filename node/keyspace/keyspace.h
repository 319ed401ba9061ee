// Keyspace: all databases of a node, what they share (hash seed, access clock policy, expiry mode,
// statistics, listeners), and the way from a key's bytes to a HashedKey.
//
// Engine thread only. Owns the databases and their entries; borrows listeners, which must be
// detached before they go. Reads no clock and makes no randomness: `now` and a random generator are
// passed. Cost of an empty database: a few words, whatever the number of slots.
#ifndef SLOTMESH_NODE_KEYSPACE_KEYSPACE_H_
#define SLOTMESH_NODE_KEYSPACE_KEYSPACE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "node/keyspace/database.h"
#include "node/keyspace/errors.h"
#include "node/keyspace/hashed_key.h"
#include "node/keyspace/observer.h"
#include "node/keyspace/shared_state.h"

namespace slotmesh::node {

class Keyspace {
 public:
  struct Options {
    int databases = 16;
    bool cluster = false;    // A table per slot.
    uint64_t hash_seed = 0;  // Random per process.
  };

  explicit Keyspace(const Options& options);
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  int database_count() const { return static_cast<int>(databases_.size()); }
  // REQUIRES: 0 <= index < database_count().
  Database& database(int index) { return *databases_[index]; }
  const Database& database(int index) const { return *databases_[index]; }
  bool cluster() const { return shared_.cluster; }
  uint64_t hash_seed() const { return shared_.hash_seed; }

  // `slot` is the key's hash slot in cluster mode and ignored otherwise. About 3 ns for a short
  // key.
  HashedKey Hash(std::string_view key, int slot = 0) const;

  // FLUSHALL.
  void Flush();
  // SWAPDB: the two trade places; references to them stay valid and follow. REQUIRES: both in
  // range.
  void Swap(int a, int b);

  void set_access_policy(AccessPolicy policy) { shared_.access_policy = policy; }
  AccessPolicy access_policy() const { return shared_.access_policy; }
  // Off: no look-up counts as a use of the key (CLIENT NO-TOUCH).
  void set_touching(bool on) { shared_.touching = on; }
  void set_lfu_settings(const LfuSettings& settings) { shared_.lfu = settings; }
  const LfuSettings& lfu_settings() const { return shared_.lfu; }
  void set_expiry_mode(ExpiryMode mode) { shared_.expiry_mode = mode; }
  ExpiryMode expiry_mode() const { return shared_.expiry_mode; }
  // While slots change hands (SAFETY 20): due keys there are hidden but not removed, and eviction
  // leaves them alone. Replaces what was said before.
  void set_frozen(const slots::SlotSet& slots) {
    shared_.frozen = slots;
    shared_.any_frozen = !slots.empty();
  }
  bool IsFrozen(int slot) const { return shared_.IsFrozen(slot); }
  void set_lazy_expire(bool lazy) { shared_.lazy_expire = lazy; }
  const KeyspaceStats& stats() const { return shared_.stats; }
  void ResetStats() { shared_.stats = {}; }

  // Null detaches.
  void set_removal_listener(RemovalListener* listener) { shared_.removal_listener = listener; }
  void set_touch_listener(TouchListener* listener) { shared_.touch_listener = listener; }
  void set_departure_listener(DepartureListener* listener) {
    shared_.departure_listener = listener;
  }
  void set_change_guard(ChangeGuard* guard) { shared_.change_guard = guard; }
  void set_reclaimer(Reclaimer* reclaimer) { shared_.reclaimer = reclaimer; }
  Reclaimer* reclaimer() const { return shared_.reclaimer; }

  // Keys in all databases.
  uint64_t size() const;
  void CheckInvariants() const;

  // --- For node/snapshot. ---

  // A number for a new walk, higher than any before; tables that are made from now on carry it.
  // After 65,535 walks numbers start over, which must wait (nothing is returned) while
  // `others_run`.
  std::optional<uint16_t> NextWalkEpoch(bool others_run);
  // Frees a detached table, through the Reclaimer if there is one.
  void Reclaim(std::unique_ptr<SlotTable> table);

 private:
  SharedState shared_;
  std::vector<std::unique_ptr<Database>> databases_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_KEYSPACE_H_
