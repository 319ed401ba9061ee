#include "node/types/zset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/codec/rdb_writer.h"

namespace slotmesh::node {
namespace {

using Scored = std::pair<double, std::string>;

struct FreeObject {
  void operator()(Object* object) const { object->type->Free(object); }
};
using Owned = std::unique_ptr<Object, FreeObject>;

std::vector<Scored> Members(const Zset& zset, RankInterval interval, bool reverse = false) {
  std::vector<Scored> members;
  zset.Visit(interval, reverse,
             [&](std::string_view member, double score) { members.emplace_back(score, member); });
  return members;
}

std::string Serialised(const Object& object) {
  std::string bytes;
  RdbWriter writer(&bytes);
  object.type->Serialise(object, writer);
  return bytes;
}

absl::StatusOr<Object*> Load(RdbType form, std::string_view bytes, const TypeSettings& settings) {
  RdbReader reader(bytes);
  return LoadZset(form, reader, settings);
}

struct Twin {
  Twin(uint64_t seed, const TypeSettings& settings) : random(seed), settings(settings) {}

  double Score() {
    switch (random() % 10) {
      case 0:
        return INFINITY;
      case 1:
        return -INFINITY;
      case 2:
        return std::ldexp(static_cast<double>(random()), -50);
      default:
        return static_cast<double>(random() % 6) - 2;
    }
  }
  std::string Name() {
    const uint64_t n = random() % 200;
    return n % 2 == 0 ? std::to_string(n)
                      : std::string(1 + n % 30, static_cast<char>('a' + n % 26));
  }
  void Step() {
    const std::string name = Name();
    const auto at = std::find_if(order.begin(), order.end(),
                                 [&](const Scored& scored) { return scored.second == name; });
    const Zset::Spot spot = zset.Find(name);
    ASSERT_EQ(spot.found(), at != order.end());
    if (at != order.end()) {
      ASSERT_EQ(spot.score(), at->first);
      ASSERT_EQ(zset.Rank(spot), static_cast<uint64_t>(std::distance(order.begin(), at)));
      order.erase(at);
    }
    if (random() % 3 == 0) {
      ASSERT_EQ(zset.Remove(name), spot.found());
      return;
    }
    const double score = Score();
    zset.Put(name, score, settings);
    order.insert({score, name});
  }
  void CompareRanges() {
    ScoreRange range = {Score(), Score(), random() % 2 == 0, random() % 2 == 0};
    std::vector<Scored> wanted;
    for (const Scored& scored : order) {
      const bool above = range.min_exclusive ? scored.first > range.min : scored.first >= range.min;
      const bool below = range.max_exclusive ? scored.first < range.max : scored.first <= range.max;
      if (above && below) wanted.push_back(scored);
    }
    EXPECT_EQ(Members(zset, zset.Within(range)), wanted);
    std::reverse(wanted.begin(), wanted.end());
    EXPECT_EQ(Members(zset, zset.Within(range), /*reverse=*/true), wanted);
  }
  std::vector<Scored> All() const { return {order.begin(), order.end()}; }

  std::mt19937_64 random;
  TypeSettings settings;
  Zset zset{settings, 0, 0};
  std::set<Scored> order;
};

TEST(Zset, RandomOperationsAgreeWithModelInBothForms) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    TypeSettings settings;
    // Always small, always big, changing on the way.
    const uint64_t limits[] = {1000, 0, 40};
    settings.zset_max_listpack_entries = limits[seed % 3];
    Twin twin(seed, settings);
    for (int i = 0; i < 600; ++i) {
      twin.Step();
      if (i % 20 != 0) continue;
      twin.zset.CheckInvariants();
      ASSERT_EQ(Members(twin.zset, twin.zset.All()), twin.All());
      twin.CompareRanges();
    }
    EXPECT_EQ(twin.zset.is_small(), seed % 3 == 0);
    const uint64_t begin = twin.random() % twin.zset.size();
    const uint64_t end = begin + twin.random() % twin.zset.size();
    std::vector<Scored> left = twin.All();
    std::vector<Scored> gone(left.begin() + begin,
                             left.begin() + std::min<size_t>(end, left.size()));
    left.erase(left.begin() + begin, left.begin() + begin + gone.size());
    std::vector<Scored> removed;
    twin.zset.Remove({begin, end}, [&](std::string_view member, double score) {
      removed.emplace_back(score, member);
    });
    EXPECT_EQ(removed, gone);
    EXPECT_EQ(Members(twin.zset, twin.zset.All()), left);
    twin.zset.CheckInvariants();
  }
}

TEST(Zset, NamesInLexRanges) {
  for (const uint64_t limit : {100, 0}) {
    TypeSettings settings;
    settings.zset_max_listpack_entries = limit;
    Zset zset(settings, 0, 0);
    for (const char* name : {"1", "a", "b", "bb", "c"}) zset.Put(name, 0, settings);
    using Kind = LexBound::Kind;
    const auto count = [&](LexBound min, LexBound max) {
      return zset.Within(LexRange{min, max}).size();
    };
    EXPECT_EQ(count({Kind::kLowest, {}}, {Kind::kHighest, {}}), 5u);
    EXPECT_EQ(count({Kind::kHighest, {}}, {Kind::kLowest, {}}), 0u);
    EXPECT_EQ(count({Kind::kInclusive, "a"}, {Kind::kInclusive, "b"}), 2u);
    EXPECT_EQ(count({Kind::kExclusive, "a"}, {Kind::kExclusive, "bb"}), 1u);
    EXPECT_EQ(count({Kind::kExclusive, "b"}, {Kind::kExclusive, "b"}), 0u);
    EXPECT_EQ(count({Kind::kInclusive, "c"}, {Kind::kInclusive, "a"}), 0u);
    EXPECT_EQ(count({Kind::kLowest, {}}, {Kind::kExclusive, "a"}), 1u);
  }
}

