// Requests that waited for a key run again once it is ready.
#include <memory>
#include <utility>

#include "node/command/dispatcher.h"

namespace slotmesh::node {

bool Dispatcher::IsReady(const KeyWaiters::Waiter& waiter, int database, std::string_view key) {
  // Who is about to be closed must not take anything.
  if (waiter.client->close_now || waiter.client->close_after_reply) return false;
  if (key.data() == nullptr) {
    if (!IsRedirected(waiter)) return false;
    (void)(*waiter.attempt)(key);
    return true;
  }
  if (waiter.attempt == nullptr && waiter.or_without_key) return true;
  const Entry* entry = engine_.keyspace.database(database).FindRaw(HashKey(engine_.keyspace, key));
  const bool there = entry != nullptr && !entry->IsExpired(engine_.now_ms);
  if (waiter.attempt == nullptr) return there && entry->kind() == waiter.kind;
  // The attempt may end the wait, and what is named here with it.
  const std::shared_ptr<const KeyWaiters::Attempt> attempt = waiter.attempt;
  return (there || waiter.or_without_key) && (*attempt)(key);
}

bool Dispatcher::IsRedirected(const KeyWaiters::Waiter& waiter) {
  if (engine_.gate == nullptr) return false;
  Client& client = *waiter.client;
  client.asking = waiter.asking;
  const Args args = waiter.request.view();
  const Plan plan = MakePlan(args);
  int slot = kNoSlot;
  return plan.command != nullptr &&
         CheckRouting(client, *plan.command, args, RequestOrigin::kClient, plan, &slot) ==
             Admission::kRefused;
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
  if (turn.waiter.attempt != nullptr) {  // Which has succeeded.
    client.asking = false;
    return client.host()->Resume(client);
  }
  client.host()->RunAgain(client, [&] {
    client.rerun = {.active = true, .deadline_ms = turn.waiter.deadline_ms, .place = turn.place};
    client.asking = turn.waiter.asking;
    client.asking_fresh = false;
    (void)Execute(client, turn.waiter.request.view(), RequestOrigin::kClient);
    if (!client.waits()) client.rerun = {};
    return !client.waits();
  });
}

}  // namespace slotmesh::node
