#include "node/cluster/pubsub/relay.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "node/command/messages.h"

namespace slotmesh::node {
namespace {

constexpr ChannelKind kChannel = ChannelKind::kChannel;

slots::NodeId IdOf(int number) {
  return slots::NodeId::FromBytes(std::string(20, static_cast<char>(number)));
}

class World;

// One node: an engine's pub/sub with one client, and its relay.
class Member : public RelayNetwork {
 public:
  Member(World& world, int number, slots::BootId boot)
      : world_(world), number_(number), boot_(boot), relay_(messages_.pubsub, *this) {
    messages_.pubsub.set_remote(&relay_);
  }
  ~Member() override { messages_.Forget(client_); }

  bool Send(const slots::NodeId& to, std::string frame) override;
  void ForEachTarget(ChannelKind kind, std::string_view channel,
                     absl::FunctionRef<void(const slots::NodeId&)> visit) override;
  bool IsMember(const slots::NodeId& node) override;
  void WantSpread() override { wants_spread_ = true; }

  void Subscribe(ChannelKind kind, std::string_view name) {
    messages_.pubsub.Subscribe(client_, kind, name);
  }
  void Unsubscribe(ChannelKind kind, std::string_view name) {
    messages_.pubsub.Unsubscribe(client_, kind, name);
  }
  void Publish(std::string_view channel, std::string_view message) {
    messages_.pubsub.Publish(kChannel, channel, message);
  }
  void EndTurn(int64_t now_ms) {
    if (std::exchange(wants_spread_, false)) relay_.Spread(now_ms);
  }
  // How many messages have come since the last call.
  size_t TakeMessages() {
    const std::string bytes = client_.output.ToString();
    client_.output.Clear();
    size_t count = 0;
    for (size_t at = bytes.find("message\r\n"); at != std::string::npos;
         at = bytes.find("message\r\n", at + 1)) {
      ++count;
    }
    return count;
  }

  World& world_;
  const int number_;
  const slots::BootId boot_;
  ClientTable clients_;
  Messages messages_{clients_};
  Client client_{1, nullptr};
  PubSubRelay relay_;
  bool wants_spread_ = false;
};

// Some nodes and the frames between them.
class World {
 public:
  explicit World(int size) {
    for (int i = 1; i <= size; ++i) Start(i, /*boot=*/1);
  }
  void Start(int number, slots::BootId boot) {
    members_[IdOf(number)] = std::make_unique<Member>(*this, number, boot);
  }
  Member& operator[](int number) { return *members_.at(IdOf(number)); }

  // All that is under way arrives.
  void Settle() {
    for (bool any = true; any;) {
      any = false;
      for (auto& [id, member] : members_) member->EndTurn(now_ms);
      while (!frames.empty()) {
        any = true;
        const Frame frame = std::move(frames.front());
        frames.pop_front();
        const auto to = members_.find(frame.to);
        if (to == members_.end()) continue;
        to->second->relay_.OnFrame(frame.from, frame.boot, frame.bytes, now_ms);
      }
    }
  }
  void Tick(int64_t millis) {
    now_ms += millis;
    for (auto& [id, member] : members_) member->relay_.Tick(now_ms);
    Settle();
  }

