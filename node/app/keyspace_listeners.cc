#include "node/app/keyspace_listeners.h"

#include <string_view>

#include "slots/hash_slot.h"

namespace slotmesh::node {

void WatchToucher::OnTouched(int database, const HashedKey& key) {
  watches_.Touch(database, key.bytes, [&](int, std::string_view) {
    return keyspace_.database(database).ContainsRaw(key);
  });
}

void WatchToucher::OnAllTouched(int database, int slot) {
  watches_.TouchAll(database, [&](int, std::string_view key) {
    if (slot < 0) return true;
    return static_cast<int>(slots::HashSlot(key)) == slot;
  });
}

void RemovalReporter::OnRemoved(int database, const HashedKey& key, Removal why) {
  const bool expired = why == Removal::kExpired;
  if (journal_.active()) {
    const std::string_view words[] = {"UNLINK", key.bytes};
    journal_.Append({.database = database,
                     .slot = cluster_ ? key.slot : kNoSlot,
                     .origin = expired ? Origin::kExpiry : Origin::kEviction,
                     .argv = words});
  }
  notifier_.Notify(expired ? kNotifyExpired : kNotifyEvicted, expired ? "expired" : "evicted",
                   key.bytes, database);
}

}  // namespace slotmesh::node
