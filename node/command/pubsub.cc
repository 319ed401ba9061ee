#include "node/command/pubsub.h"

#include <algorithm>
#include <initializer_list>

#include "node/resp/glob.h"
#include "slots/check.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// A message as it goes to many: the two protocols' forms differ in their first byte alone.
class Encoded {
 public:
  explicit Encoded(std::initializer_list<std::string_view> words) {
    std::string text = StrCat(words.size(), "\r\n");
    for (const std::string_view word : words) {
      absl::StrAppend(&text, "$", word.size(), "\r\n");
      text += word;
      text += "\r\n";
    }
    bytes_ = std::make_shared<const std::string>(std::move(text));
  }

  size_t size() const { return bytes_->size() + 1; }
  void Write(Reply& reply) const {
    reply.Raw(reply.resp3() ? ">" : "*");
    reply.buffer().AppendShared(bytes_, *bytes_);
  }

 private:
  std::shared_ptr<const std::string> bytes_;
};

// Of a table of channels or patterns.
template <typename Table>
auto FindName(Table& table, std::string_view name) {
  if constexpr (requires { typename Table::key_compare; }) {
    return table.find(name);
  } else {
    return table.find(ToAbsl(name));
  }
}

}  // namespace

template <typename Table>
bool PubSub::Add(Table& table, Client& client, ChannelKind kind, std::string_view name) {
  auto found = FindName(table, name);
  if (found == table.end()) {
    found = table.emplace(std::string(name), Subscribers()).first;
    if (remote_ != nullptr) remote_->OnInterest(kind, name, /*present=*/true);
  }
  if (!found->second.emplace(client.id(), &client).second) return false;
  if (client.subscriptions == nullptr) {
    client.subscriptions = std::make_unique<Subscriptions>();
    ++clients_;
  }
  client.subscriptions->names[static_cast<size_t>(kind)].insert(found->first);
  return true;
}

template <typename Table>
bool PubSub::Remove(Table& table, Client& client, ChannelKind kind, std::string_view name) {
  const auto found = FindName(table, name);
  if (found == table.end() || found->second.erase(client.id()) == 0) return false;
  client.subscriptions->names[static_cast<size_t>(kind)].erase(found->first);
  if (found->second.empty()) {
    if (remote_ != nullptr) remote_->OnInterest(kind, found->first, /*present=*/false);
    table.erase(found);
  }
  ForgetEmpty(client);
  return true;
}

void PubSub::ForgetEmpty(Client& client) {
  if (client.subscriptions->total() > 0) return;
  client.subscriptions = nullptr;
  --clients_;
}

bool PubSub::Subscribe(Client& client, ChannelKind kind, std::string_view name) {
  if (kind == ChannelKind::kPattern) return Add(patterns_, client, kind, name);
  return Add(kind == ChannelKind::kShard ? shard_channels_ : channels_, client, kind, name);
}

bool PubSub::Unsubscribe(Client& client, ChannelKind kind, std::string_view name) {
  if (client.subscriptions == nullptr) return false;
  if (kind == ChannelKind::kPattern) return Remove(patterns_, client, kind, name);
  return Remove(kind == ChannelKind::kShard ? shard_channels_ : channels_, client, kind, name);
}

void PubSub::Forget(Client& client) {
  for (const ChannelKind kind :
       {ChannelKind::kChannel, ChannelKind::kPattern, ChannelKind::kShard}) {
    while (client.subscriptions != nullptr) {
      const auto& names = client.subscriptions->names[static_cast<size_t>(kind)];
      if (names.empty()) break;
      Unsubscribe(client, kind, *names.begin());
    }
  }
}

void PubSub::CloseShardChannels(absl::FunctionRef<bool(std::string_view channel)> lost) {
  for (auto at = shard_channels_.begin(); at != shard_channels_.end();) {
    if (!lost(at->first)) {
      ++at;
      continue;
    }
    const std::string_view name = at->first;
    for (const auto& [id, client] : at->second) {
      client->subscriptions->names[static_cast<size_t>(ChannelKind::kShard)].erase(name);
      const size_t left = SubscriptionCount(*client, ChannelKind::kShard);
      ForgetEmpty(*client);
      if (!Pushes::Wants(*client)) continue;
      WriteSubscription(pushes_.Open(*client), UnsubscribeVerb(ChannelKind::kShard), &name, left);
    }
    if (remote_ != nullptr) remote_->OnInterest(ChannelKind::kShard, name, /*present=*/false);
    shard_channels_.erase(at++);
  }
}

