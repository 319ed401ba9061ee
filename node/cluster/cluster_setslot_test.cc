// CLUSTER SETSLOT as clients of several nodes see it. The first node owns all slots.
#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class SetSlotTest : public testing::Test {
 protected:
  std::string IdOf(uint64_t number) { return FakeControl::NodeIdOf(number).ToHex(); }
  std::string Run(uint64_t node, std::string_view words, int database = 0) {
    std::unique_ptr<MoveClient> client = world.node(node).Connect(database);
    return Finish(*client, client->Run(words));
  }
  std::string Finish(MoveClient& client, std::string reply) {
    if (!client.waits()) return reply;
    EXPECT_TRUE(world.RunUntil([&] { return !client.waits(); }));
    return reply + client.TakeReply();
  }
  // A command to the slot's new owner behind an ASK.
  std::string Asking(uint64_t node, std::string_view words) {
    std::unique_ptr<MoveClient> client = world.node(node).Connect();
    EXPECT_EQ(client->Run("ASKING"), "+OK\r\n");
    return client->Run(words);
  }
  void OpenSlot() {
    EXPECT_EQ(Run(2, StrCat("CLUSTER SETSLOT ", slot, " IMPORTING ", IdOf(1))), "+OK\r\n");
    EXPECT_EQ(Run(1, StrCat("CLUSTER SETSLOT ", slot, " MIGRATING ", IdOf(2))), "+OK\r\n");
  }
  std::string SetOwner(uint64_t node, uint64_t owner) {
    return Run(node, StrCat("CLUSTER SETSLOT ", slot, " NODE ", IdOf(owner)));
  }
  bool Owns(uint64_t node) {
    return world.control().state().map()->Owner(slot)->id == FakeControl::ShardIdOf(node);
  }
  const ledger::View& view() { return world.control().state().view(); }

  MoveWorld world{11, 3};
  const slots::Slot slot = slots::HashSlot("{t}");
};

TEST_F(SetSlotTest, OpenSlotsShowAndCloseAgain) {
  OpenSlot();
  EXPECT_NE(Run(1, "CLUSTER NODES").find(StrCat("[", slot, "->-", IdOf(2), "]")),
            std::string::npos);
  EXPECT_NE(Run(2, "CLUSTER NODES").find(StrCat("[", slot, "-<-", IdOf(1), "]")),
            std::string::npos);
  EXPECT_EQ(Run(3, "CLUSTER NODES").find("["), std::string::npos);
  for (const uint64_t node : {1, 2, 3}) {
    EXPECT_EQ(Run(node, StrCat("CLUSTER SETSLOT ", slot, " STABLE")), "+OK\r\n");
    EXPECT_EQ(Run(node, "CLUSTER NODES").find("["), std::string::npos);
  }
  EXPECT_TRUE(view().opened.empty());
}

TEST_F(SetSlotTest, BadRequestsAreRefused) {
  const std::string set = StrCat("CLUSTER SETSLOT ", slot, " ");
  EXPECT_EQ(Run(2, StrCat(set, "MIGRATING ", IdOf(1))),
            StrCat("-ERR I'm not the owner of hash slot ", slot, "\r\n"));
  EXPECT_EQ(Run(1, StrCat(set, "IMPORTING ", IdOf(2))),
            StrCat("-ERR I'm already the owner of hash slot ", slot, "\r\n"));
  const std::string nobody(40, 'f');
  EXPECT_EQ(Run(1, StrCat(set, "MIGRATING ", nobody)),
            StrCat("-ERR I don't know about node ", nobody, "\r\n"));
  EXPECT_EQ(Run(1, StrCat(set, "NODE ", nobody)), StrCat("-ERR Unknown node ", nobody, "\r\n"));
  const std::string bad =
      "-ERR Invalid CLUSTER SETSLOT action or number of arguments. Try CLUSTER HELP\r\n";
  EXPECT_EQ(Run(1, StrCat(set, "NODE")), bad);
  EXPECT_EQ(Run(1, StrCat(set, "STABLE now")), bad);
  EXPECT_EQ(Run(1, StrCat(set, "WHAT ", IdOf(2))), bad);
  const std::string node = StrCat(set, "NODE ", IdOf(2));
  EXPECT_EQ(Run(1, StrCat(node, " TIMEOUT x")),
            "-ERR timeout is not an integer or out of range\r\n");
  EXPECT_EQ(Run(1, StrCat(node, " TIMEOUT -1")), "-ERR timeout is negative\r\n");
  EXPECT_EQ(Run(1, StrCat(node, " TIMEOUT")), "-ERR Missing timeout value\r\n");
  EXPECT_EQ(Run(1, "CLUSTER SETSLOT 16384 STABLE"), "-ERR Invalid or out of range slot\r\n");
  EXPECT_TRUE(view().opened.empty());
}