  struct Frame {
    slots::NodeId from;
    slots::NodeId to;
    slots::BootId boot;
    std::string bytes;
  };
  std::deque<Frame> frames;
  std::map<slots::NodeId, std::unique_ptr<Member>> members_;
  int64_t now_ms = 1000;
  bool full = false;  // Nothing can be sent.
};

bool Member::Send(const slots::NodeId& to, std::string frame) {
  if (world_.full) return false;
  world_.frames.push_back({IdOf(number_), to, boot_, std::move(frame)});
  return true;
}

void Member::ForEachTarget(ChannelKind, std::string_view,
                           absl::FunctionRef<void(const slots::NodeId&)> visit) {
  for (const auto& [id, member] : world_.members_) {
    if (member.get() != this) visit(id);
  }
}

bool Member::IsMember(const slots::NodeId& node) { return world_.members_.contains(node); }

TEST(Relay, AMessageReachesSubscribersOnOtherNodesAndLaterNobodyElse) {
  World world(3);
  world[1].Subscribe(kChannel, "news");
  world[2].Subscribe(ChannelKind::kPattern, "n*");
  world.Settle();
  world[3].Publish("news", "one");
  EXPECT_EQ(world.frames.size(), 2u);
  world.Settle();
  EXPECT_EQ(world[1].TakeMessages(), 1u);
  EXPECT_EQ(world[2].TakeMessages(), 1u);
  // By now it knows what they want.
  world[3].Publish("other", "two");
  EXPECT_EQ(world.frames.size(), 0u);
  EXPECT_EQ(world[3].relay_.stats().spared, 2u);
  world[3].Publish("nothing", "three");
  EXPECT_EQ(world.frames.size(), 1u);
  world.Settle();
  EXPECT_EQ(world[2].TakeMessages(), 1u);
}

TEST(Relay, WhoPublishesNothingHearsNothingOfInterest) {
  World world(3);
  world[1].Subscribe(kChannel, "a");
  world[1].EndTurn(world.now_ms);
  EXPECT_TRUE(world.frames.empty());
}

TEST(Relay, ASubscriptionIsToldAtTheEndOfTheTurn) {
  World world(2);
  world[2].Publish("a", "x");
  world.Settle();
  world[1].Subscribe(kChannel, "a");
  world.Settle();
  world[2].Publish("a", "x");
  world.Settle();
  EXPECT_EQ(world[1].TakeMessages(), 1u);
  world[1].Unsubscribe(kChannel, "a");
  world.Settle();
  world[2].Publish("a", "x");
  EXPECT_TRUE(world.frames.empty());
}

TEST(Relay, AChangeThatWasLostIsMadeUpForByTheNextTick) {
  World world(2);
  world[2].Publish("a", "x");
  world.Settle();
  world.full = true;
  world[1].Subscribe(kChannel, "a");
  world.Settle();
  world[2].Publish("a", "x");
  world.full = false;
  world.Settle();
  EXPECT_EQ(world[1].TakeMessages(), 0u);
  world.Tick(PubSubRelay::kTellAgainMillis);
  world[2].Publish("a", "x");
  world.Settle();
  EXPECT_EQ(world[1].TakeMessages(), 1u);
}

TEST(Relay, ABrokenConnectionOrANewProcessMeansThatNothingIsKnown) {
  World world(2);
  world[2].Publish("a", "x");
  world.Settle();
  world[2].relay_.OnLost(IdOf(1));
  world[2].Publish("b", "x");
  EXPECT_EQ(world.frames.size(), 1u);
  world.now_ms += PubSubRelay::kTellAgainMillis;
  world.Settle();
  world[2].Publish("b", "x");
  EXPECT_EQ(world.frames.size(), 0u);
  // The publisher starts anew: it is told at its first message.
  world.Start(2, /*boot=*/2);
  world[2].Publish("b", "x");
  EXPECT_EQ(world.frames.size(), 1u);
  world.Settle();
  world[2].Publish("b", "x");
  EXPECT_EQ(world.frames.size(), 0u);
  // So does the subscriber, which the publisher's connection shows.
  world.Start(1, /*boot=*/2);
  world[2].relay_.OnLost(IdOf(1));
  world[1].Subscribe(kChannel, "b");
  world[2].Publish("b", "x");
  world.Settle();
  EXPECT_EQ(world[1].TakeMessages(), 1u);
}

TEST(Relay, TooManyChannelsMeanEverything) {
  World world(2);
  world[2].Publish("a", "x");
  world.Settle();
  for (size_t i = 0; i <= kHashesMax; ++i) world[1].Subscribe(kChannel, std::to_string(i));
  world.Settle();
  world[2].Publish("other", "x");
  EXPECT_EQ(world.frames.size(), 1u);
  world.Settle();
  world[1].Unsubscribe(kChannel, "0");
  world.Settle();
  world[2].Publish("other", "x");
  EXPECT_EQ(world.frames.size(), 0u);
  world[2].Publish("1", "x");
  EXPECT_EQ(world.frames.size(), 1u);
}

TEST(Relay, StrangersAndGarbageAreCounted) {
  World world(2);
  world[1].relay_.OnFrame(IdOf(9), 1, EncodePubSub(MessageFrame{}), 0);
  world[1].relay_.OnFrame(IdOf(2), 1, "\x01", 0);
  world[1].relay_.OnFrame(IdOf(2), 1, "", 0);
  EXPECT_EQ(world[1].relay_.stats().bad_frames, 3u);
}

// Whatever happened before: once all has settled, whoever listens hears every message.
TEST(Relay, RandomSubscriptionsAndFaultsLoseNoMessageOnceSettled) {
  std::mt19937 random(11);
  const auto below = [&](size_t n) { return random() % n; };
  World world(4);
  std::map<int, std::set<std::string>> model;
  slots::BootId boot = 1;
  for (int step = 0; step < 3000; ++step) {
    const int number = static_cast<int>(1 + below(4));
    const std::string name(1, static_cast<char>('a' + below(8)));
    switch (below(12)) {
      case 0:
        world.Start(number, ++boot);
        model[number].clear();
        for (int other = 1; other <= 4; ++other) {
          if (other != number) world[other].relay_.OnLost(IdOf(number));
        }
        break;
      case 1: {
        const int other = static_cast<int>(1 + below(4));
        if (other == number) break;
        world.frames.clear();
        for (int a = 1; a <= 4; ++a) {
          for (int b = 1; b <= 4; ++b) {
            if (a != b) world[a].relay_.OnLost(IdOf(b));
          }
        }
        break;
      }
      case 2:
        world.full = below(2) == 0;
        break;
      case 3:
      case 4:
        world.Settle();
        break;
      case 5:
      case 6:
        world[number].Publish(name, "x");
        break;
      case 7:
      case 8:
      case 9:
        world[number].Subscribe(kChannel, name);
        model[number].insert(name);
        break;
      default:
        world[number].Unsubscribe(kChannel, name);
        model[number].erase(name);
    }
    if (step % 50 != 49) continue;
    world.full = false;
    world.Settle();
    world.Tick(PubSubRelay::kTellAgainMillis);
    world.Tick(PubSubRelay::kTellAgainMillis);
    for (int other = 1; other <= 4; ++other) world[other].TakeMessages();
    const int publisher = static_cast<int>(1 + below(4));
    for (char c = 'a'; c < 'i'; ++c) world[publisher].Publish(std::string(1, c), "x");
    world.Settle();
    for (int other = 1; other <= 4; ++other) {
      ASSERT_EQ(world[other].TakeMessages(), model[other].size()) << "step " << step;
    }
  }
}

}  // namespace
}  // namespace slotmesh::node
