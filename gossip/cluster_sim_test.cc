// Small clusters of gossip machines: what they notice, how fast, and what they must not believe.
#include "gossip/cluster_sim.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace slotmesh::gossip {
namespace {

constexpr absl::Duration kT = absl::Seconds(3);

testing::AssertionResult RunUntilConverged(ClusterSim& cluster, absl::Duration limit) {
  if (cluster.scheduler().RunUntil([&] { return cluster.Converged(); }, limit,
                                   absl::Milliseconds(20))) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << cluster.scheduler().status().message() << "\n"
                                     << cluster.Describe();
}

TEST(ClusterSimTest, AFreshClusterConverges) {
  for (int nodes = 1; nodes <= 9; ++nodes) {
    ClusterSim cluster({.nodes = nodes});
    cluster.scheduler().RunFor(absl::Milliseconds(1));
    EXPECT_TRUE(RunUntilConverged(cluster, absl::Seconds(5))) << nodes << " nodes";
  }
}

// A lease of T from the last beat is over by then, and not long over.
TEST(ClusterSimTest, ADeadNodeIsFoundAfterTAndSoonAfter) {
  std::vector<absl::Duration> times;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    ClusterSim cluster({.seed = seed, .nodes = 5});
    cluster.scheduler().RunFor(absl::Seconds(10));
    const absl::Time start = cluster.scheduler().now();
    cluster.hosts().Crash(4);
    ASSERT_TRUE(
        cluster.scheduler().RunUntil([&] { return cluster.AllSee(4, State::kDead); }, 3 * kT))
        << cluster.Describe();
    times.push_back(cluster.scheduler().now() - start);
  }
  std::sort(times.begin(), times.end());
  EXPECT_GE(times.front(), kT - kT / 10 - absl::Milliseconds(100));
  EXPECT_LE(times[times.size() / 2], kT * 1.15);
  EXPECT_LE(times.back(), kT * 1.4);
}

TEST(ClusterSimTest, NobodyAliveIsTakenForDeadUnderLoss) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    ClusterSim cluster({.seed = seed,
                        .nodes = 9,
                        .voters = 5,
                        .faults = {.loss_percent = 5, .duplicate_percent = 2, .slow_percent = 1},
                        .check_every = 64});
    int deaths = 0;
    cluster.OnChange(
        [&](int, const StateChange& change) { deaths += change.after == State::kDead; });
    EXPECT_TRUE(cluster.scheduler().RunFor(absl::Minutes(5)));
    EXPECT_EQ(deaths, 0) << cluster.Describe();
    EXPECT_TRUE(RunUntilConverged(cluster, absl::Seconds(5)));
  }
}

TEST(ClusterSimTest, BothSidesOfAPartitionAgreeAgainAfterHealing) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    ClusterSim cluster({.seed = seed, .nodes = 6, .voters = 3, .shard_size = 2});
    cluster.scheduler().RunFor(absl::Seconds(5));
    cluster.links().Partition({0, 4}, {1, 2, 3, 5});
    cluster.scheduler().RunFor(4 * kT);
    for (const int observer : {1, 2, 3, 5}) {
      EXPECT_FALSE(cluster.view(observer).isolated());
      EXPECT_EQ(cluster.StateOf(observer, 0), State::kDead);
      EXPECT_EQ(cluster.StateOf(observer, 4), State::kDead);
      EXPECT_EQ(cluster.StateOf(observer, 1 + observer % 3), State::kAlive);
    }
    EXPECT_TRUE(cluster.view(0).isolated());
    EXPECT_EQ(cluster.StateOf(0, 4), State::kAlive);
    EXPECT_NE(cluster.StateOf(0, 1), State::kDead) << "the smaller side judges nobody";
    cluster.ChangeMap(1);
    cluster.links().HealAll();
    EXPECT_TRUE(RunUntilConverged(cluster, kT)) << cluster.Describe();
  }
}

TEST(ClusterSimTest, ANodeThatHearsNobodyBlamesNobody) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    ClusterSim cluster({.seed = seed, .nodes = 5, .voters = 5});
    cluster.scheduler().RunFor(absl::Seconds(5));
    int deaths = 0;
    cluster.OnChange(
        [&](int, const StateChange& change) { deaths += change.after == State::kDead; });
    cluster.links().PartitionOneWay({1, 2, 3, 4}, {0});  // Deaf: it can still talk.
    cluster.scheduler().RunFor(10 * kT);
    EXPECT_EQ(deaths, 0);
    EXPECT_TRUE(cluster.view(0).isolated());
  }
}

// Helpers reach whom one node cannot.
TEST(ClusterSimTest, ALinkThatIsCutBetweenTwoNodesKillsNeither) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    ClusterSim cluster({.seed = seed, .nodes = 4, .voters = 3});
    cluster.scheduler().RunFor(absl::Seconds(5));
    int blamed = 0;
    cluster.OnChange(
        [&](int, const StateChange& change) { blamed += change.after != State::kAlive; });
    seed % 2 == 0 ? cluster.links().CutBoth(0, 1) : cluster.links().Cut(0, 1);
    cluster.scheduler().RunFor(10 * kT);
    EXPECT_EQ(blamed, 0) << "not even suspected: " << cluster.Describe();
    EXPECT_EQ(cluster.StateOf(1, 0), State::kAlive);
    // What failover goes by is still the truth about the link.
    const absl::Time local_now = cluster.hosts().LocalNow(1);
    EXPECT_GT(local_now - cluster.view(1).LastHeard(cluster.id(0)), 9 * kT);
    EXPECT_LT(local_now - cluster.view(1).LastHeard(cluster.id(2)), kT / 2);
  }
}

