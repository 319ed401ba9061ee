#include "node/types/set.h"

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

using SetPtr = std::unique_ptr<Set>;

SetPtr NewFor(std::string_view first, const TypeSettings& settings = {}) {
  return SetPtr(Set::NewFor(first, 1, settings));
}

std::set<std::string> Members(const Set& set) {
  std::set<std::string> members;
  set.ForEach([&](std::string_view member) { EXPECT_TRUE(members.emplace(member).second); });
  return members;
}

std::string Serialised(const Set& set) {
  std::string out;
  RdbWriter writer(&out);
  set.type->Serialise(set, writer);
  return out;
}

absl::StatusOr<Object*> Load(RdbType form, std::string_view bytes,
                             const TypeSettings& settings = {}) {
  RdbReader reader(bytes);
  return LoadSet(form, reader, settings);
}

TEST(SetTest, IntegersFormAnIntsetUntilThereAreTooMany) {
  SetPtr set = NewFor("1");
  for (int i = 0; i < 512; ++i) ASSERT_TRUE(set->Add(std::to_string(i), {}));
  EXPECT_EQ(set->form(), Set::Form::kIntset);
  EXPECT_FALSE(set->Add("511", {}));
  EXPECT_EQ(set->form(), Set::Form::kIntset);
  EXPECT_TRUE(set->Add("512", {}));
  EXPECT_EQ(set->form(), Set::Form::kTable);
  EXPECT_EQ(set->size(), 513u);
  set->CheckInvariants();
}

TEST(SetTest, AWordAmongIntegersMakesAListpack) {
  SetPtr set = NewFor("1");
  set->Add("1", {});
  set->Add("-77777777777", {});
  EXPECT_TRUE(set->Add("01", {}));
  EXPECT_EQ(set->form(), Set::Form::kListpack);
  EXPECT_EQ(Members(*set), (std::set<std::string>{"-77777777777", "01", "1"}));
}

TEST(SetTest, TooManyIntegersForAListpackMakeATable) {
  SetPtr set = NewFor("1");
  for (int i = 0; i < 128; ++i) set->Add(std::to_string(i), {});
  set->Add("x", {});
  EXPECT_EQ(set->form(), Set::Form::kTable);
  EXPECT_EQ(set->size(), 129u);
}

TEST(SetTest, AListpackEndsAtItsNumberAndLength) {
  SetPtr set = NewFor("a");
  EXPECT_EQ(set->form(), Set::Form::kListpack);
  for (int i = 0; i < 128; ++i) set->Add("m" + std::to_string(i), {});
  EXPECT_EQ(set->form(), Set::Form::kListpack);
  set->Add("more", {});
  EXPECT_EQ(set->form(), Set::Form::kTable);
  SetPtr other = NewFor("a");
  other->Add(std::string(64, 'x'), {});
  EXPECT_EQ(other->form(), Set::Form::kListpack);
  other->Add(std::string(65, 'x'), {});
  EXPECT_EQ(other->form(), Set::Form::kTable);
  EXPECT_TRUE(other->Contains(std::string(64, 'x')));
  EXPECT_TRUE(other->Contains(std::string(65, 'x')));
}

TEST(SetTest, AgreesWithStdSetInEveryForm) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 60; ++round) {
    TypeSettings settings;
    settings.set_max_intset_entries = random() % 60;
    settings.set_max_listpack_entries = random() % 60;
    settings.hash_seed = random();
    const bool words = round % 2 == 0;
    SetPtr set = NewFor(words ? "w" : "1", settings);
    std::set<std::string> model;
    for (int i = 0; i < 800; ++i) {
      std::string member = std::to_string(static_cast<int64_t>(random() % 300) - 150);
      if (words && random() % 4 == 0) member.append(random() % 300, 'w');
      if (random() % 3 != 0) {
        ASSERT_EQ(set->Add(member, settings), model.insert(member).second);
      } else {
        ASSERT_EQ(set->Remove(member), model.erase(member) > 0);
      }
    }
    set->CheckInvariants();
    ASSERT_EQ(set->size(), model.size());
    ASSERT_EQ(Members(*set), model);
    for (const std::string& member : model) ASSERT_TRUE(set->Contains(member));
    ASSERT_FALSE(set->Contains("nothing"));
    const SetPtr copy(set->Copy());
    ASSERT_EQ(Members(*copy), model);
    if (model.empty()) continue;
    const RdbType form = set->type->RdbTypeOf(*set);
    const absl::StatusOr<Object*> loaded = Load(form, Serialised(*set), settings);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    const SetPtr again(static_cast<Set*>(*loaded));
    ASSERT_EQ(Members(*again), model);
  }
}

TEST(SetTest, EveryMemberIsAsLikelyAsAnyOther) {
  std::mt19937_64 random(5);
  for (const int size : {20, 100, 1000}) {
    SetPtr set = NewFor("m");
    TypeSettings settings;
    settings.set_max_listpack_entries = 50;
    for (int i = 0; i < size; ++i) set->Add("m" + std::to_string(i), settings);
    std::map<std::string, int> drawn;
    ListpackText scratch;
    const int draws = 100 * size;
    for (int i = 0; i < draws; ++i) ++drawn[std::string(set->Random(random, scratch))];
    double chi = 0;
    for (const auto& [member, count] : drawn) chi += (count - 100.0) * (count - 100.0) / 100;
    EXPECT_EQ(drawn.size(), static_cast<size_t>(size));
    EXPECT_LT(chi, size + 6 * std::sqrt(2.0 * size));
  }
}

