// maxmemory-clients: what all clients together may take, and who is closed when they take more.
//
// Counts the memory of clients that may be closed (not those with CLIENT NO-EVICT) while there is a
// limit, and closes those that take most first until the rest fits. Engine thread only. Borrows
// clients: Forget() before one dies. Cost without a limit: a branch; with one, a look-up in a tree
// whenever a client's memory has changed.
#ifndef SLOTMESH_NODE_COMMAND_CLIENT_LIMIT_H_
#define SLOTMESH_NODE_COMMAND_CLIENT_LIMIT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <utility>

#include "node/command/client_table.h"
#include "node/command/engine.h"
#include "node/config/config_store.h"

namespace slotmesh::node {

// About how much memory the client takes, buffers, queued commands, watched keys and subscriptions
// included. As of the last ClientHost::MeasureBuffers.
size_t ClientMemory(const Client& client, size_t watched_keys);

class ClientLimit {
 public:
  ClientLimit(Engine& engine, const ClientTable& clients) : engine_(engine), clients_(clients) {}
  ClientLimit(const ClientLimit&) = delete;
  ClientLimit& operator=(const ClientLimit&) = delete;

  // Counts all clients when a limit is set.
  void FollowSettings(ConfigStore& store);
  // Called with each client that is closed, before it is.
  void set_on_evicted(std::function<void(Client&)> call) { on_evicted_ = std::move(call); }

  bool active() const { return engine_.config.maxmemory_clients != 0; }
  // Bytes that clients may take; 0: no limit.
  uint64_t limit_bytes() const;
  // What the client takes may have changed.
  void Update(Client& client) {
    if (active()) [[unlikely]]
      Count(client);
  }
  void Forget(const Client& client);
  // Closes clients until the others fit.
  void Enforce() {
    if (active()) [[unlikely]]
      EnforceSlow();
  }

  uint64_t counted_bytes() const { return total_; }
  uint64_t evicted() const { return evicted_; }
  void ResetStats() { evicted_ = 0; }

 private:
  using Place = std::pair<size_t, uint64_t>;  // Bytes, and the client's id.

  void Count(Client& client);
  void EnforceSlow();

  Engine& engine_;
  const ClientTable& clients_;
  std::function<void(Client&)> on_evicted_;
  std::set<Place> by_size_;
  uint64_t total_ = 0;
  uint64_t evicted_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_CLIENT_LIMIT_H_
