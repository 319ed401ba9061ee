#include "gossip/sim/chaos.h"

#include "gtest/gtest.h"

namespace slotmesh::sim {
namespace {

TEST(ChaosTest, BreaksWithinItsBoundsAndHealsEverything) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Scheduler scheduler(seed);
    Hosts hosts(scheduler, {.count = 5});
    Links links(scheduler, {});
    Chaos chaos(hosts, links, {.down_max = 2});
    int crashes = 0;
    hosts.OnCrash([&](HostIndex) { ++crashes; });
    scheduler.AddChecker("at most two are not running", [&] {
      int down = 0;
      for (int i = 0; i < 5; ++i) down += !hosts.IsRunning(i);
      return down <= 2 ? absl::OkStatus() : absl::InternalError("more");
    });
    chaos.Begin();
    EXPECT_TRUE(scheduler.RunFor(absl::Minutes(2)));
    EXPECT_GT(chaos.faults(), 50u);
    EXPECT_GT(crashes, 3);
    chaos.Heal();
    EXPECT_TRUE(scheduler.RunFor(absl::Minutes(2)));
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(hosts.IsRunning(i));
      for (int j = 0; j < 5; ++j) EXPECT_FALSE(links.IsCut(i, j));
    }
    EXPECT_EQ(links.faults().loss_percent, 0);
  }
}

}  // namespace
}  // namespace slotmesh::sim