TEST(SetTest, SamplesAreDistinctAndFair) {
  std::mt19937_64 random(5);
  TypeSettings settings;
  settings.set_max_listpack_entries = 16;
  for (const int size : {10, 60}) {
    SetPtr set = NewFor("m", settings);
    for (int i = 0; i < size; ++i) set->Add("m" + std::to_string(i), settings);
    for (const int count : {0, 1, 5, size / 2, size}) {
      std::map<std::string, int> drawn;
      constexpr int kRounds = 2000;
      for (int round = 0; round < kRounds; ++round) {
        std::set<std::string> sample;
        set->Sample(count, random, [&](std::string_view member) {
          ASSERT_TRUE(sample.emplace(member).second);
          ++drawn[std::string(member)];
        });
        ASSERT_EQ(sample.size(), static_cast<size_t>(count));
      }
      const double each = static_cast<double>(kRounds) * count / size;
      for (const auto& [member, times] : drawn) {
        EXPECT_NEAR(times, each, 6 * std::sqrt(each) + 1) << size << " " << count;
      }
    }
  }
}

TEST(SetTest, AScanMeetsAllThatStay) {
  SetPtr set = NewFor("m");
  for (int i = 0; i < 3000; ++i) set->Add("stay" + std::to_string(i), {});
  std::set<std::string> met;
  uint64_t cursor = 0;
  int step = 0;
  do {
    cursor = set->Scan(cursor, [&](std::string_view member) { met.emplace(member); });
    for (int i = 0; i < 20; ++i) {
      ++step;
      if (step < 4000) {
        set->Add("go" + std::to_string(step), {});
      } else {
        set->Remove("go" + std::to_string(step - 4000));
      }
    }
  } while (cursor != 0);
  for (int i = 0; i < 3000; ++i) EXPECT_TRUE(met.contains("stay" + std::to_string(i)));
}

TEST(SetTest, IntegersAloneNarrow) {
  const TypeSettings settings;
  SetPtr set(new Set(Set::Form::kListpack, settings));
  set->Add("3", settings);
  set->Add("1", settings);
  set->NarrowToIntset(settings);
  EXPECT_EQ(set->form(), Set::Form::kIntset);
  EXPECT_EQ(Members(*set), (std::set<std::string>{"1", "3"}));
  SetPtr table(new Set(Set::Form::kTable, settings));
  table->Add("7", settings);
  table->NarrowToIntset(settings);
  EXPECT_EQ(table->form(), Set::Form::kIntset);
  EXPECT_EQ(Members(*table), (std::set<std::string>{"7"}));
  SetPtr words = NewFor("x");
  words->Add("x", settings);
  words->NarrowToIntset(settings);
  EXPECT_EQ(words->form(), Set::Form::kListpack);
}

TEST(SetTest, MalformedBodiesAreRefused) {
  std::string listpack;
  RdbWriter writer(&listpack);
  Listpack members;
  members.Append("a");
  members.Append("b");
  writer.String(members.raw());
  const absl::StatusOr<Object*> loaded = Load(RdbType::kSetListpack, listpack);
  ASSERT_TRUE(loaded.ok());
  const SetPtr set(static_cast<Set*>(*loaded));
  EXPECT_EQ(Members(*set), (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(set->form(), Set::Form::kListpack);

  std::string twice;
  RdbWriter twice_writer(&twice);
  members.Append("a");
  twice_writer.String(members.raw());
  EXPECT_FALSE(Load(RdbType::kSetListpack, twice).ok());
  EXPECT_FALSE(Load(RdbType::kSet, std::string_view("\x02\x01x\x01x", 5)).ok());
  EXPECT_FALSE(Load(RdbType::kSet, std::string_view("\0", 1)).ok());
  EXPECT_FALSE(Load(RdbType::kSet, "\x02\x01x").ok());
  EXPECT_FALSE(Load(RdbType::kSetIntset,
                    "\x03"
                    "abc")
                   .ok());
  EXPECT_FALSE(Load(RdbType::kSetListpack,
                    "\x03"
                    "abc")
                   .ok());
  std::string empty;
  RdbWriter empty_writer(&empty);
  empty_writer.String(Listpack().raw());
  EXPECT_FALSE(Load(RdbType::kSetListpack, empty).ok());
  // A length beyond all bytes is no reason to allocate.
  EXPECT_FALSE(
      Load(RdbType::kSet, std::string_view("\x81\x7f\xff\xff\xff\xff\xff\xff\xff", 9)).ok());
}

TEST(SetTest, AMillionMembersOf14BytesTake30BytesEach) {
  SetPtr set = NewFor("m");
  char member[15];
  for (int i = 0; i < 1'000'000; ++i) {
    std::snprintf(member, sizeof(member), "member:%07d", i);
    ASSERT_TRUE(set->Add(member, {}));
    if (i % 50'000 == 49'999) {
      EXPECT_LE(set->MemoryUsage(1000), 30.5 * (i + 1)) << i;
    }
  }
  EXPECT_LE(set->MemoryUsage(0), 30'000'000u);
  RecordProperty("bytes", static_cast<int>(set->MemoryUsage(0)));
}

}  // namespace
}  // namespace slotmesh::node
