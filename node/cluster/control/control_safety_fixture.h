// Whole control nodes and what is asked of them in the tests of the safety rules: what must not
// happen is checked after every event (ControlSim).
#ifndef SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_SAFETY_FIXTURE_H_
#define SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_SAFETY_FIXTURE_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "node/cluster/control/control_sim.h"

namespace slotmesh::node {

class ControlSafety : public testing::Test {
 protected:
  static constexpr int kRange = 1000;  // Slots of each host's claim.

  void Begin(int nodes, bool claims_conflict = false) {
    ControlSimOptions options;
    options.nodes = nodes;
    options.claims_conflict = claims_conflict;
    sim_ = std::make_unique<ControlSim>(options);
    sim_->scheduler().RunFor(absl::Seconds(1));
  }
  // One cluster, in which each node owns a range.
  void Form(int nodes) {
    Begin(nodes);
    for (int host = 0; host < nodes; ++host) Claim(host, host);
    for (int host = 1; host < nodes; ++host) sim_->Meet(host, 0);
    ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
    Run(absl::Seconds(5));  // The voters are found.
  }
  // Of four, the last copies host 1 and has got that far (0: it says nothing); with what it had
  // `before`, as a primary of its own.
  void FormWithReplica(uint64_t offset, uint64_t before = 0) {
    Begin(4);
    for (int host = 0; host < 3; ++host) Claim(host, host);
    for (int host = 1; host < 4; ++host) sim_->Meet(host, 0);
    ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
    Run(absl::Seconds(5));
    sim_->SetOffset(3, before);
    Run(absl::Seconds(2));
    const slots::ShardInfo& shard = ShardOf(1);
    sim_->Propose(3, ledger::ReplicaAssigned{ProcessOf(3, 3), shard.id, shard.epoch}, nullptr);
    ASSERT_TRUE(Until([this] { return ShardOf(3).id == ShardOf(1).id; }));
    if (offset > 0) sim_->SetOffset(3, offset);
    Run(absl::Seconds(2));
  }
  void TearDown() override {
    const absl::Status status = sim_->scheduler().status();
    EXPECT_TRUE(status.ok()) << status << "\n" << sim_->Describe();
    if (HasFailure()) ADD_FAILURE() << sim_->Describe();
  }

  void Run(absl::Duration time) { sim_->scheduler().RunFor(time); }
  bool Until(std::function<bool()> done, absl::Duration within = absl::Seconds(60)) {
    return sim_->scheduler().RunUntil(done, within, absl::Milliseconds(50));
  }
  const slots::ShardInfo& ShardOf(int host) {
    return *sim_->node(host)->map().ShardOf(sim_->node(host)->self());
  }
  const ledger::View& ViewOf(int host) { return sim_->node(host)->ledger().view(); }
  const slots::LogId& LogOf(int host) { return sim_->node(host)->ledger().log(); }
  ledger::NodeBoot ProcessOf(int host, int seen_by) {
    const slots::NodeId& id = sim_->node(host)->self();
    return {id, ViewOf(seen_by).BootOf(id)};
  }
  static slots::SlotSet RangeOf(int number) {
    const int first = number * kRange;
    return slots::SlotSet::Of(static_cast<slots::Slot>(first),
                              static_cast<slots::Slot>(first + kRange - 1));
  }
  void Claim(int host, int range) {
    const slots::ShardInfo& shard = ShardOf(host);
    sim_->Propose(host, ledger::SlotsAssigned{shard.id, shard.epoch, RangeOf(range)}, nullptr);
    Run(absl::Milliseconds(100));
  }
  bool Admits(int host, int range) { return sim_->Admitted(host).ContainsAll(RangeOf(range)); }
  void Cut(int host) { sim_->links().Isolate(host, sim_->size()); }

  std::unique_ptr<ControlSim> sim_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CONTROL_CONTROL_SAFETY_FIXTURE_H_