int64_t PubSub::Deliver(ChannelKind kind, std::string_view channel, std::string_view message) {
  int64_t receivers = 0;
  uint64_t bytes = 0;
  const auto send = [&](const Subscribers& subscribers, const Encoded& encoded) {
    for (const auto& [id, client] : subscribers) {
      if (!Pushes::Wants(*client)) continue;
      encoded.Write(pushes_.Open(*client));
      bytes += encoded.size();
    }
    receivers += static_cast<int64_t>(subscribers.size());
  };
  const Channels& table = TableOf(kind);
  if (const auto found = FindName(table, channel); found != table.end()) {
    send(found->second,
         Encoded({kind == ChannelKind::kShard ? "smessage" : "message", channel, message}));
  }
  if (kind == ChannelKind::kShard) {
    if (bytes > 0 && slot_stats_ != nullptr && slot_stats_->active()) {
      slot_stats_->AddBytesOut(slots::HashSlot(channel), bytes);
    }
    return receivers;
  }
  for (const auto& [pattern, subscribers] : patterns_) {
    if (!GlobMatches(pattern, channel)) continue;
    send(subscribers, Encoded({"pmessage", pattern, channel, message}));
  }
  return receivers;
}

size_t PubSub::names(ChannelKind kind) const {
  return kind == ChannelKind::kPattern ? patterns_.size() : TableOf(kind).size();
}

size_t PubSub::CountOf(ChannelKind kind, std::string_view name) const {
  const Channels& table = TableOf(kind);
  const auto found = FindName(table, name);
  return found == table.end() ? 0 : found->second.size();
}

std::vector<std::string_view> PubSub::Names(ChannelKind kind) const {
  std::vector<std::string_view> names;
  if (kind == ChannelKind::kPattern) {
    for (const auto& [name, subscribers] : patterns_) names.push_back(name);
    return names;
  }
  for (const auto& [name, subscribers] : TableOf(kind)) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

void PubSub::CheckInvariants() const {
  std::map<const Client*, size_t> seen;
  const auto check = [&](const auto& table, ChannelKind kind) {
    for (const auto& [name, subscribers] : table) {
      CHECK(!subscribers.empty());
      for (const auto& [id, client] : subscribers) {
        CHECK_EQ(id, client->id());
        CHECK(client->subscriptions != nullptr);
        const auto& names = client->subscriptions->names[static_cast<size_t>(kind)];
        const auto own = names.find(name);
        CHECK(own != names.end() && own->data() == name.data());
        ++seen[client];
      }
    }
  };
  check(channels_, ChannelKind::kChannel);
  check(patterns_, ChannelKind::kPattern);
  check(shard_channels_, ChannelKind::kShard);
  CHECK_EQ(seen.size(), clients_);
  for (const auto& [client, count] : seen) CHECK_EQ(client->subscriptions->total(), count);
}

void WriteSubscription(Reply& reply, std::string_view verb, const std::string_view* name,
                       size_t left) {
  reply.Push(3);
  reply.Bulk(verb);
  if (name != nullptr) {
    reply.Bulk(*name);
  } else {
    reply.Null();
  }
  reply.Integer(static_cast<int64_t>(left));
}

std::string_view SubscribeVerb(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kChannel:
      return "subscribe";
    case ChannelKind::kPattern:
      return "psubscribe";
    case ChannelKind::kShard:
      return "ssubscribe";
  }
  return "";
}

std::string_view UnsubscribeVerb(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kChannel:
      return "unsubscribe";
    case ChannelKind::kPattern:
      return "punsubscribe";
    case ChannelKind::kShard:
      return "sunsubscribe";
  }
  return "";
}

size_t SubscriptionCount(const Client& client, ChannelKind kind) {
  if (client.subscriptions == nullptr) return 0;
  const auto& names = client.subscriptions->names;
  if (kind == ChannelKind::kShard) return names[static_cast<size_t>(kind)].size();
  return names[static_cast<size_t>(ChannelKind::kChannel)].size() +
         names[static_cast<size_t>(ChannelKind::kPattern)].size();
}

}  // namespace slotmesh::node
