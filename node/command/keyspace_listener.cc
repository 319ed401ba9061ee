#include "node/command/keyspace_listener.h"

#include <string_view>

#include "node/command/server_observer.h"

namespace slotmesh::node {

void KeyspaceListener::OnRemoved(int database, const HashedKey& key, Removal why) {
  const bool expired = why == Removal::kExpired;
  const bool lazy =
      expired ? engine_.config.lazyfree_lazy_expire : engine_.config.lazyfree_lazy_eviction;
  if (engine_.journal.active()) {
    const std::string_view words[] = {lazy ? "UNLINK" : "DEL", key.bytes};
    engine_.journal.Append({.database = database,
                            .slot = engine_.keyspace.cluster() ? key.slot : kNoSlot,
                            .origin = expired ? Origin::kExpiry : Origin::kEviction,
                            .argv = words});
  }
  engine_.notifier.Notify(expired ? kNotifyExpired : kNotifyEvicted,
                          expired ? "expired" : "evicted", key.bytes, database);
}

void KeyspaceListener::OnTouched(int database, const HashedKey& key) {
  engine_.messages.tracking.OnTouched(key.bytes);
  TellWaitersAndWatchers(database, key);
}

void KeyspaceListener::OnTouchedByItself(int database, const HashedKey& key) {
  engine_.messages.tracking.OnRemoved(key.bytes);
  TellWaitersAndWatchers(database, key);
}

void KeyspaceListener::TellWaitersAndWatchers(int database, const HashedKey& key) {
  engine_.key_waiters.OnTouched(database, key.bytes);
  engine_.watches.Touch(database, key.bytes, [&](int, std::string_view) {
    return engine_.keyspace.database(database).ContainsRaw(key);
  });
}

void KeyspaceListener::OnAllTouched(int database, int slot) {
  const auto affected = [slot](int, std::string_view key) {
    return slot < 0 || slots::HashSlot(key) == slot;
  };
  engine_.messages.tracking.OnManyTouched([&](std::string_view key) { return affected(0, key); });
  engine_.watches.TouchAll(database, affected);
  engine_.key_waiters.TouchAll(database, affected);
}

void KeyspaceListener::OnSlotsTouched(int database, const slots::SlotSet& slots) {
  const auto affected = [&](int, std::string_view key) {
    return slots.Contains(slots::HashSlot(key));
  };
  engine_.messages.tracking.OnManyTouched([&](std::string_view key) { return affected(0, key); });
  engine_.watches.TouchAll(database, affected);
  engine_.key_waiters.TouchAll(database, affected);
}

WatchTable::Presence KeyspaceListener::PresenceOf(int database, std::string_view key) const {
  const Entry* entry = engine_.keyspace.database(database).FindRaw(HashKey(engine_.keyspace, key));
  if (entry == nullptr) return WatchTable::Presence::kAbsent;
  return entry->IsExpired(engine_.now_ms) ? WatchTable::Presence::kExpired
                                          : WatchTable::Presence::kLive;
}

void KeyspaceListener::OnFlush(int database) {
  engine_.messages.tracking.OnAllTouched();
  engine_.key_waiters.TouchAll(database, [](int, std::string_view) { return true; });
  engine_.watches.Replace(database, [&](std::string_view key) -> WatchTable::Replacement {
    return {PresenceOf(database, key), WatchTable::Presence::kAbsent};
  });
}

void KeyspaceListener::OnSwap(int a, int b) {
  engine_.messages.tracking.OnAllTouched();
  for (const int database : {a, b}) {
    engine_.key_waiters.TouchAll(database, [](int, std::string_view) { return true; });
  }
  engine_.watches.Replace(a, [&](std::string_view key) -> WatchTable::Replacement {
    return {PresenceOf(a, key), PresenceOf(b, key)};
  });
  engine_.watches.Replace(b, [&](std::string_view key) -> WatchTable::Replacement {
    return {PresenceOf(b, key), PresenceOf(a, key)};
  });
  Tell(engine_, &ServerObserver::OnSwap, a, b);
}

}  // namespace slotmesh::node
