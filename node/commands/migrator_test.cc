// MIGRATE as its clients see it, with a network that does what the test says.
#include "node/commands/migrator.h"

#include <deque>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "node/commands/generic.h"
#include "node/commands/migrate.h"
#include "node/commands/strings.h"
#include "node/commands/testing/test_engine.h"
#include "node/commands/transactions.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// One connection, from the target's end.
struct Line {
  std::string host;
  uint16_t port = 0;
  PeerConnection::Listener* listener = nullptr;  // Null once the migrator has dropped it.
  std::string sent;
  bool ended = false;

  std::string TakeSent() { return std::exchange(sent, std::string()); }
};

class FakeNetwork : public MigrateNetwork {
 public:
  std::unique_ptr<PeerConnection> Connect(const std::string& host, uint16_t port,
                                          PeerConnection::Listener& listener) override {
    lines.push_back(std::make_shared<Line>(Line{host, port, &listener, "", false}));
    return std::make_unique<End>(lines.back());
  }
  void WakeAfter(absl::Duration time) override { wake = time; }

  std::vector<std::shared_ptr<Line>> lines;
  absl::Duration wake;

 private:
  class End : public PeerConnection {
   public:
    explicit End(std::shared_ptr<Line> line) : line_(std::move(line)) {}
    ~End() override { line_->listener = nullptr; }
    void Send(std::string bytes) override { line_->sent += bytes; }
    void EndSending() override { line_->ended = true; }

   private:
    std::shared_ptr<Line> line_;
  };
};

class Person : public ClientHost {
 public:
  Person(TestEngine& engine, uint64_t id) : engine_(engine), client(id, this) {}
  ~Person() override { engine_.Forget(client); }

  // The reply, empty if it waits.
  std::string Run(std::string_view words) {
    const std::vector<std::string> list = absl::StrSplit(ToAbsl(words), ' ');
    return RunWords({list.begin(), list.end()});
  }
  std::string RunWords(const std::vector<std::string_view>& words) {
    engine_.dispatcher().BeginTurn();
    engine_.dispatcher().Execute(client, words, RequestOrigin::kClient);
    return Take();
  }
  std::string Take() {
    std::string reply = client.output.ToString();
    client.output.Clear();
    return reply;
  }
  // What the loop does after Resume.
  std::string GoOn() {
    if (std::exchange(resumed_, false) && client.blocked == 0) {
      engine_.dispatcher().ExecuteParked(client);
    }
    return Take();
  }

 private:
  void Resume(Client&) override { resumed_ = true; }
  void Flush(Client&) override {}
  void Close(Client&, bool) override {}

  TestEngine& engine_;
  bool resumed_ = false;

 public:
  Client client;
};

class MigratorTest : public testing::Test {
 protected:
  TestEngine::Options Options() {
    TestEngine::Options options;
    options.families = {
        {StringCommands()},
        {GenericCommands()},
        {TransactionCommands(),
         [](TestEngine& engine) {
           return std::make_shared<TransactionFamily>(TransactionFamily{engine.dispatcher()});
         }},
        {MigrateCommands(),
         [this](TestEngine&) {
           family_ = std::make_shared<MigrateFamily>();
           return family_;
         }},
    };
    return options;
  }
  void SetUp() override { family_->migrator = &migrator; }

  Line& line(size_t i = 0) { return *network.lines.at(i); }
  void Connect(size_t i = 0) { line(i).listener->OnConnected(); }
  void Say(std::string_view bytes, size_t i = 0) { line(i).listener->OnBytes(bytes); }
  void PassTime(int64_t millis) {
    engine.AdvanceMillis(millis);
    migrator.Tick();
  }

  std::shared_ptr<MigrateFamily> family_;
  TestEngine engine{Options()};
  FakeNetwork network;
  Migrator migrator{engine.engine(), engine.dispatcher(), network};
  Person a{engine, 1};
  Person b{engine, 2};
};

constexpr std::string_view kReadError = "-IOERR error or timeout reading to target instance\r\n";

