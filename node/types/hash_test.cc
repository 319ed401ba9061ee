#include "node/types/hash.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "node/codec/rdb_writer.h"

namespace slotmesh::node {
namespace {

using HashPtr = std::unique_ptr<Hash>;

constexpr UnixMillis kNow = 1'700'000'000'000;
constexpr FieldClock kClock = {.now = kNow};
constexpr Hash::Sweep kAll = {UINT64_MAX, UINT64_MAX};

struct Value {
  std::string value;
  UnixMillis expiry = kNoExpiry;
  bool operator==(const Value&) const = default;
};
using Model = std::map<std::string, Value>;

Model Contents(const Hash& hash, const FieldClock& clock = {.hide_expired = false}) {
  Model model;
  hash.ForEach(clock, [&](const Hash::Pair& pair) {
    EXPECT_TRUE(model.emplace(pair.field, Value{std::string(pair.value), pair.expiry}).second);
  });
  return model;
}

std::string Get(const Hash& hash, std::string_view field, const FieldClock& clock = kClock) {
  Hash::Scratch scratch;
  Hash::Pair pair;
  return hash.Find(field, clock, scratch, &pair) ? std::string(pair.value) : "(none)";
}

std::string Serialised(const Hash& hash) {
  std::string out;
  RdbWriter writer(&out);
  hash.type->Serialise(hash, writer);
  return out;
}

absl::StatusOr<Object*> Load(RdbType form, std::string_view bytes,
                             const TypeSettings& settings = {}) {
  RdbReader reader(bytes);
  return LoadHash(form, reader, settings);
}

TEST(HashTest, AListpackEndsAtItsNumberAndLength) {
  Hash hash;
  for (int i = 0; i < 512; ++i) {
    ASSERT_TRUE(hash.Put("f" + std::to_string(i), "v", {}, kClock, {}));
  }
  EXPECT_FALSE(hash.is_table());
  EXPECT_FALSE(hash.Put("f0", "w", {}, kClock, {}));
  EXPECT_FALSE(hash.is_table());
  EXPECT_TRUE(hash.Put("more", "v", {}, kClock, {}));
  EXPECT_TRUE(hash.is_table());
  EXPECT_EQ(Get(hash, "f0"), "w");
  EXPECT_EQ(Get(hash, "f511"), "v");
  EXPECT_EQ(hash.size(), 513u);

  Hash other;
  other.Put("f", std::string(64, 'x'), {}, kClock, {});
  EXPECT_FALSE(other.is_table());
  other.Put("f", std::string(65, 'x'), {}, kClock, {});
  EXPECT_TRUE(other.is_table());
  EXPECT_EQ(other.size(), 1u);
  Hash expected;
  expected.Expect(513, {});
  EXPECT_TRUE(expected.is_table());
}

TEST(HashTest, ValuesThatLookLikeFieldsAreNoFields) {
  Hash hash;
  hash.Put("a", "b", {}, kClock, {});
  hash.Put("c", "a", {}, kClock, {});
  EXPECT_EQ(Get(hash, "b"), "(none)");
  EXPECT_TRUE(hash.Remove("a", kClock));
  EXPECT_EQ(Get(hash, "c"), "a");
  EXPECT_EQ(Get(hash, "a"), "(none)");
}

TEST(HashTest, AnExpiryMakesATable) {
  Hash hash;
  hash.Put("f", "v", {}, kClock, {});
  hash.Put("g", "w", {}, kClock, {});
  EXPECT_EQ(hash.NextDue(), kNoExpiry);
  hash.SetExpiry("f", kNow + 10, kClock, {});
  EXPECT_TRUE(hash.is_table());
  EXPECT_EQ(hash.NextDue(), kNow + 10);
  EXPECT_EQ(hash.expiring(), 1u);
  EXPECT_EQ(Get(hash, "f", {.now = kNow + 10}), "v");
  const FieldClock later = {.now = kNow + 11};
  EXPECT_EQ(Get(hash, "f", later), "(none)");
  EXPECT_EQ(Get(hash, "f", {.now = kNow + 11, .hide_expired = false}), "v");
  EXPECT_EQ(hash.size(), 2u);
  EXPECT_EQ(hash.CountVisible(later), 1u);
  EXPECT_FALSE(hash.Remove("f", later));
  // As if it were new.
  EXPECT_TRUE(hash.Put("f", "x", {.keep_expiry = true}, later, {}));
  EXPECT_EQ(hash.expiring(), 0u);
  EXPECT_EQ(hash.NextDue(), kNoExpiry);
  hash.CheckInvariants();
}

TEST(HashTest, PutRemovesAnExpiryUnlessItIsKept) {
  Hash hash;
  hash.Put("f", "v", {.expiry = kNow + 10}, kClock, {});
  EXPECT_FALSE(hash.Put("f", "w", {.keep_expiry = true}, kClock, {}));
  EXPECT_EQ(Contents(hash)["f"], (Value{"w", kNow + 10}));
  EXPECT_FALSE(hash.Put("f", "x", {}, kClock, {}));
  EXPECT_EQ(Contents(hash)["f"], (Value{"x", kNoExpiry}));
  EXPECT_EQ(hash.expiring(), 0u);
}

std::string RandomText(std::mt19937_64& random) {
  const uint64_t kind = random() % 10;
  if (kind < 4) return std::to_string(static_cast<int64_t>(random() % 200) - 100);
  if (kind < 9) return "f" + std::to_string(random() % 100);
  return std::string(random() % 700, 'l') + std::to_string(random() % 3);
}

// One random change to both.
void Change(std::mt19937_64& random, const TypeSettings& settings, bool expiries, Hash& hash,
            Model& model) {
  const std::string field = RandomText(random);
  const uint64_t kind = random() % 10;
  if (kind < 3) {
    ASSERT_EQ(hash.Remove(field, kClock), model.erase(field) > 0);
  } else if (kind == 3 && expiries && model.contains(field)) {
    const UnixMillis expiry = random() % 3 == 0 ? kNoExpiry : kNow + random() % 100'000'000;
    hash.SetExpiry(field, expiry, kClock, settings);
    model[field].expiry = expiry;
  } else {
    const std::string value = RandomText(random);
    const bool keep = random() % 2 == 0;
    const UnixMillis expiry =
        expiries && random() % 2 == 0 ? kNow + random() % 100'000'000 : kNoExpiry;
    const bool is_new = !model.contains(field);
    ASSERT_EQ(hash.Put(field, value, {.expiry = expiry, .keep_expiry = keep}, kClock, settings),
              is_new);
    model[field] = {value, keep && !is_new ? model[field].expiry : expiry};
  }
}

TEST(HashTest, AgreesWithStdMapInEveryForm) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    TypeSettings settings;
    settings.hash_max_listpack_entries = random() % 60;
    settings.hash_seed = random();
    settings.sanitize = true;
    Hash hash;
    Model model;
    for (int i = 0; i < 600; ++i) {
      Change(random, settings, /*expiries=*/round % 2 == 0, hash, model);
      if (HasFatalFailure()) return;
    }
    hash.CheckInvariants();
    ASSERT_EQ(Contents(hash), model);
    for (const auto& [field, value] : model) ASSERT_EQ(Get(hash, field), value.value);
    const HashPtr copy(hash.Copy());
    copy->CheckInvariants();
    ASSERT_EQ(Contents(*copy), model);
    const absl::StatusOr<Object*> loaded =
        Load(hash.type->RdbTypeOf(hash), Serialised(hash), settings);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    const HashPtr again(static_cast<Hash*>(*loaded));
    again->CheckInvariants();
    ASSERT_EQ(Contents(*again), model);
    ASSERT_EQ(again->expiring(), hash.expiring());
  }
}

