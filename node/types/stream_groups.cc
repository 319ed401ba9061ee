#include "node/types/stream_groups.h"

#include "slots/check.h"

namespace slotmesh::node {

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) const {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : found->second.get();
}

StreamConsumer* StreamGroup::AddConsumer(std::string_view name, int64_t now_ms) {
  auto consumer = std::make_unique<StreamConsumer>();
  consumer->name = name;
  consumer->seen_ms = now_ms;
  const auto [at, is_new] = consumers_.try_emplace(std::string(name), std::move(consumer));
  CHECK(is_new);
  return at->second.get();
}

size_t StreamGroup::RemoveConsumer(StreamConsumer* consumer) {
  const size_t count = consumer->pending.size();
  for (const StreamId id : consumer->pending) pending_.erase(id);
  consumers_.erase(consumers_.find(consumer->name));
  return count;
}

const StreamPending* StreamGroup::FindPending(StreamId id) const {
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : &found->second;
}

void StreamGroup::Assign(StreamId id, StreamConsumer* consumer, int64_t delivered_ms,
                         uint64_t deliveries) {
  // New ones come at the end.
  const auto hint =
      pending_.empty() || pending_.rbegin()->first < id ? pending_.end() : pending_.lower_bound(id);
  const auto at = pending_.try_emplace(hint, id);
  StreamPending& pending = at->second;
  if (pending.consumer != consumer) {
    if (pending.consumer != nullptr) pending.consumer->pending.erase(id);
    consumer->pending.insert(consumer->pending.end(), id);
  }
  pending = {consumer, delivered_ms, deliveries};
}

bool StreamGroup::RemovePending(StreamId id) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return false;
  found->second.consumer->pending.erase(id);
  pending_.erase(found);
  return true;
}

std::unique_ptr<StreamGroup> StreamGroup::Copy() const {
  auto copy = std::make_unique<StreamGroup>(last_id, entries_read);
  for (const auto& [name, consumer] : consumers_) {
    StreamConsumer* const twin = copy->AddConsumer(name, consumer->seen_ms);
    twin->active_ms = consumer->active_ms;
    twin->pending = consumer->pending;
    for (const StreamId id : twin->pending) {
      copy->pending_.emplace(id, pending_.at(id)).first->second.consumer = twin;
    }
  }
  return copy;
}

size_t StreamGroup::MemoryUsage() const {
  size_t bytes = sizeof(StreamGroup);
  for (const auto& [name, consumer] : consumers_) {
    bytes += sizeof(StreamConsumer) + 2 * (sizeof(name) + name.size()) +
             consumer->pending.size() * sizeof(StreamId);
  }
  return bytes + pending_.size() * sizeof(Pending::value_type);
}

void StreamGroup::CheckInvariants() const {
  CHECK_GE(entries_read, kReadUnknown);
  size_t owned = 0;
  for (const auto& [name, consumer] : consumers_) {
    CHECK(name == consumer->name);
    owned += consumer->pending.size();
    for (const StreamId id : consumer->pending) {
      const StreamPending* pending = FindPending(id);
      CHECK(pending != nullptr && pending->consumer == consumer.get());
    }
  }
  CHECK_EQ(owned, pending_.size());
}

}  // namespace slotmesh::node
