#include "node/command/watch_table.h"

#include <algorithm>

namespace slotmesh::node {

void WatchTable::Watch(Client& client, int database, std::string_view key, bool expired) {
  Key watched(database, std::string(key));
  std::vector<Key>& keys = by_client_[&client];
  if (std::find(keys.begin(), keys.end(), watched) != keys.end()) return;
  keys.push_back(watched);
  by_key_[std::move(watched)].push_back({&client, expired});
  client.watching = true;
}

void WatchTable::Forget(Client& client) {
  client.watching = false;
  client.watch_broken = false;
  const auto found = by_client_.find(&client);
  if (found == by_client_.end()) return;
  for (const Key& key : found->second) {
    const auto watchers = by_key_.find(key);
    std::erase_if(watchers->second,
                  [&](const Watcher& watcher) { return watcher.client == &client; });
    if (watchers->second.empty()) by_key_.erase(watchers);
  }
  by_client_.erase(found);
}

void WatchTable::TouchSlow(int database, std::string_view key, KeyTest present) {
  const auto found = by_key_.find(Key(database, std::string(key)));
  if (found == by_key_.end()) return;
  for (Watcher& watcher : found->second) {
    if (watcher.expired && !present(database, key)) {
      watcher.expired = false;
      continue;
    }
    watcher.client->watch_broken = true;
  }
}

void WatchTable::TouchAll(int database, KeyTest affected) {
  for (const auto& [key, watchers] : by_key_) {
    if (database >= 0 && key.first != database) continue;
    if (!affected(key.first, key.second)) continue;
    for (const Watcher& watcher : watchers) watcher.client->watch_broken = true;
  }
}

void WatchTable::Replace(int database,
                         absl::FunctionRef<Replacement(std::string_view key)> replacement) {
  for (auto& [key, watchers] : by_key_) {
    if (key.first != database) continue;
    const auto [before, after] = replacement(key.second);
    if (before == Presence::kAbsent && after == Presence::kAbsent) continue;
    for (Watcher& watcher : watchers) {
      const bool was_gone = watcher.expired || before == Presence::kAbsent;
      if (was_gone && after != Presence::kLive) {
        watcher.expired = after == Presence::kExpired;
      } else {
        watcher.client->watch_broken = true;
      }
    }
  }
}

bool WatchTable::AnyWatchedExpired(const Client& client, KeyTest expired) const {
  const auto found = by_client_.find(&client);
  if (found == by_client_.end()) return false;
  for (const Key& key : found->second) {
    for (const Watcher& watcher : by_key_.at(key)) {
      if (watcher.client == &client && !watcher.expired && expired(key.first, key.second)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace slotmesh::node
