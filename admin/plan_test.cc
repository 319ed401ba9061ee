#include "admin/plan.h"

#include <algorithm>
#include <map>

#include "admin/testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"

namespace slotmesh::admin {
namespace {

using slots::kSlotCount;
using slots::SlotSet;
using testing::HasSubstr;

// What every shard owns after `plan`; fails if a move takes slots that its source does not own.
std::map<slots::ShardId, SlotSet> After(const slots::SlotMap& map, const Plan& plan) {
  std::map<slots::ShardId, SlotSet> owned;
  for (const auto& shard : map.data().shards) owned[shard.id] = shard.slots;
  for (const Move& move : plan) {
    EXPECT_TRUE(owned[move.from].ContainsAll(move.slots));
    EXPECT_FALSE(move.slots.empty());
    EXPECT_NE(move.from, move.to);
    owned[move.from] -= move.slots;
    owned[move.to] |= move.slots;
  }
  return owned;
}

std::vector<int> Counts(const slots::SlotMap& map, const Plan& plan) {
  std::vector<int> counts;
  for (const auto& [shard, slots] : After(map, plan)) counts.push_back(slots.count());
  return counts;
}

TEST(PlanCreate, ThreePrimariesGetTheUsualRanges) {
  const auto parts = *PlanCreate(3);
  EXPECT_EQ(parts[0].ToString(), "0-5460");
  EXPECT_EQ(parts[1].ToString(), "5461-10921");
  EXPECT_EQ(parts[2].ToString(), "10922-16383");
}

TEST(PlanCreate, AnyNumberOfPrimariesCoversAllSlotsEvenly) {
  for (const int primaries : {1, 2, 3, 5, 7, 100, 1000, 16383, 16384}) {
    const auto parts = PlanCreate(primaries);
    ASSERT_TRUE(parts.ok());
    SlotSet all;
    int least = kSlotCount, most = 0;
    for (const SlotSet& part : *parts) {
      EXPECT_FALSE(all.Intersects(part));
      all |= part;
      least = std::min(least, part.count());
      most = std::max(most, part.count());
    }
    EXPECT_EQ(all.count(), kSlotCount);
    EXPECT_LE(most - least, 1) << primaries;
  }
  EXPECT_FALSE(PlanCreate(0).ok());
  EXPECT_FALSE(PlanCreate(16385).ok());
}

TEST(PlanPlacement, ReplicasStandOnOtherMachinesThanTheirPrimaries) {
  const std::vector<Host> hosts = {{"10.0.0.1"}, {"10.0.0.1"}, {"10.0.0.2"},
                                   {"10.0.0.2"}, {"10.0.0.3"}, {"10.0.0.3"}};
  const Placement placement = *PlanPlacement(hosts, 1);
  ASSERT_EQ(placement.primaries.size(), 3u);
  EXPECT_NE(hosts[placement.primaries[0]].ip, hosts[placement.primaries[1]].ip);
  EXPECT_NE(hosts[placement.primaries[1]].ip, hosts[placement.primaries[2]].ip);
  for (int i = 0; i < 6; ++i) {
    const int primary = placement.primary_of[i];
    EXPECT_TRUE(primary == i || hosts[i].ip != hosts[primary].ip) << i;
  }
}

TEST(PlanPlacement, ZonesCountAmongDifferentMachines) {
  const std::vector<Host> hosts = {{"a", "z1"}, {"b", "z1"}, {"c", "z2"}, {"d", "z2"}};
  const Placement placement = *PlanPlacement(hosts, 1);
  for (int i = 0; i < 4; ++i) {
    const int primary = placement.primary_of[i];
    EXPECT_TRUE(primary == i || hosts[i].zone != hosts[primary].zone) << i;
  }
}

TEST(PlanPlacement, TooFewNodesAreAnError) {
  EXPECT_FALSE(PlanPlacement({}, 0).ok());
  EXPECT_FALSE(PlanPlacement({{"a"}, {"b"}}, 2).ok());
  EXPECT_EQ(PlanPlacement({{"a"}, {"b"}, {"c"}}, 2)->primaries.size(), 1u);
}

TEST(PlanReshard, TakesFromAllOthersInProportion) {
  const auto map = TestMap({"0-7999", "8000-11999", "12000-16383"});
  const auto plan = PlanReshard(*map, TestShard(3), 1200, {});
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->size(), 2u);
  EXPECT_EQ((*plan)[0].slots.ToString(), "7200-7999");
  EXPECT_EQ((*plan)[1].slots.ToString(), "11600-11999");
  EXPECT_EQ(CountSlots(*plan), 1200);
}

TEST(PlanReshard, NamedSourceGivesAllThatIsAsked) {
  const auto map = TestMap({"0-4,9-10", "5-8,11-16383"});
  EXPECT_EQ((*PlanReshard(*map, TestShard(2), 3, {TestShard(1)}))[0].slots.ToString(), "4,9-10");
  EXPECT_EQ(CountSlots(*PlanReshard(*map, TestShard(2), 7, {TestShard(1), TestShard(1)})), 7);
}

TEST(PlanReshard, ErrorsNameWhatIsWrong) {
  const auto map = TestMap({"0-99", "100-16383"});
  EXPECT_THAT(std::string(PlanReshard(*map, TestShard(2), 101, {}).status().message()),
              HasSubstr("own 100 slots, fewer than the 101"));
  EXPECT_FALSE(PlanReshard(*map, TestShard(2), 0, {}).ok());
  EXPECT_FALSE(PlanReshard(*map, TestShard(9), 1, {}).ok());
  EXPECT_FALSE(PlanReshard(*map, TestShard(2), 1, {TestShard(9)}).ok());
  EXPECT_FALSE(PlanReshard(*map, TestShard(2), 1, {TestShard(2)}).ok());
}

TEST(PlanRebalance, NewEmptyShardGetsItsShare) {
  const auto map = TestMap({"0-5460", "5461-10921", "10922-16383", ""});
  const auto plan = PlanRebalance(*map, {}, 2);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->size(), 3u);
  EXPECT_EQ(Counts(*map, *plan), (std::vector<int>{4096, 4096, 4096, 4096}));
}

