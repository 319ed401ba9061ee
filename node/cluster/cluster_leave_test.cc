// CLUSTER RESET and CLUSTER FORGET as a client sees them.
#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class ClusterLeave : public testing::Test {
 protected:
  std::string IdOf(uint64_t number) { return FakeControl::NodeIdOf(number).ToHex(); }
  // The reply, also of a command that waits for the ledger.
  std::string Run(std::string_view words, uint64_t node = 1) {
    std::unique_ptr<MoveClient> client = world.node(node).Connect();
    std::string reply = client->Run(words);
    if (!client->waits()) return reply;
    EXPECT_TRUE(world.RunUntil([&] { return !client->waits(); }));
    return client->TakeReply();
  }
  const ledger::View& view() { return world.control().state().view(); }
  // A key of a slot that the node owns.
  std::string KeyOf(uint64_t node) {
    for (int i = 0; i < 100000; ++i) {
      std::string key = StrCat("k", i);
      if (world.node(node).state.IsMine(slots::HashSlot(key))) return key;
    }
    ADD_FAILURE() << "node " << node << " has no slots";
    return "";
  }

  MoveWorld world{3, 3};
};

TEST_F(ClusterLeave, ResetIsRefusedToAPrimaryWithKeys) {
  Run(StrCat("SET ", KeyOf(1), " v"));
  for (const std::string_view words :
       {"CLUSTER RESET", "CLUSTER RESET SOFT", "cluster reset hard"}) {
    EXPECT_EQ(Run(words),
              "-ERR CLUSTER RESET can't be called with master nodes containing keys\r\n");
  }
  EXPECT_NE(view().BootOf(FakeControl::NodeIdOf(1)), 0u);
}

TEST_F(ClusterLeave, ResetTakesSoftHardOrNothing) {
  EXPECT_EQ(Run("CLUSTER RESET NOW"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("CLUSTER RESET HARD SOFT"), "-ERR syntax error\r\n");
  EXPECT_EQ(view().members.size(), 3u);
}

TEST_F(ClusterLeave, ResetGivesTheSlotsBackAndLeaves) {
  EXPECT_EQ(Run("CLUSTER RESET"), "+OK\r\n");
  EXPECT_EQ(view().BootOf(FakeControl::NodeIdOf(1)), 0u);
  EXPECT_EQ(view().FindShard(FakeControl::ShardIdOf(1)), nullptr);
  EXPECT_EQ(Run("CLUSTER RESET HARD", 2), "+OK\r\n");
  EXPECT_EQ(view().members.size(), 1u);
  EXPECT_EQ(world.control().state().map()->data().shards.size(), 1u);
}

// SAFETY 8: who gives its slots away has stopped to write them, from before it says so.
TEST_F(ClusterLeave, WritesAreHeldWhileAResetWaits) {
  const std::string key = KeyOf(1);
  world.control().HoldProposals(true, false);
  std::unique_ptr<MoveClient> resetting = world.node(1).Connect();
  EXPECT_EQ(resetting->Run("CLUSTER RESET"), "");
  std::unique_ptr<MoveClient> writer = world.node(1).Connect();
  EXPECT_EQ(writer->Run(StrCat("SET ", key, " v")), "");
  EXPECT_EQ(world.node(1).keyspace().size(), 0);
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return !resetting->waits() && !writer->waits(); }));
  EXPECT_EQ(resetting->TakeReply(), "+OK\r\n");
  EXPECT_NE(writer->TakeReply(), "+OK\r\n");
  EXPECT_EQ(world.node(1).keyspace().size(), 0);
}

// While it is not known whether the slots are gone nobody may write them (SAFETY 8).
TEST_F(ClusterLeave, WritesStayHeldWhileTheOutcomeIsUnknown) {
  const std::string key = KeyOf(1);
  world.control().HoldProposals(true, true);
  EXPECT_EQ(Run("CLUSTER FLUSHSLOTS"), "-ERR no majority\r\n");
  std::unique_ptr<MoveClient> writer = world.node(1).Connect();
  EXPECT_EQ(writer->Run(StrCat("SET ", key, " v")), "");
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return !writer->waits(); }));
  EXPECT_NE(writer->TakeReply(), "+OK\r\n");
}

TEST_F(ClusterLeave, WaitsInATransactionOnlyIfNothingThereTouchesData) {
  for (const std::string& words :
       {StrCat("CLUSTER FORGET ", IdOf(2)), std::string("CLUSTER RESET")}) {
    std::unique_ptr<MoveClient> client = world.node(1).Connect();
    client->Run("MULTI");
    client->Run("DBSIZE");
    client->Run(words);
    const std::string refused = client->Run("EXEC");
    EXPECT_NE(refused.find("not allowed inside a transaction"), std::string::npos) << refused;
    client->Run("MULTI");
    client->Run(words);
    EXPECT_EQ(client->Run("EXEC"), "*1\r\n");
    ASSERT_TRUE(world.RunUntil([&] { return !client->waits(); }));
    EXPECT_EQ(client->TakeReply(), "+OK\r\n");
  }
}

TEST_F(ClusterLeave, ForgetOfOneThatHasJustGoneIsOk) {
  ASSERT_EQ(Run("CLUSTER FLUSHSLOTS", 3), "+OK\r\n");
  world.Settle();
  world.control().FreezePicture(FakeControl::NodeIdOf(2), true);
  EXPECT_EQ(Run(StrCat("CLUSTER FORGET ", IdOf(3))), "+OK\r\n");
  std::unique_ptr<MoveClient> late = world.node(2).Connect();
  EXPECT_EQ(late->Run(StrCat("CLUSTER FORGET ", IdOf(3))), "");
  world.control().FreezePicture(FakeControl::NodeIdOf(2), false);
  ASSERT_TRUE(world.RunUntil([&] { return !late->waits(); }));
  EXPECT_EQ(late->TakeReply(), "+OK\r\n");
}

TEST_F(ClusterLeave, ForgetOfOneWithSlotsIsRefused) {
  const std::string reply = Run(StrCat("CLUSTER FORGET ", IdOf(1)), 2);
  EXPECT_TRUE(reply.starts_with("-ERR node ")) << reply;
  EXPECT_NE(reply.find("still owns"), std::string::npos) << reply;
  EXPECT_EQ(view().members.size(), 3u);
}

TEST_F(ClusterLeave, ForgetRefusesItselfAndStrangers) {
  EXPECT_EQ(Run(StrCat("CLUSTER FORGET ", IdOf(1))),
            "-ERR I tried hard but I can't forget myself...\r\n");
  const std::string nobody(40, 'f');
  EXPECT_EQ(Run(StrCat("CLUSTER FORGET ", nobody)), StrCat("-ERR Unknown node ", nobody, "\r\n"));
}

}  // namespace
}  // namespace slotmesh::node
