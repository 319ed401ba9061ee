// The clients of one engine: CLIENT LIST, CLIENT KILL, INFO and the timer walk them.
//
// Engine thread only. Borrows clients: Remove() before one dies. Order of visiting is by id.
#ifndef SLOTMESH_NODE_COMMAND_CLIENT_TABLE_H_
#define SLOTMESH_NODE_COMMAND_CLIENT_TABLE_H_

#include <cstdint>
#include <map>

#include "absl/functional/function_ref.h"
#include "node/command/client.h"

namespace slotmesh::node {

class ClientTable {
 public:
  uint64_t NextId() { return ++last_id_; }
  void Add(Client& client) { clients_.emplace(client.id(), &client); }
  void Remove(const Client& client) { clients_.erase(client.id()); }

  // Null if there is none.
  Client* Find(uint64_t id) const {
    const auto found = clients_.find(id);
    return found == clients_.end() ? nullptr : found->second;
  }
  // `visit` may close clients (they stay in the table until the turn's end) but not add or remove
  // them.
  void ForEach(absl::FunctionRef<void(Client&)> visit) const {
    for (const auto& [id, client] : clients_) visit(*client);
  }
  // At most `count` clients whose ids are at least `first`.
  void ForEachFrom(uint64_t first, size_t count, absl::FunctionRef<void(Client&)> visit) const {
    for (auto at = clients_.lower_bound(first); at != clients_.end() && count > 0; ++at, --count) {
      visit(*at->second);
    }
  }
  size_t size() const { return clients_.size(); }

 private:
  uint64_t last_id_ = 0;
  std::map<uint64_t, Client*> clients_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_CLIENT_TABLE_H_
