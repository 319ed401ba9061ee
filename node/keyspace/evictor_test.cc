#include "node/keyspace/evictor.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "slots/slot_set.h"

namespace slotmesh::node {
namespace {

constexpr UnixMillis kStart = 1'700'000'000'000;
constexpr UnixMillis kSecond = 1000;
constexpr UnixMillis kMinute = 60'000;

class EvictorTest : public testing::TestWithParam<bool> {
 protected:
  EvictorTest() : keyspace_({.databases = 4, .cluster = GetParam(), .hash_seed = 7}) {}

  HashedKey Key(const std::string& key) const {
    // Any slot does, as long as a key always has the same one.
    return keyspace_.Hash(key, static_cast<int>(std::hash<std::string>()(key) % 16384));
  }
  void Set(const std::string& key, UnixMillis expiry = kNoExpiry, int database = 0) {
    keyspace_.database(database).SetString(Key(key), "value", {.expiry = expiry}, now_);
  }
  void Use(const std::string& key) { keyspace_.database(0).FindRead(Key(key), now_); }
  bool Has(const std::string& key, int database = 0) const {
    return keyspace_.database(database).ContainsRaw(Key(key));
  }
  Evictor::Outcome EvictOne() {
    const Evictor::Outcome outcome = evictor_.EvictOne(now_, random_, [](bool) {});
    evictor_.CheckInvariants();
    return outcome;
  }
  // Until `count` have gone.
  void Evict(int count) {
    for (int tries = 0; count > 0; ++tries) {
      ASSERT_LT(tries, 100'000);
      const Evictor::Outcome outcome = EvictOne();
      ASSERT_NE(outcome, Evictor::Outcome::kNothing);
      count -= outcome == Evictor::Outcome::kEvicted;
    }
    keyspace_.CheckInvariants();
  }
  // Of "k0" to "k<count - 1>", how many of the first half are left, in per cent.
  int FirstHalfLeft(int count) const {
    int left = 0;
    for (int i = 0; i < count / 2; ++i) left += Has("k" + std::to_string(i));
    return left * 200 / count;
  }

  UnixMillis now_ = kStart;
  Keyspace keyspace_;
  Evictor evictor_{keyspace_};
  std::mt19937_64 random_{1};
};

INSTANTIATE_TEST_SUITE_P(OneTableOrOnePerSlot, EvictorTest, testing::Bool());

TEST_P(EvictorTest, WithoutAnOrderNothingGoes) {
  Set("a");
  EXPECT_EQ(EvictOne(), Evictor::Outcome::kNothing);
  EXPECT_TRUE(Has("a"));
}

TEST_P(EvictorTest, EveryOrderTakesAllKeysThatMayGoAndThenSaysSo) {
  for (const bool expiring_only : {false, true}) {
    for (const EvictionOrder order :
         {EvictionOrder::kLru, EvictionOrder::kLfu, EvictionOrder::kRandom, EvictionOrder::kTtl}) {
      for (int i = 0; i < 1000; ++i) {
        Set("lasting" + std::to_string(i), kNoExpiry, i % 3);
        if (i % 10 == 0) Set("expiring" + std::to_string(i), now_ + i * kSecond, i % 4);
      }
      evictor_.set_settings({.order = order, .expiring_only = expiring_only});
      Evict(expiring_only ? 100 : 1100);
      EXPECT_EQ(EvictOne(), Evictor::Outcome::kNothing);
      EXPECT_EQ(keyspace_.size(), expiring_only ? 1000 : 0);
      keyspace_.Flush();
    }
  }
}

TEST_P(EvictorTest, InRandomOrderNoKeyIsSafeWhileAnotherComesBack) {
  Set("a");
  Set("b");
  Set("c");
  evictor_.set_settings({.order = EvictionOrder::kRandom});
  for (int i = 0; i < 200; ++i) {
    Evict(1);
    Set("comes back");
  }
  EXPECT_EQ(keyspace_.size(), 1u);
}

TEST_P(EvictorTest, FindsTheOnlyKeyThatExpiresAmongMany) {
  for (int i = 0; i < 50'000; ++i) Set("k" + std::to_string(i));
  Set("expiring", now_ + kMinute);
  evictor_.set_settings({.order = EvictionOrder::kTtl, .expiring_only = true});
  Evict(1);
  EXPECT_FALSE(Has("expiring"));
  EXPECT_EQ(keyspace_.size(), 50'000);
}

TEST_P(EvictorTest, LruTakesMostlyWhatWasUsedLongestAgo) {
  constexpr int kKeys = 10'000;
  for (int i = 0; i < kKeys; ++i) {
    Set("k" + std::to_string(i));
    now_ += kSecond;
  }
  // The first half is used again: the second is older then.
  for (int i = 0; i < kKeys / 2; ++i) Use("k" + std::to_string(i));
  evictor_.set_settings({.order = EvictionOrder::kLru, .samples = 10});
  Evict(kKeys * 2 / 5);
  EXPECT_GE(FirstHalfLeft(kKeys), 97);
}

TEST_P(EvictorTest, MoreSamplesMakeABetterChoice) {
  constexpr int kKeys = 10'000;
  int left[2];
  for (const size_t samples : {1, 10}) {
    for (int i = kKeys - 1; i >= 0; --i) {
      Set("k" + std::to_string(i));
      now_ += kSecond;
    }
    evictor_.set_settings({.order = EvictionOrder::kLru, .samples = samples});
    Evict(kKeys / 2);
    left[samples > 1] = FirstHalfLeft(kKeys);
    keyspace_.Flush();
  }
  EXPECT_GT(left[1], left[0]);
}

TEST_P(EvictorTest, LfuTakesMostlyWhatIsUsedSeldom) {
  constexpr int kKeys = 2'000;
  keyspace_.set_access_policy(AccessPolicy::kLfu);
  for (int i = 0; i < kKeys; ++i) Set("k" + std::to_string(i));
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < kKeys / 2; ++i) Use("k" + std::to_string(i));
  }
  evictor_.set_settings({.order = EvictionOrder::kLfu, .samples = 10});
  Evict(kKeys * 2 / 5);
  EXPECT_GE(FirstHalfLeft(kKeys), 97);
}

TEST_P(EvictorTest, TtlTakesMostlyWhatExpiresNext) {
  constexpr int kKeys = 10'000;
  for (int i = 0; i < kKeys; ++i) Set("k" + std::to_string(i), now_ + (kKeys - i) * kSecond);
  evictor_.set_settings({.order = EvictionOrder::kTtl, .expiring_only = true, .samples = 10});
  Evict(kKeys * 2 / 5);
  EXPECT_GE(FirstHalfLeft(kKeys), 97);
}

TEST_P(EvictorTest, AKeyThatWasUsedSinceItWasSampledIsNotTaken) {
  // So few keys that all of them are in the pool after the first round.
  for (int i = 0; i < 8; ++i) Set("k" + std::to_string(i));
  now_ += 100 * kSecond;
  evictor_.set_settings({.order = EvictionOrder::kLru, .samples = 64});
  Evict(1);
  std::string used;
  for (int i = 0; i < 8; ++i) {
    if (Has("k" + std::to_string(i))) used = "k" + std::to_string(i);
  }
  Use(used);
  Evict(6);
  EXPECT_TRUE(Has(used));
}

TEST_P(EvictorTest, AKeyThatNoLongerExpiresIsNotTaken) {
  for (int i = 0; i < 8; ++i) Set("k" + std::to_string(i), now_ + kMinute + i);
  evictor_.set_settings({.order = EvictionOrder::kTtl, .expiring_only = true, .samples = 64});
  Evict(1);
  EXPECT_FALSE(Has("k0"));
  EntryRef ref = keyspace_.database(0).FindWrite(Key("k1"), now_);
  keyspace_.database(0).SetExpiry(ref, Key("k1"), kNoExpiry);
  Evict(6);
  EXPECT_TRUE(Has("k1"));
  EXPECT_EQ(EvictOne(), Evictor::Outcome::kNothing);
}

TEST(EvictorClusterTest, LeavesFrozenSlotsAlone) {
  Keyspace keyspace({.databases = 1, .cluster = true, .hash_seed = 7});
  for (int slot = 0; slot < 10; ++slot) {
    const std::string key = "k" + std::to_string(slot);
    keyspace.database(0).SetString(keyspace.Hash(key, slot), "value", {}, kStart);
  }
  slots::SlotSet frozen;
  frozen.AddRange(0, 4);
  keyspace.set_frozen(frozen);
  Evictor evictor(keyspace);
  std::mt19937_64 random(1);
  for (const EvictionOrder order : {EvictionOrder::kLru, EvictionOrder::kRandom}) {
    evictor.set_settings({.order = order});
    for (int i = 0; i < 1000; ++i) evictor.EvictOne(kStart, random, [](bool) {});
    EXPECT_EQ(keyspace.size(), 5);
    for (int slot = 0; slot < 5; ++slot) EXPECT_EQ(keyspace.database(0).slot_size(slot), 1);
  }
}

TEST(EvictorModelTest, ChangesBetweenEvictionsNeverConfuseIt) {
  Keyspace keyspace({.databases = 2, .cluster = false, .hash_seed = 3});
  Evictor evictor(keyspace);
  evictor.set_settings({.order = EvictionOrder::kTtl, .expiring_only = true});
  std::mt19937_64 random(5);
  std::set<std::string> lasting;
  UnixMillis now = kStart;
  for (int step = 0; step < 20'000; ++step) {
    const std::string key = "k" + std::to_string(random() % 500);
    Database& db = keyspace.database(0);
    switch (random() % 4) {
      case 0:
        db.SetString(keyspace.Hash(key), "v", {}, now);
        lasting.insert(key);
        break;
      case 1:
        db.SetString(keyspace.Hash(key), "v", {.expiry = now + 1 + kMinute}, now);
        lasting.erase(key);
        break;
      case 2:
        db.Delete(keyspace.Hash(key), now);
        lasting.erase(key);
        break;
      default:
        evictor.EvictOne(now, random, [](bool) {});
        evictor.CheckInvariants();
        break;
    }
    if (step % 1000 == 0) {
      for (const std::string& kept : lasting) {
        ASSERT_TRUE(db.ContainsRaw(keyspace.Hash(kept))) << kept;
      }
      keyspace.CheckInvariants();
    }
    now += 10;
  }
}

}  // namespace
}  // namespace slotmesh::node
