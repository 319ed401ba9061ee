#include "node/keyspace/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "node/keyspace/keyspace.h"
#include "node/keyspace/reclaimers.h"
#include "node/keyspace/test_object.h"

namespace slotmesh::node {
namespace {

using testing::ElementsAre;

constexpr UnixMillis kNow = 1'700'000'000'000;

// Says what it hears.
class Recorder : public RemovalListener, public TouchListener {
 public:
  void OnRemoved(int database, const HashedKey& key, Removal why) override {
    lines.push_back((why == Removal::kExpired ? "expired " : "evicted ") +
                    std::to_string(database) + " " + std::string(key.bytes));
  }
  void OnTouched(int database, const HashedKey& key) override {
    lines.push_back("touched " + std::to_string(database) + " " + std::string(key.bytes));
  }
  void OnAllTouched(int database, int slot) override {
    lines.push_back("all touched " + std::to_string(database) + " " + std::to_string(slot));
  }
  std::vector<std::string> lines;
};

// Parameter: a table per slot.
class DatabaseTest : public testing::TestWithParam<bool> {
 protected:
  HashedKey Key(std::string_view key) const {
    return keyspace_.Hash(key, static_cast<int>(std::hash<std::string_view>()(key) % 16384));
  }
  std::string Get(std::string_view key, UnixMillis now = kNow) {
    const Entry* entry = db_.FindRead(Key(key), now);
    IntText scratch;
    return entry == nullptr ? "(nil)" : std::string(entry->string_bytes(scratch));
  }
  void Set(std::string_view key, std::string_view value, UnixMillis expiry = kNoExpiry) {
    db_.SetString(Key(key), value, {.expiry = expiry}, kNow);
  }
  std::set<std::string> ScanAll(int slot = -1) {
    std::set<std::string> keys;
    uint64_t cursor = 0;
    do {
      cursor = db_.Scan(cursor, slot, [&](const Entry& entry) { keys.emplace(entry.key()); });
    } while (cursor != 0);
    return keys;
  }

  Keyspace keyspace_{{.cluster = GetParam(), .hash_seed = 99}};
  Database& db_ = keyspace_.database(0);
};
INSTANTIATE_TEST_SUITE_P(Tables, DatabaseTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "PerSlot" : "One"; });

// Reads what goes.
class Farewells : public DepartureListener {
 public:
  explicit Farewells(Database& db) : db_(db) {}
  void OnDeparture(int database, const HashedKey& key, Departure why) override {
    constexpr std::string_view kNames[] = {"deleted", "expired", "evicted", "overwritten"};
    IntText scratch;
    const Entry* entry = db_.FindRaw(key);
    lines.push_back(std::string(kNames[static_cast<int>(why)]) + " " + std::to_string(database) +
                    " " + std::string(key.bytes) + " " + std::string(entry->string_bytes(scratch)));
  }
  std::vector<std::string> lines;

