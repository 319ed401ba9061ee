#include "node/cluster/in_sync.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

using ledger::InSyncChanged;
using ledger::NodeBoot;
using ledger::WriteSafetyChanged;

NodeBoot Process(char letter, slots::BootId boot = 1) {
  return {*slots::NodeId::FromHex(std::string(40, letter)), boot};
}

const NodeBoot kSelf = Process('a');
const NodeBoot kB = Process('b');
const NodeBoot kC = Process('c');

// A primary with replicas b and c, of which b is in sync, in synced mode; the test is the ledger.
class InSyncTest : public ::testing::Test {
 protected:
  InSyncTest() {
    decided_.primary = true;
    decided_.epoch = 3;
    decided_.version = 7;
    decided_.synced = true;
    decided_.self = kSelf;
    decided_.members = {kSelf, kB};
    decided_.replicas = {kB, kC};
    settings_.synced = true;
    Take();
    in_sync_.OnProgress(kB, 0, now_);
  }

  void Take() { in_sync_.Take(decided_, now_); }
  std::optional<ledger::Change> Step() {
    now_ += 100;
    return in_sync_.Step(settings_, written_, now_);
  }
  // Steps for so long, in which nothing is proposed.
  void Rest(int64_t millis) {
    for (const int64_t end = now_ + millis; now_ < end;) {
      const std::optional<ledger::Change> change = Step();
      ASSERT_FALSE(change.has_value()) << ledger::ChangeName(*change) << " at " << now_;
    }
  }
  // The members of the set that is proposed within two measurements; empty: none is.
  std::vector<NodeBoot> Proposed() {
    std::optional<ledger::Change> change = Step();
    if (!change.has_value()) change = Step();
    if (!change.has_value()) return {};
    const auto* set = std::get_if<InSyncChanged>(&*change);
    if (set == nullptr) return {};
    EXPECT_EQ(set->expected_epoch, decided_.epoch);
    EXPECT_EQ(set->expected_in_sync_version, decided_.version);
    return set->in_sync;
  }
  void Commit(std::vector<NodeBoot> members) {
    decided_.members = std::move(members);
    ++decided_.version;
    Take();
    in_sync_.OnDecided(/*accepted=*/true, now_);
  }

  InSync in_sync_;
  InSync::Decided decided_;
  InSync::Settings settings_;
  uint64_t written_ = 0;
  int64_t now_ = 1000;
};

TEST_F(InSyncTest, Safety11SafeIsWhatAllMembersHave) {
  written_ = 100;
  EXPECT_FALSE(in_sync_.IsSafe(1));
  in_sync_.OnProgress(kC, 100, now_);
  EXPECT_FALSE(in_sync_.IsSafe(1)) << "c is no member";
  in_sync_.OnProgress(kB, 60, now_);
  EXPECT_TRUE(in_sync_.IsSafe(60));
  EXPECT_FALSE(in_sync_.IsSafe(61));
}

TEST_F(InSyncTest, Safety11WhileAChangeIsInFlightTheProposedMembersCountToo) {
  written_ = 100;
  in_sync_.OnProgress(kB, 100, now_);
  in_sync_.OnProgress(kC, 100, now_);
  EXPECT_EQ(Proposed(), (std::vector{kSelf, kB, kC}));
  written_ = 150;
  in_sync_.OnProgress(kB, 150, now_);
  EXPECT_TRUE(in_sync_.IsSafe(100));
  EXPECT_FALSE(in_sync_.IsSafe(150)) << "c may be promoted from any moment on";
  // Nobody knows what has become of it: it may be committed at any time.
  in_sync_.OnDecided(/*accepted=*/false, now_);
  EXPECT_FALSE(in_sync_.IsSafe(150));
  in_sync_.OnProgress(kC, 150, now_);
  EXPECT_TRUE(in_sync_.IsSafe(150));
}

TEST_F(InSyncTest, Safety12NothingIsSafeWithoutAMemberBeforeItsRemovalIsCommitted) {
  written_ = 100;
  in_sync_.OnGone(kB, now_);
  Rest(900);
  EXPECT_EQ(Proposed(), std::vector{kSelf}) << "a third of the node timeout is over";
  EXPECT_FALSE(in_sync_.IsSafe(100));
  Commit({kSelf});
  EXPECT_TRUE(in_sync_.IsSafe(100));
}

