// Who waits for keys, against a plain list of waits.
#include "node/command/key_waiters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

namespace slotmesh::node {
namespace {

class Host : public ClientHost {
 public:
  void Resume(Client&) override { ++resumed; }
  void Flush(Client&) override {}
  void Close(Client&, bool) override {}
  int resumed = 0;
};

class KeyWaitersTest : public testing::Test {
 protected:
  KeyWaitersTest() {
    for (uint64_t id = 0; id < 20; ++id) clients.push_back(std::make_unique<Client>(id, &host));
  }
  void Wait(size_t client, std::vector<std::string_view> keys, bool or_without_key = false,
            int64_t deadline_ms = BlockedClients::kNoDeadline) {
    const std::vector<std::string_view> words = {"BLPOP", "some", "words"};
    waiters.Wait(*clients[client], words, keys,
                 {.or_without_key = or_without_key,
                  .deadline_ms = deadline_ms,
                  .on_timeout = [](Client& waiting) { waiting.reply().NullArray(); }});
  }
  // Who is served of those that are ready, in order; each is gone afterwards.
  std::vector<uint64_t> Serve() {
    std::vector<uint64_t> served;
    KeyWaiters::Turn turn;
    const auto ready = [](const KeyWaiters::Waiter&, int, std::string_view) { return true; };
    while (waiters.TakeNext(ready, &turn)) {
      EXPECT_EQ(turn.waiter.request.view().size(), 3u);
      served.push_back(turn.waiter.client->id());
    }
    waiters.CheckInvariants();
    return served;
  }

