#include "node/cluster/replica_migration.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace slotmesh::node {
namespace {

slots::NodeId Node(char letter) { return *slots::NodeId::FromHex(std::string(40, letter)); }
slots::ShardId Shard(char letter) { return *slots::ShardId::FromHex(std::string(40, letter)); }

// Shard 1: primary a, replicas b, c, d. Shard 2: primary e, replica f. All slots are theirs.
class ReplicaMigrationTest : public ::testing::Test {
 protected:
  ReplicaMigrationTest() {
    slots::SlotMapData data;
    for (const char letter : std::string("abcdef")) {
      slots::NodeInfo info;
      info.id = Node(letter);
      info.shard = Shard(letter < 'e' ? '1' : '2');
      info.ip = "127.0.0.1";
      info.port = 7000;
      data.nodes.push_back(info);
    }
    data.shards.resize(2);
    data.shards[0].id = Shard('1');
    data.shards[0].epoch = 4;
    data.shards[0].primary = Node('a');
    data.shards[0].replicas = {Node('b'), Node('c'), Node('d')};
    data.shards[0].in_sync = {Node('a')};
    data.shards[0].slots = slots::SlotSet::Of(0, 8191);
    data.shards[1].id = Shard('2');
    data.shards[1].epoch = 5;
    data.shards[1].primary = Node('e');
    data.shards[1].replicas = {Node('f')};
    data.shards[1].in_sync = {Node('e')};
    data.shards[1].slots = slots::SlotSet::Of(8192, 16383);
    data.version.sequence = 1;
    data.current_epoch = 5;
    const auto built = slots::SlotMap::Build(data);
    EXPECT_TRUE(built.ok()) << built.status();
    if (built.ok()) map_ = *built;
  }

  // Whether the node goes within some seconds.
  bool Goes(char letter) {
    ReplicaMigration machine;
    for (int64_t now = 1000; now < 9000; now += 100) {
      const auto move = machine.Step(
          *map_, {Node(letter), 7}, [&](const slots::NodeId& id) { return !dead_.contains(id); },
          settings_, now);
      if (!move.has_value()) continue;
      EXPECT_GE(now, 1000 + ReplicaMigration::kOrphanedMillis);
      EXPECT_EQ(move->shard, Shard('2'));
      EXPECT_EQ(move->expected_epoch, 5u);
      EXPECT_EQ(move->replica, (ledger::NodeBoot{Node(letter), 7}));
      return true;
    }
    return false;
  }

  std::shared_ptr<const slots::SlotMap> map_;
  std::set<slots::NodeId> dead_;
  ReplicaMigration::Settings settings_;
};

TEST_F(ReplicaMigrationTest, OneReplicaGoesToAnOrphanedPrimary) {
  dead_ = {Node('f')};
  EXPECT_TRUE(Goes('b'));
  EXPECT_FALSE(Goes('c'));
  EXPECT_FALSE(Goes('d'));
  dead_ = {Node('f'), Node('b')};
  EXPECT_TRUE(Goes('c'));
  EXPECT_FALSE(Goes('d'));
}

TEST_F(ReplicaMigrationTest, NobodyGoesWithoutNeed) {
  EXPECT_FALSE(Goes('b'));
  dead_ = {Node('f'), Node('e')};
  EXPECT_FALSE(Goes('b')) << "the primary is dead too";
}

TEST_F(ReplicaMigrationTest, TheBarrierStays) {
  dead_ = {Node('f')};
  settings_.barrier = 3;
  EXPECT_FALSE(Goes('b'));
  settings_.barrier = 2;
  EXPECT_TRUE(Goes('b'));
  dead_.insert(Node('c'));
  EXPECT_FALSE(Goes('b'));
}

TEST_F(ReplicaMigrationTest, OnlyIfItIsAllowed) {
  dead_ = {Node('f')};
  settings_.allowed = false;
  EXPECT_FALSE(Goes('b'));
}

TEST_F(ReplicaMigrationTest, PrimariesStay) {
  dead_ = {Node('f')};
  EXPECT_FALSE(Goes('a'));
  EXPECT_FALSE(Goes('e'));
}

TEST_F(ReplicaMigrationTest, WhoIsBackInTimeNeedsNobody) {
  ReplicaMigration machine;
  const auto step = [&](int64_t now) {
    return machine.Step(
        *map_, {Node('b'), 7}, [&](const slots::NodeId& id) { return !dead_.contains(id); },
        settings_, now);
  };
  dead_ = {Node('f')};
  EXPECT_FALSE(step(1000).has_value());
  EXPECT_FALSE(step(5000).has_value());
  dead_ = {};
  EXPECT_FALSE(step(5500).has_value());
  dead_ = {Node('f')};
  EXPECT_FALSE(step(6500).has_value());
  EXPECT_FALSE(step(9000).has_value());
  EXPECT_TRUE(step(11500).has_value());
  EXPECT_FALSE(step(11600).has_value()) << "one proposal at a time";
}

}  // namespace
}  // namespace slotmesh::node
