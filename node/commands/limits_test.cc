// maxmemory and maxmemory-clients, as commands meet them.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "node/commands/generic.h"
#include "node/commands/strings.h"
#include "node/commands/testing/reply_text.h"
#include "node/commands/testing/server_family.h"

namespace slotmesh::node {
namespace {

constexpr uint64_t kBytesPerKey = 100;
constexpr char kOom[] = "(error) OOM command not allowed when used memory > 'maxmemory'.";

class MaxmemoryTest : public testing::Test {
 protected:
  MaxmemoryTest() : engine_(Options()), client_(1, nullptr) {
    engine_.gauge().bytes = [this] { return Size() * kBytesPerKey; };
    engine_.memory_limit().set_wake([this] { ++wakes_; });
  }

  static TestEngine::Options Options() {
    TestEngine::Options options;
    options.families = SessionFamilies();
    options.families.push_back({.rows = StringCommands()});
    options.families.push_back({.rows = GenericCommands()});
    return options;
  }

  uint64_t Size() { return engine_.engine().keyspace.size(); }
  std::string Ask(const std::vector<std::string_view>& words) {
    engine_.dispatcher().Execute(client_, words, RequestOrigin::kClient);
    std::string text;
    for (const std::string& line : ReplyText(client_.output.ToString())) text += line;
    client_.output.Clear();
    return text;
  }
  // `keys` keys of 100 bytes each.
  void LimitTo(int keys, std::string_view policy) {
    const std::string bytes = std::to_string(keys * kBytesPerKey);
    ASSERT_EQ(Ask({"CONFIG", "SET", "maxmemory", bytes, "maxmemory-policy", policy}), "OK");
  }
  void Fill(int from, int to, bool expiring) {
    for (int i = from; i < to; ++i) {
      const std::string key = "k" + std::to_string(i);
      if (expiring) {
        ASSERT_EQ(Ask({"SET", key, "v", "EX", "1000"}), "OK");
      } else {
        ASSERT_EQ(Ask({"SET", key, "v"}), "OK");
      }
    }
  }