  Host host;
  std::vector<std::unique_ptr<Client>> clients;
  BlockedClients blocked;
  KeyWaiters waiters{blocked};
};

TEST_F(KeyWaitersTest, ServesByKeyInTheOrderOfTouchesThenOfArrival) {
  Wait(0, {"a", "b"});
  Wait(1, {"b"});
  Wait(2, {"a"});
  waiters.OnTouched(0, "b");
  waiters.OnTouched(0, "a");
  waiters.OnTouched(0, "b");
  waiters.OnTouched(1, "a");
  EXPECT_EQ(Serve(), (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(waiters.size(), 0u);
  EXPECT_EQ(waiters.keys(), 0u);
}

TEST_F(KeyWaitersTest, WhoIsNotReadyKeepsItsPlace) {
  Wait(0, {"a"});
  Wait(1, {"a"});
  waiters.OnTouched(0, "a");
  KeyWaiters::Turn turn;
  EXPECT_FALSE(waiters.TakeNext(
      [](const KeyWaiters::Waiter&, int, std::string_view) { return false; }, &turn));
  EXPECT_FALSE(waiters.any_ready());
  waiters.OnTouched(0, "a");
  EXPECT_EQ(Serve(), (std::vector<uint64_t>{0, 1}));
}

TEST_F(KeyWaitersTest, AnAttemptGoesWithTheTurnAndMayEndOtherWaits) {
  const std::vector<std::string_view> words = {"SOME.COMMAND"};
  const std::vector<std::string_view> keys = {"a"};
  int made = 0;
  waiters.Wait(*clients[0], words, keys, {.attempt = [&](std::string_view key) {
    EXPECT_EQ(key, "a");
    return ++made == 2;
  }});
  Wait(1, {"a"});
  Wait(2, {"a"});
  KeyWaiters::Turn turn;
  const auto ready = [&](const KeyWaiters::Waiter& waiter, int, std::string_view key) {
    if (waiter.attempt == nullptr) return true;
    const std::shared_ptr<const KeyWaiters::Attempt> attempt = waiter.attempt;
    blocked.Forget(*clients[1]);
    return (*attempt)(key);
  };
  waiters.OnTouched(0, "a");
  ASSERT_TRUE(waiters.TakeNext(ready, &turn));
  EXPECT_EQ(turn.waiter.client->id(), 2u) << "0 waits on, 1 has gone meanwhile";
  EXPECT_EQ(turn.waiter.attempt, nullptr);
  EXPECT_FALSE(waiters.TakeNext(ready, &turn));
  waiters.OnTouched(0, "a");
  ASSERT_TRUE(waiters.TakeNext(ready, &turn));
  EXPECT_EQ(turn.waiter.client->id(), 0u);
  EXPECT_NE(turn.waiter.attempt, nullptr);
  EXPECT_EQ(made, 2);
  waiters.CheckInvariants();
}

TEST_F(KeyWaitersTest, AWaitThatEndsItselfWithinItsAttemptIsNotTaken) {
  const std::vector<std::string_view> words = {"SOME.COMMAND"};
  const std::vector<std::string_view> keys = {"a"};
  waiters.Wait(*clients[0], words, keys, {.attempt = [](std::string_view) { return true; }});
  waiters.OnTouched(0, "a");
  KeyWaiters::Turn turn;
  EXPECT_FALSE(waiters.TakeNext(
      [&](const KeyWaiters::Waiter&, int, std::string_view) {
        blocked.Forget(*clients[0]);
        return true;
      },
      &turn));
  EXPECT_EQ(waiters.size(), 0u);
}

TEST_F(KeyWaitersTest, CheckAllAsksAttemptsWithoutAKeyAndTakesTheOthers) {
  const std::vector<std::string_view> words = {"SOME.COMMAND"};
  const std::vector<std::string_view> keys = {"a"};
  waiters.Wait(*clients[0], words, keys, {.attempt = [](std::string_view) { return true; }});
  Wait(1, {"a"});
  waiters.CheckAll();
  KeyWaiters::Turn turn;
  bool asked = false;
  ASSERT_TRUE(waiters.TakeNext(
      [&](const KeyWaiters::Waiter& waiter, int, std::string_view key) {
        asked = waiter.client->id() == 0 && key.data() == nullptr;
        return false;
      },
      &turn));
  EXPECT_TRUE(asked);
  EXPECT_EQ(turn.waiter.client->id(), 1u);
}

TEST_F(KeyWaitersTest, WhoGoesAwayIsToldApartFromWhoIsServed) {
  const std::vector<std::string_view> words = {"SOME.COMMAND"};
  const std::vector<std::string_view> keys = {"a"};
  int gone = 0;
  for (const size_t client : {0, 1}) {
    waiters.Wait(*clients[client], words, keys,
                 {.attempt = [](std::string_view) { return true; }, .on_gone = [&] { ++gone; }});
  }
  blocked.Forget(*clients[0]);
  EXPECT_EQ(gone, 1);
  EXPECT_TRUE(blocked.Complete(clients[1]->blocked, [](Client&) {}));
  EXPECT_EQ(gone, 1);
}

TEST_F(KeyWaitersTest, WhoRunsAgainInVainWaitsAtItsOldPlaceWithItsOldDeadline) {
  Wait(0, {"a"}, false, 500);
  Wait(1, {"a"});
  waiters.OnTouched(0, "a");
  KeyWaiters::Turn turn;
  const auto first_only = [](const KeyWaiters::Waiter& waiter, int, std::string_view) {
    return waiter.client->id() == 0;
  };
  ASSERT_TRUE(waiters.TakeNext(first_only, &turn));
  EXPECT_EQ(blocked.with_deadline(), 0u);
  clients[0]->rerun = {true, turn.waiter.deadline_ms, turn.place};
  Wait(0, {"a"}, false, 99999);
  EXPECT_FALSE(waiters.TakeNext(first_only, &turn)) << "only another touch brings it back";
  EXPECT_EQ(blocked.next_deadline_ms(), 500);
  waiters.OnTouched(0, "a");
  EXPECT_EQ(Serve(), (std::vector<uint64_t>{0, 1}));
}

TEST_F(KeyWaitersTest, DeadlinesUnblockAndGoingAwayLeaveNothing) {
  Wait(0, {"a", "a", "b"}, true, 100);
  Wait(1, {"a"});
  Wait(2, {"a"});
  EXPECT_EQ(waiters.keys(), 2u);
  EXPECT_EQ(waiters.keys_or_without(), 2u);
  blocked.EndDue(99);
  EXPECT_EQ(waiters.size(), 3u);
  blocked.EndDue(100);
  EXPECT_EQ(clients[0]->output.ToString(), "*-1\r\n");
  EXPECT_TRUE(blocked.Unblock(*clients[1], /*with_error=*/true));
  EXPECT_EQ(host.resumed, 2);
  waiters.CheckInvariants();
  blocked.Forget(*clients[2]);
  EXPECT_EQ(waiters.size(), 0u);
  EXPECT_EQ(blocked.size(), 0u);
  waiters.CheckInvariants();
}

TEST_F(KeyWaitersTest, CheckAllTakesEverybodyOnce) {
  Wait(0, {"a"});
  Wait(1, {"b"});
  waiters.CheckAll();
  EXPECT_EQ(Serve(), (std::vector<uint64_t>{0, 1}));
  EXPECT_FALSE(waiters.any_ready());
}

TEST_F(KeyWaitersTest, AgreesWithAListOfWaits) {
  struct Waiting {
    uint64_t client;
    std::vector<std::string_view> keys;
  };
  const std::string_view names[] = {"a", "b", "c", "d"};
  for (uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random(seed);
    std::deque<Waiting> model;  // In the order of arrival.
    for (int step = 0; step < 100; ++step) {
      const uint64_t client = random() % clients.size();
      const auto waiting = std::find_if(model.begin(), model.end(),
                                        [&](const Waiting& w) { return w.client == client; });
      if (waiting == model.end()) {
        std::vector<std::string_view> keys = {names[random() % 4], names[random() % 4]};
        Wait(client, keys);
        model.push_back({client, keys});
      } else if (random() % 3 == 0) {
        blocked.Forget(*clients[client]);
        model.erase(waiting);
      } else {
        const std::string_view key = names[random() % 4];
        waiters.OnTouched(0, key);
        std::vector<uint64_t> expected;
        std::erase_if(model, [&](const Waiting& w) {
          if (std::find(w.keys.begin(), w.keys.end(), key) == w.keys.end()) return false;
          expected.push_back(w.client);
          return true;
        });
        ASSERT_EQ(Serve(), expected) << "seed " << seed;
      }
      ASSERT_EQ(waiters.size(), model.size());
    }
    for (const auto& client : clients) blocked.Forget(*client);
  }
}

}  // namespace
}  // namespace slotmesh::node
