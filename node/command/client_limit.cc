#include "node/command/client_limit.h"

#include <algorithm>

#include "absl/status/status.h"

namespace slotmesh::node {
namespace {

// A node of an ordered set of names or of the table of watched keys, with its key.
constexpr size_t kNameBytes = 64;
constexpr size_t kWatchBytes = 96;

size_t SubscriptionBytes(const Client& client) {
  if (client.subscriptions == nullptr) return 0;
  return sizeof(Subscriptions) + client.subscriptions->total() * kNameBytes;
}

size_t TrackingBytes(const Client& client) {
  if (client.tracking == nullptr) return 0;
  return sizeof(TrackingMode) + client.tracking->prefixes.size() * kNameBytes;
}

}  // namespace

size_t ClientMemory(const Client& client, size_t watched_keys) {
  return sizeof(Client) + client.query_buffer_bytes + client.query_buffer_free_bytes +
         client.output.memory_bytes() + client.argument_bytes + client.parked.memory_bytes() +
         client.transaction.memory_bytes + watched_keys * kWatchBytes + SubscriptionBytes(client) +
         TrackingBytes(client);
}

void ClientLimit::FollowSettings(ConfigStore& store) {
  store.OnChange({"maxmemory-clients", "maxmemory"}, [this](const Config&) {
    by_size_.clear();
    total_ = 0;
    clients_.ForEach([this](Client& client) {
      client.counted_bytes = 0;
      Update(client);
    });
    return absl::OkStatus();
  });
}

uint64_t ClientLimit::limit_bytes() const {
  const int64_t setting = engine_.config.maxmemory_clients;
  if (setting >= 0) return static_cast<uint64_t>(setting);
  // Below 0: per cent of maxmemory.
  return static_cast<uint64_t>(static_cast<double>(engine_.config.maxmemory) *
                               static_cast<double>(-setting) / 100);
}

void ClientLimit::Forget(const Client& client) {
  if (client.counted_bytes == 0) return;
  by_size_.erase({client.counted_bytes, client.id()});
  total_ -= client.counted_bytes;
}

void ClientLimit::Count(Client& client) {
  Forget(client);
  client.counted_bytes = 0;
  if (client.no_evict || client.is_replica || client.close_now || client.host() == nullptr) return;
  client.host()->MeasureBuffers(client);
  client.counted_bytes = ClientMemory(client, engine_.watches.CountOf(client));
  by_size_.emplace(client.counted_bytes, client.id());
  total_ += client.counted_bytes;
}

void ClientLimit::EnforceSlow() {
  const uint64_t limit = limit_bytes();
  if (limit == 0) return;
  while (total_ >= limit && !by_size_.empty()) {
    Client* client = clients_.Find(by_size_.rbegin()->second);
    if (client == nullptr) return;
    if (on_evicted_) on_evicted_(*client);
    Forget(*client);
    client->counted_bytes = 0;
    ++evicted_;
    client->host()->Close(*client, /*after_replies=*/false);
    // Its memory is wanted now, not at the turn's end.
    client->output.Clear();
    client->output.Release();
  }
}

}  // namespace slotmesh::node
