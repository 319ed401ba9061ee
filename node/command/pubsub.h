// Who has subscribed to which channels and patterns, and the delivery of what is published.
//
// Channels, patterns and shard channels are three name spaces. A shard channel belongs to the slot
// of its name and lives where the slot is. Engine thread only. Clients are borrowed: Forget()
// before one dies. Names are owned here; a client's Subscriptions hold views of them. Invariant: a
// name stands in a table exactly while somebody is subscribed to it. Cost of publishing: a look-up,
// a match per pattern, one encoding, and a copy (large messages: a reference) per receiver.
#ifndef SLOTMESH_NODE_COMMAND_PUBSUB_H_
#define SLOTMESH_NODE_COMMAND_PUBSUB_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/functional/function_ref.h"
#include "node/command/client.h"
#include "node/command/pushes.h"
#include "node/stats/slot_stats.h"

namespace slotmesh::node {

enum class ChannelKind : uint8_t { kChannel = 0, kPattern = 1, kShard = 2 };

// The other nodes of a cluster: they have subscribers, too.
class RemotePublisher {
 public:
  virtual ~RemotePublisher() = default;
  // `kind` is kChannel or kShard.
  virtual void Publish(ChannelKind kind, std::string_view channel, std::string_view message) = 0;
  // The first subscriber of a name has come, or the last has gone.
  virtual void OnInterest(ChannelKind kind, std::string_view name, bool present) = 0;
};

class PubSub {
 public:
  explicit PubSub(Pushes& pushes) : pushes_(pushes) {}
  PubSub(const PubSub&) = delete;
  PubSub& operator=(const PubSub&) = delete;

  // Borrowed; null for none.
  void set_remote(RemotePublisher* remote) { remote_ = remote; }
  // Where messages of shard channels count for their slots. Borrowed; null for none.
  void set_slot_stats(SlotStats* stats) { slot_stats_ = stats; }

  // False if it was so before.
  bool Subscribe(Client& client, ChannelKind kind, std::string_view name);
  bool Unsubscribe(Client& client, ChannelKind kind, std::string_view name);
  // Of all kinds, without a word to the client.
  void Forget(Client& client);
  // Takes everybody off the shard channels for which `lost` says so, with a message to each.
  void CloseShardChannels(absl::FunctionRef<bool(std::string_view channel)> lost);

  // To subscribers here. How many got it; who has subscribed several times over is counted as
  // often. `kind` is kChannel (patterns included) or kShard.
  int64_t Deliver(ChannelKind kind, std::string_view channel, std::string_view message);
  // To those here and on other nodes. How many here got it.
  int64_t Publish(ChannelKind kind, std::string_view channel, std::string_view message) {
    const int64_t receivers = Deliver(kind, channel, message);
    if (remote_ != nullptr) remote_->Publish(kind, channel, message);
    return receivers;
  }

  // Nobody has subscribed to a channel or pattern.
  bool quiet() const { return channels_.empty() && patterns_.empty(); }
  size_t names(ChannelKind kind) const;
  // Subscribers of one channel.
  size_t CountOf(ChannelKind kind, std::string_view name) const;
  // In order.
  std::vector<std::string_view> Names(ChannelKind kind) const;
  size_t clients() const { return clients_; }

  void CheckInvariants() const;

 private:
  // By id, so that the order of delivery is the same in every run.
  using Subscribers = std::map<uint64_t, Client*>;
  using Channels = absl::node_hash_map<std::string, Subscribers>;
  using Patterns = std::map<std::string, Subscribers, std::less<>>;

  template <typename Table>
  bool Add(Table& table, Client& client, ChannelKind kind, std::string_view name);
  template <typename Table>
  bool Remove(Table& table, Client& client, ChannelKind kind, std::string_view name);
  void ForgetEmpty(Client& client);
  const Channels& TableOf(ChannelKind kind) const {
    return kind == ChannelKind::kShard ? shard_channels_ : channels_;
  }

  Pushes& pushes_;
  RemotePublisher* remote_ = nullptr;
  SlotStats* slot_stats_ = nullptr;
  Channels channels_;
  Channels shard_channels_;
  Patterns patterns_;
  size_t clients_ = 0;
};

// The reply to one word of (P|S)(UN)SUBSCRIBE, and what the client hears when a channel is closed:
// `verb`, the name (null: there was none), and `left`, the client's subscriptions.
void WriteSubscription(Reply& reply, std::string_view verb, const std::string_view* name,
                       size_t left);
// "subscribe", "psubscribe", "ssubscribe" and their opposites.
std::string_view SubscribeVerb(ChannelKind kind);
std::string_view UnsubscribeVerb(ChannelKind kind);
// What such replies count: channels and patterns together, shard channels alone.
size_t SubscriptionCount(const Client& client, ChannelKind kind);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_PUBSUB_H_
