#include "node/snapshot/snapshots.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "node/journal/memory_sink.h"
#include "node/keyspace/reclaimers.h"

namespace slotmesh::node {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

// (database, slot, key) -> (value, expiry)
using State = std::map<std::tuple<int, int, std::string>, std::pair<std::string, UnixMillis>>;

void Put(State& state, int database, int slot, const Entry& entry) {
  IntText scratch;
  const auto [at, added] =
      state.emplace(std::tuple(database, slot, std::string(entry.key())),
                    std::pair(std::string(entry.string_bytes(scratch)), entry.expiry()));
  EXPECT_TRUE(added) << "handed out twice: " << entry.key();
}

State StateOf(const Keyspace& keyspace, const std::optional<slots::SlotSet>& slots) {
  State state;
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keyspace.database(i).ForEach([&](int slot, const Entry& entry) {
      if (!slots || slots->Contains(static_cast<uint16_t>(slot))) Put(state, i, slot, entry);
    });
  }
  return state;
}

class Collector : public SnapshotConsumer {
 public:
  void OnEntry(const SnapshotItem& item) override {
    Put(state, item.database, item.slot, item.entry);
    if (credit > 0) --credit;
  }
  bool WantsMore() const override { return credit > 0; }
  State state;
  int credit = 1 << 30;
};

// Takes long strings in parts, and compares them with the whole at their end.
class PartsCollector : public Collector {
 public:
  bool TakesInParts(const Entry& entry) const override {
    return entry.is_string() && entry.string_length() >= 40;
  }
  bool OnPart(const SnapshotItem& item) override {
    constexpr size_t kPart = 7;
    IntText scratch;
    const std::string_view value = item.entry.string_bytes(scratch);
    const std::string_view part = value.substr(begun_.size(), kPart);
    begun_ += part;
    if (begun_.size() < value.size()) return false;
    EXPECT_EQ(begun_, value);
    begun_.clear();
    ++in_parts;
    Put(state, item.database, item.slot, item.entry);
    return true;
  }
  void OnAwaited() override { ++awaited; }

  int in_parts = 0;
  int awaited = 0;

 private:
  std::string begun_;
};

// A keyspace that is written to at random, in all the ways there are.
class Writer {
 public:
  Writer(uint64_t seed, bool cluster)
      : random_(seed),
        keyspace_({.databases = 3, .cluster = cluster, .hash_seed = seed}),
        range_(1 + random_() % 600),
        slots_(cluster ? 1 + random_() % 20 : 1) {
    if (random_() % 2 == 0) keyspace_.set_reclaimer(&reclaimer_);
  }

  Keyspace& keyspace() { return keyspace_; }
  uint64_t Random(uint64_t below) { return random_() % below; }
  int slot_stride() const { return 600; }

  // Valid until the next one.
  HashedKey RandomKey() {
    const uint64_t number = random_() % range_;
    key_ = "key" + std::to_string(number);
    // Spread over the slot range, so that sets of slots cut through.
    return keyspace_.Hash(key_, static_cast<int>(number % slots_) * slot_stride());
  }

  void WriteOnce() {
    const HashedKey key = RandomKey();
    Database& db = keyspace_.database(static_cast<int>(random_() % 3));
    switch (random_() % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
        db.SetString(key, RandomValue(), {.keep_ttl = random_() % 2 == 0}, kNow);
        break;
      case 4:
        db.SetString(key, RandomValue(), {.expiry = kNow + RandomDelay()}, kNow);
        break;
      case 5:
      case 6:
      case 7:
        db.Delete(key, kNow, random_() % 2 == 0);
        break;
      case 8:
        db.ExpireSome(kNow, 50, [] { return false; });
        break;
      case 9:
        if (random_() % 40 == 0) db.Flush();
        if (random_() % 10 == 0) db.FlushSlot(key.slot);
        if (random_() % 10 == 0) keyspace_.Swap(db.index(), static_cast<int>(random_() % 3));
        break;
      default:
        ChangeInPlace(db, key);
    }
  }

