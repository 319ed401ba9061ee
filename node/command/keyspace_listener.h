// Between the keyspace and the rest of the engine: what happens to keys without a command of their
// own.
//
// A key that expired or was evicted is journalled as DEL or UNLINK and told to notification
// channels; every change of a key breaks the transactions of those who watch it, and is told to
// those who wait for it or cache it. Engine thread only. Borrows the engine's parts; attach with
// Keyspace::set_removal_listener and set_touch_listener, detach before it goes.
#ifndef SLOTMESH_NODE_COMMAND_KEYSPACE_LISTENER_H_
#define SLOTMESH_NODE_COMMAND_KEYSPACE_LISTENER_H_

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

 private:
  void TellWaitersAndWatchers(int database, const HashedKey& key);
  WatchTable::Presence PresenceOf(int database, std::string_view key) const;

  Engine& engine_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_KEYSPACE_LISTENER_H_
