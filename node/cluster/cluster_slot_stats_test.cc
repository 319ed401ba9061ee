// CLUSTER SLOT-STATS, and what is counted for it. The first node owns all slots.
#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class SlotStatsCommandTest : public testing::Test {
 protected:
  SlotStatsCommandTest() {
    world.node(1).engine().slot_stats = &stats;
    stats.SetActive(true);
  }

  std::string Run(std::string_view words) {
    std::unique_ptr<MoveClient> one = world.node(1).Connect();
    return one->Run(words);
  }
  std::string Range() { return Run(StrCat("CLUSTER SLOT-STATS SLOTSRANGE ", slot, " ", slot)); }
  SlotUsage Counted() const { return stats.of(slot); }
  // Everything that was counted for any slot.
  uint64_t AllBytesIn() const {
    uint64_t bytes = 0;
    for (int i = 0; i < slots::kSlotCount; ++i) bytes += stats.of(i).bytes_in;
    return bytes;
  }

  SlotStats stats;
  MoveWorld world{11, 2};
  const slots::Slot slot = slots::HashSlot("key");
  std::unique_ptr<MoveClient> client = world.node(1).Connect();
};

TEST_F(SlotStatsCommandTest, OnlyKeysAreKnownWhileItIsOff) {
  stats.SetActive(false);
  client->Run("SET key value");
  EXPECT_EQ(Range(), StrCat("*1\r\n*2\r\n:", slot, "\r\n*2\r\n$9\r\nkey-count\r\n:1\r\n"));
  EXPECT_EQ(Counted(), SlotUsage());
  EXPECT_EQ(Run("CLUSTER SLOT-STATS ORDERBY cpu-usec"),
            "-ERR Unrecognized sort metric for ORDERBY.\r\n");
}

TEST_F(SlotStatsCommandTest, ARequestCountsItsTimeAndItsBytesBothWays) {
  client->Run("SET key value");
  const SlotUsage one = {.ticks = 1, .bytes_in = 33, .bytes_out = 5};
  EXPECT_EQ(Counted(), one);
  EXPECT_EQ(client->Run("CLUSTER INFO").front(), '$');
  EXPECT_EQ(AllBytesIn(), one.bytes_in);  // It has no slot.
  client->Run("MGET {key}a {key}b");
  EXPECT_EQ(Counted().ticks, 2u);
  EXPECT_EQ(Counted().bytes_in, one.bytes_in + 38);
  EXPECT_EQ(Counted().bytes_out, one.bytes_out + 14);
}

TEST_F(SlotStatsCommandTest, WhatWaitsCountsOnceItIsDone) {
  EXPECT_EQ(client->Run("BLPOP key 0"), "");
  EXPECT_EQ(Counted(), SlotUsage());
  Run("LPUSH key value");
  EXPECT_FALSE(client->waits());
  // Both runs of the pop count their time.
  EXPECT_EQ(Counted(), (SlotUsage{.ticks = 3, .bytes_in = 31 + 35, .bytes_out = 24 + 4}));
}

TEST_F(SlotStatsCommandTest, ATransactionCountsAsAWhole) {
  client->Run("MULTI");
  client->Run("SET key value");
  EXPECT_EQ(Counted(), (SlotUsage{.bytes_in = 33}));
  client->Run("EXEC");
  // EXEC's time has SET's in it.
  EXPECT_EQ(Counted().bytes_in, 15u + 33 + 14);
  EXPECT_EQ(Counted().bytes_out, 9u);
  EXPECT_GE(Counted().ticks, 1u);
}

TEST_F(SlotStatsCommandTest, MemoryIsThatOfTheKeys) {
  const auto memory = [&] {
    const std::string reply = Range();
    return std::stoll(reply.substr(reply.rfind(':') + 1));
  };
  EXPECT_EQ(memory(), 0);
  client->Run({"SET", "key", std::string(100'000, 'x')});
  EXPECT_GT(memory(), 100'000);
  EXPECT_LT(memory(), 120'000);
  client->Run("DEL key");
  EXPECT_LT(memory(), 1000);
}

TEST_F(SlotStatsCommandTest, ASlotThatLeavesIsForgotten) {
  const slots::Slot other = slots::HashSlot("other");
  client->Run("SET other v");
  client->Run("SET key v");
  client->Run("DEL key");
  EXPECT_NE(Counted(), SlotUsage());
  std::unique_ptr<MoveClient> owner = world.node(1).Connect();
  owner->Run(StrCat("CLUSTER SETSLOT ", slot, " NODE ", FakeControl::NodeIdOf(2).ToHex()));
  ASSERT_TRUE(world.RunUntil([&] { return !owner->waits(); }));
  world.Settle();
  EXPECT_EQ(Counted(), SlotUsage());
  EXPECT_EQ(Range(), "*0\r\n");
  EXPECT_NE(stats.of(other), SlotUsage());
}

TEST_F(SlotStatsCommandTest, OrderIsByTheMetricThenByTheSlot) {
  client->Run("SET key value");
  const std::string most = Run("CLUSTER SLOT-STATS ORDERBY network-bytes-in LIMIT 2");
  EXPECT_EQ(most.substr(0, most.find("*10")), StrCat("*2\r\n*2\r\n:", slot, "\r\n"));
  EXPECT_NE(most.find("*2\r\n:0\r\n"), std::string::npos);
  const std::string least = Run("CLUSTER SLOT-STATS ORDERBY key-count ASC LIMIT 1");
  EXPECT_EQ(least.substr(0, least.find("*10")), "*1\r\n*2\r\n:0\r\n");
}

TEST_F(SlotStatsCommandTest, BadRequestsAreRefused) {
  const auto reply = [&](std::string_view words) {
    return Run(StrCat("CLUSTER SLOT-STATS ", words));
  };
  const std::string_view limit =
      "-ERR Limit has to lie in between 1 and 16384 (maximum number of slots).\r\n";
  const std::string_view twice = "-ERR Multiple filters of the same type are disallowed.\r\n";
  EXPECT_EQ(reply("SLOTSRANGE 0 16384"), "-ERR Invalid or out of range slot\r\n");
  EXPECT_EQ(reply("SLOTSRANGE -1 5"), "-ERR Invalid or out of range slot\r\n");
  EXPECT_EQ(reply("SLOTSRANGE 2 1"),
            "-ERR Start slot number 2 is greater than end slot number 1\r\n");
  EXPECT_EQ(reply("SLOTSRANGE 2 3 4").substr(0, 23), "-ERR unknown subcommand");
  EXPECT_EQ(reply("ORDERBY size"), "-ERR Unrecognized sort metric for ORDERBY.\r\n");
  EXPECT_EQ(reply("ORDERBY key-count LIMIT 0"), limit);
  EXPECT_EQ(reply("ORDERBY key-count LIMIT x"), limit);
  EXPECT_EQ(reply("ORDERBY key-count LIMIT"), "-ERR syntax error\r\n");
  EXPECT_EQ(reply("ORDERBY key-count UP"), "-ERR syntax error\r\n");
  EXPECT_EQ(reply("ORDERBY key-count ASC DESC"), twice);
  EXPECT_EQ(reply("ORDERBY key-count LIMIT 1 LIMIT 2"), twice);
}

}  // namespace
}  // namespace slotmesh::node