 private:
  void ChangeInPlace(Database& db, const HashedKey& key) {
    EntryRef ref = db.FindWrite(key, kNow);
    if (!ref) return;
    switch (random_() % 6) {
      case 0:
        db.AppendString(ref, key, RandomValue());
        break;
      case 1:
        db.SetInteger(ref, key, static_cast<int64_t>(random_()));
        break;
      case 2:
        db.SetExpiry(ref, key, random_() % 3 == 0 ? kNoExpiry : kNow + RandomDelay());
        break;
      case 3:
        db.ResizeString(ref, key, ref->string_length() + 1)[0] = '#';
        break;
      case 4:
        db.Evict(key, false);
        break;
      default: {
        Entry* moved = db.Extract(ref, key);
        Database& other = keyspace_.database(static_cast<int>(random_() % 3));
        if (other.FindWrite(key, kNow)) {
          Entry::Free(moved);
        } else {
          other.Insert(key, moved, kNow);
        }
      }
    }
  }
  std::string RandomValue() {
    const uint64_t what = random_() % 20;
    if (what < 8) return std::to_string(random_() % 1000);
    return std::string(what == 19 ? 3000 : random_() % 100,
                       static_cast<char>('a' + random_() % 26));
  }
  // Some of them are already over.
  int64_t RandomDelay() { return static_cast<int64_t>(random_() % 2000) - 300; }

  std::mt19937_64 random_;
  SlicedReclaimer reclaimer_;
  Keyspace keyspace_;
  uint64_t range_;
  uint64_t slots_;
  std::string key_;
};

bool Always() { return true; }
bool Never() { return false; }

// SAFETY 25: what a snapshot hands out is the state at its cut, whatever is written before it is
// done.
TEST(Snapshots, Safety25SnapshotIsExactlyTheStateAtItsCut) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    const bool cluster = seed % 2 == 1;
    Writer writer(seed, cluster);
    Journal journal;
    Snapshots snapshots(writer.keyspace(), journal);
    for (uint64_t i = writer.Random(1500); i > 0; --i) writer.WriteOnce();
    for (int round = 0; round < 3; ++round) {
      std::optional<slots::SlotSet> slots;
      if (cluster && writer.Random(2) == 0) slots = slots::SlotSet::Of(0, 6000);
      const State expected = StateOf(writer.keyspace(), slots);
      Collector collector;
      auto walk = snapshots.Begin(slots, collector);
      ASSERT_TRUE(walk.ok());
      const bool abort = writer.Random(5) == 0;
      const uint64_t writes_per_step = writer.Random(60);
      while (!(*walk)->Step(Always)) {
        for (uint64_t i = writer.Random(writes_per_step + 1); i > 0; --i) writer.WriteOnce();
        if (abort && writer.Random(4) == 0) break;
      }
      if ((*walk)->done()) {
        ASSERT_EQ(collector.state, expected);
        ASSERT_EQ((*walk)->walked() + (*walk)->saved_early(), expected.size());
      }
      walk->reset();
      ASSERT_EQ(snapshots.running(), 0u);
      writer.keyspace().CheckInvariants();
      for (uint64_t i = writer.Random(300); i > 0; --i) writer.WriteOnce();
    }
  }
}

// SAFETY 26: a value that is handed out in parts is the one at the cut, too, whether writers wait
// for it or cannot.
TEST(Snapshots, Safety26ValuesInPartsAreTheStateAtTheCut) {
  int in_parts = 0;
  int awaited = 0;
  int released = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    Writer writer(seed, seed % 2 == 1);
    Journal journal;
    Snapshots snapshots(writer.keyspace(), journal);
    snapshots.set_on_released([&] { ++released; });
    for (uint64_t i = writer.Random(800); i > 0; --i) writer.WriteOnce();
    const State expected = StateOf(writer.keyspace(), std::nullopt);
    PartsCollector collector;
    auto walk = snapshots.Begin(std::nullopt, collector);
    ASSERT_TRUE(walk.ok());
    const uint64_t writes_per_step = writer.Random(5);
    while (!(*walk)->Step(Always)) {
      for (uint64_t i = writer.Random(3); i > 0; --i) {
        const HashedKey key = writer.RandomKey();
        const int before = collector.awaited;
        if (snapshots.MustWait(key)) EXPECT_TRUE((*walk)->waited_for());
        EXPECT_LE(collector.awaited, before + 1);
      }
      for (uint64_t i = writer.Random(writes_per_step + 1); i > 0; --i) writer.WriteOnce();
    }
    ASSERT_EQ(collector.state, expected);
    EXPECT_FALSE((*walk)->waited_for());
    in_parts += collector.in_parts;
    awaited += collector.awaited;
  }
  EXPECT_GT(in_parts, 1000);
  EXPECT_GT(awaited, 1000);
  EXPECT_EQ(released, awaited);
}

