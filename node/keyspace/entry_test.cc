#include "node/keyspace/entry.h"

#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <random>
#include <string>

#include "node/keyspace/test_object.h"

namespace slotmesh::node {
namespace {

constexpr UnixMillis kWhen = 1'700'000'000'000;

struct EntryDeleter {
  void operator()(Entry* entry) const { Entry::Free(entry); }
};
using EntryPtr = std::unique_ptr<Entry, EntryDeleter>;

std::string ValueOf(const Entry& entry) {
  IntText scratch;
  return std::string(entry.string_bytes(scratch));
}

TEST(Entry, SizesAreThoseOfTheDesign) {
  const EntryPtr small(Entry::NewString("key:000000000001", "abcdefgh", kNoExpiry));
  EXPECT_EQ(small->MemoryUsage(0), 32u);
  const EntryPtr expiring(Entry::NewString("key:000000000001", std::string(32, 'x'), kWhen));
  EXPECT_EQ(expiring->MemoryUsage(0), 64u);
}

TEST(Entry, SizeClassesAreTheAllocators) {
  EXPECT_EQ(RoundToSizeClass(1), 16u);
  EXPECT_EQ(RoundToSizeClass(128), 128u);
  EXPECT_EQ(RoundToSizeClass(129), 160u);
  EXPECT_EQ(RoundToSizeClass(257), 320u);
  EXPECT_EQ(RoundToSizeClass(1024), 1024u);
  EXPECT_EQ(RoundToSizeClass(1025), 1280u);
  EXPECT_EQ(RoundToSizeClass(14337), 16384u);
}

TEST(Entry, IntegersAreTheirCanonicalTextOnly) {
  for (const char* text : {"0", "-1", "12", "9223372036854775807", "-9223372036854775808"}) {
    const auto value = ParseCanonicalInt(text);
    ASSERT_TRUE(value.has_value()) << text;
    IntText scratch;
    EXPECT_EQ(FormatInt(*value, scratch), text);
  }
  for (const char* text : {"", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1a", "0x1", "1.0", "--1",
                           "9223372036854775808", "-9223372036854775809", "99999999999999999999"}) {
    EXPECT_FALSE(ParseCanonicalInt(text).has_value()) << text;
  }
}

TEST(Entry, EncodingsAreThoseThatClientsKnow) {
  const auto encoding = [](std::string_view value) {
    return EntryPtr(Entry::NewString("k", value, kNoExpiry))->encoding();
  };
  EXPECT_EQ(encoding("12"), Encoding::kInt);
  EXPECT_EQ(encoding(""), Encoding::kEmbstr);
  EXPECT_EQ(encoding(std::string(44, 'x')), Encoding::kEmbstr);
  EXPECT_EQ(encoding(std::string(45, 'x')), Encoding::kRaw);
  EXPECT_EQ(encoding(std::string(100'000, 'x')), Encoding::kRaw);
  Entry* changed = Entry::NewString("k", "abc", kNoExpiry);
  changed = Entry::WithLength(changed, 4);
  EXPECT_EQ(changed->encoding(), Encoding::kRaw);
  EXPECT_EQ(ValueOf(*changed), std::string("abc\0", 4));
  changed = Entry::WithString(changed, "abc", kNoExpiry);
  EXPECT_EQ(changed->encoding(), Encoding::kEmbstr);
  Entry::Free(changed);
}

TEST(Entry, AKeyIsExpiredAtTheMillisecondAfterItsExpiry) {
  const EntryPtr entry(Entry::NewString("k", "v", kWhen));
  EXPECT_FALSE(entry->IsExpired(kWhen));
  EXPECT_TRUE(entry->IsExpired(kWhen + 1));
  const EntryPtr past(Entry::NewString("k", "v", -5));
  EXPECT_EQ(past->expiry(), -5);
  EXPECT_TRUE(past->IsExpired(0));
  EXPECT_FALSE(EntryPtr(Entry::NewString("k", "v", kNoExpiry))->IsExpired(INT64_MAX));
}

TEST(Entry, AppendingGrowsInLargeSteps) {
  Entry* entry = Entry::NewString("k", "", kNoExpiry);
  int moves = 0;
  std::string model;
  for (int i = 0; i < 200'000; ++i) {
    const char* before = entry->mutable_bytes();
    entry = Entry::WithLength(entry, model.size() + 1);
    moves += entry->mutable_bytes() != before;
    entry->mutable_bytes()[model.size()] = static_cast<char>('a' + i % 26);
    model += static_cast<char>('a' + i % 26);
  }
  EXPECT_EQ(ValueOf(*entry), model);
  EXPECT_LE(moves, 24);
  Entry::Free(entry);
}

TEST(Entry, ObjectsBelongToTheirEntry) {
  int alive = 0;
  TestValueType type;
  Entry* entry = Entry::NewObject("list", new TestObject(type, alive), kNoExpiry);
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(entry->type_name(), "test");
  EXPECT_EQ(entry->encoding(), Encoding::kListpack);
  EXPECT_EQ(entry->FreeEffort(), 1000u);
  Entry* copy = Entry::CopyToKey(*entry, "copy");
  EXPECT_EQ(alive, 2);
  entry = Entry::WithExpiry(entry, kWhen);
  entry = Entry::MoveToKey(entry, std::string(400, 'k'));
  EXPECT_EQ(alive, 2);
  EXPECT_EQ(entry->expiry(), kWhen);
  entry = Entry::WithString(entry, "a string now", kNoExpiry);
  EXPECT_EQ(alive, 1);
  EXPECT_TRUE(entry->is_string());
  EXPECT_EQ(entry->type_name(), "string");
  Entry::Free(entry);
  Entry::Free(copy);
  EXPECT_EQ(alive, 0);
}

struct Model {
  std::string key;
  std::string value;
  UnixMillis expiry = kNoExpiry;
  bool is_object = false;
};

// All ways to change an entry, at random, against plain strings.
TEST(Entry, BehavesAsKeyValueAndExpiry) {
  std::mt19937_64 random(5);
  const auto length = [&] {
    constexpr size_t kLengths[] = {0, 1, 8, 44, 45, 100, 255, 256, 1024, 1025, 5000, 70'000};
    return kLengths[random() % std::size(kLengths)] + random() % 3;
  };
  const auto text = [&] {
    return random() % 3 == 0 ? std::to_string(static_cast<int64_t>(random()) >> random() % 64)
                             : std::string(length(), static_cast<char>('a' + random() % 26));
  };
  const auto when = [&] {
    return random() % 2 == 0 ? kNoExpiry : static_cast<UnixMillis>(random());
  };
  for (int round = 0; round < 400; ++round) {
    Model model = {std::string(length(), 'k'), text(), when()};
    Entry* entry = Entry::NewString(model.key, model.value, model.expiry);
    const auto clock = static_cast<uint32_t>(random() & 0xffffff);
    entry->set_access_clock(clock);
    for (int step = 0; step < 40; ++step) {
      switch (random() % 7) {
        case 0:
          model.value = text();
          model.expiry = when();
          entry = Entry::WithString(entry, model.value, model.expiry);
          break;
        case 1: {
          const auto value = static_cast<int64_t>(random());
          model.value = std::to_string(value);
          entry = Entry::WithInteger(entry, value);
          break;
        }
        case 2:
          model.value.resize(length());
          entry = Entry::WithLength(entry, model.value.size());
          if (!model.value.empty()) {
            const size_t at = random() % model.value.size();
            model.value[at] = entry->mutable_bytes()[at] = '!';
          }
          break;
        case 3:
          model.key = std::string(length(), 'q');
          entry = Entry::MoveToKey(entry, model.key);
          break;
        case 4: {
          model.key = std::string(length(), 'c');
          Entry* copy = Entry::CopyToKey(*entry, model.key);
          EXPECT_EQ(copy->encoding(), entry->encoding());
          Entry::Free(entry);
          entry = copy;
          break;
        }
        default:
          model.expiry = when();
          entry = Entry::WithExpiry(entry, model.expiry);
      }
      ASSERT_EQ(entry->key(), model.key);
      ASSERT_EQ(ValueOf(*entry), model.value);
      ASSERT_EQ(entry->string_length(), model.value.size());
      ASSERT_EQ(entry->expiry(), model.expiry);
      ASSERT_EQ(entry->access_clock(), clock);
      ASSERT_GE(entry->MemoryUsage(0), model.key.size() + 8);
      entry->CheckInvariants();
    }
    Entry::Free(entry);
  }
}

}  // namespace
}  // namespace slotmesh::node
