#include "admin/operations.h"

#include "admin/check.h"
#include "admin/fake_control.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slotmesh::admin {
namespace {

using testing::HasSubstr;

class OperationsTest : public testing::Test {
 protected:
  Operations Make(FakeControl& control) {
    return Operations(
        control, {.now = [this] { return now_; },
                  .sleep = [this](absl::Duration duration) { now_ += duration; },
                  .cancelled = [this] { return cancelled_ || now_ > cancel_at_; },
                  .report = [this](const ProgressReport& report) { reports_.push_back(report); }});
  }
  static std::string Message(const absl::Status& status) { return std::string(status.message()); }

  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  absl::Time cancel_at_ = absl::InfiniteFuture();
  bool cancelled_ = false;
  std::vector<ProgressReport> reports_;
};

TEST_F(OperationsTest, FormJoinsAllAndDealsTheSlotsOutInTheOrderGiven) {
  FakeControl control(TestMapData({""}));
  slots::SlotMapData all = TestMapData({"", "", ""});
  control.reachable_ = {all.nodes[1], all.nodes[2]};
  control.unavailable_ = 3;  // A node that is just starting.
  ASSERT_EQ(Make(control).Form({{"127.0.0.1", 7002}, {"127.0.0.1", 7001}}, 0), absl::OkStatus());
  EXPECT_EQ(control.Shard(TestShard(1)).slots.ToString(), "0-5460");
  EXPECT_EQ(control.Shard(TestShard(3)).slots.ToString(), "5461-10921");
  EXPECT_EQ(control.Shard(TestShard(2)).slots.ToString(), "10922-16383");
  EXPECT_TRUE(reports_.back().finished);
  // Again: it is found formed.
  EXPECT_EQ(Make(control).Form({{"127.0.0.1", 7002}, {"127.0.0.1", 7001}}, 0), absl::OkStatus());
  EXPECT_THAT(reports_.back().text, HasSubstr("already"));
}

TEST_F(OperationsTest, FormGivesEachPrimaryItsReplicas) {
  FakeControl control(TestMapData({""}));
  slots::SlotMapData all = TestMapData({"", "", "", ""});
  control.reachable_ = {all.nodes[1], all.nodes[2], all.nodes[3]};
  const std::vector<NodeAddress> others = {
      {"127.0.0.1", 7001}, {"127.0.0.1", 7002}, {"127.0.0.1", 7003}};
  ASSERT_EQ(Make(control).Form(others, 1), absl::OkStatus());
  ASSERT_EQ(control.data_.shards.size(), 2u);
  for (const slots::ShardInfo& shard : control.data_.shards) {
    EXPECT_EQ(shard.replicas.size(), 1u);
    EXPECT_EQ(shard.slots.count(), slots::kSlotCount / 2);
  }
  EXPECT_EQ(reports_.back().text,
            "the cluster of 2 primaries and 2 replicas serves all 16384 slots");
}

TEST_F(OperationsTest, FormRefusesTooFewNodesAndNodesInUse) {
  FakeControl few(TestMapData({""}));
  few.reachable_ = {TestMapData({"", ""}).nodes[1]};
  EXPECT_THAT(Message(Make(few).Form({{"127.0.0.1", 7001}}, 2)), HasSubstr("not enough"));
  FakeControl formed(TestMapData({"0-99"}));
  EXPECT_THAT(Message(Make(formed).Form({{"127.0.0.1", 7001}}, 0)), HasSubstr("slotmesh add-node"));
  FakeControl fresh(TestMapData({""}));
  EXPECT_THAT(Message(Make(fresh).Form({{"127.0.0.1", 7001}}, 0)),
              HasSubstr("127.0.0.1:7001: it owns keys"));
  EXPECT_THAT(Message(Make(fresh).Form({{"127.0.0.1", 60000}}, 0)), HasSubstr("bus port"));
}

TEST_F(OperationsTest, UnreachableNodeEndsInATimeoutThatNamesIt) {
  FakeControl control(TestMapData({""}));
  control.unavailable_ = 1'000'000;
  EXPECT_THAT(Message(Make(control).Form({{"127.0.0.1", 7001}}, 0)),
              HasSubstr("127.0.0.1:7001: connection refused"));
  EXPECT_GE(now_, absl::FromUnixSeconds(1'700'000'000) + kSettleTimeout);
}

TEST_F(OperationsTest, AddedNodeIsAMemberWithoutSlots) {
  FakeControl control(TestMapData({"0-8191", "8192-16383"}));
  control.reachable_ = {TestMapData({"", "", ""}).nodes[2]};
  ASSERT_EQ(Make(control).AddNode({"127.0.0.1", 7002}, ""), absl::OkStatus());
  EXPECT_EQ(control.data_.nodes.size(), 3u);
  EXPECT_THAT(reports_.back().text, HasSubstr("slotmesh rebalance"));
}

TEST_F(OperationsTest, ReshardMovesInPartsAndReports) {
  FakeControl control(TestMapData({"0-8191", "8192-16383"}));
  ASSERT_EQ(Make(control).Reshard("127.0.0.1:7001", 1300, {"1111"}, false), absl::OkStatus());
  EXPECT_EQ(control.moves_.size(), 3u);  // 512 + 512 + 276
  EXPECT_EQ(control.Shard(TestShard(1)).slots.count(), 8192 - 1300);
  EXPECT_EQ(reports_.front().phase, "plan");
  EXPECT_EQ(reports_.front().plan.size(), 1u);
  EXPECT_EQ(reports_.back().slots_done, 1300);
  EXPECT_EQ(reports_.back().keys, 13'000u);
  int last = 0;
  for (const ProgressReport& report : reports_) {
    EXPECT_GE(report.slots_done, last);
    last = report.slots_done;
  }
}

TEST_F(OperationsTest, DryRunAndNothingToDoMoveNothing) {
  FakeControl control(TestMapData({"0-9999", "10000-16383"}));
  ASSERT_EQ(Make(control).Rebalance({}, 2, true), absl::OkStatus());
  EXPECT_EQ(reports_[0].slots_total, 1808);
  EXPECT_TRUE(control.moves_.empty());
  FakeControl even(TestMapData({"0-8191", "8192-16383"}));
  ASSERT_EQ(Make(even).Rebalance({}, 2, false), absl::OkStatus());
  EXPECT_EQ(reports_.back().text, "nothing to move");
}

TEST_F(OperationsTest, AbortedMoveSaysHowFarItCameAndARepetitionGoesOn) {
  FakeControl control(TestMapData({"0-8191", "8192-16383"}));
  control.abort_move_ = 2;
  const absl::Status status = Make(control).Reshard("127.0.0.1:7001", 1300, {}, false);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(status), HasSubstr("after 512 of 1300 slots"));
  EXPECT_THAT(Message(status), HasSubstr("FLUSHALL"));
  EXPECT_EQ(Make(control).Reshard("127.0.0.1:7001", 788, {}, false), absl::OkStatus());
  EXPECT_EQ(control.Shard(TestShard(1)).slots.count(), 8192 - 1300);
}

TEST_F(OperationsTest, MoveThatIsForgottenIsLookedUpInTheMap) {
  FakeControl control(TestMapData({"0-8191", "8192-16383"}));
  control.forget_moves_ = true;
  control.polls_per_move_ = 1;
  // The moves commit on the last poll before they are forgotten, or never: then it is an error.
  const absl::Status status = Make(control).Reshard("127.0.0.1:7001", 10, {}, false);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(Message(status), HasSubstr("did not complete"));
}

TEST_F(OperationsTest, CallerThatGoesCancelsTheRunningMove) {
  FakeControl control(TestMapData({"0-8191", "8192-16383"}));
  control.polls_per_move_ = 1'000'000;
  cancel_at_ = now_ + absl::Seconds(1);
  EXPECT_EQ(Make(control).Reshard("127.0.0.1:7001", 10, {}, false).code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(control.moves_["1"].error, "cancelled");
}

TEST_F(OperationsTest, AddedReplicaHasACopyWhenItIsDone) {
  FakeControl control(TestMapData({"0-8191", "8192-16383"}));
  control.reachable_ = {TestMapData({"", "", ""}).nodes[2]};
  ASSERT_EQ(Make(control).AddNode({"127.0.0.1", 7002}, "127.0.0.1:7001"), absl::OkStatus());
  EXPECT_THAT(control.Shard(TestShard(2)).replicas, testing::ElementsAre(TestNode(3)));
  EXPECT_THAT(reports_.back().text, HasSubstr("has a copy"));
  EXPECT_THAT(Message(Make(control).AddNode({"127.0.0.1", 7002}, "127.0.0.1:1")),
              HasSubstr("no member is called"));
}

TEST_F(OperationsTest, NodeIsDrainedBeforeItIsRemoved) {
  FakeControl control(TestMapData({"0-5460", "5461-10921", "10922-16383"}));
  ASSERT_EQ(Make(control).Drain("127.0.0.1:7001"), absl::OkStatus());
  EXPECT_TRUE(control.Shard(TestShard(2)).slots.empty());
  ASSERT_EQ(Make(control).RemoveNode("127.0.0.1:7002"), absl::OkStatus());
  EXPECT_EQ(control.data_.nodes.size(), 2u);
  EXPECT_TRUE((*control.View()).ok);
}

TEST_F(OperationsTest, ReplicasOfARemovedNodeGoToTheOthers) {
  slots::SlotMapData data = TestMapData({"0-5460", "5461-16383", ""});
  data.nodes[2].shard = TestShard(1);
  data.shards.pop_back();
  data.shards[0].replicas = {TestNode(3)};
  FakeControl control(data);
  ASSERT_EQ(Make(control).RemoveNode("127.0.0.1:7000"), absl::OkStatus());
  EXPECT_THAT(control.Shard(TestShard(2)).replicas, testing::ElementsAre(TestNode(3)));
  EXPECT_EQ(control.data_.nodes.size(), 2u);
}

TEST_F(OperationsTest, DeadNodeWithSlotsIsNotDrained) {
  FakeControl control(TestMapData({"0-8191", "8192-16383"}));
  control.health_[TestNode(2)] = NodeHealth::kFailed;
  EXPECT_THAT(Message(Make(control).RemoveNode("127.0.0.1:7001")), HasSubstr("is down"));
  EXPECT_TRUE(control.moves_.empty());
}

TEST_F(OperationsTest, FailoverEndsWhenTheReplicaIsThePrimary) {
  slots::SlotMapData data = TestMapData({"", "0-16383"});
  data.nodes[0].shard = TestShard(2);
  data.shards.erase(data.shards.begin());
  data.shards[0].replicas = {TestNode(1)};
  FakeControl control(data);
  control.keeps_primary_ = true;
  EXPECT_EQ(Make(control).Failover(false, false).code(), absl::StatusCode::kDeadlineExceeded);
  control.keeps_primary_ = false;
  control.health_[TestNode(2)] = NodeHealth::kFailed;
  EXPECT_THAT(Message(Make(control).Failover(false, false)), HasSubstr("down"));
  ASSERT_EQ(Make(control).Failover(true, false), absl::OkStatus());
  EXPECT_EQ(control.Shard(TestShard(2)).primary, TestNode(1));
  EXPECT_EQ(Make(control).Failover(false, false), absl::OkStatus());
}

TEST_F(OperationsTest, MembersAreFoundByAllTheirNames) {
  slots::SlotMapData data = TestMapData({"0-99", "100-16383"});
  data.nodes[1].id = slots::NodeId::FromBytes(std::string(19, '\x11') + "\x12");
  data.shards[1].primary = data.nodes[1].id;
  data.shards[1].in_sync = {data.nodes[1].id};
  data.nodes[1].hostname = "two.example";
  const auto map = TestMap(data);
  for (const std::string& name : {data.nodes[1].id.ToHex(), std::string("127.0.0.1:7001"),
                                  std::string("two.example:7001"), data.shards[1].id.ToHex()}) {
    ASSERT_TRUE(FindMember(*map, name).ok()) << name;
    EXPECT_EQ(FindMember(*map, name)->id, data.nodes[1].id);
  }
  EXPECT_EQ(FindMember(*map, "1111").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FindMember(*map, "111").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FindMember(*map, "").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OperationsTest, HealthyClusterHasNoFindings) {
  FakeControl control(TestMapData({"0-5460", "5461-10921", "10922-16383"}));
  EXPECT_TRUE(Check(*control.View()).empty());
}

TEST_F(OperationsTest, CheckNamesWhatIsWrongMostSeriousFirst) {
  slots::SlotMapData data = TestMapData({"0-12000", "12001-16000", "16001-16382"});
  data.shards[2].primary = {};
  data.shards[2].in_sync = {};
  data.shards[2].replicas = {TestNode(3)};
  FakeControl control(data);
  control.health_[TestNode(2)] = NodeHealth::kFailed;
  control.health_[TestNode(3)] = NodeHealth::kSuspected;
  const auto findings = Check(*control.View());
  std::string all;
  for (const Finding& finding : findings) all += finding.text + "\n";
  EXPECT_EQ(findings.front().severity, Finding::Severity::kError);
  EXPECT_THAT(all, HasSubstr("1 slots are owned by nobody: 16383"));
  EXPECT_THAT(all, HasSubstr("127.0.0.1:7001 has failed"));
  EXPECT_THAT(all, HasSubstr("127.0.0.1:7002 does not answer"));
  EXPECT_THAT(all, HasSubstr("has no primary"));
  EXPECT_THAT(all, HasSubstr("only 1 of 3 voters are alive, 2 are needed"));
  EXPECT_EQ(findings.back().severity, Finding::Severity::kInfo);
}

}  // namespace
}  // namespace slotmesh::admin
