// Changes that are asked for while the cluster is still forming, and what nodes show of themselves.
#include "gtest/gtest.h"
#include "node/cluster/cluster_propose.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class ClusterForming : public testing::Test {
 protected:
  std::string Finish(MoveClient& client, std::string reply) {
    if (!client.waits()) return reply;
    EXPECT_TRUE(world.RunUntil([&] { return !client.waits(); }));
    return client.TakeReply();
  }
  std::string Run(uint64_t node, std::string_view words) {
    std::unique_ptr<MoveClient> client = world.node(node).Connect();
    return Finish(*client, client->Run(words));
  }
  // As while the cluster becomes part of another one.
  void Seal() {
    const ledger::LogSealed seal{.into = slots::LogId::FromBytes(std::string(20, 'o')),
                                 .into_created = absl::UnixEpoch()};
    ASSERT_TRUE(world.control().Apply(seal).ok());
  }
  void Unseal() {
    const ledger::Seal& seal = *world.control().state().view().seal;
    ASSERT_TRUE(world.control().Apply(ledger::LogUnsealed{seal.into, seal.at}).ok());
  }
  std::string IdOf(uint64_t number) { return FakeControl::NodeIdOf(number).ToHex(); }

  MoveWorld world{5, 3};
};

TEST_F(ClusterForming, ChangesWaitUntilTheClusterCanDecide) {
  ASSERT_EQ(Run(1, "CLUSTER DELSLOTSRANGE 5 6"), "+OK\r\n");
  Seal();
  struct Asked {
    uint64_t node;
    std::string words;
    std::unique_ptr<MoveClient> client;
  };
  std::vector<Asked> all;
  all.push_back({1, "CLUSTER ADDSLOTS 5 6", nullptr});
  all.push_back({1, "CLUSTER DELSLOTS 100", nullptr});
  all.push_back({3, StrCat("CLUSTER REPLICATE ", IdOf(1)), nullptr});
  for (Asked& asked : all) {
    asked.client = world.node(asked.node).Connect();
    EXPECT_EQ(asked.client->Run(asked.words), "") << asked.words;
  }
  for (int i = 0; i < 200; ++i) {
    world.Advance(absl::Milliseconds(10));
    world.Tick();
    world.Settle();
  }
  for (Asked& asked : all) EXPECT_TRUE(asked.client->waits()) << asked.words;
  Unseal();
  for (Asked& asked : all) EXPECT_EQ(Finish(*asked.client, ""), "+OK\r\n") << asked.words;
  EXPECT_EQ(world.control().state().map()->assigned_slots(), slots::kSlotCount - 1);
}

TEST_F(ClusterForming, AWaitThatIsTooLongEndsWithWhatIsInItsWay) {
  Seal();
  std::unique_ptr<MoveClient> client = world.node(1).Connect();
  EXPECT_EQ(client->Run("CLUSTER DELSLOTS 5"), "");
  EXPECT_FALSE(world.RunUntil([&] { return !client->waits(); },
                              absl::Milliseconds(cluster_commands::kFormingMillis - 1000)));
  EXPECT_NE(Finish(*client, "").find("is sealed into log"), std::string::npos);
}

TEST_F(ClusterForming, WhatIsWrongIsRefusedAtOnce) {
  EXPECT_EQ(Run(2, "CLUSTER ADDSLOTS 5"), "-ERR Slot 5 is already busy\r\n");
  EXPECT_EQ(Run(2, StrCat("CLUSTER REPLICATE ", IdOf(2))), "-ERR Can't replicate myself\r\n");
  ASSERT_EQ(Run(1, "CLUSTER DELSLOTS 5"), "+OK\r\n");
  EXPECT_EQ(Run(1, "CLUSTER DELSLOTS 5"), "-ERR Slot 5 is already unassigned\r\n");
  EXPECT_EQ(Run(1, StrCat("CLUSTER REPLICATE ", IdOf(2))),
            "-ERR To set a master the node must be empty and without assigned slots.\r\n");
}

TEST_F(ClusterForming, ANodeShowsAtOnceWhatItSaysOfItself) {
  slots::NodeInfo info = world.node(1).state.own_info();
  info.ip = "192.0.2.1";
  info.port = 7700;
  info.hostname = "one.example";
  info.labels = {.client_ipv4 = "198.51.100.1", .no_failover = true};
  world.node(1).state.link().Announce(info);
  const std::string nodes = Run(1, "CLUSTER NODES");
  EXPECT_NE(nodes.find(" 198.51.100.1:7700@"), std::string::npos) << nodes;
  EXPECT_NE(nodes.find(",one.example myself,master,nofailover "), std::string::npos) << nodes;
  EXPECT_NE(Run(1, "CLUSTER SLOTS").find("198.51.100.1"), std::string::npos);
  EXPECT_NE(Run(1, "CLUSTER SHARDS").find("one.example"), std::string::npos);
}

TEST_F(ClusterForming, AReplicaShowsItsShardsOpenSlots) {
  FakeControlLink& link = world.control().AddReplica(4, 1);
  world.Add(4, link);
  ASSERT_EQ(Run(1, StrCat("CLUSTER SETSLOT 9 MIGRATING ", IdOf(2))), "+OK\r\n");
  ASSERT_TRUE(world.RunUntil([&] {
    return Run(4, "CLUSTER NODES").find(StrCat("[9->-", IdOf(2), "]")) != std::string::npos;
  }));
}

}  // namespace
}  // namespace slotmesh::node
