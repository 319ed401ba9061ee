// Which clients watch which keys (WATCH), so that a change of a key breaks their transactions.
//
// Costs nothing while nobody watches. Engine thread only. Clients are borrowed: Forget() before one
// dies.
#ifndef SLOTMESH_NODE_COMMAND_WATCH_TABLE_H_
#define SLOTMESH_NODE_COMMAND_WATCH_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "node/command/client.h"

namespace slotmesh::node {

class WatchTable {
 public:
  using KeyTest = absl::FunctionRef<bool(int database, std::string_view key)>;

  // Watching a key twice is the same as once. `expired`: the key is logically gone already, though
  // not removed; its removal then changes nothing for the watcher.
  void Watch(Client& client, int database, std::string_view key, bool expired);
  // UNWATCH, EXEC, DISCARD, and the end of a client. Clears client.watching and
  // client.watch_broken.
  void Forget(Client& client);

  // The key was changed, created or removed. `present`: it exists now (asked only if it matters).
  void Touch(int database, std::string_view key, KeyTest present) {
    if (!by_key_.empty()) TouchSlow(database, key, present);
  }
  // Breaks the watches of those keys of `database` (of all if -1) for which `affected` says so.
  void TouchAll(int database, KeyTest affected);

  // What a key was and will be when all of a database is replaced at once. Expired: its time has
  // come, but it is not removed.
  enum class Presence : uint8_t { kAbsent = 0, kExpired = 1, kLive = 2 };
  struct Replacement {
    Presence before;
    Presence after;
  };
  // Breaks the watches of those keys of `database` that are there before or after, unless a client
  // can see no difference.
  void Replace(int database, absl::FunctionRef<Replacement(std::string_view key)> replacement);

  // True if `expired` says of one of the client's keys that it is logically gone now, and it was
  // not when the watch began.
  bool AnyWatchedExpired(const Client& client, KeyTest expired) const;

  // How many keys the client watches.
  size_t CountOf(const Client& client) const {
    const auto found = by_client_.find(&client);
    return found == by_client_.end() ? 0 : found->second.size();
  }
  size_t watched_keys() const { return by_key_.size(); }
  size_t watching_clients() const { return by_client_.size(); }

 private:
  using Key = std::pair<int, std::string>;
  struct Watcher {
    Client* client = nullptr;
    bool expired = false;
  };

  void TouchSlow(int database, std::string_view key, KeyTest present);

  absl::flat_hash_map<Key, std::vector<Watcher>> by_key_;
  absl::flat_hash_map<const Client*, std::vector<Key>> by_client_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_WATCH_TABLE_H_
