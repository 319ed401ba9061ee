#include "slots/ledger/lease.h"

#include <gtest/gtest.h>

#include "gossip/sim/clock.h"
#include "gossip/sim/random.h"

namespace slotmesh::ledger {
namespace {

constexpr absl::Duration kT = absl::Seconds(3);
const absl::Time kStart = absl::FromUnixSeconds(1000);
const slots::ShardId kShard = *slots::ShardId::FromHex("0123456789012345678901234567890123456789");
const LeaseTerms kTerms{kShard, 4, 77};

// A holder and a leader on one clock; the leader has led for long.
class LeaseTest : public ::testing::Test {
 protected:
  LeaseTest() {
    holder_.SetTerms(kTerms);
    grantor_.Lead(kStart - absl::Hours(1));
  }
  // Asks at `now`; the leader's last answered round is `age` old.
  bool Renew(absl::Time now, absl::Duration age = absl::ZeroDuration()) {
    const std::optional<absl::Time> stamp = holder_.Ask(now);
    if (!stamp.has_value()) return false;
    const auto grant = grantor_.Grant(now, *holder_.terms(), *stamp, now - age);
    if (grant.has_value()) holder_.OnGrant(*grant);
    return grant.has_value();
  }
  LeaseHolder holder_{kT};
  LeaseGrantor grantor_{kT};
};

TEST_F(LeaseTest, Safety5LeaseEndsTLessDriftAfterTheHeartbeatWasSent) {
  EXPECT_FALSE(holder_.Admits(kStart));
  ASSERT_TRUE(Renew(kStart));
  EXPECT_TRUE(holder_.Admits(kStart + absl::Milliseconds(2995)));
  EXPECT_FALSE(holder_.Admits(kStart + absl::Milliseconds(2996)));
}

TEST_F(LeaseTest, Safety5LeaseEndsEarlierIfTheLeadersRoundIsOlder) {
  ASSERT_TRUE(Renew(kStart, absl::Seconds(1)));
  EXPECT_TRUE(holder_.Admits(kStart + absl::Milliseconds(1993)));
  EXPECT_FALSE(holder_.Admits(kStart + absl::Milliseconds(1995)));
}

TEST_F(LeaseTest, Safety5AGrantOfOtherTermsOrOfAStampNeverAskedWithDoesNothing) {
  holder_.Ask(kStart);
  LeaseTerms other = kTerms;
  other.boot = 78;
  holder_.OnGrant({other, kStart, absl::ZeroDuration()});
  holder_.OnGrant({kTerms, kStart + absl::Nanoseconds(1), absl::ZeroDuration()});
  holder_.OnGrant({kTerms, kStart, absl::Seconds(-1)});
  EXPECT_FALSE(holder_.Admits(kStart));
}

TEST_F(LeaseTest, Safety5AnAnswerCountsFromTheHeartbeatThatItAnswersNotFromTheLastOne) {
  const absl::Time first = *holder_.Ask(kStart);
  holder_.Ask(kStart + absl::Seconds(1));
  holder_.OnGrant({kTerms, first, absl::ZeroDuration()});
  EXPECT_LT(holder_.deadline(), kStart + kT);
}

TEST_F(LeaseTest, AnOlderGrantThatComesLateShortensNothing) {
  const absl::Time first = *holder_.Ask(kStart);
  ASSERT_TRUE(Renew(kStart + absl::Seconds(1)));
  const absl::Time deadline = holder_.deadline();
  holder_.OnGrant({kTerms, first, absl::ZeroDuration()});
  EXPECT_EQ(holder_.deadline(), deadline);
}

TEST_F(LeaseTest, Safety6TakeoverWaitsForEveryLeaseThatWasGranted) {
  ASSERT_TRUE(Renew(kStart));
  EXPECT_FALSE(grantor_.CanTakeOver(kShard, kStart + absl::Milliseconds(2999)));
  EXPECT_TRUE(grantor_.CanTakeOver(kShard, kStart + kT));
  EXPECT_FALSE(holder_.Admits(kStart + kT));
}

TEST_F(LeaseTest, Safety6ANewLeaderFirstWaitsT) {
  LeaseGrantor fresh(kT);
  EXPECT_FALSE(fresh.CanTakeOver(kShard, kStart));
  fresh.Lead(kStart);
  EXPECT_FALSE(fresh.CanTakeOver(kShard, kStart + kT - absl::Nanoseconds(1)));
  EXPECT_TRUE(fresh.CanTakeOver(kShard, kStart + kT));
  fresh.StopLeading();
  EXPECT_FALSE(fresh.CanTakeOver(kShard, kStart + 2 * kT));
}

TEST_F(LeaseTest, Safety6AWithheldShardGetsNoLeaseUntilItIsResumed) {
  grantor_.Withhold(kShard, kStart + absl::Seconds(5));
  EXPECT_FALSE(Renew(kStart));
  EXPECT_TRUE(Renew(kStart + absl::Seconds(5)));
  grantor_.Withhold(kShard, absl::InfiniteFuture());
  EXPECT_FALSE(Renew(kStart + absl::Hours(5)));
  grantor_.Resume(kShard);
  EXPECT_TRUE(Renew(kStart + absl::Hours(5)));
}

TEST_F(LeaseTest, Safety7TheLeaseIsOverAfterAPauseHoweverLong) {
  ASSERT_TRUE(Renew(kStart));
  ASSERT_TRUE(holder_.Admits(kStart + absl::Seconds(1)));   // The write is admitted,
  EXPECT_FALSE(holder_.Admits(kStart + absl::Seconds(4)));  // SIGSTOP, and its reply may not leave.
}

TEST_F(LeaseTest, Safety8AReleasedLeaseIsTakenOverAtOnceAndNeverComesBackByALateGrant) {
  const absl::Time stamp = *holder_.Ask(kStart);
  ASSERT_TRUE(Renew(kStart));
  holder_.Release();
  EXPECT_FALSE(holder_.Admits(kStart));
  grantor_.OnRelease(kTerms);
  EXPECT_TRUE(grantor_.CanTakeOver(kShard, kStart));
  holder_.OnGrant({kTerms, stamp, absl::ZeroDuration()});
  EXPECT_FALSE(holder_.Admits(kStart));
  EXPECT_FALSE(Renew(kStart + absl::Seconds(1)));
  holder_.Reclaim();
  EXPECT_TRUE(Renew(kStart + absl::Seconds(1)));
  EXPECT_TRUE(holder_.Admits(kStart + absl::Seconds(1)));
}

TEST_F(LeaseTest, Safety8LosingTheShardEndsTheLeaseAtOnce) {
  ASSERT_TRUE(Renew(kStart));
  holder_.SetTerms(std::nullopt);
  EXPECT_FALSE(holder_.Admits(kStart));
  holder_.SetTerms(kTerms);
  EXPECT_FALSE(holder_.Admits(kStart));
}

TEST_F(LeaseTest, ANewEpochOfTheSameProcessKeepsTheLease) {
  ASSERT_TRUE(Renew(kStart));
  LeaseTerms bumped = kTerms;
  ++bumped.epoch;
  holder_.SetTerms(bumped);
  EXPECT_TRUE(holder_.Admits(kStart));
  bumped.boot = 78;
  holder_.SetTerms(bumped);
  EXPECT_FALSE(holder_.Admits(kStart));
}

TEST_F(LeaseTest, Safety9WithoutAMajorityLeasesRunOutAndNewOnesAreNotGiven) {
  ASSERT_TRUE(Renew(kStart, absl::Seconds(2)));
  EXPECT_FALSE(holder_.Admits(kStart + absl::Seconds(1)));
  EXPECT_FALSE(Renew(kStart + absl::Seconds(1), absl::Seconds(3)));
  EXPECT_FALSE(Renew(kStart + absl::Seconds(1), absl::InfiniteDuration()));
}

// Clocks of holder and leaders run wrong by up to 500 ppm, answers take any time: when a leader
// says that a lease is over, its holder has stopped. `slack` makes the lease longer than it should
// be.
bool Overlaps(uint64_t seed, absl::Duration slack) {
  sim::Random random(seed);
  const auto drift = [&random] { return random.Percent(50) ? -kDriftPpm : kDriftPpm; };
  const auto ms = [&random](uint64_t below) {
    return absl::Milliseconds(static_cast<int64_t>(random.Below(below)));
  };
  const sim::Clock holder_clock(kStart, ms(1000), drift());
  const sim::Clock leader_clock(kStart, ms(1000), drift());
  LeaseHolder holder(kT);
  LeaseGrantor leader(kT);
  holder.SetTerms(kTerms);
  leader.Lead(leader_clock.Local(kStart));
  absl::Time now = kStart + kT + ms(100000);
  absl::Time deadline;
  for (int i = 0; i < 5; ++i) {
    const absl::Time round = now - ms(2500);
    const absl::Time stamp = *holder.Ask(holder_clock.Local(now));
    now += ms(300);
    const absl::Time at = leader_clock.Local(now);
    const auto grant = leader.Grant(at, kTerms, stamp, leader_clock.Local(round));
    now += ms(300);
    if (grant.has_value()) holder.OnGrant(*grant);
  }
  if (holder.deadline() == absl::InfinitePast()) return false;
  deadline = holder_clock.TrueTime(holder.deadline() + slack);
  // A takeover just before the holder stops would overlap.
  return leader.CanTakeOver(kShard, leader_clock.Local(deadline - absl::Nanoseconds(2)));
}

TEST(LeaseDrift, Safety5And6LeasesNeverOverlapWithClocksWrongByTheBound) {
  int with_slack = 0;
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    ASSERT_FALSE(Overlaps(seed, absl::ZeroDuration())) << seed;
    with_slack += Overlaps(seed, absl::Milliseconds(8));
  }
  EXPECT_GT(with_slack, 0);  // The bound is near: without the drift's share it would fail.
}

}  // namespace
}  // namespace slotmesh::ledger