TEST_F(MigratorTest, AKeyGoesOnceTheTargetHasIt) {
  EXPECT_EQ(a.Run("SET k v"), "+OK\r\n");
  engine.journal().Clear();
  engine.TakeEvents();
  EXPECT_EQ(a.Run("MIGRATE 10.0.0.1 7000 k 0 1000"), "");
  EXPECT_EQ(line().host, "10.0.0.1");
  EXPECT_EQ(line().port, 7000);
  EXPECT_EQ(line().sent, "");
  Connect();
  EXPECT_EQ(line().TakeSent().substr(0, 32), "*4\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$1\r\n0\r\n$");
  EXPECT_EQ(b.Run("GET k"), "$1\r\nv\r\n");
  Say("+OK\r\n");
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
  EXPECT_TRUE(a.client.has_unsent_write);
  EXPECT_EQ(b.Run("GET k"), "$-1\r\n");
  EXPECT_EQ(engine.TakeEvents(), (std::vector<std::string>{"0 del k", "0 keymiss k"}));
  EXPECT_EQ(engine.engine().stats.migrate_cached_sockets, 1u);
}

TEST_F(MigratorTest, WritersWaitForTheOutcomeReadersDoNot) {
  a.Run("SET k v");
  EXPECT_EQ(a.Run("MIGRATE h 1 k 0 1000"), "");
  EXPECT_EQ(b.Run("APPEND k w"), "");
  Person c(engine, 3);
  Person d(engine, 4);
  EXPECT_EQ(c.Run("MULTI"), "+OK\r\n");
  EXPECT_EQ(c.Run("SET k c"), "+QUEUED\r\n");
  EXPECT_EQ(c.Run("EXEC"), "");
  EXPECT_EQ(d.Run("GET k"), "$1\r\nv\r\n");
  EXPECT_EQ(d.Run("SET other x"), "+OK\r\n");
  EXPECT_EQ(d.Run("COPY k other REPLACE"), "") << "it writes nothing to k, but names it";
  Connect();
  Say("+OK\r\n");
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
  EXPECT_EQ(b.GoOn(), ":1\r\n");
  EXPECT_EQ(c.GoOn(), "*1\r\n+OK\r\n");
  EXPECT_EQ(d.GoOn(), ":1\r\n");
  EXPECT_FALSE(engine.engine().held_keys.any());
}

TEST_F(MigratorTest, AClientThatCannotWaitIsRefusedAHeldKey) {
  a.Run("SET k v");
  a.Run("MIGRATE h 1 k 0 1000");
  Client nobody(9, nullptr);
  const std::string_view words[] = {"DEL", "k"};
  engine.dispatcher().Execute(nobody, words, RequestOrigin::kClient);
  EXPECT_EQ(nobody.output.ToString(), StrCat("-", errors::kKeyHeld, "\r\n"));
}

TEST_F(MigratorTest, TwoOfTheSameKeyComeOneAfterTheOther) {
  a.Run("SET k v");
  EXPECT_EQ(a.Run("MIGRATE h 1 k 0 1000"), "");
  EXPECT_EQ(b.Run("MIGRATE h 2 k 0 1000"), "");
  EXPECT_EQ(network.lines.size(), 1u);
  Connect();
  Say("+OK\r\n");
  a.GoOn();
  EXPECT_EQ(b.GoOn(), "+NOKEY\r\n");
}

TEST_F(MigratorTest, WhatTheTargetRefusesStays) {
  a.Run("SET k v");
  a.Run("MIGRATE h 1 k 0 1000");
  Connect();
  Say("-BUSYKEY Target key name already exists.\r\n");
  EXPECT_EQ(a.GoOn(),
            "-ERR Target instance replied with error: BUSYKEY Target key name already exists.\r\n");
  EXPECT_EQ(b.Run("DEL k"), ":1\r\n");
}

TEST_F(MigratorTest, CopyLeavesTheKeyHere) {
  a.Run("SET k v");
  a.Run("MIGRATE h 1 k 0 1000 COPY REPLACE");
  Connect();
  EXPECT_NE(line().sent.find("REPLACE"), std::string::npos);
  Say("+OK\r\n");
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
  EXPECT_EQ(b.Run("GET k"), "$1\r\nv\r\n");
}