TEST_F(SetSlotTest, KeysAreServedWhereTheyAre) {
  EXPECT_EQ(Run(1, "SET {t}1 here"), "+OK\r\n");
  OpenSlot();
  EXPECT_EQ(Run(1, "GET {t}1"), "$4\r\nhere\r\n");
  const std::string ask = Run(1, "SET {t}2 there");
  EXPECT_EQ(ask.substr(0, 5), "-ASK ");
  EXPECT_EQ(Run(2, "SET {t}2 there").substr(0, 7), "-MOVED ");
  EXPECT_EQ(Asking(2, "SET {t}2 there"), "+OK\r\n");
  EXPECT_EQ(Run(1, "MGET {t}1 {t}2").substr(0, 9), "-TRYAGAIN");
  EXPECT_EQ(Asking(2, "MGET {t}1 {t}2").substr(0, 9), "-TRYAGAIN");
  EXPECT_EQ(Asking(2, "MGET {t}2 {t}2"), "*2\r\n$5\r\nthere\r\n$5\r\nthere\r\n");
  EXPECT_EQ(Run(1, "COPY {t}1 {t}1 DB 1").substr(0, 9), "-TRYAGAIN");
  EXPECT_EQ(Run(2, "RESTORE-ASKING {t}3 0 x"),
            "-ERR DUMP payload version or checksum are wrong\r\n");
}

TEST_F(SetSlotTest, WhoWaitsForAKeyIsSentOnWhenTheSlotHasMovedNotBefore) {
  std::unique_ptr<MoveClient> waiter = world.node(1).Connect();
  EXPECT_EQ(waiter->Run("BLPOP {t}1 0"), "");
  OpenSlot();
  world.node(1).ServeWaiting();
  EXPECT_TRUE(waiter->waits());
  EXPECT_EQ(SetOwner(2, 2), "+OK\r\n");
  world.Settle();
  world.node(1).ServeWaiting();
  EXPECT_EQ(waiter->TakeReply().substr(0, 7), "-MOVED ");
}

TEST_F(SetSlotTest, TheOwnerKeepsASlotWithKeysWhoeverIsAsked) {
  Run(1, "SET {t}1 v");
  Run(1, "SET {t}1 v", /*database=*/2);
  OpenSlot();
  const std::string refusal =
      StrCat("-ERR Can't assign hashslot ", slot,
             " to a different node while I still hold keys for this hash slot.\r\n");
  for (const uint64_t node : {1, 2, 3}) EXPECT_EQ(SetOwner(node, 2), refusal) << node;
  EXPECT_TRUE(Owns(1));
  Run(1, "DEL {t}1");
  EXPECT_EQ(Run(1, StrCat("CLUSTER COUNTKEYSINSLOT ", slot)), ":0\r\n");
  EXPECT_EQ(SetOwner(2, 2), refusal) << "keys in any database";
}

TEST_F(SetSlotTest, TheSlotChangesHandsAsTheToolsDoIt) {
  OpenSlot();
  EXPECT_EQ(Asking(2, "SET {t}1 v"), "+OK\r\n");
  EXPECT_EQ(SetOwner(2, 2), "+OK\r\n");
  EXPECT_TRUE(Owns(2));
  EXPECT_TRUE(view().opened.empty());
  EXPECT_EQ(Run(2, "GET {t}1"), "$1\r\nv\r\n");
  EXPECT_EQ(SetOwner(1, 2), "+OK\r\n");
  EXPECT_EQ(SetOwner(3, 2), "+OK\r\n");
  EXPECT_EQ(Run(1, "SET {t}2 v").substr(0, 7), "-MOVED ");
  EXPECT_EQ(Run(1, "CLUSTER NODES").find("["), std::string::npos);
  EXPECT_TRUE(world.node(1).state.fenced().empty());
}

