#include "node/command/pubsub.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/command/messages.h"

namespace slotmesh::node {
namespace {

constexpr ChannelKind kKinds[] = {ChannelKind::kChannel, ChannelKind::kPattern,
                                  ChannelKind::kShard};

class Recorder : public RemotePublisher {
 public:
  void Publish(ChannelKind, std::string_view channel, std::string_view) override {
    published.emplace_back(channel);
  }
  void OnInterest(ChannelKind kind, std::string_view name, bool present) override {
    const auto entry = std::make_pair(kind, std::string(name));
    if (present) {
      EXPECT_TRUE(interest.insert(entry).second) << name;
    } else {
      EXPECT_EQ(interest.erase(entry), 1u) << name;
    }
  }

  std::vector<std::string> published;
  std::set<std::pair<ChannelKind, std::string>> interest;
};

std::string Take(Client& client) {
  std::string bytes = client.output.ToString();
  client.output.Clear();
  return bytes;
}

class PubSubTest : public testing::Test {
 protected:
  ClientTable clients_;
  Messages messages_{clients_};
  PubSub& pubsub_ = messages_.pubsub;
  Client a_{1, nullptr};
  Client b_{2, nullptr};
};

TEST_F(PubSubTest, AMessageGoesToChannelsAndMatchingPatternsInTheFormOfEachProtocol) {
  b_.reply().set_protocol(Protocol::kResp3);
  pubsub_.Subscribe(a_, ChannelKind::kChannel, "news");
  pubsub_.Subscribe(b_, ChannelKind::kPattern, "n*");
  EXPECT_EQ(pubsub_.Publish(ChannelKind::kChannel, "news", "hi"), 2);
  EXPECT_EQ(Take(a_), "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  EXPECT_EQ(Take(b_), ">4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
  EXPECT_EQ(pubsub_.Publish(ChannelKind::kShard, "news", "hi"), 0);
  messages_.Forget(a_);
  messages_.Forget(b_);
  EXPECT_TRUE(pubsub_.quiet());
}

TEST_F(PubSubTest, OnesOwnMessageFollowsTheReply) {
  pubsub_.Subscribe(a_, ChannelKind::kChannel, "c");
  ASSERT_TRUE(messages_.pushes.Begin(a_));
  EXPECT_FALSE(messages_.pushes.Begin(b_));
  EXPECT_EQ(pubsub_.Publish(ChannelKind::kChannel, "c", "m"), 1);
  a_.reply().Integer(1);
  messages_.pushes.End();
  EXPECT_EQ(Take(a_), ":1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n");
  messages_.Forget(a_);
}

TEST_F(PubSubTest, WhoIsBeingClosedGetsNothingMore) {
  pubsub_.Subscribe(a_, ChannelKind::kChannel, "c");
  a_.close_after_reply = true;
  pubsub_.Publish(ChannelKind::kChannel, "c", "m");
  EXPECT_EQ(Take(a_), "");
  messages_.Forget(a_);
}

TEST_F(PubSubTest, LargeMessagesAreSharedAndNotCopied) {
  const std::string large(100'000, 'x');
  pubsub_.Subscribe(a_, ChannelKind::kChannel, "c");
  pubsub_.Subscribe(b_, ChannelKind::kChannel, "c");
  pubsub_.Publish(ChannelKind::kChannel, "c", large);
  EXPECT_GT(a_.output.part_count(), 1u);
  EXPECT_EQ(Take(a_), Take(b_));
  messages_.Forget(a_);
  messages_.Forget(b_);
}

TEST_F(PubSubTest, ChannelsOfLostSlotsAreClosedWithAMessage) {
  pubsub_.Subscribe(a_, ChannelKind::kShard, "gone");
  pubsub_.Subscribe(a_, ChannelKind::kShard, "here");
  pubsub_.Subscribe(b_, ChannelKind::kShard, "gone");
  pubsub_.CloseShardChannels([](std::string_view name) { return name == "gone"; });
  EXPECT_EQ(Take(a_), "*3\r\n$12\r\nsunsubscribe\r\n$4\r\ngone\r\n:1\r\n");
  EXPECT_EQ(Take(b_), "*3\r\n$12\r\nsunsubscribe\r\n$4\r\ngone\r\n:0\r\n");
  EXPECT_EQ(b_.subscriptions, nullptr);
  pubsub_.CheckInvariants();
  messages_.Forget(a_);
}

// Against a model: who is subscribed to what, what is delivered, what other nodes are told.
TEST(PubSubModelTest, RandomSubscriptionsAgreeWithAModel) {
  std::mt19937 random(7);
  const auto below = [&](size_t n) { return random() % n; };
  ClientTable clients;
  Messages messages(clients);
  Recorder recorder;
  messages.pubsub.set_remote(&recorder);
  std::vector<std::unique_ptr<Client>> all;
  for (uint64_t id = 1; id <= 5; ++id) all.push_back(std::make_unique<Client>(id, nullptr));
  std::map<std::pair<ChannelKind, std::string>, std::set<uint64_t>> model;
  for (int step = 0; step < 5000; ++step) {
    Client& client = *all[below(all.size())];
    const ChannelKind kind = kKinds[below(3)];
    const std::string name(1, static_cast<char>('a' + below(6)));
    const auto key = std::make_pair(kind, name);
    switch (below(5)) {
      case 0:
      case 1:
        EXPECT_EQ(messages.pubsub.Subscribe(client, kind, name),
                  model[key].insert(client.id()).second);
        break;
      case 2:
      case 3:
        EXPECT_EQ(messages.pubsub.Unsubscribe(client, kind, name),
                  model[key].erase(client.id()) > 0);
        break;
      default:
        if (below(10) != 0) break;
        messages.Forget(client);
        for (auto& [entry, subscribers] : model) subscribers.erase(client.id());
    }
    messages.pubsub.CheckInvariants();
    size_t present = 0;
    for (const auto& [entry, subscribers] : model) {
      present += !subscribers.empty();
      EXPECT_EQ(recorder.interest.contains(entry), !subscribers.empty());
    }
    EXPECT_EQ(recorder.interest.size(), present);
    const auto size_of = [&](ChannelKind k) { return model[{k, name}].size(); };
    EXPECT_EQ(
        messages.pubsub.Deliver(ChannelKind::kChannel, name, "x"),
        static_cast<int64_t>(size_of(ChannelKind::kChannel) + size_of(ChannelKind::kPattern)));
    EXPECT_EQ(messages.pubsub.Deliver(ChannelKind::kShard, name, "x"),
              static_cast<int64_t>(size_of(ChannelKind::kShard)));
    for (const auto& one : all) one->output.Clear();
  }
  for (const auto& one : all) messages.Forget(*one);
  EXPECT_TRUE(recorder.interest.empty());
}

}  // namespace
}  // namespace slotmesh::node
