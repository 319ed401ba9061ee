#include "slots/slot_set.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace slotmesh::slots {
namespace {

using Model = std::set<int>;

SlotSet Make(const Model& model) {
  SlotSet set;
  for (int slot : model) set.Add(static_cast<Slot>(slot));
  return set;
}

Model ToModel(const SlotSet& set) {
  Model model;
  set.ForEach([&model](Slot slot) { model.insert(slot); });
  return model;
}

TEST(SlotSet, StartsEmpty) {
  const SlotSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.count(), 0);
  EXPECT_EQ(set.First(), std::nullopt);
  EXPECT_EQ(set.ToString(), "");
  EXPECT_TRUE(set.Ranges().empty());
  EXPECT_FALSE(set.Contains(0));
  EXPECT_EQ(sizeof(SlotSet), 2048u);
}

TEST(SlotSet, AllHasEverySlotInOneRange) {
  const SlotSet all = SlotSet::All();
  EXPECT_EQ(all.count(), kSlotCount);
  EXPECT_EQ(all.Ranges(), (std::vector<SlotRange>{{0, 16383}}));
  EXPECT_EQ(all.ToString(), "0-16383");
  EXPECT_EQ(all.Complement(), SlotSet());
  EXPECT_EQ((SlotRange{0, 16383}).size(), kSlotCount);
}

TEST(SlotSet, RangesAtWordBorders) {
  for (int first : {0, 1, 62, 63, 64, 65, 127, 128, 16319, 16320, 16383}) {
    for (int last : {0, 63, 64, 127, 128, 200, 16319, 16320, 16382, 16383}) {
      if (last < first) continue;
      SlotSet set = SlotSet::Of(static_cast<Slot>(first), static_cast<Slot>(last));
      ASSERT_EQ(set.count(), last - first + 1) << first << "-" << last;
      ASSERT_EQ(set.Ranges().size(), 1u);
      ASSERT_EQ(set.Ranges()[0], (SlotRange{static_cast<Slot>(first), static_cast<Slot>(last)}));
      SlotSet rest = SlotSet::All();
      rest.RemoveRange(static_cast<Slot>(first), static_cast<Slot>(last));
      ASSERT_EQ(rest, set.Complement());
    }
  }
}

TEST(SlotSet, TextForm) {
  SlotSet set = SlotSet::Of(0, 5);
  set.Add(7);
  set.AddRange(100, 101);
  set.Add(16383);
  EXPECT_EQ(set.ToString(), "0-5,7,100-101,16383");
  EXPECT_EQ(SlotSet::Parse("0-5,7,100-101,16383"), set);
  EXPECT_EQ(SlotSet::Parse("16383,100,101,7-7,3-5,0-4"), set);
  EXPECT_EQ(SlotSet::Parse(""), SlotSet());
}

TEST(SlotSet, OtherTextIsAbsent) {
  for (const char* text :
       {",",   "1,",    ",1",      "1,,2", "-",  "1-",         "-1",
        "5-3", "16384", "0-16384", "1 ",   " 1", "1, 2",       "1-2-3",
        "+1",  "01",    "0x1",     "1.5",  "a",  "1-a",        "99999999999999999999",
        "1;2", "1--2",  "-0",      "1,-2", "00", "4294967296", "1-4294967297"}) {
    EXPECT_EQ(SlotSet::Parse(text), std::nullopt) << text;
  }
  EXPECT_EQ(SlotSet::Parse(std::string_view("1\0", 2)), std::nullopt);
}

TEST(SlotSet, HashTellsSetsApart) {
  absl::flat_hash_set<SlotSet> sets;
  for (int slot = 0; slot < kSlotCount; slot += 100) {
    EXPECT_TRUE(sets.insert(SlotSet::Of(0, static_cast<Slot>(slot))).second);
  }
  EXPECT_TRUE(sets.contains(SlotSet::Of(0, 300)));
  EXPECT_FALSE(sets.contains(SlotSet::Of(1, 300)));
}

TEST(SlotSetDeathTest, SlotsPastTheLastAreAProgrammersError) {
  SlotSet set;
  EXPECT_DEATH(set.Add(16384), "check failed");
  EXPECT_DEATH(set.AddRange(5, 16384), "check failed");
  EXPECT_DEATH(set.AddRange(5, 4), "check failed");
  EXPECT_DEATH((void)set.Contains(65535), "check failed");
}