TEST_F(SetSlotTest, KeysThatHaveExpiredAreNoReasonToKeepIt) {
  std::unique_ptr<MoveClient> client = world.node(1).Connect();
  EXPECT_EQ(client->Run("SET {t}1 v PX 100"), "+OK\r\n");
  world.Advance(absl::Milliseconds(200));
  EXPECT_EQ(SetOwner(2, 2), "+OK\r\n");
  EXPECT_EQ(world.node(1).keyspace().size(), 0u);
}

// SAFETY 8: who gives a slot away has stopped to write it before it says so.
TEST_F(SetSlotTest, WritesAreHeldWhileTheLedgerDecides) {
  world.control().HoldProposals(true, false);
  std::unique_ptr<MoveClient> operator_ = world.node(2).Connect();
  EXPECT_EQ(operator_->Run(StrCat("CLUSTER SETSLOT ", slot, " NODE ", IdOf(2))), "");
  ASSERT_TRUE(world.RunUntil([&] { return !world.node(1).state.fenced().empty(); }));
  std::unique_ptr<MoveClient> writer = world.node(1).Connect();
  EXPECT_EQ(writer->Run("SET {t}1 v"), "");
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return !operator_->waits() && !writer->waits(); }));
  EXPECT_EQ(operator_->TakeReply(), "+OK\r\n");
  EXPECT_EQ(writer->TakeReply().substr(0, 7), "-MOVED ");
  EXPECT_EQ(world.node(1).keyspace().size(), 0u);
}

TEST_F(SetSlotTest, WhoHasNotHeardYetAsksAndWaitsForThePicture) {
  world.control().FreezePicture(FakeControl::NodeIdOf(3), true);
  EXPECT_EQ(SetOwner(2, 2), "+OK\r\n");
  std::unique_ptr<MoveClient> client = world.node(3).Connect();
  EXPECT_EQ(client->Run(StrCat("CLUSTER SETSLOT ", slot, " NODE ", IdOf(2))), "");
  world.RunUntil([&] { return !client->waits(); }, absl::Seconds(1));
  EXPECT_TRUE(client->waits());
  world.control().FreezePicture(FakeControl::NodeIdOf(3), false);
  EXPECT_EQ(Finish(*client, ""), "+OK\r\n");
}

TEST_F(SetSlotTest, AnOwnerThatDoesNotAnswerIsNotPassedBy) {
  Run(1, "SET {t}1 v");
  world.control().Cut(FakeControl::NodeIdOf(1), FakeControl::NodeIdOf(2), true);
  EXPECT_EQ(SetOwner(2, 2), StrCat("-ERR The owner of slot ", slot,
                                   " did not give it away in time. It may still happen\r\n"));
  EXPECT_TRUE(Owns(1));
}

TEST_F(SetSlotTest, ALostQuestionIsAskedAgain) {
  std::unique_ptr<MoveClient> client = world.node(2).Connect();
  EXPECT_EQ(client->Run(StrCat("CLUSTER SETSLOT ", slot, " NODE ", IdOf(2))), "");
  world.control().BreakLink(FakeControl::NodeIdOf(1), FakeControl::NodeIdOf(2));
  EXPECT_EQ(Finish(*client, ""), "+OK\r\n");
}

// The ledger waits for its lease then (SAFETY 8).
TEST_F(SetSlotTest, ASlotOfADeadOwnerIsTakenWithoutItsWord) {
  world.Kill(1);
  world.control().SetHealth(FakeControl::NodeIdOf(1), gossip::State::kDead);
  world.Settle();
  EXPECT_EQ(SetOwner(2, 2), "+OK\r\n");
  EXPECT_TRUE(Owns(2));
}

TEST_F(SetSlotTest, AnOpenSlotIsNotMovedAtomically) {
  OpenSlot();
  EXPECT_EQ(Run(1, StrCat("CLUSTER MIGRATESLOTS SLOTSRANGE ", slot, " ", slot, " NODE ", IdOf(2))),
            StrCat("-ERR slot ", slot, " is open: it moves key by key\r\n"));
}

