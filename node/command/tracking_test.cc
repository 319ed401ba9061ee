#include "node/command/tracking.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "node/command/messages.h"

namespace slotmesh::node {
namespace {

constexpr char kGoneA[] = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n";
constexpr char kAllGone[] = ">2\r\n$10\r\ninvalidate\r\n_\r\n";

std::string Take(Client& client) {
  std::string bytes = client.output.ToString();
  client.output.Clear();
  return bytes;
}

class TrackingTest : public testing::Test {
 protected:
  TrackingTest() {
    for (Client* client : {&a_, &b_}) {
      client->reply().set_protocol(Protocol::kResp3);
      clients_.Add(*client);
    }
  }
  ~TrackingTest() override {
    messages_.Forget(a_);
    messages_.Forget(b_);
  }
  void Read(Client& client, std::string_view key) { tracking_.Remember(client, {key}); }

  ClientTable clients_;
  Messages messages_{clients_};
  Tracking& tracking_ = messages_.tracking;
  Client a_{1, nullptr};
  Client b_{2, nullptr};
};

TEST_F(TrackingTest, AReaderIsToldOnceOfAChange) {
  ASSERT_TRUE(tracking_.Enable(a_, {}).ok());
  Read(a_, "a");
  tracking_.OnTouched("b");
  EXPECT_EQ(Take(a_), "");
  tracking_.OnTouched("a");
  tracking_.OnTouched("a");
  EXPECT_EQ(Take(a_), kGoneA);
  EXPECT_EQ(tracking_.keys(), 0u);
  EXPECT_EQ(tracking_.items(), 0u);
}

TEST_F(TrackingTest, WithNoLoopOnesOwnChangesAreNotToldButExpiryIs) {
  ASSERT_TRUE(tracking_.Enable(a_, {.no_loop = true}).ok());
  Read(a_, "a");
  messages_.pushes.Begin(a_);
  tracking_.OnTouched("a");
  messages_.pushes.End();
  EXPECT_EQ(Take(a_), "");
  Read(a_, "a");
  messages_.pushes.Begin(a_);
  tracking_.OnRemoved("a");
  messages_.pushes.End();
  EXPECT_EQ(Take(a_), kGoneA);
}

TEST_F(TrackingTest, BroadcastsAreGatheredByPrefix) {
  ASSERT_TRUE(tracking_.Enable(a_, {.broadcast = true, .prefixes = {"a"}}).ok());
  ASSERT_TRUE(tracking_.Enable(b_, {.broadcast = true, .no_loop = true}).ok());
  int woken = 0;
  tracking_.set_wake([&] { ++woken; });
  tracking_.OnTouched("a");
  tracking_.OnTouched("a");
  messages_.pushes.Begin(b_);
  tracking_.OnTouched("x");
  messages_.pushes.End();
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(Take(a_), "");
  tracking_.SendWaiting();
  EXPECT_EQ(Take(a_), kGoneA);
  EXPECT_EQ(Take(b_), kGoneA);
  tracking_.SendWaiting();
  EXPECT_EQ(Take(a_), "");
}

TEST_F(TrackingTest, AFlushIsToldOnceAndForgetsAll) {
  ASSERT_TRUE(tracking_.Enable(a_, {}).ok());
  Read(a_, "a");
  for (int database = 0; database < 16; ++database) tracking_.OnAllTouched();
  EXPECT_TRUE(tracking_.flush_waits());
  tracking_.SendFlush();
  EXPECT_EQ(Take(a_), kAllGone);
  EXPECT_EQ(tracking_.keys(), 0u);
}

TEST_F(TrackingTest, KeysBeyondTheLimitAreGivenUpAndTold) {
  std::mt19937_64 random(1);
  ASSERT_TRUE(tracking_.Enable(a_, {}).ok());
  for (int i = 0; i < 3000; ++i) Read(a_, std::to_string(i));
  EXPECT_FALSE(tracking_.Limit(0, random));
  EXPECT_TRUE(tracking_.Limit(10, random));
  EXPECT_EQ(tracking_.keys(), 3000 - Tracking::kGivenUpAtOnceMax);
  while (tracking_.Limit(10, random)) tracking_.CheckInvariants();
  EXPECT_EQ(tracking_.keys(), 10u);
  tracking_.CheckInvariants();
}

TEST_F(TrackingTest, AResp2ClientIsToldThroughASubscriberAndOfItsLoss) {
  a_.reply().set_protocol(Protocol::kResp2);
  auto target = std::make_unique<Client>(7, nullptr);
  clients_.Add(*target);
  messages_.pubsub.Subscribe(*target, ChannelKind::kChannel, "__redis__:invalidate");
  ASSERT_TRUE(tracking_.Enable(a_, {.redirect = 7}).ok());
  ASSERT_TRUE(tracking_.Enable(b_, {.redirect = 7}).ok());
  Read(a_, "a");
  tracking_.OnTouched("a");
  EXPECT_EQ(Take(*target),
            "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n");
  messages_.Forget(*target);
  clients_.Remove(*target);
  Read(b_, "a");
  tracking_.OnTouched("a");
  EXPECT_EQ(Take(b_), ">2\r\n$21\r\ntracking-redir-broken\r\n:7\r\n");
  EXPECT_TRUE(b_.tracking->broken_redirect);
}

TEST_F(TrackingTest, RandomReadsAndChangesAgreeWithAModel) {
  std::mt19937 random(3);
  ASSERT_TRUE(tracking_.Enable(a_, {}).ok());
  ASSERT_TRUE(tracking_.Enable(b_, {}).ok());
  std::set<std::pair<uint64_t, std::string>> model;
  for (int step = 0; step < 5000; ++step) {
    Client& client = random() % 2 == 0 ? a_ : b_;
    const std::string key = std::to_string(random() % 20);
    if (random() % 3 != 0) {
      Read(client, key);
      model.emplace(client.id(), key);
    } else {
      tracking_.OnTouched(key);
      EXPECT_EQ(!Take(a_).empty(), model.erase({1, key}) > 0);
      EXPECT_EQ(!Take(b_).empty(), model.erase({2, key}) > 0);
    }
    ASSERT_EQ(tracking_.items(), model.size());
    tracking_.CheckInvariants();
  }
}

}  // namespace
}  // namespace slotmesh::node