TEST_F(InSyncTest, AMemberThatComesBackInTimeStays) {
  in_sync_.OnGone(kB, now_);
  Rest(400);
  in_sync_.OnProgress(kB, 0, now_);
  Rest(5000);
}

TEST_F(InSyncTest, AMemberThatHasJustSpokenForTheFirstTimeStays) {
  // Of a primary that has just begun to lead, on a machine that has been up for longer.
  now_ = 1'000'000;
  ++decided_.epoch;
  Take();
  in_sync_.OnProgress(kB, 0, now_);
  Rest(2 * settings_.node_timeout_ms);
}

TEST_F(InSyncTest, AMemberThatFallsBehindForANodeTimeoutGoes) {
  written_ = 100;
  Rest(2900);
  EXPECT_TRUE(in_sync_.wants_acks());
  std::vector<NodeBoot> next;
  for (int i = 0; i < 3 && next.empty(); ++i) next = Proposed();
  EXPECT_EQ(next, std::vector{kSelf});
}

TEST_F(InSyncTest, WhoHasCaughtUpComesInWhileMuchIsWritten) {
  in_sync_.OnProgress(kC, 0, now_);
  std::vector<NodeBoot> next;
  for (int i = 0; i < 10 && next.empty(); ++i) {
    const std::optional<ledger::Change> change = Step();
    if (change.has_value()) next = std::get<InSyncChanged>(*change).in_sync;
    // The answer to what Step() asked for; then more is written.
    in_sync_.OnProgress(kB, written_, now_ + 1);
    in_sync_.OnProgress(kC, written_, now_ + 1);
    written_ += 1000;
  }
  EXPECT_EQ(next, (std::vector{kSelf, kB, kC}));
}

TEST_F(InSyncTest, AMemberThatIsSlowButKeepsUpStays) {
  for (int i = 0; i < 100; ++i) {
    written_ += 1000;
    ASSERT_FALSE(Step().has_value()) << i;
    in_sync_.OnProgress(kB, written_ - 500, now_);
  }
}

TEST_F(InSyncTest, WhoIsFarBehindDoesNotComeIn) {
  written_ = 10000;
  for (int i = 0; i < 50; ++i) {
    written_ += 1000;
    in_sync_.OnProgress(kB, written_, now_);
    if (i % 10 == 0) in_sync_.OnProgress(kC, written_ - 2500, now_);
    ASSERT_FALSE(Step().has_value()) << i;
  }
  in_sync_.OnProgress(kC, written_, now_);
  std::vector<NodeBoot> next;
  for (int i = 0; i < 3 && next.empty(); ++i) {
    next = Proposed();
    in_sync_.OnProgress(kC, written_, now_);
  }
  EXPECT_EQ(next, (std::vector{kSelf, kB, kC}));
}

TEST_F(InSyncTest, WhoWasLateComesInThoughNothingIsWrittenAnyMore) {
  written_ = 100;
  in_sync_.OnProgress(kB, 100, now_);
  in_sync_.OnProgress(kC, 50, now_);
  Rest(1000);
  in_sync_.OnProgress(kC, 100, now_);
  Rest(500);
  EXPECT_TRUE(in_sync_.wants_acks()) << "it may hang again";
  in_sync_.OnProgress(kC, 100, now_);
  Rest(500);
  in_sync_.OnProgress(kC, 100, now_);
  std::vector<NodeBoot> next;
  for (int i = 0; i < 4 && next.empty(); ++i) {
    next = Proposed();
    in_sync_.OnProgress(kC, 100, now_);
  }
  EXPECT_EQ(next, (std::vector{kSelf, kB, kC}));
}

TEST_F(InSyncTest, Safety1ARestartedReplicaIsAnotherProcess) {
  written_ = 100;
  in_sync_.OnProgress(kB, 100, now_);
  const NodeBoot restarted = Process('b', 2);
  decided_.replicas = {restarted, kC};
  Take();
  in_sync_.OnProgress(restarted, 200, now_);
  EXPECT_FALSE(in_sync_.IsSafe(200)) << "it is not what the ledger calls in sync";
  EXPECT_EQ(Proposed(), std::vector{kSelf});
  EXPECT_FALSE(in_sync_.IsSafe(200));
  Commit({kSelf});
  written_ = 200;
  EXPECT_EQ(Proposed(), (std::vector{kSelf, restarted}));
  Commit({kSelf, restarted});
  EXPECT_TRUE(in_sync_.IsSafe(200));
}