// As redis-cli --cluster fix does it.
TEST_F(SetSlotTest, ATransactionOfClusterCommandsWaitsForEach) {
  OpenSlot();
  std::unique_ptr<MoveClient> client = world.node(1).Connect();
  EXPECT_EQ(client->Run("MULTI"), "+OK\r\n");
  for (const std::string& words :
       {StrCat("CLUSTER DELSLOTS ", slot), StrCat("CLUSTER ADDSLOTS ", slot),
        StrCat("CLUSTER ADDSLOTS ", slot), StrCat("CLUSTER SETSLOT ", slot, " STABLE"),
        std::string("CLUSTER BUMPEPOCH")}) {
    EXPECT_EQ(client->Run(words), "+QUEUED\r\n");
  }
  const std::string reply = Finish(*client, client->Run("EXEC"));
  EXPECT_EQ(reply.substr(0, reply.rfind("+")),
            StrCat("*5\r\n+OK\r\n+OK\r\n-ERR Slot ", slot, " is already busy\r\n+OK\r\n"));
  EXPECT_TRUE(Owns(1));
  EXPECT_EQ(client->Run("EXEC"), "-ERR EXEC without MULTI\r\n");
}

TEST_F(SetSlotTest, DelSlotsAndAddSlotsInATransactionTakeASlotOverWithoutItsKeys) {
  Run(1, "SET {t}1 v");
  EXPECT_EQ(Run(2, StrCat("CLUSTER DELSLOTS ", slot)), "+OK\r\n") << "it has no claim";
  EXPECT_TRUE(Owns(1));
  std::unique_ptr<MoveClient> client = world.node(2).Connect();
  client->Run("MULTI");
  client->Run(StrCat("CLUSTER DELSLOTS ", slot));
  client->Run(StrCat("CLUSTER ADDSLOTS ", slot));
  EXPECT_EQ(Finish(*client, client->Run("EXEC")), "*2\r\n+OK\r\n+OK\r\n");
  EXPECT_TRUE(Owns(2));
  world.Settle();
  EXPECT_EQ(Run(1, StrCat("CLUSTER COUNTKEYSINSLOT ", slot)), ":1\r\n");
  EXPECT_TRUE(world.node(1).state.MayChange(slot)) << "the key can be fetched";
}

// The owner knows first that it has lost the slot: nobody is sent back and forth meanwhile.
TEST_F(SetSlotTest, WhoComesToTheNewOwnerTooEarlyWaits) {
  OpenSlot();
  world.control().FreezePicture(FakeControl::NodeIdOf(2), true);
  std::unique_ptr<MoveClient> tool = world.node(2).Connect();
  EXPECT_EQ(tool->Run(StrCat("CLUSTER SETSLOT ", slot, " NODE ", IdOf(2))), "");
  world.RunUntil([&] { return Owns(2); });
  world.Settle();
  EXPECT_EQ(Run(1, "SET {t}1 v").substr(0, 7), "-MOVED ");
  std::unique_ptr<MoveClient> writer = world.node(2).Connect();
  EXPECT_EQ(writer->Run("SET {t}1 v"), "");
  world.control().FreezePicture(FakeControl::NodeIdOf(2), false);
  ASSERT_TRUE(world.RunUntil([&] { return !tool->waits() && !writer->waits(); }));
  EXPECT_EQ(writer->TakeReply(), "+OK\r\n");
  EXPECT_EQ(tool->TakeReply(), "+OK\r\n");
}

TEST_F(SetSlotTest, ATransactionWithDataDoesNotWait) {
  std::unique_ptr<MoveClient> client = world.node(1).Connect();
  client->Run("MULTI");
  client->Run("GET {t}1");
  client->Run(StrCat("CLUSTER DELSLOTS ", slot));
  EXPECT_EQ(client->Run("EXEC"),
            "*2\r\n$-1\r\n-ERR CLUSTER delslots is not allowed inside a transaction or script\r\n");
}

}  // namespace
}  // namespace slotmesh::node