TEST(HashTest, WhatIsDueIsRemovedInSlices) {
  std::mt19937_64 random(3);
  for (const bool loaded : {false, true}) {
    HashPtr hash(new Hash());
    Model model;
    for (int i = 0; i < 5000; ++i) {
      const std::string field = "f" + std::to_string(i);
      const UnixMillis expiry = i % 5 == 0 ? kNoExpiry : kNow + random() % 60'000;
      hash->Put(field, "v", {.expiry = expiry}, kClock, {});
      model[field] = {"v", expiry};
    }
    if (loaded) hash.reset(static_cast<Hash*>(*Load(RdbType::kHash2, Serialised(*hash))));
    for (UnixMillis now = kNow; now < kNow + 62'000; now += 500) {
      // Two calls with little, then as much as it takes.
      uint64_t removed = 0;
      const auto visit = [&](std::string_view field) {
        const auto it = model.find(std::string(field));
        ASSERT_NE(it, model.end());
        ASSERT_LT(it->second.expiry, now);
        model.erase(it);
        ++removed;
      };
      hash->RemoveDue(now, {5, 3}, visit);
      ASSERT_LE(removed, 5u);
      hash->RemoveDue(now, {50, 10}, visit);
      ASSERT_LE(removed, 55u);
      while (!hash->RemoveDue(now, kAll, visit)) continue;
      hash->CheckInvariants();
    }
    while (hash->NextDue() != kNoExpiry) {
      hash->RemoveDue(kNow + 70'000, kAll,
                      [&](std::string_view field) { model.erase(std::string(field)); });
    }
    EXPECT_EQ(Contents(*hash), model);
    EXPECT_EQ(hash->size(), 1000u);
  }
}

// A sweep costs time only when something is due.
TEST(HashTest, NothingIsDueBeforeTheEarliest) {
  Hash hash;
  for (int i = 0; i < 1000; ++i) {
    hash.Put("f" + std::to_string(i), "v", {.expiry = kNow + 1'000'000 + i * 1000}, kClock, {});
  }
  EXPECT_EQ(hash.NextDue(), kNow + 1'000'000);
  EXPECT_TRUE(hash.RemoveDue(kNow + 1'000'000, {0, 0}, [](std::string_view) {}));
  int removed = 0;
  while (!hash.RemoveDue(kNow + 1'000'001, kAll, [&](std::string_view) { ++removed; })) continue;
  EXPECT_EQ(removed, 1);
  EXPECT_GT(hash.NextDue(), kNow + 1'000'001);
}

