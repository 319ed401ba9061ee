// CLUSTER MIGRATESLOTS, GETSLOTMIGRATIONS and CANCELSLOTMIGRATIONS as a client sees them.
#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class MigrateSlots : public testing::Test {
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
  std::string Migrate(std::string_view rest) { return Run(StrCat("CLUSTER MIGRATESLOTS ", rest)); }
  bool Idle() {
    for (uint64_t i = 1; i <= 3; ++i) {
      if (world.node(i).manager->active()) return false;
    }
    return true;
  }

  MoveWorld world{3, 3};
};

TEST_F(MigrateSlots, MovesRangesToSeveralNodes) {
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 0 9 20 29 NODE ", IdOf(2), " slotsrange 5000 5000 node ",
                           IdOf(3))),
            "+OK\r\n");
  ASSERT_TRUE(world.RunUntil([&] { return Idle(); }));
  for (const slots::Slot slot : {0, 9, 20, 29}) EXPECT_TRUE(world.node(2).state.IsMine(slot));
  EXPECT_TRUE(world.node(1).state.IsMine(10));
  EXPECT_TRUE(world.node(3).state.IsMine(5000));
}

TEST_F(MigrateSlots, RefusesWhatCannotBe) {
  const std::string to_second = StrCat(" NODE ", IdOf(2));
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 5 16384", to_second)),
            "-ERR Invalid or out of range slot\r\n");
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 9 5", to_second)),
            "-ERR Start slot number 9 is greater than end slot number 5.\r\n");
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 1 5 5 6", to_second)),
            "-ERR Slot range 5-6 overlaps with a previous range.\r\n");
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 1 5 6", to_second)),
            "-ERR Invalid or out of range slot\r\n");
  EXPECT_EQ(Migrate("SLOTSRANGE 1 5 6 7 8"), "-ERR No end slot for final slot range\r\n");
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE a b", to_second)), "-ERR No slot ranges specified\r\n");
  EXPECT_EQ(Migrate(StrCat("SLOTS 1 5", to_second)), "-ERR syntax error\r\n");
  EXPECT_EQ(Migrate("SLOTSRANGE 1 5 TO me"), "-ERR syntax error\r\n");
  EXPECT_EQ(Migrate("SLOTSRANGE 1 5 NODE short"), "-ERR Invalid node name: short\r\n");
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 1 5 NODE ", std::string(40, 'f'))),
            StrCat("-ERR Unknown node name: ", std::string(40, 'f'), "\r\n"));
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 1 5 NODE ", IdOf(1))),
            "-ERR Target node can not be this node.\r\n");
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 1 5", to_second, " SLOTSRANGE 5 6 NODE ", IdOf(3))),
            "-ERR Slot ranges in migrations overlap\r\n");
  EXPECT_EQ(Run(StrCat("CLUSTER MIGRATESLOTS SLOTSRANGE 1 5 NODE ", IdOf(3)), 2),
            "-ERR Slots are not served by this node.\r\n");
  ASSERT_TRUE(world.control()
                  .Apply(ledger::SlotsUnassigned{
                      FakeControl::ShardIdOf(1),
                      world.control().state().view().FindShard(FakeControl::ShardIdOf(1))->epoch,
                      slots::SlotSet::Of(7, 7)})
                  .ok());
  world.Settle();
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 5 8", to_second)), "-ERR Slot 7 has no node served.\r\n");
  EXPECT_TRUE(world.control().state().view().moves.empty());
  EXPECT_EQ(Run("CLUSTER GETSLOTMIGRATIONS"), "*0\r\n");
}

TEST_F(MigrateSlots, RefusesSlotsThatMoveAlready) {
  world.control().HoldProposals(true, false);
  world.Plan(slots::SlotSet::Of(1, 3), 1, 2);
  world.Settle();
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE 3 5 NODE ", IdOf(2))),
            "-ERR I am already migrating slot 3.\r\n");
}

TEST_F(MigrateSlots, IsNotAllowedInATransaction) {
  std::unique_ptr<MoveClient> client = world.node(1).Connect();
  client->Run("MULTI");
  client->Run(StrCat("CLUSTER MIGRATESLOTS SLOTSRANGE 1 5 NODE ", IdOf(2)));
  EXPECT_EQ(client->Run("EXEC"),
            "*1\r\n-ERR CLUSTER migrateslots is not allowed inside a transaction or script\r\n");
}

TEST_F(MigrateSlots, OneRefusedPlanTakesBackTheOthers) {
  std::unique_ptr<MoveClient> client = world.node(1).Connect();
  world.control().FreezePicture(FakeControl::NodeIdOf(1), true);
  // Behind this node's back the third restarts: a plan with its old process is refused.
  slots::NodeInfo info = *world.control().state().map()->FindNode(FakeControl::NodeIdOf(3));
  ASSERT_TRUE(world.control().Apply(ledger::MemberUpdated{info, 2, 1}).ok());
  EXPECT_EQ(client->Run(StrCat("CLUSTER MIGRATESLOTS SLOTSRANGE 1 5 NODE ", IdOf(2),
                               " SLOTSRANGE 6 7 NODE ", IdOf(3))),
            "");
  world.control().FreezePicture(FakeControl::NodeIdOf(1), false);
  ASSERT_TRUE(world.RunUntil([&] { return !client->waits() && Idle(); }));
  EXPECT_TRUE(client->TakeReply().starts_with("-ERR "));
  EXPECT_TRUE(world.control().state().view().moves.empty());
}