Slot AnySlot() { return *rc::gen::inRange<Slot>(0, kSlotCount); }

// Scattered slots and stretches of them.
Model AnyModel() {
  Model model;
  const int pieces = *rc::gen::inRange(0, 12);
  for (int i = 0; i < pieces; ++i) {
    const int first = AnySlot();
    const int size = *rc::gen::element(1, 1, 2, 63, 64, 65, 700);
    for (int slot = first; slot < first + size && slot < kSlotCount; ++slot) model.insert(slot);
  }
  return model;
}

RC_GTEST_PROP(SlotSetProperty, BehavesAsASetUnderRandomChanges, ()) {
  Model model = AnyModel();
  SlotSet set = Make(model);
  const int steps = *rc::gen::inRange(0, 40);
  for (int i = 0; i < steps; ++i) {
    const Slot first = AnySlot();
    const Slot last = static_cast<Slot>(std::min<int>(first + *rc::gen::inRange(0, 300), 16383));
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        set.Add(first);
        model.insert(first);
        break;
      case 1:
        set.Remove(first);
        model.erase(first);
        break;
      case 2:
        set.AddRange(first, last);
        for (int slot = first; slot <= last; ++slot) model.insert(slot);
        break;
      case 3:
        set.RemoveRange(first, last);
        for (int slot = first; slot <= last; ++slot) model.erase(slot);
        break;
    }
    RC_ASSERT(set.Contains(first) == (model.count(first) == 1));
  }
  RC_ASSERT(ToModel(set) == model);
  RC_ASSERT(set.count() == static_cast<int>(model.size()));
  RC_ASSERT(set.empty() == model.empty());
  const std::vector<Slot> vector = set.ToVector();
  RC_ASSERT(std::vector<Slot>(model.begin(), model.end()) == vector);
  const int from = *rc::gen::inRange(0, kSlotCount + 1);
  const auto next = model.lower_bound(from);
  RC_ASSERT(set.NextFrom(from) ==
            (next == model.end() ? std::nullopt : std::optional<Slot>(static_cast<Slot>(*next))));
}

RC_GTEST_PROP(SlotSetProperty, AlgebraIsThatOfSets, ()) {
  const Model a = AnyModel();
  const Model b = AnyModel();
  Model both, either = a, only_a = a;
  for (int slot : b) {
    if (a.count(slot) == 1) both.insert(slot);
    either.insert(slot);
    only_a.erase(slot);
  }
  const SlotSet sa = Make(a);
  const SlotSet sb = Make(b);
  RC_ASSERT(ToModel(sa | sb) == either);
  RC_ASSERT(ToModel(sa & sb) == both);
  RC_ASSERT(ToModel(sa - sb) == only_a);
  RC_ASSERT(sa.Intersects(sb) == !both.empty());
  RC_ASSERT(sa.ContainsAll(sb) == (both == b));
  RC_ASSERT((sa | sb).ContainsAll(sa));
  RC_ASSERT((sa == sb) == (a == b));
}

RC_GTEST_PROP(SlotSetProperty, TextAndRangesRoundTrip, ()) {
  const SlotSet set = Make(AnyModel());
  RC_ASSERT(SlotSet::Parse(set.ToString()) == set);
  SlotSet from_ranges;
  int end = -2;
  for (const SlotRange& range : set.Ranges()) {
    RC_ASSERT(range.first > end + 1);  // Rising, and not touching the one before.
    end = range.last;
    from_ranges.AddRange(range.first, range.last);
  }
  RC_ASSERT(from_ranges == set);
}

RC_GTEST_PROP(SlotSetProperty, AnyTextIsReadOrRefused, ()) {
  const std::string text =
      *rc::gen::container<std::string>(rc::gen::element('0', '1', '6', '9', ',', '-', ' '));
  const std::optional<SlotSet> set = SlotSet::Parse(text);
  if (set.has_value()) RC_ASSERT(SlotSet::Parse(set->ToString()) == set);
}

}  // namespace
}  // namespace slotmesh::slots
