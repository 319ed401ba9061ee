// Large clusters: how fast a change of the map reaches all, what idling costs, and what a dead node
// among many means.
#include <algorithm>
#include <vector>

#include "gossip/budget.h"
#include "gossip/cluster_sim.h"
#include "gtest/gtest.h"

namespace slotmesh::gossip {
namespace {

constexpr int kBudgetNodes = 2000;
constexpr double kBudgetSeconds = 5;
constexpr int kNodes = 1000;

ClusterSimOptions Large(uint64_t seed, double loss_percent) {
  return {.seed = seed,
          .nodes = kNodes,
          .voters = 5,
          .shard_size = 3,
          .faults = {.loss_percent = loss_percent,
                     .delay_min = absl::Milliseconds(1),
                     .delay_extra_mean = absl::Milliseconds(2)},
          .check_every = 0};
}

// How long it took each node to get the map that `origin` gets now, in order.
std::vector<absl::Duration> SpreadTimes(ClusterSim& cluster, int origin) {
  std::vector<absl::Duration> times;
  const absl::Time start = cluster.scheduler().now();
  cluster.OnMap([&](int, uint64_t) { times.push_back(cluster.scheduler().now() - start); });
  cluster.ChangeMap(origin);
  cluster.scheduler().RunUntil([&] { return times.size() >= kNodes; }, absl::Seconds(10));
  cluster.OnMap(nullptr);
  std::sort(times.begin(), times.end());
  return times;
}

TEST(ScaleSimTest, AMapChangeReachesAThousandNodesWithinASecond) {
  for (const double loss : {0.0, 5.0}) {
    SCOPED_TRACE(testing::Message() << "seed=1 loss=" << loss);
    ClusterSim cluster(Large(1, loss));
    cluster.scheduler().RunFor(absl::Seconds(3));
    for (const int origin : {0, 999}) {  // A voter and one that is none.
      const std::vector<absl::Duration> times = SpreadTimes(cluster, origin);
      ASSERT_EQ(times.size(), static_cast<size_t>(kNodes)) << "from node " << origin;
      const absl::Duration p99 = times[kNodes * 99 / 100];
      EXPECT_LE(p99, absl::Seconds(1)) << "from node " << origin;
      RecordProperty("p99", absl::FormatDuration(p99));
      std::printf("from node %d at %g %% loss: p50 %s, p99 %s, last %s\n", origin, loss,
                  absl::FormatDuration(times[kNodes / 2]).c_str(),
                  absl::FormatDuration(p99).c_str(), absl::FormatDuration(times.back()).c_str());
    }
  }
}

TEST(ScaleSimTest, IdlingStaysWithinItsBudget) {
  const Budget budget = MeasureBudget(kBudgetNodes, kBudgetSeconds, 0, 1);
  EXPECT_EQ(budget.deaths, 0u);
  EXPECT_LE(budget.member_max.kilobytes_per_second, 10);
  EXPECT_LE(budget.voter_max.kilobytes_per_second, 2000);
  EXPECT_GT(budget.member_mean.kilobytes_per_second, 1) << "nothing was measured";
}

TEST(ScaleSimTest, ADeadNodeAmongAThousandIsKnownToAllSoonAndNobodyElseIsBlamed) {
  ClusterSim cluster(Large(2, 1));
  cluster.scheduler().RunFor(absl::Seconds(6));
  int wrong = 0;
  int seen = 0;
  cluster.OnChange([&](int, const StateChange& change) {
    if (change.after != State::kDead) return;
    (cluster.IndexOf(change.node) == 500 ? seen : wrong) += 1;
  });
  cluster.hosts().Crash(500);
  EXPECT_TRUE(cluster.scheduler().RunUntil([&] { return seen >= kNodes - 1; }, absl::Seconds(9),
                                           absl::Milliseconds(50)))
      << seen << " know";
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace slotmesh::gossip
