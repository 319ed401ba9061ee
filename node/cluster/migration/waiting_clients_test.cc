// Clients that wait for keys of a slot that moves away.
#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"

namespace slotmesh::node {
namespace {

TEST(WaitingClients, AreRedirectedWhenTheirSlotHasMovedAndOthersWaitOn) {
  MoveWorld world(5);
  MoveNode& source = world.node(1);
  MoveNode& target = world.node(2);
  const auto moved = source.Connect();
  const auto stays = source.Connect();
  EXPECT_EQ(moved->Run("BLPOP {a}list 0"), "");
  EXPECT_EQ(stays->Run("BLPOP {c}list 0"), "");

  slots::SlotSet slots;
  slots.Add(slots::HashSlot("a"));
  const slots::PlanId plan = world.Plan(slots, 1, 2);
  ASSERT_TRUE(world.RunUntil(
      [&] { return world.FindFinished(plan) != nullptr && !source.manager->active(); }));
  source.ServeWaiting();
  world.Settle();
  EXPECT_TRUE(moved->TakeReply().starts_with("-MOVED "));
  EXPECT_FALSE(moved->waits());
  EXPECT_EQ(stays->TakeReply(), "");
  EXPECT_TRUE(stays->waits());
  source.engine().key_waiters.CheckInvariants();

  // It waits at the new owner, where elements come.
  const auto there = target.Connect();
  EXPECT_EQ(there->Run("BLPOP {a}list 0"), "");
  EXPECT_EQ(target.Connect()->Run("RPUSH {a}list x"), ":1\r\n");
  EXPECT_EQ(there->TakeReply(), "*2\r\n$7\r\n{a}list\r\n$1\r\nx\r\n");
  EXPECT_EQ(source.Connect()->Run("RPUSH {c}list y"), ":1\r\n");
  EXPECT_EQ(stays->TakeReply(), "*2\r\n$7\r\n{c}list\r\n$1\r\ny\r\n");
}

TEST(WaitingClients, AListMovesWithItsSlot) {
  MoveWorld world(6);
  EXPECT_EQ(world.node(1).Connect()->Run("RPUSH {a}list 1 two 3"), ":3\r\n");
  slots::SlotSet slots;
  slots.Add(slots::HashSlot("a"));
  const slots::PlanId plan = world.Plan(slots, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] { return world.FindFinished(plan) != nullptr; }));
  world.Settle();
  EXPECT_EQ(world.node(2).Connect()->Run("LRANGE {a}list 0 -1"),
            "*3\r\n$1\r\n1\r\n$3\r\ntwo\r\n$1\r\n3\r\n");
}

}  // namespace
}  // namespace slotmesh::node
