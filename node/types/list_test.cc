// The list against a deque of strings, its forms, and what loading accepts.
#include "node/types/list.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

#include "node/codec/rdb_writer.h"

namespace slotmesh::node {
namespace {

using namespace std::string_literals;

std::vector<std::string> Texts(const List& list, bool backwards = false) {
  std::vector<std::string> texts;
  list.Walk(backwards && !list.empty() ? list.size() - 1 : 0, list.size(), backwards,
            [&](const ListpackValue& value) {
              texts.push_back(value.ToString());
              return true;
            });
  return texts;
}

std::string Serialised(const List& list) {
  std::string bytes;
  RdbWriter writer(&bytes);
  ListType().Serialise(list, writer);
  return bytes;
}

std::unique_ptr<List> Load(RdbType form, std::string_view bytes, const TypeSettings& settings) {
  RdbReader reader(bytes);
  const absl::StatusOr<Object*> loaded = LoadList(form, reader, settings);
  if (!loaded.ok()) return nullptr;
  return std::unique_ptr<List>(static_cast<List*>(*loaded));
}

TEST(ListTest, AListpackBecomesAQuicklistAndComesBackAtHalf) {
  const TypeSettings settings{.list_max_listpack_size = 4};
  List list;
  for (int i = 0; i < 4; ++i) {
    list.ExpectGrowth(1, 1, settings);
    list.Push(ListEnd::kTail, int64_t{i}, settings);
  }
  EXPECT_EQ(list.encoding(), Encoding::kListpack);
  list.ExpectGrowth(1, 1, settings);
  list.Push(ListEnd::kTail, int64_t{4}, settings);
  EXPECT_EQ(list.encoding(), Encoding::kQuicklist);
  EXPECT_EQ(list.node_count(), 2u);
  for (const size_t left : {4, 3, 2}) {
    list.Drop(ListEnd::kTail, settings);
    list.SettleAfterShrinking(settings);
    EXPECT_EQ(list.encoding(), left == 2 ? Encoding::kListpack : Encoding::kQuicklist);
  }
  list.CheckInvariants();
}

TEST(ListTest, OneMillionElementsOf14BytesTakeAtMost17Each) {
  for (const ListEnd end : {ListEnd::kHead, ListEnd::kTail}) {
    List list;
    list.ExpectGrowth(1 << 20, 1, {});
    for (int i = 0; i < 1'000'000; ++i) list.Push(end, "member:" + std::to_string(1000000 + i), {});
    EXPECT_LE(ListType().MemoryUsage(list, 0), 17'000'000u);
  }
}

TEST(ListTest, EveryFormIsLoaded) {
  const std::vector<std::string> texts = {"a", "12"};
  const std::string ziplist = "\x10\0\0\0\x0d\0\0\0\2\0\0\1a\3\xfd\xff"s;
  EXPECT_EQ(Texts(*Load(RdbType::kList,
                        "\2\1a\2"
                        "12"s,
                        {})),
            texts);
  EXPECT_EQ(Texts(*Load(RdbType::kListZiplist, "\x10"s + ziplist, {})), texts);
  const auto two = Load(RdbType::kListQuicklist, "\2\x10"s + ziplist + "\x10" + ziplist, {});
  EXPECT_EQ(two->size(), 4u);
  EXPECT_EQ(two->encoding(), Encoding::kListpack);
  const std::string listpack = "\x0c\0\0\0\2\0\x81\x61\2\x0c\1\xff"s;
  EXPECT_EQ(Texts(*Load(RdbType::kListQuicklist2, "\1\2\x0c"s + listpack, {})), texts);
  EXPECT_EQ(Texts(*Load(RdbType::kListQuicklist2,
                        "\2\1\1a\1\2"
                        "12"s,
                        {})),
            texts);
}

TEST(ListTest, DamagedAndEmptyOnesAreRefused) {
  EXPECT_EQ(Load(RdbType::kList, "\0"s, {}), nullptr);
  EXPECT_EQ(Load(RdbType::kList, "\2\1a"s, {}), nullptr);
  EXPECT_EQ(Load(RdbType::kListQuicklist2, "\1\2\7\7\0\0\0\0\0\xff"s, {}), nullptr);
  EXPECT_EQ(Load(RdbType::kListQuicklist2, "\1\3\1a"s, {}), nullptr);
  EXPECT_EQ(Load(RdbType::kListQuicklist2, "\1\2\x0c\x0c\0\0\0\2\0\x82\x61\2\x0c\1\xff"s, {}),
            nullptr);
  EXPECT_EQ(Load(RdbType::kListZiplist, "\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff"s, {}), nullptr);
  EXPECT_EQ(Load(RdbType::kListZiplist, "\3abc"s, {}), nullptr);
}

TEST(ListTest, InteriorNodesAreCompressed) {
  const TypeSettings settings{.list_max_listpack_size = 10, .list_compress_depth = 2};
  List list;
  list.ExpectGrowth(1 << 20, 1, settings);
  for (int i = 0; i < 100; ++i) list.Push(ListEnd::kTail, std::string(40, 'x'), settings);
  ASSERT_EQ(list.node_count(), 10u);
  int index = 0;
  for (const ListNode* node = list.head(); node != nullptr; node = node->next, ++index) {
    EXPECT_EQ(node->compressed(), index >= 2 && index < 8) << index;
  }
  EXPECT_TRUE(list.Set(50, "changed", settings));
  std::string scratch;
  ListpackValue value;
  ASSERT_TRUE(list.At(50, scratch, &value));
  EXPECT_EQ(value.ToString(), "changed");
  const std::unique_ptr<List> copy(list.Copy());
  copy->CheckInvariants();
  EXPECT_EQ(Texts(*copy), Texts(list));
  while (!list.empty()) list.Drop(ListEnd::kHead, settings);
}

// A list and what it should be, changed alike.
struct Pair {
  TypeSettings settings;
  List list;
  std::deque<std::string> model;