 private:
  Database& db_;
};

TEST_P(DatabaseTest, WhoListensHearsOfValuesBeforeTheyGo) {
  Set("a", "first");
  Farewells farewells(db_);
  keyspace_.set_departure_listener(&farewells);
  Set("a", "second");
  Set("b", "new");
  db_.Delete(Key("a"), kNow);
  EntryRef ref = db_.FindWrite(Key("b"), kNow);
  Entry::Free(db_.Extract(ref, Key("b")));
  Set("e", "late", kNow + 1);
  EXPECT_EQ(Get("e", kNow + 2), "(nil)");
  Set("v", "much");
  EXPECT_TRUE(db_.Evict(Key("v"), false, [](bool) {}));
  EXPECT_THAT(farewells.lines,
              ElementsAre("overwritten 0 a first", "deleted 0 a second", "deleted 0 b new",
                          "expired 0 e late", "evicted 0 v much"));
  keyspace_.set_departure_listener(nullptr);
  Set("a", "x");
  db_.Delete(Key("a"), kNow);
  EXPECT_EQ(farewells.lines.size(), 5u);
}

TEST_P(DatabaseTest, DueKeysCanBeNamedInsteadOfRemoved) {
  for (int i = 0; i < 100; ++i) Set("k" + std::to_string(i), "v", kNow + 1);
  Set("stays", "v");
  std::set<std::string> named;
  for (int i = 0; i < 1000 && db_.size() > 1; ++i) {
    const auto step = db_.ExpireSome(
        kNow + 2, 10, [] { return false; }, Database::Due::kName);
    EXPECT_EQ(step.removed, 0u);
    // A bucket's keys may come on top.
    EXPECT_LT(step.due_keys.size(), 2 * Database::kDuePartsMax);
    for (const std::string& key : step.due_keys) {
      named.insert(key);
      EXPECT_EQ(Get(key, kNow + 2), "(nil)");
    }
  }
  EXPECT_EQ(named.size(), 100u);
  EXPECT_EQ(db_.size(), 1u);
}

TEST_P(DatabaseTest, SetThenFind) {
  EXPECT_EQ(Get("a"), "(nil)");
  Set("a", "1");
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(keyspace_.stats().hits, 1u);
  EXPECT_EQ(keyspace_.stats().misses, 1u);
  EXPECT_EQ(db_.size(), 1u);
  EXPECT_TRUE(db_.Delete(Key("a"), kNow));
  EXPECT_FALSE(db_.Delete(Key("a"), kNow));
  EXPECT_EQ(db_.TableMemory(), keyspace_.cluster() ? 16384 * 8u : 8u);
}

TEST_P(DatabaseTest, TypedFindsSayWrongType) {
  int alive = 0;
  TestValueType type;
  db_.Insert(Key("list"), Entry::NewObject("list", new TestObject(type, alive), kNoExpiry), kNow);
  const auto read = db_.FindReadOf(Key("list"), ValueKind::kString, kNow);
  EXPECT_EQ(read.status().message(),
            "WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_FALSE(db_.FindWriteOf(Key("list"), ValueKind::kString, kNow).ok());
  EXPECT_TRUE(db_.FindWriteOf(Key("list"), ValueKind::kList, kNow).ok());
  EXPECT_EQ(*db_.FindReadOf(Key("absent"), ValueKind::kString, kNow), nullptr);
  Set("list", "now a string");
  EXPECT_EQ(alive, 0);
}

TEST_P(DatabaseTest, ExpiredKeysVanishWhenTouched) {
  Recorder recorder;
  keyspace_.set_removal_listener(&recorder);
  Set("a", "1", kNow + 10);
  EXPECT_EQ(db_.expiring(), 1u);
  EXPECT_EQ(Get("a", kNow + 10), "1");
  EXPECT_EQ(Get("a", kNow + 11), "(nil)");
  EXPECT_EQ(db_.size(), 0u);
  EXPECT_EQ(db_.expiring(), 0u);
  EXPECT_EQ(keyspace_.stats().expired, 1u);
  EXPECT_THAT(recorder.lines, ElementsAre("expired 0 a"));
}

TEST_P(DatabaseTest, HidingKeepsExpiredKeysAndIgnoringShowsThem) {
  Set("a", "1", kNow + 10);
  keyspace_.set_expiry_mode(ExpiryMode::kHide);
  EXPECT_EQ(Get("a", kNow + 11), "(nil)");
  EXPECT_FALSE(db_.FindWrite(Key("a"), kNow + 11));
  EXPECT_EQ(db_.size(), 1u);
  keyspace_.set_expiry_mode(ExpiryMode::kIgnore);
  EXPECT_EQ(Get("a", kNow + 11), "1");
  EXPECT_EQ(keyspace_.stats().expired, 0u);
}

TEST_P(DatabaseTest, SetOverAnExpiredKeyReportsItFirst) {
  Recorder recorder;
  keyspace_.set_removal_listener(&recorder);
  Set("a", "1", kNow - 10);
  db_.SetString(Key("a"), "2", {.keep_ttl = true}, kNow);
  EXPECT_THAT(recorder.lines, ElementsAre("expired 0 a"));
  EXPECT_EQ(Get("a"), "2");
  EXPECT_EQ(db_.expiring(), 0u);
}

TEST_P(DatabaseTest, WatchersHearOfEveryChange) {
  Recorder recorder;
  keyspace_.set_touch_listener(&recorder);
  Set("a", "1");
  EntryRef ref = db_.FindWrite(Key("a"), kNow);
  db_.AppendString(ref, Key("a"), "x");
  db_.SetInteger(ref, Key("a"), 3);
  db_.SetExpiry(ref, Key("a"), kNow + 5);
  Get("a", kNow + 6);
  Set("b", "1");
  db_.Delete(Key("b"), kNow);
  Set("c", "1");
  recorder.lines.push_back("evict");
  db_.Evict(Key("c"), false);
  db_.Flush();
  EXPECT_THAT(recorder.lines,
              ElementsAre("touched 0 a", "touched 0 a", "touched 0 a", "touched 0 a", "touched 0 a",
                          "touched 0 b", "touched 0 b", "touched 0 c", "evict", "touched 0 c",
                          "all touched 0 -1"));
}

TEST_P(DatabaseTest, SwapExchangesContents) {
  Set("a", "zero");
  keyspace_.Swap(0, 5);
  EXPECT_EQ(keyspace_.database(0).size(), 0u);
  EXPECT_EQ(keyspace_.database(5).size(), 1u);
  keyspace_.CheckInvariants();
}

TEST_P(DatabaseTest, AccessClockFollowsReads) {
  Set("a", "1");
  const auto idle = [&] {
    const Entry* entry = db_.FindRead(Key("a"), kNow + 90'000, {.touch = false, .count = false});
    return LruIdleSeconds(entry->access_clock(), kNow + 90'000);
  };
  EXPECT_EQ(idle(), 90u);
  Get("a", kNow + 60'000);
  EXPECT_EQ(idle(), 30u);
  EXPECT_EQ(keyspace_.stats().hits, 1u);
}

TEST_P(DatabaseTest, LfuCounterGrowsWithReadsAndDecays) {
  keyspace_.set_access_policy(AccessPolicy::kLfu);
  Set("a", "1");
  for (int i = 0; i < 100'000; ++i) Get("a");
  const Entry* entry = db_.FindRead(Key("a"), kNow, {.touch = false});
  const uint8_t hot = LfuCounter(entry->access_clock(), kNow, {});
  EXPECT_GT(hot, 100);
  EXPECT_LT(hot, 200);
  EXPECT_EQ(LfuCounter(entry->access_clock(), kNow + 20 * 60'000, {}), hot - 20);
}

TEST_P(DatabaseTest, ScanReturnsWhatIsThereThroughout) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    db_.Flush();
    std::mt19937_64 random(seed);
    std::set<std::string> stay;
    for (int i = 0; i < 300; ++i) stay.insert("stay" + std::to_string(i));
    for (const std::string& key : stay) Set(key, "v");
    std::set<std::string> seen;
    uint64_t cursor = 0;
    do {
      cursor = db_.Scan(cursor, -1, [&](const Entry& entry) { seen.emplace(entry.key()); });
      for (int i = 0; i < 20; ++i) {
        const std::string other = "other" + std::to_string(random() % 2000);
        random() % 2 == 0 ? Set(other, "v") : static_cast<void>(db_.Delete(Key(other), kNow));
      }
    } while (cursor != 0);
    for (const std::string& key : stay) ASSERT_TRUE(seen.count(key) > 0) << key;
  }
}

TEST_P(DatabaseTest, AnyScanCursorIsSafe) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 500; ++i) Set("key" + std::to_string(i), "v");
  for (int i = 0; i < 2000; ++i) {
    db_.Scan(random() >> random() % 64, -1, [](const Entry&) {});
    db_.Scan(random(), 3 % db_.slot_count(), [](const Entry&) {});
  }
  db_.Scan(UINT64_MAX, -1, [](const Entry&) {});
}

TEST_P(DatabaseTest, SlotsAreCountedListedScannedAndFlushed) {
  if (!GetParam()) return;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "key" + std::to_string(i);
    db_.SetString(keyspace_.Hash(key, i % 3 * 8000), "v", {.expiry = i < 30 ? kNow : kNoExpiry},
                  kNow);
  }
  EXPECT_EQ(db_.slot_size(8000), 100u);
  EXPECT_EQ(db_.slot_size(8001), 0u);
  size_t listed = 0;
  db_.KeysInSlot(8000, 1000, kNow + 1, [&](const Entry&) { ++listed; });
  EXPECT_EQ(listed, 90u);
  listed = 0;
  db_.KeysInSlot(8000, 7, kNow, [&](const Entry&) { ++listed; });
  EXPECT_EQ(listed, 7u);
  EXPECT_EQ(ScanAll(8000).size(), 100u);
  EXPECT_EQ(ScanAll(8001).size(), 0u);
  EXPECT_EQ(ScanAll().size(), 300u);
  db_.FlushSlot(8000);
  EXPECT_EQ(db_.size(), 200u);
  EXPECT_EQ(db_.expiring(), 20u);
  EXPECT_EQ(ScanAll(8000).size(), 0u);
  keyspace_.CheckInvariants();
}

TEST_P(DatabaseTest, RandomKeyIsUniformOverSlotsOfDifferentSizes) {
  std::mt19937_64 random(1);
  std::map<std::string, int> counts;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key" + std::to_string(i);
    // One slot has half of the keys.
    db_.SetString(keyspace_.Hash(key, i < 50 ? 777 : i * 100), "v", {}, kNow);
  }
  Set("expired", "v", kNow - 1);  // One like the others, for the caller to look at.
  for (int i = 0; i < 20'000; ++i) ++counts[std::string(db_.RandomKey(random)->key())];
  EXPECT_EQ(counts.size(), 101u);
  for (const auto& [key, count] : counts) EXPECT_NEAR(count, 200, 75) << key;
  int sampled = 0;
  db_.Sample(random, 10, [&](int, const Entry&) { ++sampled; });
  EXPECT_EQ(sampled, 10);
  db_.Flush();
  EXPECT_EQ(db_.RandomKey(random), nullptr);
  db_.Sample(random, 10, [&](int, const Entry&) { ADD_FAILURE(); });
}

TEST_P(DatabaseTest, ActiveExpiryRemovesExactlyWhatIsDue) {
  std::mt19937_64 random(2);
  std::map<std::string, UnixMillis> expiries;
  for (int i = 0; i < 5000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const UnixMillis expiry =
        i % 3 == 0 ? kNoExpiry
                   : kNow + static_cast<int64_t>(random() % 10 == 0 ? random() % (1ull << 40)
                                                                    : random() % 100'000);
    Set(key, "v", expiry);
    if (expiry != kNoExpiry) expiries[key] = expiry;
  }
  ASSERT_EQ(db_.expiring(), expiries.size());
  for (UnixMillis now = kNow; now < kNow + 120'000; now += 10'007) {
    // Two rounds: shrinking tables may hide a bucket from one.
    for (int rounds = 0; rounds < 3;) {
      const auto step = db_.ExpireSome(now, 100, [] { return false; });
      ASSERT_LE(step.buckets, 100u);
      rounds += step.wrapped;
    }
    const auto due = std::count_if(expiries.begin(), expiries.end(),
                                   [&](const auto& key) { return now > key.second; });
    // A note counts in seconds.
    const auto due_before = std::count_if(expiries.begin(), expiries.end(),
                                          [&](const auto& key) { return now > key.second + 1000; });
    EXPECT_LE(expiries.size() - db_.expiring(), static_cast<size_t>(due));
    EXPECT_GE(expiries.size() - db_.expiring(), static_cast<size_t>(due_before));
    keyspace_.CheckInvariants();
  }
}

// A key that lives longer than a note can say is found due all the same.
TEST_P(DatabaseTest, ActiveExpiryFindsKeysThatLiveForDays) {
  Set("long", "v", kNow + 100 * 3'600'000);
  for (int hour = 0; hour <= 100; ++hour) {
    for (int i = 0; i < 2; ++i) {
      db_.ExpireSome(kNow + hour * 3'600'000ll, UINT64_MAX, [] { return false; });
    }
    ASSERT_EQ(db_.size(), 1u) << hour;
  }
  db_.ExpireSome(kNow + 100 * 3'600'000 + 1, UINT64_MAX, [] { return false; });
  db_.ExpireSome(kNow + 100 * 3'600'000 + 1, UINT64_MAX, [] { return false; });
  EXPECT_EQ(db_.size(), 0u);
}

TEST_P(DatabaseTest, ActiveExpiryStopsWhenOutOfTime) {
  for (int i = 0; i < 5000; ++i) Set("key" + std::to_string(i), "v", kNow + 1);
  const auto step = db_.ExpireSome(kNow + 2000, UINT64_MAX, [] { return true; });
  EXPECT_LE(step.buckets, 64u);
  EXPECT_FALSE(step.wrapped);
}

TEST_P(DatabaseTest, BigGarbageGoesToTheReclaimer) {
  int alive = 0;
  TestValueType type;
  SlicedReclaimer reclaimer;
  keyspace_.set_reclaimer(&reclaimer);
  const auto insert = [&](const std::string& key) {
    db_.Insert(Key(key), Entry::NewObject(key, new TestObject(type, alive), kNoExpiry), kNow);
  };
  insert("a");
  insert("b");
  db_.Delete(Key("a"), kNow, /*lazy=*/false);
  EXPECT_EQ(alive, 1);
  db_.Delete(Key("b"), kNow, /*lazy=*/true);
  EXPECT_EQ(alive, 1);
  EXPECT_TRUE(reclaimer.Step(5));
  EXPECT_EQ(alive, 0);
  for (int i = 0; i < 1000; ++i) insert("key" + std::to_string(i));
  db_.Flush();
  EXPECT_EQ(reclaimer.pending(), 1000u);
  EXPECT_FALSE(reclaimer.Step(10));
  EXPECT_LT(alive, 1000);
  while (!reclaimer.Step(10)) continue;
  EXPECT_EQ(alive, 0);
  keyspace_.set_reclaimer(nullptr);
}

TEST_P(DatabaseTest, BigStringsGoToTheReclaimer) {
  SlicedReclaimer reclaimer;
  keyspace_.set_reclaimer(&reclaimer);
  Set("small", std::string(1 << 20, 's'), kNoExpiry);
  Set("big", std::string(5 << 20, 'b'), kNoExpiry);
  db_.Delete(Key("small"), kNow, /*lazy=*/true);
  EXPECT_EQ(reclaimer.pending(), 0u);
  db_.Delete(Key("big"), kNow, /*lazy=*/true);
  EXPECT_EQ(reclaimer.pending(), 1u);
  EXPECT_TRUE(reclaimer.Step(5));
  keyspace_.set_reclaimer(nullptr);
}

TEST_P(DatabaseTest, BackgroundReclaimerFreesEverythingBeforeItGoes) {
  int alive = 0;
  TestValueType type;
  {
    BackgroundReclaimer reclaimer;
    keyspace_.set_reclaimer(&reclaimer);
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 50; ++i) {
        Set("string" + std::to_string(i), "v");
        db_.Delete(Key("string" + std::to_string(i)), kNow, true);
        Set("kept" + std::to_string(i), "v");
      }
      db_.Flush();
    }
    db_.Insert(Key("o"), Entry::NewObject("o", new TestObject(type, alive), kNoExpiry), kNow);
    db_.Delete(Key("o"), kNow, true);
    keyspace_.set_reclaimer(nullptr);
  }
  EXPECT_EQ(alive, 0);
}

// A database and the plain map that it should behave as.
class ModelledDatabase {
 public:
  ModelledDatabase(uint64_t seed, Keyspace& keyspace)
      : random_(seed), keyspace_(keyspace), db_(keyspace.database(0)) {}

  // One random operation and a look at the key that it was about.
  void Step() {
    now_ += static_cast<int64_t>(random_() % 20);
    const std::string text = RandomKey();
    const HashedKey key = Key(text);
    random_() % 3 == 0 ? Set(text, key) : ChangeOrRemove(text, key);
    DropExpired();
    const Entry* entry = db_.FindRead(key, now_);
    const auto at = model_.find(text);
    ASSERT_EQ(entry != nullptr, at != model_.end());
    if (entry == nullptr) return;
    IntText scratch;
    ASSERT_EQ(entry->string_bytes(scratch), at->second.text);
    ASSERT_EQ(entry->expiry(), at->second.expiry);
  }

 private:
  struct Value {
    std::string text;
    UnixMillis expiry;
  };

  std::string RandomKey() { return "key" + std::to_string(random_() % 200); }
  std::string RandomValue() {
    return random_() % 2 == 0 ? std::to_string(random_() % 100000)
                              : std::string(random_() % 90, 'v');
  }
  UnixMillis RandomExpiry() {
    return random_() % 2 == 0 ? kNoExpiry : now_ + static_cast<int64_t>(random_() % 2000) - 10;
  }
  HashedKey Key(std::string_view key) const {
    return keyspace_.Hash(key, static_cast<int>(std::hash<std::string_view>()(key) % 16384));
  }
  void DropExpired() {
    std::erase_if(model_, [&](const auto& item) {
      return item.second.expiry != kNoExpiry && now_ > item.second.expiry;
    });
  }

  void Set(const std::string& text, const HashedKey& key) {
    DropExpired();
    Value value = {RandomValue(), RandomExpiry()};
    const bool keep_ttl = random_() % 3 == 0;
    db_.SetString(key, value.text, {.expiry = value.expiry, .keep_ttl = keep_ttl}, now_);
    const auto at = model_.find(text);
    if (keep_ttl && at != model_.end()) value.expiry = at->second.expiry;
    model_[text] = value;
  }

  void ChangeOrRemove(const std::string& text, const HashedKey& key) {
    DropExpired();
    EntryRef ref = db_.FindWrite(key, now_);
    ASSERT_EQ(static_cast<bool>(ref), model_.count(text) > 0);
    if (!ref) return;
    Value& value = model_[text];
    switch (random_() % 5) {
      case 0:
        ASSERT_TRUE(db_.Delete(key, now_));
        ASSERT_FALSE(db_.Delete(key, now_));
        model_.erase(text);
        break;
      case 1:
        value.expiry = RandomExpiry();
        db_.SetExpiry(ref, key, value.expiry);
        break;
      case 2: {
        const std::string more = RandomValue();
        db_.AppendString(ref, key, more);
        value.text += more;
        break;
      }
      case 3:
        Rename(text, key, ref);
        break;
      default:
        db_.ExpireSome(now_, 20, [] { return false; });
    }
  }

  void Rename(const std::string& text, const HashedKey& key, EntryRef& ref) {
    Entry* entry = db_.Extract(ref, key);
    const std::string name = RandomKey();
    const Value moved = model_[text];
    model_.erase(text);
    db_.Delete(Key(name), now_);
    db_.Insert(Key(name), Entry::MoveToKey(entry, name), now_);
    model_[name] = moved;
  }

  std::mt19937_64 random_;
  Keyspace& keyspace_;
  Database& db_;
  UnixMillis now_ = kNow;
  std::map<std::string, Value> model_;
};

TEST_P(DatabaseTest, BehavesAsAMapWithExpiry) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    db_.Flush();
    ModelledDatabase modelled(seed, keyspace_);
    for (int step = 0; step < 1500 && !HasFatalFailure(); ++step) modelled.Step();
    keyspace_.CheckInvariants();
  }
}

}  // namespace
}  // namespace slotmesh::node
