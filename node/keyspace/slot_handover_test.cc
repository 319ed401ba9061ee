// Slots that change hands: frozen, flushed together, taken out of one database and adopted by
// another.
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node/keyspace/keyspace.h"
#include "slots/hash_slot.h"
#include "slots/slot_set.h"

namespace slotmesh::node {
namespace {

constexpr UnixMillis kNow = 1'000'000;

class SlotHandover : public testing::Test {
 protected:
  SlotHandover()
      : here_({.cluster = true, .hash_seed = 5}), there_({.cluster = true, .hash_seed = 5}) {}

  static HashedKey Key(const Keyspace& keyspace, std::string_view key) {
    return keyspace.Hash(key, slots::HashSlot(key));
  }
  void Set(Keyspace& keyspace, std::string_view key, UnixMillis expiry = kNoExpiry) {
    keyspace.database(0).SetString(Key(keyspace, key), "v", {.expiry = expiry}, kNow);
  }
  bool Has(Keyspace& keyspace, std::string_view key, UnixMillis now = kNow) {
    return keyspace.database(0).FindRead(Key(keyspace, key), now) != nullptr;
  }
  static slots::SlotSet SlotsOf(std::initializer_list<std::string_view> tags) {
    slots::SlotSet slots;
    for (const std::string_view tag : tags) slots.Add(slots::HashSlot(tag));
    return slots;
  }

  Keyspace here_;
  Keyspace there_;
};

TEST_F(SlotHandover, TakenTablesLiveOnInTheDatabaseThatAdoptsThem) {
  for (int i = 0; i < 100; ++i)
    Set(here_, "{a}" + std::to_string(i), i % 2 == 0 ? kNow + 5 : kNoExpiry);
  Set(here_, "{b}stays");
  Set(there_, "{a}leftover");
  const int slot = slots::HashSlot("a");
  there_.database(0).AdoptSlot(here_.database(0).TakeSlot(slot));
  EXPECT_EQ(here_.size(), 1);
  EXPECT_EQ(there_.database(0).slot_size(slot), 100);
  EXPECT_EQ(there_.database(0).expiring(), 50);
  EXPECT_EQ(here_.database(0).expiring(), 0);
  EXPECT_FALSE(Has(there_, "{a}leftover"));
  EXPECT_TRUE(Has(there_, "{a}99"));
  EXPECT_FALSE(Has(there_, "{a}98", kNow + 6));
  here_.CheckInvariants();
  there_.CheckInvariants();
  EXPECT_EQ(here_.database(0).TakeSlot(slot), nullptr);
}

TEST_F(SlotHandover, FlushSlotsEmptiesThemAndTellsOnce) {
  struct Listener : TouchListener {
    void OnTouched(int, const HashedKey&) override {}
    void OnAllTouched(int, int) override { ++others; }
    void OnSlotsTouched(int database, const slots::SlotSet& slots) override {
      EXPECT_EQ(database, 0);
      told.push_back(slots);
    }
    std::vector<slots::SlotSet> told;
    int others = 0;
  } listener;
  for (const std::string_view key : {"{a}1", "{a}2", "{b}1", "{c}1"}) Set(here_, key);
  here_.set_touch_listener(&listener);
  here_.database(0).FlushSlots(SlotsOf({"a", "b"}));
  here_.set_touch_listener(nullptr);
  EXPECT_EQ(here_.size(), 1);
  EXPECT_TRUE(Has(here_, "{c}1"));
  ASSERT_EQ(listener.told.size(), 1);
  EXPECT_EQ(listener.told[0], SlotsOf({"a", "b"}));
  EXPECT_EQ(listener.others, 0);
  here_.CheckInvariants();
}

TEST_F(SlotHandover, FrozenSlotsHideWhatIsDueButKeepIt) {
  Set(here_, "{a}due", kNow + 5);
  Set(here_, "{b}due", kNow + 5);
  Set(here_, "{a}victim");
  here_.set_frozen(SlotsOf({"a"}));
  EXPECT_FALSE(Has(here_, "{a}due", kNow + 6));
  here_.database(0).ExpireSome(kNow + 2000, UINT32_MAX, [] { return false; });
  here_.database(0).Evict(Key(here_, "{a}victim"), false);
  EXPECT_EQ(here_.database(0).slot_size(slots::HashSlot("a")), 2);
  EXPECT_EQ(here_.database(0).slot_size(slots::HashSlot("b")), 0);
  here_.set_frozen({});
  here_.database(0).Evict(Key(here_, "{a}victim"), false);
  EXPECT_FALSE(Has(here_, "{a}due", kNow + 2000));
  EXPECT_EQ(here_.size(), 0);
}

}  // namespace
}  // namespace slotmesh::node
