#include "node/command/key_waiters.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {

void KeyWaiters::Wait(Client& client, Args request, Args keys, Wish wish) {
  const bool again = client.rerun.active;
  const uint64_t place = again ? client.rerun.place : ++last_place_;
  Waiter waiter;
  waiter.client = &client;
  waiter.kind = wish.kind;
  waiter.or_without_key = wish.or_without_key;
  waiter.asking = client.asking;
  waiter.database = client.database;
  waiter.deadline_ms = again ? client.rerun.deadline_ms : wish.deadline_ms;
  waiter.request = OwnedArgs(request);
  for (const std::string_view key : keys) waiter.keys.emplace_back(key);
  if (wish.attempt) waiter.attempt = std::make_shared<const Attempt>(std::move(wish.attempt));
  client.rerun = {};
  waiter.ticket = blocked_.Block(
      client, waiter.deadline_ms, std::move(wish.on_timeout), [this, place] { Forget(place); },
      std::move(wish.on_gone));

  const auto [at, is_new] = waiters_.emplace(place, std::move(waiter));
  CHECK(is_new);
  Queues& queues = queues_[at->second.database];
  for (const std::string& key : at->second.keys) queues[key].waiters.emplace(place, &at->second);
}

void KeyWaiters::Forget(uint64_t place) {
  const auto waiter = waiters_.find(place);
  CHECK(waiter != waiters_.end());
  const auto queues = queues_.find(waiter->second.database);
  CHECK(queues != queues_.end());
  for (const std::string& key : waiter->second.keys) {
    const auto queue = queues->second.find(key);
    if (queue == queues->second.end()) continue;  // The same key twice.
    queue->second.waiters.erase(place);
    if (queue->second.waiters.empty()) queues->second.erase(queue);
  }
  if (queues->second.empty()) queues_.erase(queues);
  waiters_.erase(waiter);
}

void KeyWaiters::MarkReady(int database, const std::string& key, Queue& queue) {
  if (std::exchange(queue.ready, true)) return;
  ready_.push_back({database, key, 0, 0});
}

void KeyWaiters::OnTouchedSlow(int database, std::string_view key) {
  const auto queues = queues_.find(database);
  if (queues == queues_.end()) return;
  const auto queue = queues->second.find(ToAbsl(key));
  if (queue != queues->second.end()) MarkReady(database, queue->first, queue->second);
}

void KeyWaiters::TouchAll(int database, KeyTest affected) {
  const auto queues = queues_.find(database);
  if (queues == queues_.end()) return;
  for (auto& [key, queue] : queues->second) {
    if (affected(database, key)) MarkReady(database, key, queue);
  }
}

void KeyWaiters::CheckAll() {
  check_.clear();
  for (const auto& [place, waiter] : waiters_) check_.push_back(place);
}

bool KeyWaiters::TakeNext(ReadyTest ready, Turn* turn) {
  while (!check_.empty()) {
    const uint64_t place = check_.front();
    check_.pop_front();
    const auto waiter = waiters_.find(place);
    if (waiter == waiters_.end()) continue;
    if (waiter->second.attempt != nullptr && !ready(waiter->second, waiter->second.database, {})) {
      continue;
    }
    Take(waiter, turn);
    return true;
  }
  while (!ready_.empty()) {
    if (TakeFrom(ready_.front(), ready, turn)) return true;
    ready_.pop_front();
  }
  return false;
}

const KeyWaiters::Waiter* KeyWaiters::NextOf(ReadyKey& key) {
  const auto queues = queues_.find(key.database);
  if (queues == queues_.end()) return nullptr;
  const auto queue = queues->second.find(key.key);
  if (queue == queues->second.end()) return nullptr;
  // From the first look on a touch makes the key ready once more.
  if (key.last == 0) {
    queue->second.ready = false;
    key.last = last_place_;
  }
  const auto& waiters = queue->second.waiters;
  const auto next = waiters.upper_bound(key.served);
  if (next == waiters.end() || next->first > key.last) return nullptr;
  key.served = next->first;
  return next->second;
}

bool KeyWaiters::TakeFrom(ReadyKey& key, ReadyTest ready, Turn* turn) {
  while (const Waiter* waiter = NextOf(key)) {
    if (!ready(*waiter, key.database, key.key)) continue;
    const auto found = waiters_.find(key.served);
    if (found == waiters_.end()) continue;
    Take(found, turn);
    return true;
  }
  return false;
}

void KeyWaiters::Take(std::map<uint64_t, Waiter>::iterator waiter, Turn* turn) {
  const BlockedClients::Ticket ticket = waiter->second.ticket;
  turn->place = waiter->first;
  Waiter& from = waiter->second;
  Waiter& to = turn->waiter;
  to.client = from.client;
  to.kind = from.kind;
  to.or_without_key = from.or_without_key;
  to.asking = from.asking;
  to.database = from.database;
  to.deadline_ms = from.deadline_ms;
  to.ticket = ticket;
  to.request = std::move(from.request);
  to.attempt = std::move(from.attempt);
  to.keys.clear();  // Those of the table are needed to take it out.
  CHECK(blocked_.Withdraw(ticket));
}

size_t KeyWaiters::keys() const {
  size_t count = 0;
  for (const auto& [database, queues] : queues_) count += queues.size();
  return count;
}

size_t KeyWaiters::keys_or_without() const {
  size_t count = 0;
  for (const auto& [database, queues] : queues_) {
    for (const auto& [key, queue] : queues) {
      count += std::any_of(queue.waiters.begin(), queue.waiters.end(),
                           [](const auto& waiter) { return waiter.second->or_without_key; });
    }
  }
  return count;
}

void KeyWaiters::CheckInvariants() const {
  size_t standing = 0;
  for (const auto& [database, queues] : queues_) {
    CHECK(!queues.empty());
    for (const auto& [key, queue] : queues) {
      CHECK(!queue.waiters.empty());
      for (const auto& [place, waiter] : queue.waiters) {
        CHECK(&waiters_.at(place) == waiter);
        CHECK_EQ(waiter->database, database);
        CHECK(std::find(waiter->keys.begin(), waiter->keys.end(), key) != waiter->keys.end());
        ++standing;
      }
    }
  }
  size_t expected = 0;
  for (const auto& [place, waiter] : waiters_) {
    CHECK_EQ(waiter.client->blocked, waiter.ticket);
    std::vector<std::string> keys = waiter.keys;
    std::sort(keys.begin(), keys.end());
    expected += std::unique(keys.begin(), keys.end()) - keys.begin();
  }
  CHECK_EQ(standing, expected);
}

}  // namespace slotmesh::node