TEST_F(MigratorTest, NobodyThereIsAnIoError) {
  a.Run("SET k v");
  a.Run("MIGRATE h 1 k 0 1000");
  line().listener->OnClosed();
  EXPECT_EQ(a.GoOn(), "-IOERR error or timeout writing to target instance\r\n");
  EXPECT_EQ(b.Run("DEL k"), ":1\r\n");
}

TEST_F(MigratorTest, AnEndlessConnectRunsOutOfTime) {
  a.Run("SET k v");
  a.Run("MIGRATE h 1 k 0 300");
  EXPECT_EQ(network.wake, absl::Milliseconds(300));
  PassTime(299);
  EXPECT_EQ(a.GoOn(), "");
  PassTime(1);
  EXPECT_EQ(a.GoOn(), "-IOERR error or timeout connecting to the client\r\n");
  EXPECT_EQ(line().listener, nullptr);
}

TEST_F(MigratorTest, TheTimeoutIsWithoutProgress) {
  a.RunWords({"MSET", "k1", "1", "k2", "2"});
  a.RunWords({"MIGRATE", "h", "1", "", "0", "300", "KEYS", "k1", "k2", "gone", "k1"});
  Connect();
  PassTime(200);
  Say("+OK\r\n");
  PassTime(200);
  EXPECT_EQ(a.GoOn(), "");
  Say("+OK\r\n");
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
}

// What was sent may still be carried out: nothing else may come before it has been or never will.
TEST_F(MigratorTest, BehindAnUnansweredMoveTheTargetIsLeftAloneUntilItHasClosed) {
  a.Run("SET k v");
  a.Run("MIGRATE h 1 k 0 300");
  Connect();
  line().listener->OnSent(line().sent.size());
  PassTime(300);
  EXPECT_EQ(a.GoOn(), kReadError);
  EXPECT_TRUE(line().ended);
  EXPECT_EQ(b.Run("APPEND k w"), ":2\r\n");

  a.Run("MIGRATE h 1 k 0 300 REPLACE");
  EXPECT_EQ(network.lines.size(), 1u);
  PassTime(300);
  EXPECT_EQ(a.GoOn(), "-IOERR error or timeout connecting to the client\r\n");

  a.Run("MIGRATE h 1 k 0 300 REPLACE");
  Say("+OK\r\n");  // Too late: what it confirms is not what is here now.
  EXPECT_EQ(b.Run("GET k"), "$2\r\nvw\r\n");
  line().listener->OnClosed();
  ASSERT_EQ(network.lines.size(), 2u);
  Connect(1);
  Say("+OK\r\n", 1);
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
}

TEST_F(MigratorTest, AConnectionIsKeptAndItsDatabaseRemembered) {
  a.RunWords({"MSET", "k1", "1", "k2", "2", "k3", "3"});
  a.Run("MIGRATE h 1 k1 5 300");
  Connect();
  EXPECT_EQ(line().TakeSent(), "*2\r\n$6\r\nSELECT\r\n$1\r\n5\r\n");
  Say("+OK\r\n");
  Say("+OK\r\n");
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
  line().TakeSent();
  a.Run("MIGRATE h 1 k2 5 300");
  EXPECT_EQ(line().sent.find("SELECT"), std::string::npos);
  Say("-ERR no\r\n");
  a.GoOn();
  line().TakeSent();
  a.Run("MIGRATE h 1 k2 5 300");
  EXPECT_NE(line().sent.find("SELECT"), std::string::npos);
  EXPECT_EQ(network.lines.size(), 1u);
}

TEST_F(MigratorTest, AKeptConnectionThatTheTargetHasClosedIsTriedAnewOnce) {
  a.RunWords({"MSET", "k1", "1", "k2", "2"});
  a.Run("MIGRATE h 1 k1 0 300");
  Connect();
  Say("+OK\r\n");
  a.GoOn();
  a.Run("MIGRATE h 1 k2 0 300");
  line(0).listener->OnClosed();
  ASSERT_EQ(network.lines.size(), 2u);
  Connect(1);
  line(1).listener->OnSent(line(1).sent.size());
  line(1).listener->OnClosed();
  EXPECT_EQ(a.GoOn(), kReadError);
  EXPECT_EQ(network.lines.size(), 2u);
}