TEST(HashTest, EveryFieldIsAsLikelyAsAnyOther) {
  std::mt19937_64 random(5);
  for (const bool expiries : {false, true}) {
    Hash hash;
    for (int i = 0; i < 100; ++i) hash.Put("f" + std::to_string(i), "v", {}, kClock, {});
    if (expiries) hash.Put("gone", "v", {.expiry = kNow - 1}, kClock, {});
    std::map<std::string, int> drawn;
    std::map<std::string, int> sampled;
    for (int i = 0; i < 10'000; ++i) {
      Hash::Scratch scratch;
      Hash::Pair pair;
      ASSERT_TRUE(hash.Random(random, kClock, scratch, &pair));
      ++drawn[std::string(pair.field)];
      hash.Sample(i % 2 == 0 ? 3 : 40, random, kClock,
                  [&](const Hash::Pair& one) { ++sampled[std::string(one.field)]; });
    }
    EXPECT_EQ(drawn.size(), 100u);
    EXPECT_EQ(sampled.size(), 100u);
    for (const auto& [field, times] : drawn) EXPECT_NEAR(times, 100, 60) << field;
    for (const auto& [field, times] : sampled) EXPECT_NEAR(times, 2150, 300) << field;
  }
}

TEST(HashTest, MalformedBodiesAreRefused) {
  const auto listpack = [](std::initializer_list<const char*> items) {
    Listpack pack;
    for (const char* item : items) pack.Append(item);
    std::string out;
    RdbWriter writer(&out);
    writer.String(pack.raw());
    return out;
  };
  TypeSettings deep;
  deep.sanitize = true;
  const absl::StatusOr<Object*> good =
      Load(RdbType::kHashListpack, listpack({"f", "1", "g", "2"}), deep);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(HashPtr(static_cast<Hash*>(*good))->size(), 2u);
  EXPECT_FALSE(Load(RdbType::kHashListpack, listpack({"f", "1", "f", "2"}), deep).ok());
  EXPECT_FALSE(Load(RdbType::kHashListpack, listpack({"f", "1", "g"})).ok());
  EXPECT_FALSE(Load(RdbType::kHashListpack, listpack({})).ok());
  EXPECT_FALSE(Load(RdbType::kHashListpack,
                    "\x03"
                    "abc")
                   .ok());
  EXPECT_FALSE(Load(RdbType::kHashZipmap,
                    "\x03"
                    "abc")
                   .ok());
  EXPECT_FALSE(Load(RdbType::kHash, std::string_view("\0", 1)).ok());
  EXPECT_FALSE(Load(RdbType::kHash,
                    "\x02\x01"
                    "f\x01"
                    "1\x01"
                    "f\x01"
                    "2")
                   .ok());
  EXPECT_FALSE(Load(RdbType::kHash,
                    "\x02\x01"
                    "f\x01"
                    "1")
                   .ok());
  EXPECT_FALSE(Load(RdbType::kHash2,
                    "\x01\x01"
                    "f\x01"
                    "1")
                   .ok());
  const absl::StatusOr<Object*> zipmap = Load(RdbType::kHashZipmap, std::string_view("\x0a\x01\x03"
                                                                                     "foo\x02\x00"
                                                                                     "42\xff",
                                                                                     11));
  ASSERT_TRUE(zipmap.ok());
  EXPECT_EQ(Get(*HashPtr(static_cast<Hash*>(*zipmap)), "foo"), "42");
  const absl::StatusOr<Object*> ziplist = Load(
      RdbType::kHashZiplist, std::string_view("\x10\x10\0\0\0\x0d\0\0\0\2\0\0\1a\3\xfd\xff", 17));
  ASSERT_TRUE(ziplist.ok());
  EXPECT_EQ(Get(*HashPtr(static_cast<Hash*>(*ziplist)), "a"), "12");
  EXPECT_FALSE(Load(RdbType::kHashZiplist,
                    "\x03"
                    "abc")
                   .ok());
  // The second would make a table of what the first thinks is a listpack with a field twice.
  TypeSettings few;
  few.hash_max_listpack_entries = 1;
  EXPECT_FALSE(Load(RdbType::kHashListpack, listpack({"f", "1", "f", "2"}), few).ok());
}

TEST(HashTest, AMillionFieldsTake48BytesEach) {
  Hash hash;
  char field[15];
  for (int i = 0; i < 1'000'000; ++i) {
    std::snprintf(field, sizeof(field), "field:%08d", i);
    ASSERT_TRUE(hash.Put(field, "sixteen bytes...", {}, kClock, {}));
  }
  EXPECT_LE(hash.MemoryUsage(0), 49'000'000u);
}

}  // namespace
}  // namespace slotmesh::node
