// The end of a node with replicas that are behind, and of one that cannot save.
#include "node/commands/shutdown.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/commands/strings.h"
#include "node/commands/testing/test_engine.h"

namespace slotmesh::node {
namespace {

using Outcome = ShutdownSequence::Outcome;

class FakePersistence : public Persistence {
 public:
  absl::Status Save() override {
    ++saves;
    return can_save ? absl::OkStatus() : absl::UnavailableError("disk full");
  }
  Started SaveInBackground() override { return Started::kFailed; }
  bool CancelBackgroundSave() override { return false; }
  bool has_save_points() const override { return save_points; }
  absl::Status Reload(const ReloadOptions&) override { return absl::OkStatus(); }
  PersistenceStatus Status() const override { return {}; }
  bool RewriteAof() override { return false; }
  absl::Status ReloadAof() override { return absl::OkStatus(); }
  AofStatus StatusOfAof() const override { return {.beginning = beginning}; }

  int saves = 0;
  bool can_save = true;
  bool save_points = false;
  bool beginning = false;
};

class FakeReplicas : public ReplicationView {
 public:
  void WriteInfo(InfoText&) const override {}
  size_t backlog_bytes() const override { return 0; }
  size_t replicas_bytes() const override { return 0; }
  bool copying() const override { return false; }
  std::vector<ReplicaProgress> Progress() const override { return all; }
  void ForgetHistory() override {}

  std::vector<ReplicaProgress> all;
};

class LineLog : public Log {
 public:
  void Write(Severity, std::string_view line) override { lines += std::string(line) + "\n"; }
  bool Has(std::string_view text) const { return lines.find(text) != std::string::npos; }

  std::string lines;
};

class Host : public ClientHost {
 public:
  void Resume(Client&) override { ++resumed; }
  void Flush(Client&) override {}
  void Close(Client&, bool) override {}

  int resumed = 0;
};

class ShutdownTest : public testing::Test {
 protected:
  ShutdownTest()
      : engine_({.families = {{.rows = StringCommands()}}}),
        client_(7, &host_),
        shutdown_({.engine = engine_.engine(),
                   .persistence = persistence_,
                   .log = log_,
                   .replication = &replicas_,
                   .exit =
                       [this](bool restart) {
                         ended_ = true;
                         restarts_ = restart;
                       },
                   .on_going_on = [this] { ++went_on_; }}) {
    engine_.dispatcher().BeginTurn();
  }

  void AddReplica(bool has_all) {
    replicas_.all.push_back({.address = "127.0.0.1:7", .state = "online", .has_all = has_all});
  }
  bool WritesWait() { return engine_.engine().pause.Holds(Flag::kWrite, engine_.engine().now_ms); }
  void Tick(int64_t millis) {
    engine_.AdvanceMillis(millis);
    shutdown_.Tick();
  }

  TestEngine engine_;
  FakePersistence persistence_;
  FakeReplicas replicas_;
  LineLog log_;
  Host host_;
  Client client_;
  bool ended_ = false;
  bool restarts_ = false;
  int went_on_ = 0;
  ShutdownSequence shutdown_;
};

TEST_F(ShutdownTest, EndsAtOnceWhereEveryReplicaHasAll) {
  AddReplica(true);
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kEnds);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(persistence_.saves, 0);
  EXPECT_TRUE(log_.Has("1 of 1 replicas are in sync when shutting down."));
}

TEST_F(ShutdownTest, RestartBecomesAnEndWhenThatIsAskedForMeanwhile) {
  shutdown_.Ask({.restart = true});
  Tick(1);
  EXPECT_TRUE(restarts_);
  AddReplica(false);
  shutdown_.Ask({.restart = true});
  Tick(1);
  shutdown_.Ask({});
  Tick(1);
  replicas_.all[0].has_all = true;
  Tick(1);
  EXPECT_FALSE(restarts_);
}

TEST_F(ShutdownTest, HoldsWritesUntilALaggingReplicaHasAll) {
  AddReplica(false);
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kWaits);
  EXPECT_TRUE(WritesWait());
  Tick(400);
  EXPECT_FALSE(ended_);
  EXPECT_EQ(shutdown_.millis_left(), 9600);
  replicas_.all[0].has_all = true;
  Tick(1);
  EXPECT_TRUE(ended_);
  EXPECT_FALSE(log_.Has("Lagging replica"));
}