TEST(Snapshots, WhoWaitsForABigValueGetsItNextAndIsTold) {
  Keyspace keyspace({.databases = 1, .hash_seed = 1});
  Journal journal;
  Snapshots snapshots(keyspace, journal);
  std::string name;
  const auto key = [&](int i) {
    name = "key" + std::to_string(i);
    return keyspace.Hash(name);
  };
  const std::string value(1000, 'v');
  for (int i = 0; i < 100; ++i) keyspace.database(0).SetString(key(i), value, {}, kNow);
  int released = 0;
  snapshots.set_on_released([&] { ++released; });
  EXPECT_FALSE(snapshots.active());
  PartsCollector collector;
  auto walk = snapshots.Begin(std::nullopt, collector);
  EXPECT_TRUE(snapshots.active());
  EXPECT_FALSE((*walk)->Step(Always));
  ASSERT_EQ(collector.in_parts, 0);
  // One is half done, then comes the one that is waited for.
  EXPECT_TRUE(snapshots.MustWait(key(50)));
  EXPECT_TRUE(snapshots.MustWait(key(50)));
  EXPECT_EQ(collector.awaited, 1);
  while (released == 0) ASSERT_FALSE((*walk)->Step(Always));
  if (snapshots.MustWait(key(50))) {
    while (released == 1) ASSERT_FALSE((*walk)->Step(Always));
  }
  EXPECT_FALSE(snapshots.MustWait(key(50)));
  EXPECT_LE(collector.in_parts, 2);
  EXPECT_FALSE(snapshots.MustWait(keyspace.Hash("no such key")));
  // A writer that cannot wait.
  EXPECT_TRUE(snapshots.MustWait(key(60)));
  keyspace.database(0).SetString(key(60), "new", {}, kNow);
  EXPECT_FALSE(snapshots.MustWait(key(60)));
  EXPECT_EQ(collector.state.at({0, 0, "key60"}).first, value);
  walk->reset();
  EXPECT_FALSE(snapshots.active());
}

TEST(Snapshots, WalksOverDifferentSlotsRunAtATime) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    Writer writer(seed, true);
    Journal journal;
    Snapshots snapshots(writer.keyspace(), journal);
    for (int i = 0; i < 1000; ++i) writer.WriteOnce();
    const slots::SlotSet low = slots::SlotSet::Of(0, 3000);
    const slots::SlotSet high = slots::SlotSet::Of(3001, 16383);
    Collector low_collector;
    Collector high_collector;
    const State low_expected = StateOf(writer.keyspace(), low);
    auto low_walk = snapshots.Begin(low, low_collector);
    ASSERT_TRUE(low_walk.ok());
    for (int i = 0; i < 100; ++i) writer.WriteOnce();
    const State high_expected = StateOf(writer.keyspace(), high);
    auto high_walk = snapshots.Begin(high, high_collector);
    ASSERT_TRUE(high_walk.ok());
    bool done = false;
    while (!done) {
      done = (*low_walk)->Step(Always);
      done &= (*high_walk)->Step(Always);
      for (int i = 0; i < 20; ++i) writer.WriteOnce();
    }
    ASSERT_EQ(low_collector.state, low_expected);
    ASSERT_EQ(high_collector.state, high_expected);
  }
}

