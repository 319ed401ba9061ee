// Clients whose command has begun and whose reply comes later: a cluster change that awaits its
// commit, a blocking pop, WAIT, a module's background work.
//
// The command is not run again (that is ParkingLot's): whoever completes it writes the reply.
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_BLOCKED_CLIENTS_H_
#define SLOTMESH_NODE_COMMAND_BLOCKED_CLIENTS_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "node/command/client.h"

namespace slotmesh::node {

class BlockedClients {
 public:
  using Ticket = uint64_t;  // Never given out twice; 0 is none.

  // Called by a handler that has written no reply. REQUIRES: CommandContext::may_block().
  Ticket Block(Client& client) {
    const Ticket ticket = ++last_ticket_;
    client.blocked = ticket;
    clients_.emplace(ticket, &client);
    return ticket;
  }

  // `reply` writes the reply; the client goes on with its next request. False if the client has
  // gone meanwhile.
  bool Complete(Ticket ticket, absl::FunctionRef<void(Client&)> reply) {
    const auto found = clients_.find(ticket);
    if (found == clients_.end()) return false;
    Client& client = *found->second;
    clients_.erase(found);
    client.blocked = 0;
    reply(client);
    client.host()->Resume(client);
    return true;
  }

  // The client is going away.
  void Forget(Client& client) {
    clients_.erase(client.blocked);
    client.blocked = 0;
  }

  size_t size() const { return clients_.size(); }

 private:
  Ticket last_ticket_ = 0;
  absl::flat_hash_map<Ticket, Client*> clients_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_BLOCKED_CLIENTS_H_