TEST_F(MigratorTest, IdleConnectionsAreClosedAndNeverMoreThanTheMost) {
  for (size_t i = 0; i < Migrator::kCachedMax + 5; ++i) {
    a.Run("SET k v");
    a.Run(StrCat("MIGRATE h ", 1000 + i, " k 0 300"));
    Connect(i);
    Say("+OK\r\n", i);
    EXPECT_EQ(a.GoOn(), "+OK\r\n");
  }
  EXPECT_EQ(migrator.connections(), Migrator::kCachedMax);
  PassTime(absl::ToInt64Milliseconds(Migrator::kIdleMax));
  EXPECT_EQ(migrator.connections(), 0u);
}

TEST_F(MigratorTest, AClientThatLeavesDoesNotStopItsMove) {
  b.Run("SET k v");
  {
    Person c(engine, 3);
    c.Run("MIGRATE h 1 k 0 300");
  }
  Connect();
  Say("+OK\r\n");
  EXPECT_EQ(b.Run("GET k"), "$-1\r\n");
}

TEST_F(MigratorTest, AnExpiredKeyIsLeftOut) {
  a.RunWords({"SET", "k", "v", "PX", "100"});
  a.Run("MIGRATE h 1 k 0 1000");
  engine.AdvanceMillis(101);
  Connect();
  EXPECT_EQ(line().sent, "");
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
}

TEST_F(MigratorTest, ManyAndBigKeysGoPieceByPiece) {
  std::vector<std::string> words = {"MIGRATE", "h", "1", "", "0", "300", "KEYS"};
  for (int i = 0; i < 20; ++i) {
    words.push_back(StrCat("k", i));
    // Not compressible into nothing.
    std::string value;
    for (int n = 0; value.size() < 100'000; ++n) value += StrCat(n * 7919 + i, ",");
    a.RunWords({"SET", words.back(), value});
  }
  a.RunWords({words.begin(), words.end()});
  Connect();
  size_t turns = 0;
  while (migrator.jobs() > 0 && ++turns < 100) {
    const std::string sent = line().TakeSent();
    EXPECT_LT(sent.size(), 2 * MigrateExchange::kFillBytes);
    line().listener->OnSent(sent.size());
    for (size_t at = sent.find("$7\r\nRESTORE"); at != std::string::npos;
         at = sent.find("$7\r\nRESTORE", at + 1)) {
      Say("+OK\r\n");
    }
  }
  EXPECT_GT(turns, 3u);
  EXPECT_EQ(a.GoOn(), "+OK\r\n");
  EXPECT_EQ(engine.engine().keyspace.size(), 0u);
}

TEST_F(MigratorTest, BadRequestsAreRefused) {
  const auto error = [&](const std::vector<std::string_view>& words) { return a.RunWords(words); };
  a.Run("SET k v");
  EXPECT_EQ(a.Run("MIGRATE h 1 gone 0 300"), "+NOKEY\r\n");
  EXPECT_EQ(a.Run("MIGRATE h 1 k x 300"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(a.Run("MIGRATE h 1 k 0 x"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(a.Run("MIGRATE h 1 k 0 300 WHAT"), "-ERR syntax error\r\n");
  EXPECT_EQ(a.Run("MIGRATE h 1 k 0 300 AUTH"), "-ERR syntax error\r\n");
  EXPECT_EQ(a.Run("MIGRATE h 1 k 0 300 AUTH2 u"), "-ERR syntax error\r\n");
  EXPECT_EQ(error({"MIGRATE", "h", "1", "k", "0", "300", "KEYS", "a"}),
            "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty "
            "string\r\n");
  EXPECT_EQ(error({"MIGRATE", "h", "1", "", "0", "300", "KEYS"}), "+NOKEY\r\n");
  a.Run("MULTI");
  a.Run("MIGRATE h 1 k 0 300");
  EXPECT_EQ(a.Run("EXEC"), "*1\r\n-ERR MIGRATE is not allowed inside a transaction or script\r\n");
  EXPECT_EQ(network.lines.size(), 0u);
}

}  // namespace
}  // namespace slotmesh::node
