#include "node/command/watch_table.h"

#include <algorithm>

namespace slotmesh::node {

void WatchTable::Watch(Client& client, int database, std::string_view key) {
  Key watched(database, std::string(key));
  std::vector<Key>& keys = by_client_[&client];
  if (std::find(keys.begin(), keys.end(), watched) != keys.end()) return;
  keys.push_back(watched);
  by_key_[std::move(watched)].push_back(&client);
  client.watching = true;
}

void WatchTable::Forget(Client& client) {
  client.watching = false;
  client.watch_broken = false;
  const auto found = by_client_.find(&client);
  if (found == by_client_.end()) return;
  for (const Key& key : found->second) {
    const auto watchers = by_key_.find(key);
    std::erase(watchers->second, &client);
    if (watchers->second.empty()) by_key_.erase(watchers);
  }
  by_client_.erase(found);
}

void WatchTable::TouchSlow(int database, std::string_view key) {
  const auto found = by_key_.find(Key(database, std::string(key)));
  if (found == by_key_.end()) return;
  for (Client* client : found->second) client->watch_broken = true;
}

void WatchTable::TouchAll(int database,
                          absl::FunctionRef<bool(int database, std::string_view key)> affected) {
  for (const auto& [key, clients] : by_key_) {
    if (database >= 0 && key.first != database) continue;
    if (!affected(key.first, key.second)) continue;
    for (Client* client : clients) client->watch_broken = true;
  }
}

bool WatchTable::AnyWatched(
    const Client& client,
    absl::FunctionRef<bool(int database, std::string_view key)> expired) const {
  const auto found = by_client_.find(&client);
  if (found == by_client_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(),
                     [&](const Key& key) { return expired(key.first, key.second); });
}

}  // namespace slotmesh::node
