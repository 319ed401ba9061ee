// Ties what the keyspace tells (keys touched, expired, evicted) to WATCH, the journal and
// notifications.
//
// Engine thread only. Borrows all; attach to the keyspace in the composition root.
#ifndef SLOTMESH_NODE_APP_KEYSPACE_LISTENERS_H_
#define SLOTMESH_NODE_APP_KEYSPACE_LISTENERS_H_

#include "node/command/notify.h"
#include "node/command/watch_table.h"
#include "node/journal/journal.h"
#include "node/keyspace/keyspace.h"
#include "node/keyspace/observer.h"

namespace slotmesh::node {

// Breaks the transactions of those who watch what changed.
class WatchToucher : public TouchListener {
 public:
  WatchToucher(WatchTable& watches, Keyspace& keyspace) : watches_(watches), keyspace_(keyspace) {}

  void OnTouched(int database, const HashedKey& key) override;
  void OnAllTouched(int database, int slot) override;

 private:
  WatchTable& watches_;
  Keyspace& keyspace_;
};

// An expired or evicted key leaves the copies too, and is told of.
class RemovalReporter : public RemovalListener {
 public:
  RemovalReporter(Journal& journal, Notifier& notifier, bool cluster)
      : journal_(journal), notifier_(notifier), cluster_(cluster) {}

  void OnRemoved(int database, const HashedKey& key, Removal why) override;

 private:
  Journal& journal_;
  Notifier& notifier_;
  bool cluster_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_KEYSPACE_LISTENERS_H_