TEST(ClusterSimTest, AStoppedProcessIsTakenForDeadAndRefutesWhenItGoesOn) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    ClusterSim cluster({.seed = seed, .nodes = 5});
    cluster.scheduler().RunFor(absl::Seconds(5));
    const Incarnation before = cluster.view(3).incarnation();
    cluster.hosts().Pause(3);
    cluster.scheduler().RunFor(3 * kT);
    EXPECT_TRUE(cluster.AllSee(3, State::kDead));
    int blamed = 0;
    cluster.OnChange([&](int observer, const StateChange& change) {
      blamed += observer == 3 && change.after != State::kAlive;
    });
    cluster.hosts().Resume(3);
    EXPECT_TRUE(RunUntilConverged(cluster, absl::Seconds(2)));
    EXPECT_EQ(blamed, 0) << "its own sleep is no sign that others are dead";
    EXPECT_GT(cluster.view(3).incarnation(), before);
    EXPECT_GE(cluster.machine(3)->stats().refutations, 1u);
    EXPECT_EQ(cluster.machine(3)->stats().pauses, 1u);
  }
}

TEST(ClusterSimTest, ARestartedProcessIsKnownByItsNewBootIdWhateverItsClock) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    ClusterSim cluster(
        {.seed = seed, .nodes = 4, .clock_back_percent = seed % 2 == 0 ? 100.0 : 0.0});
    cluster.scheduler().RunFor(absl::Seconds(5));
    const slots::BootId before = cluster.view(0).Find(cluster.id(3))->boot;
    cluster.hosts().Crash(3);
    cluster.scheduler().RunFor(seed % 4 < 2 ? kT / 4 : 3 * kT);  // Unnoticed, or found dead.
    cluster.hosts().Start(3);
    cluster.scheduler().RunFor(absl::Seconds(1));
    ASSERT_TRUE(RunUntilConverged(cluster, absl::Seconds(1)));
    cluster.scheduler().RunFor(kT / 5);
    for (int observer = 0; observer < 3; ++observer) {
      const MemberView member = *cluster.view(observer).Find(cluster.id(3));
      EXPECT_NE(member.boot, before);
      EXPECT_EQ(member.boot, cluster.view(3).Find(cluster.id(3))->boot);
      EXPECT_EQ(member.heard->beat.boot, member.boot);
    }
  }
}

TEST(ClusterSimTest, MembersComeAndGoWithTheMap) {
  ClusterSim cluster({.nodes = 5});
  cluster.scheduler().RunFor(absl::Seconds(5));
  cluster.ChangeMap(0, {0, 1, 2, 3});
  cluster.scheduler().RunFor(absl::Seconds(1));
  EXPECT_EQ(cluster.view(1).size(), 4u);
  EXPECT_FALSE(cluster.view(1).Find(cluster.id(4)).has_value());
  EXPECT_EQ(cluster.view(4).size(), 4u) << "the removed node learns that it is none";
  EXPECT_EQ(cluster.machine(4)->stats().bad_messages, 0u);
  cluster.scheduler().RunFor(10 * kT);
  cluster.ChangeMap(0, {0, 1, 2, 3, 4});
  EXPECT_TRUE(RunUntilConverged(cluster, kT));
  EXPECT_EQ(cluster.view(4).size(), 5u);
}

TEST(ClusterSimTest, BeatsCarryWhatANodeSaysAboutItself) {
  ClusterSim cluster({.nodes = 3});
  cluster.scheduler().RunFor(absl::Seconds(3));
  cluster.SetLocal(1, {.ledger_term = 9, .replication_offset = 12345, .load_permille = 250});
  cluster.scheduler().RunFor(kT / 5);
  const Beat& beat = cluster.view(0).Find(cluster.id(1))->heard->beat;
  EXPECT_EQ(beat.ledger_term, 9u);
  EXPECT_EQ(beat.replication_offset, 12345u);
  EXPECT_EQ(beat.load_permille, 250u);
}

TEST(ClusterSimTest, AMapChangeReachesASmallClusterAtOnce) {
  ClusterSim cluster({.nodes = 9, .voters = 5});
  cluster.scheduler().RunFor(absl::Seconds(5));
  cluster.ChangeMap(7);
  EXPECT_TRUE(cluster.scheduler().RunUntil([&] { return cluster.AllHaveNewestMap(); },
                                           absl::Milliseconds(20)));
}

TEST(ClusterSimTest, TheShortestTimeoutWorksAsWell) {
  ClusterSim cluster({.nodes = 3, .node_timeout = kNodeTimeoutMin});
  cluster.scheduler().RunFor(absl::Seconds(2));
  cluster.hosts().Crash(2);
  EXPECT_TRUE(cluster.scheduler().RunUntil([&] { return cluster.AllSee(2, State::kDead); },
                                           kNodeTimeoutMin * 2));
}

}  // namespace
}  // namespace slotmesh::gossip
