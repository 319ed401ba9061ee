#include "node/data/hash_table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

#include "node/data/hash.h"

namespace slotmesh::node {
namespace {

struct Item {
  uint64_t key;
};

uint64_t HashOf(uint64_t key, uint64_t seed) {
  return HashBytes({reinterpret_cast<const char*>(&key), sizeof(key)}, seed);
}

struct ItemPolicy {
  using Element = Item;
  static uint64_t Hash(const Item& item, uint64_t seed) { return HashOf(item.key, seed); }
  static bool Matches(const Item& item, uint64_t key) { return item.key == key; }
};
using Table = HashTable<ItemPolicy>;

// All elements in one chain, all with one tag: the worst hash there is.
struct CollidingPolicy : ItemPolicy {
  static uint64_t Hash(const Item&, uint64_t) { return 42; }
};

// A table together with the elements it points to.
struct Owner {
  explicit Owner(uint64_t seed = 7) : table(seed) {}
  bool Insert(uint64_t key, uint16_t note = 0) {
    const uint64_t hash = HashOf(key, table.seed());
    if (table.Find(hash, key)) return false;
    auto& item = items[key] = std::make_unique<Item>(Item{key});
    table.Insert(hash, item.get(), note);
    return true;
  }
  bool Erase(uint64_t key) {
    const uint64_t hash = HashOf(key, table.seed());
    const Table::Position at = table.Find(hash, key);
    if (!at) return false;
    EXPECT_EQ(table.Erase(hash, at), items[key].get());
    items.erase(key);
    return true;
  }
  bool Contains(uint64_t key) const {
    const Table::Position at = table.Find(HashOf(key, table.seed()), key);
    return at && Table::At(at)->key == key;
  }
  Table table;
  std::unordered_map<uint64_t, std::unique_ptr<Item>> items;
};

TEST(HashTable, EmptyTableOwnsNoMemory) {
  Owner owner;
  EXPECT_EQ(owner.table.MemoryUsage(), 0u);
  EXPECT_FALSE(owner.Contains(1));
  EXPECT_LE(sizeof(Table), 56u);
  owner.Insert(1);
  EXPECT_EQ(owner.table.MemoryUsage(), 64u);
  owner.Erase(1);
  EXPECT_EQ(owner.table.MemoryUsage(), 0u);
}

TEST(HashTable, BehavesAsAnUnorderedMap) {
  const bool ok = rc::check([] {
    Owner owner(*rc::gen::arbitrary<uint64_t>());
    std::set<uint64_t> model;
    const auto ops = *rc::gen::container<std::vector<std::pair<int, uint16_t>>>(
        rc::gen::pair(rc::gen::inRange(0, 5), rc::gen::inRange<uint16_t>(0, 400)));
    for (const auto& [op, key] : ops) {
      if (op < 3) {
        RC_ASSERT(owner.Insert(key) == model.insert(key).second);
      } else if (op == 3) {
        RC_ASSERT(owner.Erase(key) == (model.erase(key) > 0));
      } else {
        RC_ASSERT(owner.Contains(key) == (model.count(key) > 0));
      }
      RC_ASSERT(owner.table.size() == model.size());
    }
    owner.table.CheckInvariants();
    std::set<uint64_t> seen;
    owner.table.ForEach([&](Item& item) { RC_ASSERT(seen.insert(item.key).second); });
    RC_ASSERT(seen == model);
  });
  EXPECT_TRUE(ok);
}

TEST(HashTable, GrowsToManySegmentsAndShrinksBackToNothing) {
  Owner owner;
  constexpr uint64_t kMany = 100'000;  // 22,000 buckets: six segments.
  for (uint64_t key = 0; key < kMany; ++key) {
    ASSERT_TRUE(owner.Insert(key));
    if (key % 9973 == 0) owner.table.CheckInvariants();
  }
  owner.table.CheckInvariants();
  const double bytes = static_cast<double>(owner.table.MemoryUsage()) / kMany;
  EXPECT_LE(bytes, 17.0);
  for (uint64_t key = 0; key < kMany; ++key) ASSERT_TRUE(owner.Contains(key));
  for (uint64_t key = 0; key < kMany; ++key) {
    ASSERT_TRUE(owner.Erase(key));
    if (key % 9973 == 0) owner.table.CheckInvariants();
    if (kMany - key > 1000 && key % 997 == 0) {
      EXPECT_LE(owner.table.MemoryUsage(), 30 * owner.table.size() + 64 * 1024) << key;
    }
  }
  EXPECT_EQ(owner.table.size(), 0u);
  EXPECT_EQ(owner.table.MemoryUsage(), 0u);
}

TEST(HashTable, MemoryPerElementIsFlatOverSizes) {
  Owner owner;
  for (uint64_t key = 0; key < 60'000; ++key) {
    owner.Insert(key);
    const uint64_t n = owner.table.size();
    if (n >= 30 && n % 10 == 0) {
      // 60 elements are a slot of a cluster with a million keys.
      const double bytes = static_cast<double>(owner.table.MemoryUsage()) / n;
      ASSERT_LE(bytes, n < 100 ? 24.0 : 20.0) << n;
    }
  }
}

TEST(HashTable, SurvivesElementsThatAllCollide) {
  HashTable<CollidingPolicy> table(0);
  std::vector<std::unique_ptr<Item>> items;
  for (uint64_t key = 0; key < 300; ++key) {
    items.push_back(std::make_unique<Item>(Item{key}));
    table.Insert(42, items.back().get());
  }
  table.CheckInvariants();
  std::mt19937_64 random(1);
  std::shuffle(items.begin(), items.end(), random);
  while (!items.empty()) {
    const auto at = table.Find(42, items.back()->key);
    ASSERT_TRUE(at);
    EXPECT_EQ(table.Erase(42, at), items.back().get());
    items.pop_back();
    table.CheckInvariants();
  }
  EXPECT_EQ(table.MemoryUsage(), 0u);
}

TEST(HashTable, NotesStayWithTheirElements) {
  Owner owner;
  for (uint64_t key = 0; key < 5000; ++key) owner.Insert(key, static_cast<uint16_t>(key * 13));
  for (uint64_t key = 0; key < 4000; ++key) owner.Erase(key);
  for (uint64_t key = 4000; key < 5000; ++key) {
    const auto at = owner.table.Find(HashOf(key, 7), key);
    ASSERT_EQ(Table::NoteAt(at), static_cast<uint16_t>(key * 13));
    Table::SetNote(at, 0xffff);
    Item moved{key};
    Table::Replace(at, &moved);
    ASSERT_EQ(Table::At(at), &moved);
    ASSERT_EQ(Table::NoteAt(at), 0xffff);
    Table::Replace(at, owner.items[key].get());
  }
}

// Elements that stay for the whole scan are all returned, though others come and go in thousands
// between steps.
TEST(HashTable, ScanReturnsWhatIsPresentThroughoutGrowthAndShrinking) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    std::mt19937_64 random(seed);
    Owner owner(seed);
    const uint64_t stay = 1 + random() % 2000;
    for (uint64_t key = 0; key < stay; ++key) owner.Insert(key);
    uint64_t others = stay;
    uint64_t first = stay;
    const auto grow = [&](uint64_t n) {
      for (; n > 0; --n) owner.Insert(others++);
    };
    const auto shrink = [&](uint64_t n) {
      for (; n > 0 && first < others; --n) owner.Erase(first++);
    };
    grow(random() % 3000);
    std::set<uint64_t> seen;
    uint64_t cursor = 0;
    uint64_t steps = 0;
    do {
      cursor = owner.table.Scan(cursor, [&](Item& item) { seen.insert(item.key); });
      const uint64_t what = random() % 8;
      if (what == 0) grow(random() % 300);
      if (what == 1) shrink(random() % 300);
      if (what == 2 && random() % 16 == 0) shrink(1'000'000);
      ASSERT_LT(++steps, 100'000u);
    } while (cursor != 0);
    for (uint64_t key = 0; key < stay; ++key) ASSERT_TRUE(seen.count(key) > 0) << key;
    owner.table.CheckInvariants();
  }
}

TEST(HashTable, ScanOfATableAtRestReturnsEachElementOnceWithSmallCursors) {
  Owner owner;
  for (uint64_t key = 0; key < 3000; ++key) owner.Insert(key);
  std::map<uint64_t, int> seen;
  uint64_t cursor = 0;
  do {
    cursor = owner.table.Scan(cursor, [&](Item& item) { ++seen[item.key]; });
    EXPECT_LT(cursor, 4096u);
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 3000u);
  for (const auto& [key, times] : seen) EXPECT_EQ(times, 1) << key;
}

TEST(HashTable, AnyCursorIsSafe) {
  Owner owner;
  std::mt19937_64 random(3);
  for (uint64_t key = 0; key < 777; ++key) {
    owner.Insert(key);
    for (int i = 0; i < 20; ++i) owner.table.Scan(random(), [](Item&) {});
    owner.table.Scan(UINT64_MAX, [](Item&) {});
  }
}

// Chi-squared over the elements, at sizes with and without chains and in the middle of a doubling.
TEST(HashTable, SamplesEachElementEquallyOften) {
  for (const uint64_t size : {1u, 5u, 7u, 60u, 100u, 1000u}) {
    Owner owner(size);
    for (uint64_t key = 0; key < size; ++key) owner.Insert(key);
    std::mt19937_64 random(size);
    std::vector<int> counts(size);
    constexpr int kPerElement = 200;
    for (uint64_t i = 0; i < size * kPerElement; ++i) {
      ++counts[owner.table.Sample([&](uint64_t n) { return random() % n; })->key];
    }
    double chi = 0;
    for (const int count : counts) {
      chi += static_cast<double>(count - kPerElement) * (count - kPerElement) / kPerElement;
    }
    const double freedom = static_cast<double>(size) - 1;
    EXPECT_LE(chi, freedom + 5 * std::sqrt(2 * freedom) + 1) << size;
  }
}

TEST(HashTable, SampleOfNothingIsNull) {
  Owner owner;
  EXPECT_EQ(owner.table.Sample([](uint64_t) { return 0; }), nullptr);
}

TEST(HashTable, DrainVisitsEachElementOnceInSlices) {
  Owner owner;
  for (uint64_t key = 0; key < 30'000; ++key) owner.Insert(key);
  std::set<uint64_t> seen;
  int slices = 0;
  const auto visit = [&](Item* item) { EXPECT_TRUE(seen.insert(item->key).second); };
  while (!owner.table.Drain(100, visit)) ++slices;
  EXPECT_GE(slices, 50);
  EXPECT_EQ(seen.size(), 30'000u);
  EXPECT_EQ(owner.table.MemoryUsage(), 0u);
}

// What a walk returns is what was there when it began, whatever is inserted and erased meanwhile,
// as long as SaveBucket comes before each change.
TEST(HashTable, WalkReturnsExactlyWhatWasThereWhenItBegan) {
  std::mt19937_64 random(11);
  Owner owner;
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(testing::Message() << "round=" << round);
    std::set<uint64_t> begin;
    for (const auto& [key, item] : owner.items) begin.insert(key);
    std::set<uint64_t> got;
    const auto save = [&](Item& item) { ASSERT_TRUE(got.insert(item.key).second) << item.key; };
    owner.table.BeginWalk();
    const bool finish = random() % 4 != 0;
    const uint64_t range = 1 + random() % 2000;
    uint64_t cursor = 0;
    do {
      cursor = owner.table.WalkStep(cursor, save);
      for (uint64_t i = random() % 12; i > 0; --i) {
        const uint64_t key = random() % range;
        owner.table.SaveBucket(HashOf(key, 7), save);
        random() % 2 == 0 ? owner.Insert(key) : owner.Erase(key);
      }
      if (!finish && random() % 50 == 0) break;
    } while (cursor != 0);
    owner.table.EndWalk(cursor == 0);
    if (cursor == 0) {
      ASSERT_EQ(got, begin);
    }
    owner.table.CheckInvariants();
  }
}

TEST(HashTable, WalkIsRightAfterHundredsOfAbortedOnes) {
  Owner owner;
  for (uint64_t key = 0; key < 500; ++key) owner.Insert(key);
  uint64_t cursor = 0;
  for (int i = 0; i < 400; ++i) {
    owner.table.BeginWalk();
    cursor = owner.table.WalkStep(cursor, [](Item&) {});
    owner.table.EndWalk(false);
  }
  owner.table.BeginWalk();
  size_t count = 0;
  cursor = 0;
  do {
    cursor = owner.table.WalkStep(cursor, [&](Item&) { ++count; });
  } while (cursor != 0);
  owner.table.EndWalk(true);
  EXPECT_EQ(count, 500u);
}

}  // namespace
}  // namespace slotmesh::node