  TestEngine engine_;
  Client client_;
  int wakes_ = 0;
};

TEST_F(MaxmemoryTest, WritesEvictUntilTheRestFits) {
  for (const std::string_view policy :
       {"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu",
        "volatile-random", "volatile-ttl"}) {
    LimitTo(20, policy);
    Fill(0, 100, /*expiring=*/true);
    EXPECT_EQ(Size(), 21) << policy;  // Memory is looked at before a command.
    EXPECT_EQ(Ask({"PING"}), "PONG");
    EXPECT_EQ(Size(), 20) << policy;
    EXPECT_EQ(Ask({"FLUSHALL", "SYNC"}), "OK");
  }
}

TEST_F(MaxmemoryTest, WhatIsEvictedIsJournalledAndTold) {
  LimitTo(1, "allkeys-lru");
  Fill(0, 1, false);
  engine_.journal().Clear();
  engine_.TakeEvents();
  Fill(1, 2, false);
  EXPECT_EQ(Ask({"PING"}), "PONG");
  const bool first = Ask({"EXISTS", "k0"}) == "(integer) 0";
  const std::string gone = first ? "k0" : "k1";
  EXPECT_EQ(engine_.journal().Lines(), (std::vector<std::string>{"SET k1 v", "UNLINK " + gone}));
  EXPECT_EQ(engine_.journal().units().back().back().origin, Origin::kEviction);
  EXPECT_EQ(engine_.TakeEvents().back(), "0 evicted " + gone);
}

TEST_F(MaxmemoryTest, WhereNothingMayGoWritesAreRefused) {
  for (const std::string_view policy : {"noeviction", "volatile-lru", "volatile-ttl"}) {
    LimitTo(5, policy);
    Fill(0, 6, false);
    EXPECT_EQ(Ask({"SET", "more", "v"}), kOom) << policy;
    EXPECT_EQ(Ask({"GET", "k0"}), "\"v\"");
    EXPECT_EQ(Ask({"DEL", "k0"}), "(integer) 1");
    EXPECT_EQ(Ask({"SET", "more", "v"}), "OK");
    EXPECT_EQ(Ask({"FLUSHALL"}), "OK");
  }
}

TEST_F(MaxmemoryTest, AWatchedKeyThatIsEvictedBreaksTheTransaction) {
  Fill(0, 1, false);
  EXPECT_EQ(Ask({"WATCH", "k0"}), "OK");
  LimitTo(1, "allkeys-random");
  engine_.gauge().bytes = [this] { return (Size() + 1) * kBytesPerKey; };
  EXPECT_EQ(Ask({"MULTI"}), "OK");
  EXPECT_EQ(Size(), 0);
  EXPECT_EQ(Ask({"PING"}), "QUEUED");
  EXPECT_EQ(Ask({"EXEC"}), "(nil array)");
}

TEST_F(MaxmemoryTest, WhatTakesLongerThanItsTimeGoesOnInTheBackground) {
  Fill(0, 1000, false);
  engine_.clock().nanos_per_look = 1'000'000;  // Each look at the clock is late.
  LimitTo(10, "allkeys-lru");
  EXPECT_EQ(wakes_, 1);  // A new limit is enforced at once.
  engine_.memory_limit().Continue();
  EXPECT_EQ(Size(), 1000 - MemoryLimit::kKeysPerLook);
  EXPECT_EQ(engine_.memory_limit().state(), MemoryLimit::State::kEvicting);
  EXPECT_EQ(Ask({"SET", "k0", "v"}), "OK");  // Nothing is refused meanwhile.
  EXPECT_GT(engine_.memory_limit().exceeded_micros(), 0);
  for (int i = 0; i < 100; ++i) engine_.memory_limit().Continue();
  EXPECT_EQ(Size(), 10);
  EXPECT_EQ(engine_.memory_limit().state(), MemoryLimit::State::kFits);
  EXPECT_EQ(engine_.memory_limit().exceeded_micros(), 0);
  EXPECT_GT(engine_.memory_limit().exceeded_micros_before(), 0);
}

TEST_F(MaxmemoryTest, TenacityIsTheTimeThatACommandMayTake) {
  EXPECT_EQ(EvictionBudgetMicros(0), 0);
  EXPECT_EQ(EvictionBudgetMicros(10), 500);
  EXPECT_GT(EvictionBudgetMicros(11), 500);
  EXPECT_GT(EvictionBudgetMicros(100), int64_t{1'000'000} * 3600);
  Fill(0, 1000, false);
  engine_.clock().nanos_per_look = 1'000'000;
  EXPECT_EQ(Ask({"CONFIG", "SET", "maxmemory-eviction-tenacity", "100"}), "OK");
  LimitTo(10, "allkeys-lru");
  EXPECT_EQ(Ask({"PING"}), "PONG");
  EXPECT_EQ(Size(), 10);
}

TEST_F(MaxmemoryTest, BuffersForCopiesDoNotCount) {
  uint64_t buffers = 0;
  engine_.memory_limit().AddUncounted([&] { return buffers; });
  engine_.gauge().bytes = [&] { return Size() * kBytesPerKey + buffers; };
  Fill(0, 5, false);
  buffers = 100'000;
  LimitTo(5, "allkeys-lru");
  EXPECT_EQ(Ask({"PING"}), "PONG");
  EXPECT_EQ(Size(), 5);
  EXPECT_EQ(engine_.memory_limit().uncounted_bytes(), 100'000);
}

TEST_F(MaxmemoryTest, NothingIsEvictedWhileClientsArePaused) {
  Fill(0, 5, false);
  LimitTo(1, "allkeys-lru");
  EXPECT_EQ(Ask({"CLIENT", "PAUSE", "1000", "WRITE"}), "OK");
  const uint64_t before = Size();
  EXPECT_EQ(Ask({"PING"}), "PONG");
  EXPECT_EQ(Size(), before);
  EXPECT_EQ(Ask({"CLIENT", "UNPAUSE"}), "OK");
  EXPECT_EQ(Ask({"PING"}), "PONG");
  EXPECT_EQ(Size(), 1);
}

TEST_F(MaxmemoryTest, MemoryThatIsBeingFreedInTheBackgroundIsWaitedForNotRefused) {
  engine_.memory_limit().set_pending_frees([] { return 1; });
  LimitTo(1, "noeviction");
  Fill(0, 5, false);
  EXPECT_EQ(engine_.memory_limit().state(), MemoryLimit::State::kEvicting);
  EXPECT_GE(wakes_, 1);
}

// A connection that says how large its buffer is.
struct FakeHost : public ClientHost {
  void Resume(Client&) override {}
  void Flush(Client&) override {}
  void Close(Client& client, bool) override { client.close_now = true; }
  void MeasureBuffers(Client& client) override { client.query_buffer_bytes = bytes; }
  size_t bytes = 0;
};

class MaxmemoryClientsTest : public testing::Test {
 protected:
  MaxmemoryClientsTest() : engine_({.families = SessionFamilies()}) {
    for (int i = 0; i < 5; ++i) {
      hosts_.push_back(std::make_unique<FakeHost>());
      clients_.push_back(std::make_unique<Client>(i + 1, hosts_.back().get()));
      engine_.clients().Add(*clients_.back());
      hosts_.back()->bytes = (i + 1) * 100'000;
    }
  }
  ~MaxmemoryClientsTest() override {
    for (const auto& client : clients_) engine_.Forget(*client);
  }

  void Set(std::string_view name, std::string_view value) {
    const std::string_view words[] = {name, value};
    ASSERT_TRUE(engine_.settings().Set(words).ok());
  }
  // The numbers of those that are closed.
  std::string Closed() {
    std::string closed;
    for (const auto& client : clients_) {
      if (client->close_now) closed += std::to_string(client->id());
    }
    return closed;
  }

  TestEngine engine_;
  std::vector<std::unique_ptr<FakeHost>> hosts_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(MaxmemoryClientsTest, ThoseThatTakeMostGoFirstAndOnlySoManyAsMust) {
  ClientLimit& limit = engine_.client_limit();
  limit.Enforce();
  EXPECT_EQ(Closed(), "");  // No limit.
  Set("maxmemory-clients", "2000000");
  limit.Enforce();
  EXPECT_EQ(Closed(), "");
  Set("maxmemory-clients", "700000");
  limit.Enforce();
  EXPECT_EQ(Closed(), "45");
  EXPECT_EQ(limit.evicted(), 2);
  EXPECT_LT(limit.counted_bytes(), 700'000);
}

TEST_F(MaxmemoryClientsTest, AClientThatGrowsIsCountedAnew) {
  ClientLimit& limit = engine_.client_limit();
  Set("maxmemory-clients", "2000000");
  hosts_[0]->bytes = 900'000;
  limit.Update(*clients_[0]);
  limit.Enforce();
  EXPECT_EQ(Closed(), "1");
}

TEST_F(MaxmemoryClientsTest, WhoAsksForNoEvictionStaysAndDoesNotCount) {
  ClientLimit& limit = engine_.client_limit();
  clients_[4]->no_evict = true;
  Set("maxmemory-clients", "1");
  limit.Enforce();
  EXPECT_EQ(Closed(), "1234");
  EXPECT_EQ(limit.counted_bytes(), 0);
  clients_[4]->no_evict = false;
  limit.Update(*clients_[4]);
  limit.Enforce();
  EXPECT_EQ(Closed(), "12345");
}

TEST_F(MaxmemoryClientsTest, ALimitInPercentIsOfMaxmemory) {
  Set("maxmemory-clients", "10%");
  EXPECT_EQ(engine_.client_limit().limit_bytes(), 0);  // Of nothing: no limit.
  Set("maxmemory", "7000000");
  EXPECT_EQ(engine_.client_limit().limit_bytes(), 700'000);
  engine_.client_limit().Enforce();
  EXPECT_EQ(Closed(), "45");
}

TEST_F(MaxmemoryClientsTest, WhoeverRunsACommandMayBeTheOneThatGoes) {
  Set("maxmemory-clients", "1000000");
  const std::string_view words[] = {"PING"};
  EXPECT_EQ(engine_.dispatcher().Execute(*clients_[4], words, RequestOrigin::kClient),
            Dispatcher::Result::kClose);
  EXPECT_TRUE(clients_[4]->output.empty());
}

}  // namespace
}  // namespace slotmesh::node
