// What nodes say of themselves while they run, with whole control nodes.
#include "gtest/gtest.h"
#include "node/cluster/control/control_sim.h"

namespace slotmesh::node {
namespace {

class ControlAnnounce : public testing::Test {
 protected:
  // Host 1's shard has a replica, the last host.
  void SetUp() override {
    ControlSimOptions options;
    options.nodes = 4;
    sim_ = std::make_unique<ControlSim>(options);
    Run(absl::Seconds(1));
    for (int host = 1; host < 4; ++host) sim_->Meet(host, 0);
    ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
    Run(absl::Seconds(5));
    const slots::ShardInfo& shard = ShardOf(1);
    sim_->Propose(1, ledger::SlotsAssigned{shard.id, shard.epoch, slots::SlotSet::Of(0, 99)},
                  nullptr);
    const slots::NodeId replica = sim_->IdOf(3);
    const slots::BootId boot = sim_->node(0)->ledger().view().BootOf(replica);
    sim_->Propose(3, ledger::ReplicaAssigned{{replica, boot}, shard.id, shard.epoch}, nullptr);
    ASSERT_TRUE(Until([this] { return ShardOf(3).id == ShardOf(1).id; }));
    sim_->SetOffset(3, 100);
    Run(absl::Seconds(2));
  }
  void TearDown() override {
    EXPECT_TRUE(sim_->scheduler().status().ok()) << sim_->scheduler().status();
  }
  void Run(absl::Duration time) { sim_->scheduler().RunFor(time); }
  bool Until(std::function<bool()> done, absl::Duration within = absl::Seconds(60)) {
    return sim_->scheduler().RunUntil(done, within, absl::Milliseconds(50));
  }
  const slots::ShardInfo& ShardOf(int host) {
    return *sim_->node(host)->map().ShardOf(sim_->node(host)->self());
  }
  bool AllShow(int host, const slots::NodeLabels& labels) {
    for (int seen_by = 0; seen_by < sim_->size(); ++seen_by) {
      const slots::NodeInfo* node = sim_->picture(seen_by).map->FindNode(sim_->IdOf(host));
      if (node == nullptr || node->labels != labels) return false;
    }
    return true;
  }

  std::unique_ptr<ControlSim> sim_;
};

TEST_F(ControlAnnounce, AllMembersSeeWhatANodeSaysOfItself) {
  const slots::NodeLabels labels{.human_name = "blue", .client_ipv4 = "192.0.2.7"};
  sim_->Label(2, labels);
  EXPECT_TRUE(Until([&] { return AllShow(2, labels); }, absl::Seconds(2)));
  // Within the second in which it has said something already.
  sim_->Label(2, {.human_name = "green"});
  EXPECT_TRUE(Until([&] { return AllShow(2, {.human_name = "green"}); }, absl::Seconds(2)));
  // A process that is started without it has it no more.
  sim_->CrashFor(2, absl::Seconds(1));
  EXPECT_TRUE(Until([&] { return sim_->node(2) != nullptr && AllShow(2, {}); }));
}

TEST_F(ControlAnnounce, AReplicaThatIsNotToBePromotedIsNot) {
  sim_->Label(3, {.no_failover = true});
  ASSERT_TRUE(Until([&] { return AllShow(3, {.no_failover = true}); }));
  const slots::NodeId primary = sim_->IdOf(1);
  sim_->CrashFor(1, absl::Seconds(60));
  EXPECT_FALSE(Until([&] { return ShardOf(3).primary != primary; }, absl::Seconds(15)));
  sim_->Label(3, {});
  EXPECT_TRUE(Until([&] { return ShardOf(3).primary == sim_->IdOf(3); }, absl::Seconds(15)));
}

}  // namespace
}  // namespace slotmesh::node
