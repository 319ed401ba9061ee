#include "slots/router.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "slots/open_slots.h"
#include "slots/slot_map.h"

namespace slotmesh::slots {
namespace {

NodeId Node(char c) { return NodeId::FromBytes(std::string(20, c)); }
ShardId Shard(char c) { return ShardId::FromBytes(std::string(20, c)); }

NodeInfo Member(char node, char shard) {
  return {.id = Node(node), .shard = Shard(shard), .ip = std::string("10.0.0.") + node};
}

// Nodes: a (primary) and b (replica) of A; c of B; d of C, which has no primary at the moment; e of
// no shard. Slots: A has 0-99, B 100-199, C 200-299; nobody has the rest.
std::shared_ptr<const SlotMap> TestMap() {
  SlotMapData data;
  data.nodes = {Member('a', 'A'), Member('b', 'A'), Member('c', 'B'), Member('d', 'C')};
  data.nodes.push_back({.id = Node('e'), .ip = "10.0.0.e"});
  data.shards.push_back({.id = Shard('A'), .primary = Node('a'), .replicas = {Node('b')}});
  data.shards.push_back({.id = Shard('B'), .primary = Node('c')});
  data.shards.push_back({.id = Shard('C'), .replicas = {Node('d')}});
  data.shards[0].slots = SlotSet::Of(0, 99);
  data.shards[1].slots = SlotSet::Of(100, 199);
  data.shards[2].slots = SlotSet::Of(200, 299);
  return *SlotMap::Build(std::move(data));
}

enum class Keys { kNone, kOne, kSeveral, kCrossSlot };
enum class Open { kNo, kMigrating, kImporting };

// One request at one node; the defaults are a plain read of one key.
struct Case {
  Keys keys = Keys::kOne;
  Slot slot = 5;
  char self = 'a';
  Open open = Open::kNo;
  KeyPresence presence = KeyPresence::kAll;
  bool down = false;
  bool reads_when_down = false;
  bool pubsub_when_down = true;
  bool write = false;
  bool shard_pubsub = false;
  bool migrate = false;
  bool across_databases = false;
  bool readonly = false;
  bool asking = false;
  bool asking_command = false;
};

RouteTrait TraitsOf(const Case& c) {
  RouteTrait traits = RouteTrait::kNone;
  if (c.write) traits = traits | RouteTrait::kWrite;
  if (c.shard_pubsub) traits = traits | RouteTrait::kShardPubSub;
  if (c.migrate) traits = traits | RouteTrait::kMigrate;
  if (c.across_databases) traits = traits | RouteTrait::kMovesAcrossDatabases;
  if (c.asking_command) traits = traits | RouteTrait::kAsking;
  return traits;
}

struct Routed {
  RouteDecision decision;
  int presence_calls = 0;
};

class Bench {
 public:
  Bench() {
    for (Slot slot : {5, 105, 205, 305}) {
      migrating_.SetMigrating(slot, Node('c'));
      importing_.SetImporting(slot, Node('c'));
    }
  }

  Routed Run(const Case& c) const {
    const OpenSlots& open = c.open == Open::kNo          ? closed_
                            : c.open == Open::kMigrating ? migrating_
                                                         : importing_;
    RoutingView view(*map_, Node(c.self), open);
    view.cluster_ok = !c.down;
    view.allow_reads_when_down = c.reads_when_down;
    view.allow_pubsubshard_when_down = c.pubsub_when_down;
    RouteRequest request{.traits = TraitsOf(c), .readonly = c.readonly, .asking = c.asking};
    if (c.keys != Keys::kNone) request.keys.Add(c.slot);
    if (c.keys == Keys::kSeveral) request.keys.Add(c.slot);
    if (c.keys == Keys::kCrossSlot) request.keys.Add(static_cast<Slot>(c.slot + 1));
    Routed routed;
    const auto presence = [&] {
      ++routed.presence_calls;
      return c.presence;
    };
    routed.decision = Route(view, request, presence);
    return routed;
  }

