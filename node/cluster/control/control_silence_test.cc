// A node whose engine does not turn any more, while its control thread could go on.
#include "gtest/gtest.h"
#include "node/cluster/control/control_safety_fixture.h"

namespace slotmesh::node {
namespace {

using ControlSilence = ControlSafety;

TEST_F(ControlSilence, AReplicaTakesOverFromAnEngineThatHangs) {
  FormWithReplica(/*offset=*/100);
  ASSERT_TRUE(Admits(1, 1));
  sim_->SetEngineSilent(1, true);
  ASSERT_TRUE(Until([this] { return Admits(3, 1); }, absl::Seconds(15)));
  EXPECT_TRUE(sim_->Admitted(1).empty());
  sim_->SetEngineSilent(1, false);
  ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
  EXPECT_TRUE(sim_->Admitted(1).empty());
  EXPECT_TRUE(Admits(3, 1));
  EXPECT_EQ(ShardOf(1).id, ShardOf(3).id);
}

// Others lead and decide without it.
TEST_F(ControlSilence, WhoeverLeadsTheLedgerAndHangsIsReplacedThere) {
  FormWithReplica(/*offset=*/100);
  int host = 0;
  while (sim_->node(host)->ledger().leadership().leader != sim_->node(host)->self()) ++host;
  const slots::NodeId leader = sim_->node(host)->self();
  sim_->SetEngineSilent(host, true);
  const int other = host == 2 ? 1 : 2;  // A voter, too.
  EXPECT_TRUE(Until(
      [&] {
        const slots::NodeId next = sim_->node(other)->ledger().leadership().leader;
        return next != leader && !next.is_zero() && Admits(other, other);
      },
      absl::Seconds(15)));
  sim_->SetEngineSilent(host, false);
  EXPECT_TRUE(Until([this] { return sim_->AllAgree(); }));
}

}  // namespace
}  // namespace slotmesh::node
