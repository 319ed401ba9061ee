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

}  // namespace
}  // namespace slotmesh::gossip