TEST_F(InSyncTest, Safety12AMemberForgetsNothingBeforeItsRemovalIsCommitted) {
  EXPECT_TRUE(in_sync_.MayForget(kC));
  EXPECT_FALSE(in_sync_.MayForget(kB));
  EXPECT_EQ(Proposed(), std::vector{kSelf});
  EXPECT_FALSE(in_sync_.MayForget(kB));
  Commit({kSelf});
  EXPECT_TRUE(in_sync_.MayForget(kB));
  // What it had does not count once it is back.
  in_sync_.OnProgress(kB, 0, now_);
  EXPECT_EQ(Proposed(), (std::vector{kSelf, kB}));
  EXPECT_FALSE(in_sync_.IsSafe(1));
}

TEST_F(InSyncTest, WhoAskedForACopyAndGoesOnWithoutOneMayComeInAgain) {
  EXPECT_FALSE(in_sync_.MayForget(kB));
  EXPECT_EQ(Proposed(), std::vector{kSelf});
  Commit({kSelf});
  in_sync_.OnProgress(kB, 0, now_);
  EXPECT_EQ(Proposed(), (std::vector{kSelf, kB}));
}

TEST_F(InSyncTest, Safety12WhoMayComeInByAProposalOnItsWayForgetsNothingEither) {
  in_sync_.OnProgress(kC, 0, now_);
  EXPECT_EQ(Proposed(), (std::vector{kSelf, kB, kC}));
  EXPECT_FALSE(in_sync_.MayForget(kC));
  in_sync_.OnDecided(/*accepted=*/false, now_);
  EXPECT_FALSE(in_sync_.MayForget(kC));
  // The set as it is, anew: it takes the lost proposal's place.
  Rest(200);
  EXPECT_EQ(Proposed(), (std::vector{kSelf, kB}));
  EXPECT_FALSE(in_sync_.MayForget(kC));
  Commit({kSelf, kB});
  EXPECT_TRUE(in_sync_.MayForget(kC));
}

TEST_F(InSyncTest, Safety13NothingIsSafeBeforeTheShardIsSynced) {
  decided_.synced = false;
  Take();
  EXPECT_FALSE(in_sync_.IsSafe(0));
  const std::optional<ledger::Change> change = Step();
  ASSERT_TRUE(change.has_value());
  const auto* safety = std::get_if<WriteSafetyChanged>(&*change);
  ASSERT_NE(safety, nullptr);
  EXPECT_TRUE(safety->synced);
  EXPECT_EQ(safety->expected_in_sync_version, 7u);
  decided_.synced = true;
  ++decided_.version;
  Take();
  in_sync_.OnDecided(/*accepted=*/true, now_);
  EXPECT_TRUE(in_sync_.IsSafe(0));
  // It stays so until somebody says that it is to end.
  settings_.synced = false;
  Rest(5000);
  settings_.async = true;
  const std::optional<ledger::Change> ends = Step();
  ASSERT_TRUE(ends.has_value());
  EXPECT_FALSE(std::get<WriteSafetyChanged>(*ends).synced);
}

TEST_F(InSyncTest, Safety16AnotherTenureKnowsNothingOfWhatWasAcknowledged) {
  written_ = 100;
  in_sync_.OnProgress(kB, 100, now_);
  EXPECT_TRUE(in_sync_.IsSafe(100));
  decided_.primary = false;
  Take();
  EXPECT_FALSE(in_sync_.IsSafe(0));
  decided_.primary = true;
  decided_.epoch = 5;
  Take();
  EXPECT_FALSE(in_sync_.IsSafe(100));
  EXPECT_FALSE(Step().has_value());
  EXPECT_TRUE(in_sync_.wants_acks());
}

TEST_F(InSyncTest, InAsyncModeTheSetIsKeptToo) {
  settings_.synced = false;
  decided_.synced = false;
  Take();
  in_sync_.OnProgress(kC, 0, now_);
  EXPECT_EQ(Proposed(), (std::vector{kSelf, kB, kC}));
}

}  // namespace
}  // namespace slotmesh::node