TEST(Snapshots, OverlappingWalkIsRefusedUntilTheFirstIsDone) {
  Writer writer(1, true);
  Journal journal;
  Snapshots snapshots(writer.keyspace(), journal);
  Collector collector;
  auto first = snapshots.Begin(slots::SlotSet::Of(5, 10), collector);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(snapshots.Begin(slots::SlotSet::Of(10, 11), collector).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_FALSE(snapshots.Begin(std::nullopt, collector).ok());
  EXPECT_TRUE((*first)->Step(Never));
  EXPECT_TRUE(snapshots.Begin(slots::SlotSet::Of(10, 11), collector).ok());
}

TEST(Snapshots, BeginNotesTheJournalsOffsetOfTheCut) {
  Writer writer(1, false);
  Journal journal;
  MemorySink sink;
  journal.Subscribe(sink);
  Snapshots snapshots(writer.keyspace(), journal);
  const std::string_view argv[] = {"SET", "a", "1"};
  journal.Append({.argv = argv});
  const uint64_t offset = journal.offset();
  Collector collector;
  auto walk = snapshots.Begin(std::nullopt, collector);
  journal.Append({.argv = argv});
  EXPECT_EQ((*walk)->begin_offset(), offset);
}

TEST(Snapshots, AConsumerWithFullBuffersPausesStepsButNotWrites) {
  Keyspace keyspace({.databases = 1, .hash_seed = 3});
  Journal journal;
  Snapshots snapshots(keyspace, journal);
  Database& db = keyspace.database(0);
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back("key" + std::to_string(i));
  for (const std::string& key : keys) db.SetString(keyspace.Hash(key), "old", {}, kNow);
  const State expected = StateOf(keyspace, std::nullopt);
  Collector collector;
  collector.credit = 100;
  auto walk = snapshots.Begin(std::nullopt, collector);
  EXPECT_FALSE((*walk)->Step(Never));
  EXPECT_GE(collector.state.size(), 100u);
  EXPECT_LE(collector.state.size(), 120u);
  for (const std::string& key : keys) db.SetString(keyspace.Hash(key), "new", {}, kNow);
  EXPECT_EQ(collector.state, expected);
  collector.credit = 1;
  EXPECT_TRUE((*walk)->Step(Never));
  EXPECT_EQ(collector.state, expected);
}

// A flush costs nothing during a walk: the walk keeps the tables.
TEST(Snapshots, FlushedTablesAreWalkedToTheEnd) {
  Keyspace keyspace({.databases = 2, .cluster = true, .hash_seed = 3});
  SlicedReclaimer reclaimer;
  keyspace.set_reclaimer(&reclaimer);
  Journal journal;
  Snapshots snapshots(keyspace, journal);
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key" + std::to_string(i);
    keyspace.database(i % 2).SetString(keyspace.Hash(key, i % 7), "old", {}, kNow);
  }
  const State expected = StateOf(keyspace, std::nullopt);
  Collector collector;
  auto walk = snapshots.Begin(std::nullopt, collector);
  (*walk)->Step(Always);
  keyspace.Flush();
  EXPECT_EQ(keyspace.size(), 0u);
  keyspace.database(0).SetString(keyspace.Hash("key3", 3), "new", {}, kNow);
  EXPECT_TRUE((*walk)->Step(Never));
  EXPECT_EQ(collector.state, expected);
  EXPECT_EQ((*walk)->saved_early(), 0u);
  while (!reclaimer.Step(10)) continue;
  EXPECT_EQ(keyspace.size(), 1u);
}

TEST(Snapshots, NumbersOfWalksStartOverAfter65535) {
  Keyspace keyspace({.databases = 1, .cluster = true, .hash_seed = 3});
  Journal journal;
  Snapshots snapshots(keyspace, journal);
  keyspace.database(0).SetString(keyspace.Hash("key", 77), "value", {}, kNow);
  Collector ignored;
  for (int i = 0; i < 65'530; ++i) {
    auto walk = snapshots.Begin(slots::SlotSet::Of(1, 1), ignored);
    ASSERT_TRUE(walk.ok());
    (*walk)->Abort();
  }
  for (int i = 0; i < 10; ++i) {
    Collector collector;
    auto walk = snapshots.Begin(slots::SlotSet::Of(77, 78), collector);
    ASSERT_TRUE((*walk)->Step(Never));
    EXPECT_EQ(collector.state.size(), 1u);
  }
}

}  // namespace
}  // namespace slotmesh::node
