// Clients whose command waits until a key holds what it asks for: BLPOP, BLMOVE, BZPOPMIN, XREAD...
//
// A handler that finds nothing calls Wait (commands/blocking.h does, with the timeout's text) and
// writes no reply. Every change of a key is told to this table; once the command, transaction or
// script that made it is over, the dispatcher takes those who wait for the key, in the order in
// which they came, and runs their requests again from the start (Dispatcher::ServeReadyKeys), with
// all checks: so a pop leaves its own effects in the journal, and a slot that has moved away gives
// MOVED. A request that finds nothing again waits on, at its old place and with its old deadline.
// Deadlines, CLIENT UNBLOCK and clients that go away are BlockedClients' affair, where each wait
// has a ticket.
//
// A wait may have an attempt of its own instead of a request that runs again (modules' commands
// do): it is made at the client's turn, and the client waits on until one succeeds.
//
// Engine thread only; borrows clients and BlockedClients. Invariant: each wait stands in the queue
// of each of its keys, and there only. Cost: nothing while nobody waits, else a look-up per change;
// O(log n) per wait and key.
#ifndef SLOTMESH_NODE_COMMAND_KEY_WAITERS_H_
#define SLOTMESH_NODE_COMMAND_KEY_WAITERS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "node/command/blocked_clients.h"
#include "node/command/client.h"
#include "node/command/owned_args.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

class KeyWaiters {
 public:
  // True: it has written the reply, and the wait is over. Any kind of key will do. May run
  // commands, also such as end waits. With a key that is no key (data() is null) it is told that
  // the wait is over, and that somebody else has written the reply.
  using Attempt = std::function<bool(std::string_view key)>;

  // What somebody waits for.
  struct Wish {
    ValueKind kind = ValueKind::kList;  // The request runs again when a key is of this kind ...
    bool or_without_key = false;        // ... or, if so, absent or of another kind (XREADGROUP).
    int64_t deadline_ms = BlockedClients::kNoDeadline;  // Wall time.
    BlockedClients::WriteReply on_timeout;
    Attempt attempt;                // Null: the request runs again.
    BlockedClients::OnEnd on_gone;  // The client has gone away.
  };
  struct Waiter {
    Client* client = nullptr;
    ValueKind kind = ValueKind::kList;
    bool or_without_key = false;
    bool asking = false;  // ASKING held for the request.
    int database = 0;
    int64_t deadline_ms = BlockedClients::kNoDeadline;
    BlockedClients::Ticket ticket = 0;
    OwnedArgs request;
    std::vector<std::string> keys;
    std::shared_ptr<const Attempt> attempt;  // Null: the request runs again.
  };
  // Who is to run again.
  struct Turn {
    Waiter waiter;
    uint64_t place = 0;  // In the order of arrival.
  };
  using KeyTest = absl::FunctionRef<bool(int database, std::string_view key)>;
  using ReadyTest =
      absl::FunctionRef<bool(const Waiter& waiter, int database, std::string_view key)>;

  explicit KeyWaiters(BlockedClients& blocked) : blocked_(blocked) {}
  KeyWaiters(const KeyWaiters&) = delete;
  KeyWaiters& operator=(const KeyWaiters&) = delete;

  // Copies request and keys (of the client's database). REQUIRES: CommandContext::may_block().
  void Wait(Client& client, Args request, Args keys, Wish wish);

  // The key was created, changed or removed.
  void OnTouched(int database, std::string_view key) {
    if (!waiters_.empty()) OnTouchedSlow(database, key);
  }
  // The same of all keys of `database` for which `affected` says so.
  void TouchAll(int database, KeyTest affected);
  // Everybody's request is to run again: whether it may run here is to be decided anew.
  void CheckAll();

  // Somebody's turn may have come.
  bool any_ready() const { return !ready_.empty() || !check_.empty(); }
  // Takes the next whose turn it is out of the table: the first in order among those who wait for
  // the key that was touched first and of whom `ready` says so. False if there is none. After
  // CheckAll `ready` is asked of waits with an attempt only, with a key that is no key (data() is
  // null): whether that is to end. `ready` may end other waits, and this one.
  bool TakeNext(ReadyTest ready, Turn* turn);

  size_t size() const { return waiters_.size(); }
  size_t keys() const;
  // Keys with somebody who waits for their being absent, too.
  size_t keys_or_without() const;
  void CheckInvariants() const;

 private:
  struct Queue {
    std::map<uint64_t, Waiter*> waiters;  // By place.
    bool ready = false;                   // Stands in ready_.
  };
  using Queues = absl::flat_hash_map<std::string, Queue>;
  struct ReadyKey {
    int database = 0;
    std::string key;
    uint64_t served = 0;  // The last place that was looked at.
    uint64_t last = 0;    // Places that came after the key was first looked at wait on.
  };

  void OnTouchedSlow(int database, std::string_view key);
  void MarkReady(int database, const std::string& key, Queue& queue);
  void Forget(uint64_t place);
  bool TakeFrom(ReadyKey& key, ReadyTest ready, Turn* turn);
  // The next in the key's queue, after those that were looked at; null if there is none.
  const Waiter* NextOf(ReadyKey& key);
  void Take(std::map<uint64_t, Waiter>::iterator waiter, Turn* turn);

  BlockedClients& blocked_;
  uint64_t last_place_ = 0;
  std::map<uint64_t, Waiter> waiters_;  // By place.
  std::map<int, Queues> queues_;        // By database; no empty ones.
  std::deque<ReadyKey> ready_;          // In the order in which they were touched.
  std::deque<uint64_t> check_;          // Places that run again whatever their keys hold.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_KEY_WAITERS_H_
