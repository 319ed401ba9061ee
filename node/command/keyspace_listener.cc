#include "node/command/keyspace_listener.h"

#include <string_view>
#include <utility>

#include "node/command/server_observer.h"

namespace slotmesh::node {

void KeyspaceListener::OnRemoved(int database, const HashedKey& key, Removal why) {
  const bool expired = why == Removal::kExpired;
  const bool lazy =
      expired ? engine_.config.lazyfree_lazy_expire : engine_.config.lazyfree_lazy_eviction;
  // What modules write when they hear of it goes out before it, as with any command.
  engine_.notifier.Notify(expired ? kNotifyExpired : kNotifyEvicted,
                          expired ? "expired" : "evicted", key.bytes, database);
  if (engine_.journal.active()) {
    const std::string_view words[] = {lazy ? "UNLINK" : "DEL", key.bytes};
    engine_.journal.Append({.database = database,
                            .slot = engine_.keyspace.cluster() ? key.slot : kNoSlot,
                            .origin = expired ? Origin::kExpiry : Origin::kEviction,
                            .argv = words});
  }
}

void KeyspaceListener::NoteOwn(int database, const HashedKey& key) {
  const Entry* entry = engine_.keyspace.database(database).FindRaw(key);
  if (entry == nullptr || !entry->has_expiry() || own_expiring_.size() >= kOwnExpiringMax) return;
  own_expiring_.insert({entry->expiry(), database, std::string(key.bytes)});
}

void KeyspaceListener::ExpireOwn() {
  // A primary finds them all.
  if (!engine_.replication.is_replica) return own_expiring_.clear();
  for (int i = 0; i < kOwnExpiredAtOnceMax && !own_expiring_.empty(); ++i) {
    if (own_expiring_.begin()->due >= engine_.now_ms) return;
    const OwnExpiry own = std::move(own_expiring_.extract(own_expiring_.begin()).value());
    const ExpiryMode mode = engine_.keyspace.expiry_mode();
    engine_.keyspace.set_expiry_mode(ExpiryMode::kDelete);
    // Gone with the look, if that is still its time.
    (void)engine_.keyspace.database(own.database)
        .FindRead(HashKey(engine_.keyspace, own.key), engine_.now_ms,
                  {.touch = false, .count = false});
    engine_.keyspace.set_expiry_mode(mode);
  }
}

void KeyspaceListener::OnTouched(int database, const HashedKey& key) {
  if (engine_.replication.is_replica) [[unlikely]] {
    // What the stream changes is looked up in another mode; a copy that is loaded is no command.
    const bool own =
        engine_.running.client != nullptr && engine_.keyspace.expiry_mode() != ExpiryMode::kIgnore;
    if (own) NoteOwn(database, key);
  }
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
