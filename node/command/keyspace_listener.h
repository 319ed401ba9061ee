// Between the keyspace and the rest of the engine: what happens to keys without a command of their
// own.
//
// A key that expired or was evicted is journalled as DEL or UNLINK and told to notification
// channels; every change of a key breaks the transactions of those who watch it, and is told to
// those who wait for it or cache it. Engine thread only. Borrows the engine's parts; attach with
// Keyspace::set_removal_listener and set_touch_listener, detach before it goes.
#ifndef SLOTMESH_NODE_COMMAND_KEYSPACE_LISTENER_H_
#define SLOTMESH_NODE_COMMAND_KEYSPACE_LISTENER_H_

#include <compare>
#include <cstddef>
#include <set>
#include <string>

#include "node/command/engine.h"
#include "node/keyspace/observer.h"

namespace slotmesh::node {

class KeyspaceListener : public RemovalListener, public TouchListener {
 public:
  explicit KeyspaceListener(Engine& engine) : engine_(engine) {}

  void OnRemoved(int database, const HashedKey& key, Removal why) override;
  void OnTouched(int database, const HashedKey& key) override;
  void OnTouchedByItself(int database, const HashedKey& key) override;
  void OnAllTouched(int database, int slot) override;
  void OnSlotsTouched(int database, const slots::SlotSet& slots) override;
  void OnFlush(int database) override;
  void OnSwap(int a, int b) override;

  // On a replica that takes writes: removes keys to which its own clients gave an expiry that has
  // come. All others are the primary's to remove. From a timer.
  void ExpireOwn();

  static constexpr size_t kOwnExpiringMax = 1 << 20;  // More stay hidden, but are not removed.
  static constexpr int kOwnExpiredAtOnceMax = 1000;

 private:
  struct OwnExpiry {
    UnixMillis due;
    int database;
    std::string key;

    friend auto operator<=>(const OwnExpiry&, const OwnExpiry&) = default;
  };

  void NoteOwn(int database, const HashedKey& key);
  void TellWaitersAndWatchers(int database, const HashedKey& key);
  WatchTable::Presence PresenceOf(int database, std::string_view key) const;

  Engine& engine_;
  std::set<OwnExpiry> own_expiring_;  // As they were when they were noted.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_KEYSPACE_LISTENER_H_