TEST(Zset, GrowsOutOfTheListpackAtItsThresholds) {
  TypeSettings settings;
  settings.zset_max_listpack_entries = 3;
  settings.zset_max_listpack_value = 5;
  Zset zset(settings, 0, 0);
  for (const char* name : {"a", "b", "c"}) zset.Put(name, 1, settings);
  EXPECT_EQ(ZsetType().EncodingOf(zset), Encoding::kListpack);
  zset.Put("b", 7, settings);
  EXPECT_EQ(ZsetType().EncodingOf(zset), Encoding::kListpack);
  zset.Put("d", 1, settings);
  EXPECT_EQ(ZsetType().EncodingOf(zset), Encoding::kSkiplist);
  Zset other(settings, 0, 0);
  other.Put("12345", 1, settings);
  EXPECT_TRUE(other.is_small());
  other.Put("123456", 1, settings);
  EXPECT_FALSE(other.is_small());
}

TEST(Zset, CopyAndSerialisedFormsAreTheSameSet) {
  for (const uint64_t limit : {1000, 0}) {
    TypeSettings settings;
    settings.zset_max_listpack_entries = limit;
    Twin twin(99, settings);
    for (int i = 0; i < 300; ++i) twin.Step();
    const Owned copy(ZsetType().Copy(twin.zset));
    EXPECT_EQ(Members(Zset::Of(*copy), {0, 1000}), twin.All());
    const std::string bytes = Serialised(twin.zset);
    const RdbType form = ZsetType().RdbTypeOf(twin.zset);
    EXPECT_EQ(form, limit == 0 ? RdbType::kZset2 : RdbType::kZsetListpack);
    for (const uint64_t other_limit : {1000, 0}) {
      settings.zset_max_listpack_entries = other_limit;
      const auto loaded = Load(form, bytes, settings);
      ASSERT_TRUE(loaded.ok()) << loaded.status();
      const Owned owned(*loaded);
      EXPECT_EQ(Members(Zset::Of(*owned), {0, 1000}), twin.All());
      EXPECT_EQ(Zset::Of(*owned).is_small(), other_limit == 1000);
      Zset::Of(*owned).CheckInvariants();
    }
  }
}

TEST(Zset, ReadsScoresAsText) {
  const std::string body(
      "\x04\x01"
      "a\x03"
      "1.5\x01"
      "b\xfe\x01"
      "c\xff\x01"
      "d\x02"
      "-2");
  const auto loaded = Load(RdbType::kZset, body, {});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Owned owned(*loaded);
  EXPECT_EQ(Members(Zset::Of(*owned), {0, 10}),
            (std::vector<Scored>{{-INFINITY, "c"}, {-2, "d"}, {1.5, "a"}, {INFINITY, "b"}}));
}

TEST(Zset, ReadsZiplists) {
  // Length of the string; bytes, offset of the last element, count; then "a" 1 "b" 2.5.
  const std::string body(
      "\x18\x18\0\0\0\x12\0\0\0\x04\0\0\x01"
      "a\x03\xf2\x02\x01"
      "b\x03\x03"
      "2.5\xff",
      25);
  const auto loaded = Load(RdbType::kZsetZiplist, body, {});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Owned owned(*loaded);
  EXPECT_EQ(Members(Zset::Of(*owned), {0, 10}), (std::vector<Scored>{{1, "a"}, {2.5, "b"}}));
}

std::string PackedPairs(const std::vector<std::string>& words) {
  Listpack pairs;
  for (const std::string& word : words) pairs.Append(word);
  std::string bytes;
  RdbWriter writer(&bytes);
  writer.String(pairs.raw());
  return bytes;
}

TEST(Zset, MalformedFormsAreRefused) {
  const auto refused = [](RdbType form, const std::string& bytes) {
    const auto loaded = Load(form, bytes, {});
    if (loaded.ok()) (*loaded)->type->Free(*loaded);
    return loaded.status().code() == absl::StatusCode::kDataLoss;
  };
  EXPECT_TRUE(refused(RdbType::kZset, std::string("\x01\x01"
                                                  "a\xfd",
                                                  4)));
  EXPECT_TRUE(refused(RdbType::kZset, std::string("\x01\x01"
                                                  "a\x03"
                                                  "1.x",
                                                  7)));
  EXPECT_TRUE(refused(RdbType::kZset, std::string("\0", 1)));
  EXPECT_TRUE(refused(RdbType::kZset, std::string("\x02\x01"
                                                  "a\x01"
                                                  "1\x01"
                                                  "a\x01"
                                                  "2",
                                                  9)));
  EXPECT_TRUE(refused(RdbType::kZset2, std::string("\x01\x01"
                                                   "a\0\0\0\0\0\0\xf8\x7f",
                                                   11)));
  EXPECT_TRUE(refused(RdbType::kZset2, std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff", 9)));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, PackedPairs({})));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, PackedPairs({"a"})));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, PackedPairs({"a", "x"})));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, PackedPairs({"a", "nan"})));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, PackedPairs({"a", "2", "b", "1"})));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, PackedPairs({"b", "1", "a", "1"})));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, PackedPairs({"a", "1", "a", "2"})));
  EXPECT_TRUE(refused(RdbType::kZsetListpack, std::string("\x05"
                                                          "abcde")));
  EXPECT_FALSE(refused(RdbType::kZsetListpack, PackedPairs({"a", "1", "b", "1"})));
}

}  // namespace
}  // namespace slotmesh::node