  const SlotMap& map() const { return *map_; }

 private:
  std::shared_ptr<const SlotMap> map_ = TestMap();
  OpenSlots closed_;
  OpenSlots migrating_;
  OpenSlots importing_;
};

// The contract, a rule after the other: the first that holds decides.
struct Rule {
  const char* name;
  bool (*holds)(const Case&);
  RouteOutcome outcome;
};

bool Owns(const Case& c) {
  return (c.self == 'a' && c.slot < 100) || (c.self == 'c' && c.slot / 100 == 1);
}
bool IsReplicaOfOwner(const Case& c) {
  return (c.self == 'b' && c.slot < 100) || (c.self == 'd' && c.slot / 100 == 2);
}
bool Reads(const Case& c) { return (c.readonly || c.shard_pubsub) && !c.write; }
// Only an owner can migrate a slot; its replica stands in for it.
bool Migrates(const Case& c) {
  return c.open == Open::kMigrating && (Owns(c) || (IsReplicaOfOwner(c) && Reads(c)));
}
bool Imports(const Case& c) { return c.open == Open::kImporting && (c.self == 'a' || Reads(c)); }
bool IsOpen(const Case& c) { return Migrates(c) || Imports(c); }

bool MigratesKeys(const Case& c) { return Migrates(c) && !c.shard_pubsub; }
bool ImportsAsked(const Case& c) { return Imports(c) && (c.asking || c.asking_command); }

std::vector<Rule> Contract() {
  return {
      {"cross slot", [](const Case& c) { return c.keys == Keys::kCrossSlot; },
       RouteOutcome::kCrossSlot},
      {"no keys", [](const Case& c) { return c.keys == Keys::kNone; }, RouteOutcome::kServe},
      {"nobody's slot", [](const Case& c) { return c.slot >= 300; }, RouteOutcome::kUnserved},
      {"across databases in an open slot",
       [](const Case& c) { return IsOpen(c) && c.across_databases; }, RouteOutcome::kTryAgain},
      {"pubsub while down",
       [](const Case& c) { return c.down && c.shard_pubsub && !c.pubsub_when_down; },
       RouteOutcome::kDown},
      {"down", [](const Case& c) { return c.down && !c.shard_pubsub && !c.reads_when_down; },
       RouteOutcome::kDown},
      {"write while down",
       [](const Case& c) { return c.down && !c.shard_pubsub && c.reads_when_down && c.write; },
       RouteOutcome::kDownReadsOnly},
      {"migrate in an open slot", [](const Case& c) { return IsOpen(c) && c.migrate; },
       RouteOutcome::kServe},
      {"migrating, none here",
       [](const Case& c) { return MigratesKeys(c) && c.presence == KeyPresence::kNone; },
       RouteOutcome::kAsk},
      {"migrating, some here",
       [](const Case& c) { return MigratesKeys(c) && c.presence == KeyPresence::kSome; },
       RouteOutcome::kTryAgain},
      {"importing, one of several missing",
       [](const Case& c) {
         return ImportsAsked(c) && !c.shard_pubsub && c.keys == Keys::kSeveral &&
                c.presence != KeyPresence::kAll;
       },
       RouteOutcome::kTryAgain},
      {"importing and asked for", ImportsAsked, RouteOutcome::kServe},
      {"read on a replica", [](const Case& c) { return IsReplicaOfOwner(c) && Reads(c); },
       RouteOutcome::kServe},
      {"owned", Owns, RouteOutcome::kServe},
      {"a shard without a primary", [](const Case& c) { return c.slot / 100 == 2; },
       RouteOutcome::kUnserved},
      {"moved", [](const Case&) { return true; }, RouteOutcome::kMoved},
  };
}

// Calls f for all cases that the fields can make, but for those where a field cannot matter.
template <typename F>
void ForEachCase(F f) {
  constexpr Keys kKeys[] = {Keys::kNone, Keys::kOne, Keys::kSeveral, Keys::kCrossSlot};
  constexpr Open kOpen[] = {Open::kNo, Open::kMigrating, Open::kImporting};
  constexpr KeyPresence kPresence[] = {KeyPresence::kAll, KeyPresence::kSome, KeyPresence::kNone};
  for (Keys keys : kKeys) {
    for (Slot slot : {5, 105, 205, 305}) {
      for (char self : {'a', 'b', 'd'}) {
        for (Open open : kOpen) {
          for (KeyPresence presence : kPresence) {
            for (int bits = 0; bits < 1 << 10; ++bits) {
              const auto bit = [bits](int i) { return (bits >> i & 1) != 0; };
              const bool idle = (!bit(0) && (bit(1) || bit(2))) || (bit(8) && bit(9)) ||
                                (open == Open::kNo && presence != KeyPresence::kAll);
              if (idle) continue;
              f(Case{keys, slot, self, open, presence, bit(0), bit(1), bit(2), bit(3), bit(4),
                     bit(5), bit(6), bit(7), bit(8), bit(9)});
            }
          }
        }
      }
    }
  }
}

constexpr size_t kMaxRules = 20;
// Pairs of rules that can hold at once (others exclude each other).
constexpr int kPairsThatMeet = 98;

// Everything that can hold at once, in every combination: which is also every pair of rules.
TEST(Router, EveryCombinationFollowsTheFirstRuleOfTheContractThatHolds) {
  const Bench bench;
  const std::vector<Rule> contract = Contract();
  ASSERT_LE(contract.size(), kMaxRules);
  bool met[kMaxRules][kMaxRules] = {};  // [deciding][holding too]
  int wrong = 0;
  ForEachCase([&](const Case& c) {
    size_t first = 0;
    while (!contract[first].holds(c)) ++first;
    for (size_t rule = first; rule < contract.size(); ++rule) {
      if (!met[first][rule]) met[first][rule] = contract[rule].holds(c);
    }
    if (bench.Run(c).decision.outcome != contract[first].outcome && ++wrong < 10) {
      ADD_FAILURE() << contract[first].name << ": got outcome "
                    << static_cast<int>(bench.Run(c).decision.outcome) << ", slot " << c.slot
                    << ", self " << c.self << ", open " << static_cast<int>(c.open);
    }
  });
  EXPECT_EQ(wrong, 0);
  int pairs = 0;
  for (size_t rule = 0; rule < contract.size(); ++rule) {
    EXPECT_TRUE(met[rule][rule]) << contract[rule].name << " never decided";
    for (size_t later = rule + 1; later < contract.size(); ++later) pairs += met[rule][later];
  }
  EXPECT_EQ(pairs, kPairsThatMeet);
}

TEST(Router, AsksForPresenceOnceAndOnlyIfTheOutcomeDependsOnIt) {
  const Bench bench;
  int asked = 0;
  ForEachCase([&](const Case& c) {
    if (c.presence != KeyPresence::kAll) return;
    Case some = c;
    some.presence = KeyPresence::kSome;
    Case none = c;
    none.presence = KeyPresence::kNone;
    const Routed routed[] = {bench.Run(c), bench.Run(some), bench.Run(none)};
    const bool depends = routed[0].decision.outcome != routed[1].decision.outcome ||
                         routed[1].decision.outcome != routed[2].decision.outcome;
    for (const Routed& r : routed) ASSERT_EQ(r.presence_calls, depends ? 1 : 0);
    asked += depends ? 1 : 0;
  });
  EXPECT_GT(asked, 0);
}

struct Row {
  const char* claim;
  Case request;
  RouteOutcome outcome;
  char target = 0;
};

// The contract as documentation: one row a sentence. First what holds in any slot.
std::vector<Row> ClosedSlotRows() {
  using enum RouteOutcome;
  return {
      {"own slot", {}, kServe},
      {"another's slot", {.slot = 105}, kMoved, 'c'},
      {"keys of two slots", {.keys = Keys::kCrossSlot}, kCrossSlot},
      {"no keys, cluster down", {.keys = Keys::kNone, .down = true}, kServe},
      {"nobody's slot", {.slot = 305}, kUnserved},
      {"keys of two slots, the first nobody's",
       {.keys = Keys::kCrossSlot, .slot = 305},
       kCrossSlot},
      {"nobody's slot, cluster down", {.slot = 305, .down = true}, kUnserved},
      {"cluster down", {.down = true}, kDown},
      {"another's slot, cluster down", {.slot = 105, .down = true}, kDown},
      {"read, cluster down, reads allowed", {.down = true, .reads_when_down = true}, kServe},
      {"write, cluster down, reads allowed",
       {.down = true, .reads_when_down = true, .write = true},
       kDownReadsOnly},
      {"shard pub/sub, cluster down", {.down = true, .shard_pubsub = true}, kServe},
      {"shard pub/sub, cluster down, not allowed",
       {.down = true, .reads_when_down = true, .pubsub_when_down = false, .shard_pubsub = true},
       kDown},
      {"replica, plain client", {.self = 'b'}, kMoved, 'a'},
      {"replica, READONLY client", {.self = 'b', .readonly = true}, kServe},
      {"replica, READONLY client writes",
       {.self = 'b', .write = true, .readonly = true},
       kMoved,
       'a'},
      {"replica, READONLY, slot of another shard",
       {.slot = 105, .self = 'b', .readonly = true},
       kMoved,
       'c'},
      {"replica, shard pub/sub", {.self = 'b', .shard_pubsub = true}, kServe},
      {"replica, READONLY, cluster down", {.self = 'b', .down = true, .readonly = true}, kDown},
      {"shard without a primary", {.slot = 205}, kUnserved},
      {"its replica, READONLY client", {.slot = 205, .self = 'd', .readonly = true}, kServe},
      {"its replica, plain client", {.slot = 205, .self = 'd'}, kUnserved},
      {"member without a shard", {.self = 'e', .readonly = true}, kMoved, 'a'},
      {"not a member", {.self = 'x', .readonly = true}, kMoved, 'a'},
      {"not a member, shard without a primary",
       {.slot = 205, .self = 'x', .readonly = true},
       kUnserved},
  };
}

// And what in a slot that is open.
std::vector<Row> OpenSlotRows() {
  using enum RouteOutcome;
  return {
      {"MOVE in a migrating slot", {.open = Open::kMigrating, .across_databases = true}, kTryAgain},
      {"MOVE in an open slot, cluster down",
       {.open = Open::kMigrating, .down = true, .across_databases = true},
       kTryAgain},
      {"MIGRATE in a migrating slot, keys gone",
       {.open = Open::kMigrating, .presence = KeyPresence::kNone, .migrate = true},
       kServe},
      {"MIGRATE in an importing slot of another",
       {.slot = 105, .open = Open::kImporting, .migrate = true},
       kServe},
      {"MIGRATE in an open slot, cluster down",
       {.open = Open::kMigrating, .down = true, .migrate = true},
       kDown},
      {"migrating, key here", {.open = Open::kMigrating}, kServe},
      {"migrating, key gone, READONLY client of a replica",
       {.self = 'b', .open = Open::kMigrating, .presence = KeyPresence::kNone, .readonly = true},
       kAsk,
       'c'},
      {"importing and asked for, READONLY client of a replica, one of several keys missing",
       {.keys = Keys::kSeveral,
        .slot = 105,
        .self = 'b',
        .open = Open::kImporting,
        .presence = KeyPresence::kSome,
        .readonly = true,
        .asking = true},
       kTryAgain},
      {"importing and asked for, replica, plain client",
       {.slot = 105, .self = 'b', .open = Open::kImporting, .asking = true},
       kMoved,
       'c'},
      {"migrating, key gone",
       {.open = Open::kMigrating, .presence = KeyPresence::kNone},
       kAsk,
       'c'},
      {"migrating, one of two keys gone",
       {.keys = Keys::kSeveral, .open = Open::kMigrating, .presence = KeyPresence::kSome},
       kTryAgain},
      {"shard pub/sub in a migrating slot",
       {.open = Open::kMigrating, .presence = KeyPresence::kNone, .shard_pubsub = true},
       kServe},
      {"importing, without ASKING", {.slot = 105, .open = Open::kImporting}, kMoved, 'c'},
      {"importing, with ASKING", {.slot = 105, .open = Open::kImporting, .asking = true}, kServe},
      {"importing, by a command that asks",
       {.slot = 105, .open = Open::kImporting, .asking_command = true},
       kServe},
      {"importing with ASKING, the one key missing",
       {.slot = 105, .open = Open::kImporting, .presence = KeyPresence::kNone, .asking = true},
       kServe},
      {"importing with ASKING, one of two keys missing",
       {.keys = Keys::kSeveral,
        .slot = 105,
        .open = Open::kImporting,
        .presence = KeyPresence::kSome,
        .asking = true},
       kTryAgain},
      {"ASKING in a slot that is not importing", {.slot = 105, .asking = true}, kMoved, 'c'},
  };
}

TEST(Router, Contract) {
  const Bench bench;
  std::vector<Row> rows = ClosedSlotRows();
  for (const Row& row : OpenSlotRows()) rows.push_back(row);
  for (const Row& row : rows) {
    const RouteDecision decision = bench.Run(row.request).decision;
    EXPECT_EQ(decision.outcome, row.outcome) << row.claim;
    const NodeInfo* const target =
        row.target == 0 ? nullptr : bench.map().FindNode(Node(row.target));
    EXPECT_EQ(decision.target, target) << row.claim;
    EXPECT_EQ(decision.slot, row.request.keys == Keys::kNone ? 0 : row.request.slot) << row.claim;
  }
}

TEST(Router, ASlotThatMigratesToANodeThatLeftSaysTryAgain) {
  const std::shared_ptr<const SlotMap> map = TestMap();
  OpenSlots open;
  open.SetMigrating(5, Node('x'));
  const RoutingView view(*map, Node('a'), open);
  RouteRequest request;
  request.keys.Add(5);
  EXPECT_EQ(Route(view, request, [] { return KeyPresence::kNone; }).outcome,
            RouteOutcome::kTryAgain);
  EXPECT_TRUE(Route(view, request, [] { return KeyPresence::kAll; }).served());
}

TEST(KeySlots, SumsUpSlotsInAnyOrder) {
  KeySlots keys;
  EXPECT_EQ(keys.slot, kNoSlot);
  keys.Add(0);
  EXPECT_EQ(keys.slot, 0);
  EXPECT_FALSE(keys.several_keys);
  keys.Add(0);
  EXPECT_TRUE(keys.several_keys);
  EXPECT_FALSE(keys.cross_slot);
  keys.Add(1);
  keys.Add(0);
  EXPECT_TRUE(keys.cross_slot);
  EXPECT_EQ(keys.slot, 0);
}

TEST(OpenSlots, ALaterWordReplacesTheEarlierOne) {
  OpenSlots open;
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(open.Find(7), nullptr);
  open.SetMigrating(7, Node('a'));
  EXPECT_EQ(open.Find(7)->migrating_to, Node('a'));
  open.SetImporting(7, Node('b'));
  EXPECT_TRUE(open.Find(7)->migrating_to.is_zero());
  EXPECT_EQ(open.Find(7)->importing_from, Node('b'));
  open.SetMigrating(3, Node('a'));
  EXPECT_EQ(open.all().size(), 2u);
  EXPECT_EQ(open.all().begin()->first, 3);
  open.Close(7);
  open.Close(8);
  EXPECT_EQ(open.Find(7), nullptr);
  EXPECT_NE(open.Find(3), nullptr);
  open.Clear();
  EXPECT_EQ(open.Find(3), nullptr);
  EXPECT_TRUE(open.empty());
}

}  // namespace
}  // namespace slotmesh::slots
