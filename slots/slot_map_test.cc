#include "slots/slot_map.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"

namespace slotmesh::slots {
namespace {

NodeId Node(char c) { return NodeId::FromBytes(std::string(20, c)); }
ShardId Shard(char c) { return ShardId::FromBytes(std::string(20, c)); }

// Shard A: primary a, replicas c and b, slots 0-9. Shard B: primary d, slots 10-19. Arbiter e.
SlotMapData Sample() {
  SlotMapData data;
  data.version = {LogId::FromBytes(std::string(20, 'L')), 1, 7};
  data.current_epoch = 5;
  for (char c : {'a', 'b', 'c'}) {
    data.nodes.push_back({.id = Node(c), .shard = Shard('A'), .ip = "10.0.0.1", .port = 7000});
  }
  data.nodes.push_back({.id = Node('d'), .shard = Shard('B'), .voter = true});
  data.nodes.push_back({.id = Node('e'), .voter = true, .arbiter = true});
  data.shards.push_back({.id = Shard('A'),
                         .epoch = 5,
                         .primary = Node('a'),
                         .primary_boot = 77,
                         .replicas = {Node('c'), Node('b')},
                         .in_sync = {Node('a'), Node('c')},
                         .in_sync_version = 3,
                         .slots = SlotSet::Of(0, 9)});
  data.shards.push_back({.id = Shard('B'), .epoch = 2, .primary = Node('d')});
  data.shards.back().slots = SlotSet::Of(10, 19);
  return data;
}

std::shared_ptr<const SlotMap> Build(SlotMapData data) {
  absl::StatusOr<std::shared_ptr<const SlotMap>> map = SlotMap::Build(std::move(data));
  EXPECT_TRUE(map.ok()) << map.status();
  return map.ok() ? *map : nullptr;
}

TEST(SlotMap, AnswersWhoServesWhat) {
  const auto map = Build(Sample());
  ASSERT_NE(map, nullptr);
  EXPECT_EQ(map->Owner(0)->id, Shard('A'));
  EXPECT_EQ(map->Owner(9)->id, Shard('A'));
  EXPECT_EQ(map->Owner(10)->id, Shard('B'));
  EXPECT_EQ(map->Owner(20), nullptr);
  EXPECT_EQ(map->Owner(16383), nullptr);
  EXPECT_EQ(map->PrimaryOf(Slot{5})->id, Node('a'));
  EXPECT_EQ(map->PrimaryOf(Slot{15})->id, Node('d'));
  EXPECT_EQ(map->PrimaryOf(Slot{20}), nullptr);
  EXPECT_EQ(map->PrimaryOf(*map->FindShard(Shard('B')))->id, Node('d'));
  EXPECT_EQ(map->assigned_slots(), 20);
  EXPECT_EQ(map->version().sequence, 7u);
  EXPECT_EQ(map->data(), Sample());
}

TEST(SlotMap, FindsNodesAndShards) {
  const auto map = Build(Sample());
  EXPECT_EQ(map->FindNode(Node('c'))->id, Node('c'));
  EXPECT_EQ(map->FindNode(Node('z')), nullptr);
  EXPECT_EQ(map->FindNode(NodeId()), nullptr);
  EXPECT_EQ(map->FindShard(Shard('A'))->primary_boot, 77u);
  EXPECT_EQ(map->FindShard(Shard('C')), nullptr);
  EXPECT_EQ(map->ShardOf(Node('b'))->id, Shard('A'));
  EXPECT_EQ(map->ShardOf(Node('e')), nullptr);
  EXPECT_EQ(map->ShardOf(Node('z')), nullptr);
}

TEST(SlotMap, AShardMayHaveNoPrimary) {
  SlotMapData data = Sample();
  data.shards[0].primary = NodeId();
  data.shards[0].replicas.push_back(Node('a'));
  const auto map = Build(data);
  EXPECT_EQ(map->Owner(3)->id, Shard('A'));
  EXPECT_EQ(map->PrimaryOf(Slot{3}), nullptr);
}

TEST(SlotMap, EmptyHasNothing) {
  const auto map = SlotMap::Empty();
  EXPECT_EQ(map->assigned_slots(), 0);
  EXPECT_EQ(map->Owner(0), nullptr);
  EXPECT_EQ(map->data(), SlotMapData());
}

TEST(SlotMap, LookUpsOutliveTheDataThatItWasBuiltFrom) {
  std::shared_ptr<const SlotMap> map;
  {
    SlotMapData data = Sample();
    map = Build(data);
    data.nodes.clear();
  }
  EXPECT_EQ(map->PrimaryOf(Slot{5}), map->FindNode(Node('a')));
  EXPECT_EQ(map->ShardOf(Node('a')), map->Owner(5));
}

struct Wrong {
  const char* part_of_error;
  std::function<void(SlotMapData&)> change;
};

TEST(SlotMap, BuildRefusesWhatDoesNotFitTogether) {
  const std::vector<Wrong> cases = {
      {"nodes are not sorted", [](SlotMapData& d) { std::swap(d.nodes[0], d.nodes[1]); }},
      {"nodes are not sorted", [](SlotMapData& d) { d.nodes[1] = d.nodes[0]; }},
      {"zero id", [](SlotMapData& d) { d.nodes.insert(d.nodes.begin(), NodeInfo()); }},
      {"shards are not sorted", [](SlotMapData& d) { std::swap(d.shards[0], d.shards[1]); }},
      {"shards are not sorted", [](SlotMapData& d) { d.shards[1].id = d.shards[0].id; }},
      {"zero id", [](SlotMapData& d) { d.shards.insert(d.shards.begin(), ShardInfo()); }},
      {"above the current epoch", [](SlotMapData& d) { d.current_epoch = 4; }},
      {"which is not a member", [](SlotMapData& d) { d.shards[1].primary = Node('z'); }},
      {"which is not a member", [](SlotMapData& d) { d.shards[0].replicas[0] = Node('z'); }},
      {"which is of shard", [](SlotMapData& d) { d.shards[1].replicas = {Node('b')}; }},
      {"which is of shard", [](SlotMapData& d) { d.shards[1].replicas = {Node('e')}; }},
      {"twice", [](SlotMapData& d) { d.shards[0].replicas[0] = Node('a'); }},
      {"twice", [](SlotMapData& d) { d.shards[0].replicas[0] = Node('b'); }},
      {"does not name it", [](SlotMapData& d) { d.shards[0].replicas = {Node('c')}; }},
      {"does not name it",
       [](SlotMapData& d) { d.nodes[3].shard = Shard('X'), d.shards.pop_back(); }},
      {"arbiter", [](SlotMapData& d) { d.nodes[4].shard = Shard('B'); }},
      {"in-sync",
       [](SlotMapData& d) { std::swap(d.shards[0].in_sync[0], d.shards[0].in_sync[1]); }},
      {"in-sync", [](SlotMapData& d) { d.shards[0].in_sync[1] = d.shards[0].in_sync[0]; }},
      {"in-sync", [](SlotMapData& d) { d.shards[0].in_sync = {Node('d')}; }},
      {"in-sync", [](SlotMapData& d) { d.shards[0].in_sync = {Node('z')}; }},
      {"slot 9 is claimed", [](SlotMapData& d) { d.shards[1].slots.Add(9); }},
  };
  for (const Wrong& wrong : cases) {
    SlotMapData data = Sample();
    wrong.change(data);
    const auto map = SlotMap::Build(std::move(data));
    ASSERT_FALSE(map.ok()) << wrong.part_of_error;
    EXPECT_EQ(map.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(map.status().message().find(wrong.part_of_error), absl::string_view::npos)
        << map.status() << " instead of " << wrong.part_of_error;
  }
}

TEST(SlotMap, TheErrorNamesWhoClaimsASlot) {
  SlotMapData data = Sample();
  data.shards[1].slots.Add(0);
  data.shards[1].slots.Add(9);
  const std::string error(SlotMap::Build(std::move(data)).status().message());
  EXPECT_EQ(error, "slot map: slot 0 is claimed by the shards " + Shard('A').ToHex() + " and " +
                       Shard('B').ToHex());
}

// Each field alone changes the digest, and none of the changes gives the digest of another.
TEST(SlotMap, DigestCoversEveryField) {
  const std::vector<std::function<void(SlotMapData&)>> changes = {
      [](SlotMapData&) {},
      [](SlotMapData& d) { d.version.log = LogId::FromBytes(std::string(20, 'M')); },
      [](SlotMapData& d) { ++d.version.generation; },
      [](SlotMapData& d) { ++d.version.sequence; },
      [](SlotMapData& d) { ++d.current_epoch; },
      [](SlotMapData& d) { d.nodes[4].id = Node('f'); },
      [](SlotMapData& d) { d.nodes[0].ip = "10.0.0.2"; },
      [](SlotMapData& d) { d.nodes[0].hostname = "h"; },
      [](SlotMapData& d) { d.nodes[0].zone = "h"; },
      [](SlotMapData& d) { d.nodes[1].hostname = "h"; },
      [](SlotMapData& d) { ++d.nodes[0].port; },
      [](SlotMapData& d) { ++d.nodes[0].tls_port; },
      [](SlotMapData& d) { ++d.nodes[0].bus_port; },
      [](SlotMapData& d) { ++d.nodes[0].http_port; },
      [](SlotMapData& d) { d.nodes[0].voter = true; },
      [](SlotMapData& d) { d.nodes[4].arbiter = false; },
      [](SlotMapData& d) { d.nodes.pop_back(); },
      [](SlotMapData& d) { --d.shards[0].epoch; },
      [](SlotMapData& d) { ++d.shards[0].primary_boot; },
      [](SlotMapData& d) { std::swap(d.shards[0].primary, d.shards[0].replicas[0]); },
      [](SlotMapData& d) { std::swap(d.shards[0].replicas[0], d.shards[0].replicas[1]); },
      [](SlotMapData& d) { d.shards[0].in_sync.pop_back(); },
      [](SlotMapData& d) { ++d.shards[0].in_sync_version; },
      [](SlotMapData& d) { d.shards[0].slots.Remove(9); },
      [](SlotMapData& d) { d.shards[1].slots.Add(9), d.shards[0].slots.Remove(9); },
      [](SlotMapData& d) { d.nodes[3].shard = ShardId(), d.shards.pop_back(); },
  };
  absl::flat_hash_set<uint64_t> digests;
  for (const auto& change : changes) {
    SlotMapData data = Sample();
    change(data);
    EXPECT_TRUE(digests.insert(Build(std::move(data))->digest()).second) << digests.size();
  }
}

// Heartbeats compare digests between machines: it must not hang on the process or on the build.
TEST(SlotMap, DigestIsTheSameEverywhere) {
  EXPECT_EQ(Build(Sample())->digest(), Build(Sample())->digest());
  EXPECT_EQ(Build(Sample())->digest(), 14611714166607872382u);
}

TEST(MapVersion, NewerWithinALogAndNeverBetweenLogs) {
  const LogId x = LogId::FromBytes(std::string(20, 'x'));
  const LogId y = LogId::FromBytes(std::string(20, 'y'));
  EXPECT_TRUE(IsNewer({x, 1, 2}, {x, 1, 1}));
  EXPECT_FALSE(IsNewer({x, 1, 1}, {x, 1, 1}));
  EXPECT_FALSE(IsNewer({x, 1, 1}, {x, 1, 2}));
  EXPECT_TRUE(IsNewer({x, 2, 0}, {x, 1, 9}));
  EXPECT_FALSE(IsNewer({x, 1, 9}, {x, 2, 0}));
  EXPECT_FALSE(IsNewer({x, 1, 2}, {y, 1, 1}));
  EXPECT_FALSE(IsNewer({y, 1, 1}, {x, 1, 2}));
}

}  // namespace
}  // namespace slotmesh::slots
