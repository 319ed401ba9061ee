#include "admin/cli/rolling_restart.h"

#include <algorithm>

#include "admin/cli/choose.h"
#include "admin/cli/render.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slotmesh::admin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Two shards of a primary and a replica: a1 (primary), a2; b1 (primary), b2. A restarted node comes
// back two looks later, a replica's data one later still.
class RollingRestartTest : public testing::Test {
 protected:
  RollingRestartTest() {
    status_.set_state("ok");
    Add("a1", "a", "primary");
    Add("a2", "a", "replica");
    Add("b1", "b", "primary");
    Add("b2", "b", "replica");
    world_.look = [this](const std::string& without) { return Look(without); };
    world_.serves = [](const wire::Node&) { return true; };
    world_.fail_over = [this](const wire::Node& node) { return TakeOver(node.id()); };
    world_.restart = [this](const wire::Node& node) {
      events_.push_back("restart " + node.id());
      if (Find(node.id()).role() == "primary") events_.push_back("gap");
      Find(node.id()).set_health("failed");
      down_ = node.id();
      looks_ = 0;
      return absl::OkStatus();
    };
    world_.now = [this] { return now_; };
    world_.sleep = [this](absl::Duration time) { now_ += time; };
    world_.report = [](const std::string&) {};
  }

  void Add(const std::string& id, const std::string& shard, const std::string& role) {
    wire::Node& node = *status_.add_nodes();
    node.set_id(id);
    node.set_shard(shard);
    node.set_role(role);
    node.set_health("online");
    node.set_boot(1);
    node.set_replication_offset(100);
    node.set_slot_count(role == "primary" ? 8192 : 0);
  }
  wire::Node& Find(const std::string& id) {
    return *std::find_if(status_.mutable_nodes()->begin(), status_.mutable_nodes()->end(),
                         [&](const wire::Node& node) { return node.id() == id; });
  }
  absl::StatusOr<wire::ClusterStatus> Look(const std::string& without) {
    if (down_.empty()) return status_;
    EXPECT_EQ(without, down_) << "only the others can say whether it is back";
    ++looks_;
    wire::Node& node = Find(down_);
    if (looks_ == 2 && comes_back_) {
      node.set_health("online");
      node.set_boot(node.boot() + 1);
      node.set_replication_offset(1);
    }
    if (looks_ == 3 && comes_back_) {
      node.set_replication_offset(100);
      down_.clear();
    }
    return status_;
  }
  absl::Status TakeOver(const std::string& id) {
    events_.push_back("failover " + id);
    wire::Node& next = Find(id);
    for (wire::Node& node : *status_.mutable_nodes()) {
      if (node.shard() != next.shard()) continue;
      node.set_role(&node == &next ? "primary" : "replica");
      node.set_slot_count(&node == &next ? 8192 : 0);
    }
    return absl::OkStatus();
  }

  wire::ClusterStatus status_;
  RestartWorld world_;
  std::vector<std::string> events_;
  std::string down_;
  int looks_ = 0;
  bool comes_back_ = true;
  absl::Time now_ = absl::FromUnixSeconds(1);
};

TEST_F(RollingRestartTest, ReplicasComeFirstAndPrimariesHandOver) {
  const auto restarted = RestartAll(world_, {});
  ASSERT_TRUE(restarted.ok()) << restarted.status();
  EXPECT_THAT(*restarted, ElementsAre("a2", "a1", "b2", "b1"));
  EXPECT_THAT(events_, ElementsAre("restart a2", "failover a2", "restart a1", "restart b2",
                                   "failover b2", "restart b1"));
}

TEST_F(RollingRestartTest, NothingIsRestartedWhereSomethingIsWrong) {
  Find("b2").set_health("failed");
  EXPECT_THAT(RestartAll(world_, {}).status().message(), HasSubstr("b2 is failed"));
  Find("b2").set_health("online");
  status_.set_state("fail");
  EXPECT_EQ(RestartAll(world_, {}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(events_.empty());
}

TEST_F(RollingRestartTest, PrimaryWithoutReplicaIsRestartedOnlyWhereGapsAreAllowed) {
  status_.mutable_nodes()->RemoveLast();
  const auto refused = RestartAll(world_, {});
  EXPECT_THAT(refused.status().message(), HasSubstr("--allow-gaps"));
  events_.clear();
  ASSERT_TRUE(RestartAll(world_, {.allow_gaps = true}).ok());
  EXPECT_THAT(events_, testing::Contains("gap"));
}

TEST_F(RollingRestartTest, NodeThatStaysAwayEndsIt) {
  comes_back_ = false;
  const auto ended = RestartAll(world_, {.timeout_per_node = absl::Seconds(5)});
  EXPECT_EQ(ended.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(ended.status().message(), HasSubstr("a2 was restarted"));
  EXPECT_THAT(events_, ElementsAre("restart a2"));
}

TEST_F(RollingRestartTest, StatusNamesShardsWithoutASecondCopy) {
  Find("b1").set_host("10.0.0.2");
  Find("b1").set_port(7001);
  EXPECT_THAT(StatusText(status_), testing::Not(HasSubstr("no second copy")));
  Find("b2").set_replication_offset(0);  // It has nothing yet.
  EXPECT_THAT(StatusText(status_), HasSubstr("no second copy of the data of 10.0.0.2:7001\n"));
  Find("b2").set_replication_offset(100);
  Find("b2").set_health("failed");
  EXPECT_THAT(StatusText(status_), HasSubstr("no second copy of the data of 10.0.0.2:7001\n"));
}

TEST_F(RollingRestartTest, MembersAreChosenByName) {
  Find("a1").set_host("10.0.0.1");
  Find("a1").set_port(7000);
  ASSERT_TRUE(FindMember(status_, "10.0.0.1:7000").ok());
  EXPECT_EQ((*FindMember(status_, "10.0.0.1:7000"))->id(), "a1");
  Find("b2").set_hostname("two.example");
  Find("b2").set_port(7003);
  ASSERT_TRUE(FindMember(status_, "two.example:7003").ok());
  EXPECT_EQ((*FindMember(status_, "two.example:7003"))->id(), "b2");
  EXPECT_FALSE(FindMember(status_, "two.example:7000").ok());
  EXPECT_EQ(FindMember(status_, "a").status().code(), absl::StatusCode::kNotFound);
  Find("b2").set_replication_offset(0);
  EXPECT_EQ(BestReplica(status_, "b"), nullptr);
}

}  // namespace
}  // namespace slotmesh::admin
