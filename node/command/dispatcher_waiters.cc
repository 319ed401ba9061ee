// Requests that waited for a key run again once it is ready.
#include <utility>

#include "node/command/dispatcher.h"

namespace slotmesh::node {

bool Dispatcher::IsReady(const KeyWaiters::Waiter& waiter, int database, std::string_view key) {
  // Who is about to be closed must not take anything.
  if (waiter.client->close_now || waiter.client->close_after_reply) return false;
  if (waiter.or_without_key) return true;
  const Entry* entry = engine_.keyspace.database(database).FindRaw(HashKey(engine_.keyspace, key));
  return entry != nullptr && entry->kind() == waiter.kind && !entry->IsExpired(engine_.now_ms);
}

void Dispatcher::ServeReadyKeysSlow() {
  if (serving_) return;
  serving_ = true;
  KeyWaiters::Turn turn;
  for (size_t served = 0; served < kServedAtOnceMax; ++served) {
    const bool found = engine_.key_waiters.TakeNext(
        [this](const KeyWaiters::Waiter& waiter, int database, std::string_view key) {
          return IsReady(waiter, database, key);
        },
        &turn);
    if (!found) break;
    RunAgain(std::move(turn));
  }
  serving_ = false;
}

void Dispatcher::RunAgain(KeyWaiters::Turn turn) {
  Client& client = *turn.waiter.client;
  client.rerun = {.active = true, .deadline_ms = turn.waiter.deadline_ms, .place = turn.place};
  client.asking = turn.waiter.asking;
  client.asking_fresh = false;
  (void)Execute(client, turn.waiter.request.view(), RequestOrigin::kClient);
  if (client.waits()) return;
  client.rerun = {};
  client.host()->Resume(client);
}

}  // namespace slotmesh::node