TEST_F(ShutdownTest, EndsWithoutTheReplicaOnceItsTimeIsOver) {
  AddReplica(true);
  AddReplica(false);
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kWaits);
  Tick(9'999);
  EXPECT_FALSE(ended_);
  Tick(1);
  EXPECT_TRUE(ended_);
  EXPECT_TRUE(log_.Has("Lagging replica 127.0.0.1:7 reported offset 0"));
  EXPECT_TRUE(log_.Has("1 of 2 replicas are in sync when shutting down."));
}

TEST_F(ShutdownTest, NowWaitsForNobodyAlsoWhereAnotherWaits) {
  AddReplica(false);
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kWaits);
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kWaits);
  EXPECT_FALSE(ended_);
  EXPECT_EQ(shutdown_.Begin({.now = true}), Outcome::kEnds);
  EXPECT_TRUE(ended_);
}

TEST_F(ShutdownTest, ATimeoutOfZeroWaitsForNobody) {
  ASSERT_TRUE(engine_.settings().Set({{"shutdown-timeout", {"0"}}}).ok());
  AddReplica(false);
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kEnds);
}

TEST_F(ShutdownTest, AnAbortedOneAnswersWhoeverAskedAndLetsWritesGoOn) {
  AddReplica(false);
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kWaits);
  shutdown_.Await(client_);
  EXPECT_TRUE(shutdown_.Abort());
  EXPECT_EQ(client_.output.ToString(), "-ERR Errors trying to SHUTDOWN. Check logs.\r\n");
  EXPECT_EQ(host_.resumed, 1);
  EXPECT_FALSE(WritesWait());
  EXPECT_EQ(went_on_, 1);
  EXPECT_EQ(shutdown_.millis_left(), std::nullopt);
  EXPECT_FALSE(shutdown_.Abort());
  Tick(20'000);
  EXPECT_FALSE(ended_);
}

TEST_F(ShutdownTest, ASignalBeginsAtTheNextTickUnlessItIsAborted) {
  shutdown_.Ask({});
  EXPECT_TRUE(shutdown_.Abort());
  Tick(1);
  EXPECT_FALSE(ended_);
  shutdown_.Ask({});
  Tick(1);
  EXPECT_TRUE(ended_);
}

TEST_F(ShutdownTest, GoesOnWhereTheDataCannotBeSavedUnlessForced) {
  persistence_.can_save = false;
  persistence_.save_points = true;
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kFailed);
  EXPECT_FALSE(ended_);
  EXPECT_EQ(went_on_, 1);
  EXPECT_TRUE(log_.Has("Error trying to save the DB, can't exit."));
  EXPECT_EQ(shutdown_.Begin({.force = true}), Outcome::kEnds);
  EXPECT_TRUE(ended_);
}

TEST_F(ShutdownTest, NosaveSavesNothingInSpiteOfSavePoints) {
  persistence_.save_points = true;
  EXPECT_EQ(shutdown_.Begin({.nosave = true}), Outcome::kEnds);
  EXPECT_EQ(persistence_.saves, 0);
}

TEST_F(ShutdownTest, AnAppendOnlyFileThatIsBeingBegunIsNotGivenUp) {
  persistence_.beginning = true;
  EXPECT_EQ(shutdown_.Begin({}), Outcome::kFailed);
  EXPECT_TRUE(log_.Has("Writing initial AOF, can't exit."));
  EXPECT_EQ(shutdown_.Begin({.force = true}), Outcome::kEnds);
}

TEST_F(ShutdownTest, HalfLoadedDataIsNotSaved) {
  persistence_.save_points = true;
  engine_.engine().loading.active = true;
  EXPECT_EQ(shutdown_.Begin({.save = true}), Outcome::kEnds);
  EXPECT_EQ(persistence_.saves, 0);
}

TEST(PauseTest, WhoeverEndsOnePauseLeavesTheOthers) {
  Pause pause;
  pause.Start(Pause::Purpose::kClients, Pause::Kind::kAll, 100, 0);
  pause.Start(Pause::Purpose::kShutdown, Pause::Kind::kWrite, 300, 0);
  EXPECT_EQ(pause.purpose(0), Pause::Purpose::kClients);
  EXPECT_EQ(pause.until_ms(0), 300);
  EXPECT_TRUE(pause.Holds(Flag::kReadOnly, 99));
  EXPECT_FALSE(pause.Holds(Flag::kReadOnly, 100));
  pause.Lift(Pause::Purpose::kClients);
  EXPECT_TRUE(pause.Holds(Flag::kWrite, 299));
  EXPECT_EQ(pause.purpose(0), Pause::Purpose::kShutdown);
  pause.Lift(Pause::Purpose::kShutdown);
  EXPECT_FALSE(pause.Holds(Flag::kWrite, 0));
}

}  // namespace
}  // namespace slotmesh::node