TEST(PlanRebalance, WeightsShareAndZeroEmpties) {
  const auto map = TestMap({"0-8191", "8192-16383", ""});
  EXPECT_EQ(Counts(*map, *PlanRebalance(*map, {{TestShard(1), 0}, {TestShard(3), 3}}, 2)),
            (std::vector<int>{0, 4096, 12288}));
}

TEST(PlanRebalance, BalancedClusterOrSmallDifferenceMovesNothing) {
  EXPECT_TRUE(PlanRebalance(*TestMap({"0-5460", "5461-10921", "10922-16383"}), {}, 0)->empty());
  const auto map = TestMap({"0-8291", "8292-16383"});  // 1.2% off.
  EXPECT_TRUE(PlanRebalance(*map, {}, 2)->empty());
  EXPECT_EQ(CountSlots(*PlanRebalance(*map, {}, 1)), 100);
}

TEST(PlanRebalance, BadWeightsAreErrors) {
  const auto map = TestMap({"0-8191", "8192-16383"});
  EXPECT_FALSE(PlanRebalance(*map, {{TestShard(1), -1}}, 2).ok());
  EXPECT_FALSE(PlanRebalance(*map, {{TestShard(1), std::nan("")}}, 2).ok());
  EXPECT_FALSE(PlanRebalance(*map, {{TestShard(7), 1}}, 2).ok());
  EXPECT_FALSE(PlanRebalance(*map, {{TestShard(1), 0}, {TestShard(2), 0}}, 2).ok());
}

TEST(PlanDrain, SlotsGoToThoseThatOwnLeast) {
  const auto map = TestMap({"0-999", "1000-6999", "7000-16383"});
  const auto plan = PlanDrain(*map, TestShard(1));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(Counts(*map, *plan), (std::vector<int>{0, 7000, 9384}));
  EXPECT_TRUE(PlanDrain(*TestMap({"0-16383", ""}), TestShard(2))->empty());
  EXPECT_FALSE(PlanDrain(*TestMap({"0-16383"}), TestShard(1)).ok());
}

TEST(PlanProperties, PlansKeepEverySlotOwnedOnceAndReachTheirGoal) {
  rc::check("rebalance and drain", [] {
    const int shards = *rc::gen::inRange(2, 9);
    const auto owners = *rc::gen::container<std::vector<int>>(64, rc::gen::inRange(0, shards));
    std::vector<SlotSet> sets(shards);
    for (int slot = 0; slot < kSlotCount; ++slot) {
      sets[owners[slot / 256]].Add(static_cast<slots::Slot>(slot));
    }
    std::vector<std::string> texts;
    for (const SlotSet& set : sets) texts.push_back(set.ToString());
    const auto map = TestMap(texts);

    const auto counts = Counts(*map, *PlanRebalance(*map, {}, 0));
    RC_ASSERT(*std::max_element(counts.begin(), counts.end()) -
                  *std::min_element(counts.begin(), counts.end()) <=
              2);
    const Plan drain = *PlanDrain(*map, TestShard(1));
    RC_ASSERT(After(*map, drain)[TestShard(1)].empty());
    SlotSet all;
    for (const auto& [shard, slots] : After(*map, drain)) all |= slots;
    RC_ASSERT(all.count() == kSlotCount);
  });
}

}  // namespace
}  // namespace slotmesh::admin