TEST_F(MigrateSlots, GetShowsBothSides) {
  Migrate(StrCat("SLOTSRANGE 0 9 20 20 NODE ", IdOf(2)));
  ASSERT_TRUE(world.RunUntil([&] { return Idle(); }));
  const std::string at_source = Run("CLUSTER GETSLOTMIGRATIONS");
  EXPECT_TRUE(at_source.starts_with("*1\r\n*24\r\n$4\r\nname\r\n$40\r\n")) << at_source;
  for (const std::string_view part :
       {"$6\r\nEXPORT\r\n", "$9\r\n0-9 20-20\r\n", "$5\r\nstate\r\n$7\r\nsuccess\r\n",
        "$7\r\nmessage\r\n$0\r\n\r\n", "$8\r\ncow_size\r\n:0\r\n",
        "$19\r\nremaining_repl_size\r\n:0\r\n", "$11\r\ncreate_time\r\n:17"}) {
    EXPECT_NE(at_source.find(part), std::string::npos) << part << "\n" << at_source;
  }
  EXPECT_NE(at_source.find(StrCat("$11\r\ntarget_node\r\n$40\r\n", IdOf(2))), std::string::npos);
  EXPECT_NE(at_source.find(StrCat("$11\r\nsource_node\r\n$40\r\n", IdOf(1))), std::string::npos);
  EXPECT_NE(Run("CLUSTER GETSLOTMIGRATIONS", 2).find("$6\r\nIMPORT\r\n"), std::string::npos);
  EXPECT_EQ(Run("CLUSTER GETSLOTMIGRATIONS", 3), "*0\r\n");
}

TEST_F(MigrateSlots, CancelStopsExportsOnly) {
  EXPECT_EQ(Run("CLUSTER CANCELSLOTMIGRATIONS"), "-ERR No migrations ongoing\r\n");
  std::unique_ptr<MoveClient> writer = world.node(1).Connect();
  for (int i = 0; i < 500; ++i) writer->Run({"SET", StrCat("{a}", i), "v"});
  const slots::Slot slot = slots::HashSlot("a");
  EXPECT_EQ(Migrate(StrCat("SLOTSRANGE ", slot, " ", slot, " NODE ", IdOf(2))), "+OK\r\n");
  EXPECT_EQ(Run("CLUSTER CANCELSLOTMIGRATIONS", 2), "-ERR No migrations ongoing\r\n");
  EXPECT_EQ(Run("CLUSTER CANCELSLOTMIGRATIONS"), "+OK\r\n");
  ASSERT_TRUE(world.RunUntil([&] { return Idle(); }));
  EXPECT_TRUE(world.node(1).state.IsMine(slot));
  EXPECT_EQ(world.node(1).keyspace().size(), 500);
  EXPECT_EQ(world.node(2).keyspace().size(), 0);
  for (const uint64_t node : {1, 2}) {
    EXPECT_NE(Run("CLUSTER GETSLOTMIGRATIONS", node).find("$9\r\ncancelled\r\n"),
              std::string::npos);
  }
  EXPECT_EQ(world.node(1).book.totals().exports_failed, 1);
}

TEST(MigrationBook, KeepsTheLastEndedOnesAndAllThatRun) {
  MigrationBook book;
  std::mt19937_64 random(1);
  std::vector<slots::PlanId> plans;
  for (size_t i = 0; i < kMigrationsKeptMax + 20; ++i) {
    plans.push_back(slots::PlanId::Random(random));
    book.Begin({.plan = plans.back(), .exporting = true});
    book.Update(plans.back(), {.stage = MoveStage::kCopying, .keys = 2, .bytes = 10}, 1);
    book.Update(plans.back(), {.stage = MoveStage::kCopying, .keys = 5, .bytes = 30}, 2);
    if (i >= 10) book.End(plans.back(), MoveStage::kSuccess, "", 3);
  }
  EXPECT_EQ(book.running(), 10);
  EXPECT_EQ(book.records().size(), kMigrationsKeptMax + 10);
  EXPECT_NE(book.Find(plans[0]), nullptr);
  EXPECT_EQ(book.Find(plans[10]), nullptr);
  EXPECT_EQ(book.Find(plans[19]), nullptr);
  EXPECT_NE(book.Find(plans[20]), nullptr);
  EXPECT_EQ(book.records().front().plan, plans.back());
  EXPECT_EQ(book.totals().keys_sent, 5 * plans.size());
  EXPECT_EQ(book.totals().bytes_sent, 30 * plans.size());
  EXPECT_EQ(book.totals().exports_succeeded, plans.size() - 10);
}

}  // namespace
}  // namespace slotmesh::node