  void Check() {
    list.CheckInvariants();
    const std::vector<std::string> expected(model.begin(), model.end());
    ASSERT_EQ(Texts(list), expected);
    ASSERT_EQ(Texts(list, true), std::vector<std::string>(model.rbegin(), model.rend()));
  }
};

std::string RandomText(std::mt19937_64& random) {
  switch (random() % 6) {
    case 0:
      return std::to_string(random() % 50);
    case 1:
      return std::string(random() % 3000, 'b');
    default:
      return std::string(1 + random() % 12, static_cast<char>('a' + random() % 4));
  }
}

void PushOrPop(std::mt19937_64& random, Pair& pair) {
  const ListEnd end = random() % 2 == 0 ? ListEnd::kHead : ListEnd::kTail;
  if (random() % 3 == 0 && !pair.model.empty()) {
    std::string& expected = end == ListEnd::kHead ? pair.model.front() : pair.model.back();
    ASSERT_EQ(pair.list.Peek(end).ToString(), expected);
    pair.list.Drop(end, pair.settings);
    end == ListEnd::kHead ? pair.model.pop_front() : pair.model.pop_back();
    return pair.list.SettleAfterShrinking(pair.settings);
  }
  for (uint64_t n = random() % 5; n > 0; --n) {
    const std::string text = RandomText(random);
    pair.list.ExpectGrowth(text.size(), 1, pair.settings);
    pair.list.Push(end, text, pair.settings);
    end == ListEnd::kHead ? pair.model.push_front(text) : pair.model.push_back(text);
  }
}

void ChangeInside(std::mt19937_64& random, Pair& pair) {
  const std::string text = RandomText(random);
  if (pair.model.empty()) return;
  const size_t index = random() % pair.model.size();
  pair.list.ExpectGrowth(text.size(), 1, pair.settings);
  switch (random() % 3) {
    case 0: {
      const bool from_tail = random() % 2 == 0;
      const auto signed_index = static_cast<int64_t>(index);
      const auto size = static_cast<int64_t>(pair.model.size());
      ASSERT_TRUE(
          pair.list.Set(from_tail ? signed_index - size : signed_index, text, pair.settings));
      pair.model[index] = text;
      break;
    }
    default: {
      const std::string pivot = pair.model[index];
      const bool before = random() % 2 == 0;
      ASSERT_TRUE(pair.list.Insert(pivot, before, text, pair.settings));
      const auto at = std::find(pair.model.begin(), pair.model.end(), pivot);
      pair.model.insert(before ? at : at + 1, text);
    }
  }
}

void TakeOut(std::mt19937_64& random, Pair& pair) {
  if (pair.model.size() < 20) return;
  const size_t index = random() % pair.model.size();
  if (random() % 2 == 0) {
    const size_t count = random() % std::min<size_t>(pair.model.size() - index + 1, 12);
    pair.list.Erase(index, count, pair.settings);
    const auto at = pair.model.begin() + static_cast<int64_t>(index);
    pair.model.erase(at, at + static_cast<int64_t>(count));
  } else {
    const std::string text = pair.model[index];
    const size_t max = 1 + random() % 3;
    const bool backwards = random() % 2 == 0;
    if (backwards) std::reverse(pair.model.begin(), pair.model.end());
    size_t removed = 0;
    for (auto at = pair.model.begin(); at != pair.model.end() && removed < max;) {
      if (*at == text) {
        at = pair.model.erase(at);
        ++removed;
      } else {
        ++at;
      }
    }
    if (backwards) std::reverse(pair.model.begin(), pair.model.end());
    ASSERT_EQ(
        pair.list.Remove(text, max, backwards ? ListEnd::kTail : ListEnd::kHead, pair.settings),
        removed);
  }
  pair.list.SettleAfterShrinking(pair.settings);
}

RC_GTEST_PROP(ListModelTest, BehavesLikeADequeOfStrings, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  Pair pair;
  pair.settings.list_max_listpack_size = std::array{-2, -1, 3, 8, 100}[random() % 5];
  pair.settings.list_compress_depth = static_cast<int64_t>(random() % 3);
  for (int step = 0; step < 150; ++step) {
    switch (random() % 4) {
      case 0:
        ChangeInside(random, pair);
        break;
      case 1:
        TakeOut(random, pair);
        break;
      default:
        PushOrPop(random, pair);
    }
    if (step % 5 == 0) pair.Check();
    RC_ASSERT(!::testing::Test::HasFatalFailure());
  }
  pair.Check();
  if (pair.model.empty()) return;
  const std::string bytes = Serialised(pair.list);
  const auto loaded = Load(RdbType::kListQuicklist2, bytes, pair.settings);
  RC_ASSERT(loaded != nullptr);
  loaded->CheckInvariants();
  RC_ASSERT(Texts(*loaded) == Texts(pair.list));
  const std::unique_ptr<List> copy(pair.list.Copy());
  RC_ASSERT(Serialised(*copy) == bytes);
}

}  // namespace
}  // namespace slotmesh::node
