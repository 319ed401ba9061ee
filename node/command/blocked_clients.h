// Clients whose command has begun and whose reply comes later: a cluster change that awaits its
// commit, a blocking pop, WAIT, a module's background work.
//
// The command is not run again (that is ParkingLot's and KeyWaiters'): whoever completes it writes
// the reply.
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_BLOCKED_CLIENTS_H_
#define SLOTMESH_NODE_COMMAND_BLOCKED_CLIENTS_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "node/command/client.h"
#include "node/resp/errors.h"

namespace slotmesh::node {

class BlockedClients {
 public:
  using Ticket = uint64_t;  // Never given out twice; 0 is none.
  using WriteReply = std::function<void(Client&)>;
  using OnEnd = std::function<void()>;

  static constexpr int64_t kNoDeadline = 0;

  // Called by a handler that has written no reply. REQUIRES: CommandContext::may_block().
  Ticket Block(Client& client) { return Block(client, kNoDeadline, nullptr); }
  // The same for a wait that may end without what it waits for: at `deadline_ms` (wall time), or by
  // CLIENT UNBLOCK at any time. `on_timeout` then writes the reply. `on_end`, if any, is called
  // first, however the wait ends; it may not end or begin waits. `on_gone`, if any, is called after
  // that if it is the client's going away that has ended it.
  Ticket Block(Client& client, int64_t deadline_ms, WriteReply on_timeout, OnEnd on_end = nullptr,
               OnEnd on_gone = nullptr) {
    const Ticket ticket = ++last_ticket_;
    client.blocked = ticket;
    if (client.id() != 0) ++with_connection_;
    if (deadline_ms != kNoDeadline) deadlines_.emplace(deadline_ms, ticket);
    clients_.emplace(ticket, Wait{&client, deadline_ms, std::move(on_timeout), std::move(on_end),
                                  std::move(on_gone)});
    return ticket;
  }

  // `reply` writes the reply; the client goes on with its next request. False if the client has
  // gone meanwhile.
  bool Complete(Ticket ticket, absl::FunctionRef<void(Client&)> reply) {
    const auto found = clients_.find(ticket);
    if (found == clients_.end()) return false;
    Client& client = *found->second.client;
    Erase(found);
    reply(client);
    client.host()->Resume(client);
    return true;
  }

  // CLIENT UNBLOCK: ends the wait as at its deadline, or with an error. False if the client does
  // not wait, or waits for something that is bound to come.
  bool Unblock(Client& client, bool with_error) {
    const auto found = clients_.find(client.blocked);
    if (found == clients_.end() || found->second.on_timeout == nullptr) return false;
    const WriteReply on_timeout = std::move(found->second.on_timeout);
    return Complete(found->first, [&](Client& waiter) {
      if (with_error) return waiter.reply().Error(errors::kUnblocked);
      on_timeout(waiter);
    });
  }
  // Ends all waits that CLIENT UNBLOCK could end, with this reply.
  void EndAll(absl::FunctionRef<void(Client&)> reply) {
    std::vector<Ticket> tickets;
    for (const auto& [ticket, wait] : clients_) {
      if (wait.on_timeout != nullptr) tickets.push_back(ticket);
    }
    for (const Ticket ticket : tickets) {
      Complete(ticket, reply);
    }
  }
  // Ends the waits whose deadline has come.
  void EndDue(int64_t now_ms) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms) {
      Unblock(*clients_.at(deadlines_.begin()->second).client, /*with_error=*/false);
    }
  }

  // Ends the wait without a reply, for whoever runs the client's request again. False if the client
  // has gone meanwhile.
  bool Withdraw(Ticket ticket) {
    const auto found = clients_.find(ticket);
    if (found == clients_.end()) return false;
    Erase(found);
    return true;
  }

  // The client is going away.
  void Forget(Client& client) {
    const auto found = clients_.find(client.blocked);
    if (found == clients_.end()) return;
    const OnEnd on_gone = std::move(found->second.on_gone);
    Erase(found);
    if (on_gone != nullptr) on_gone();
  }

  // The wait has not ended yet.
  bool Contains(Ticket ticket) const { return clients_.contains(ticket); }
  size_t size() const { return clients_.size(); }
  // Those that somebody is connected as; not what modules wait for in a name of their own.
  size_t with_connection() const { return with_connection_; }
  // The first deadline, kNoDeadline if there is none.
  int64_t next_deadline_ms() const {
    return deadlines_.empty() ? kNoDeadline : deadlines_.begin()->first;
  }
  // Those that have a deadline.
  size_t with_deadline() const { return deadlines_.size(); }

 private:
  struct Wait {
    Client* client = nullptr;
    int64_t deadline_ms = kNoDeadline;
    WriteReply on_timeout;
    OnEnd on_end;
    OnEnd on_gone;
  };
  using Waits = absl::flat_hash_map<Ticket, Wait>;

  void Erase(Waits::iterator wait) {
    wait->second.client->blocked = 0;
    if (wait->second.client->id() != 0) --with_connection_;
    deadlines_.erase({wait->second.deadline_ms, wait->first});
    const OnEnd on_end = std::move(wait->second.on_end);
    clients_.erase(wait);
    if (on_end != nullptr) on_end();
  }

  Ticket last_ticket_ = 0;
  Waits clients_;
  size_t with_connection_ = 0;
  std::set<std::pair<int64_t, Ticket>> deadlines_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_BLOCKED_CLIENTS_H_
