// Listpack against a vector of strings, and against bytes that are known.
#include "node/data/listpack.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <vector>

namespace slotmesh::node {
namespace {

std::vector<std::string> Texts(const ListpackView& pack) {
  std::vector<std::string> texts;
  for (ListpackPos at = pack.First(); at != nullptr; at = pack.Next(at)) {
    texts.push_back(ListpackView::Get(at).ToString());
  }
  return texts;
}

std::vector<std::string> TextsBackwards(const ListpackView& pack) {
  std::vector<std::string> texts;
  for (ListpackPos at = pack.Last(); at != nullptr; at = pack.Previous(at)) {
    texts.push_back(ListpackView::Get(at).ToString());
  }
  std::reverse(texts.begin(), texts.end());
  return texts;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const unsigned char c : bytes) {
    hex += "0123456789abcdef"[c >> 4];
    hex += "0123456789abcdef"[c & 15];
  }
  return hex;
}

std::string BodyOf(const ListpackItem& item) {
  std::string bytes(item.EncodedSize(), '\0');
  auto* const out = reinterpret_cast<uint8_t*>(bytes.data());
  EXPECT_EQ(item.Encode(out), out + bytes.size());
  return bytes;
}

TEST(ListpackTest, EmptyOneIsSevenBytes) {
  const Listpack pack;
  EXPECT_EQ(Hex(pack.raw()), "070000000000ff");
  EXPECT_TRUE(pack.empty());
  EXPECT_EQ(pack.count(), 0u);
  EXPECT_EQ(pack.First(), nullptr);
  EXPECT_EQ(pack.Last(), nullptr);
  EXPECT_EQ(pack.At(0), nullptr);
  EXPECT_EQ(pack.At(-1), nullptr);
}

TEST(ListpackTest, ElementsHaveTheBytesOfTheFormat) {
  EXPECT_EQ(Hex(BodyOf("a")), "816102");
  EXPECT_EQ(Hex(BodyOf("")), "8001");
  EXPECT_EQ(Hex(BodyOf("0")), "0001");
  EXPECT_EQ(Hex(BodyOf("127")), "7f01");
  EXPECT_EQ(Hex(BodyOf("128")), "c08002");
  EXPECT_EQ(Hex(BodyOf("-1")), "dfff02");
  EXPECT_EQ(Hex(BodyOf("-4096")), "d00002");
  EXPECT_EQ(Hex(BodyOf("4095")), "cfff02");
  EXPECT_EQ(Hex(BodyOf("4096")), "f1001003");
  EXPECT_EQ(Hex(BodyOf("-32768")), "f1008003");
  EXPECT_EQ(Hex(BodyOf("32768")), "f200800004");
  EXPECT_EQ(Hex(BodyOf("-8388608")), "f200008004");
  EXPECT_EQ(Hex(BodyOf("8388608")), "f30000800005");
  EXPECT_EQ(Hex(BodyOf("2147483648")), "f4000000800000000009");
  EXPECT_EQ(Hex(BodyOf("-9223372036854775808")), "f4000000000000008009");
  EXPECT_EQ(Hex(BodyOf("9223372036854775808")).substr(0, 4), "9339");  // A string.
  EXPECT_EQ(Hex(BodyOf("007")), "8330303704");
  EXPECT_EQ(Hex(BodyOf(std::string(64, 'x'))).substr(0, 4), "e040");
  EXPECT_EQ(Hex(BodyOf(std::string(4096, 'x'))).substr(0, 10), "f000100000");
  EXPECT_EQ(Hex(BodyOf(std::string(4096, 'x'))).substr(2 * 4101), "2085");
}

TEST(ListpackTest, NumbersAndStringsComeBackAtEveryBoundary) {
  Listpack pack;
  std::vector<std::string> texts;
  for (int bits = 0; bits < 64; ++bits) {
    for (int64_t near = -2; near <= 2; ++near) {
      const int64_t value = static_cast<int64_t>((uint64_t{1} << bits) + near);
      texts.push_back(std::to_string(value));
      texts.push_back(std::to_string(static_cast<int64_t>(0 - static_cast<uint64_t>(value))));
    }
  }
  for (const size_t length :
       {0,    1,    62,    63,    64,    65,    125,   126,   127,     128,     4094,
        4095, 4096, 16376, 16377, 16378, 16379, 16380, 70000, 2097140, 2097146, 2097150}) {
    texts.emplace_back(length, 's');
  }
  for (const std::string& text : texts) pack.Append(text);
  pack.CheckInvariants();
  EXPECT_EQ(Texts(pack), texts);
  EXPECT_EQ(TextsBackwards(pack), texts);
}

TEST(ListpackTest, FindLooksAtEveryElementOrAtEverySecond) {
  Listpack pack;
  for (const char* text : {"a", "1", "b", "a", "1", "100000"}) pack.Append(text);
  EXPECT_EQ(pack.Find("1"), pack.At(1));
  EXPECT_EQ(pack.Find(int64_t{1}), pack.At(1));
  EXPECT_EQ(pack.Find("1", pack.First(), 1), pack.At(4));
  EXPECT_EQ(pack.Find("b", pack.First(), 1), pack.At(2));
  EXPECT_EQ(pack.Find("100000", pack.First(), 1), nullptr);
  EXPECT_EQ(pack.Find("01"), nullptr);
  EXPECT_EQ(pack.Find("a", pack.At(1)), pack.At(3));
  EXPECT_EQ(pack.Find("a", nullptr), nullptr);
}

TEST(ListpackTest, NumbersThatAForeignWriterKeptAsStringsAreFound) {
  const Listpack pack(std::string_view("\x0e\0\0\0\2\0\x82\x31\x32\3\xc0\5\2\xff", 14));
  pack.CheckInvariants();
  EXPECT_EQ(pack.Find("12"), pack.At(0));
  EXPECT_EQ(pack.Find(int64_t{12}), pack.At(0));
  EXPECT_EQ(pack.Find("5"), pack.At(1));  // Wider than it needs to be.
}

TEST(ListpackTest, CountIsUnknownFrom65535OnAndStaysRight) {
  Listpack pack;
  for (int i = 0; i < 65534; ++i) pack.Append(int64_t{1});
  EXPECT_EQ(Hex(pack.raw().substr(4, 2)), "feff");
  pack.Append(int64_t{2});
  EXPECT_EQ(Hex(pack.raw().substr(4, 2)), "ffff");
  EXPECT_EQ(pack.count(), 65535u);
  pack.Append(int64_t{3});
  EXPECT_EQ(pack.count(), 65536u);
  EXPECT_EQ(ListpackView::Get(pack.At(65535)).integer, 3);
  EXPECT_EQ(ListpackView::Get(pack.At(-2)).integer, 2);
  EXPECT_EQ(pack.At(65536), nullptr);
  EXPECT_EQ(pack.At(-65537), nullptr);
  pack.Erase(pack.First(), 65530);
  EXPECT_EQ(pack.count(), 6u);
  pack.CheckInvariants();
}

TEST(ListpackTest, ShallowValidityIsHeaderAndEndMark) {
  Listpack pack;
  pack.Append("abc");
  std::string bytes(pack.raw());
  EXPECT_TRUE(ListpackView::Valid(bytes, false));
  EXPECT_TRUE(ListpackView::Valid(bytes, true));
  bytes[kListpackHeaderSize] = '\xbf';  // A string longer than the listpack.
  EXPECT_TRUE(ListpackView::Valid(bytes, false));
  EXPECT_FALSE(ListpackView::Valid(bytes, true));
  EXPECT_FALSE(ListpackView::Valid(bytes.substr(1), false));
  EXPECT_FALSE(ListpackView::Valid("", false));
}

TEST(ListpackTest, EveryWrongByteOfTheStructureIsFound) {
  Listpack pack;
  for (const char* text : {"abc", "5", "70000", "-300"}) pack.Append(text);
  pack.Append(std::string(200, 'x'));
  const std::string good(pack.raw());
  // Bytes that are data may be anything; the rest may not change without being noticed, or else
  // what is read stays inside. The latter is what the fuzz target looks at.
  for (const size_t place : {0, 1, 2, 3, 6, 10}) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ 0x81);
    EXPECT_FALSE(ListpackView::Valid(bad, true)) << place;
  }
  std::string wrong_count = good;
  wrong_count[4] = 4;
  EXPECT_FALSE(ListpackView::Valid(wrong_count, true));
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(ListpackView::Valid(std::string_view(good).substr(0, length), true));
  }
}

std::string RandomText(std::mt19937_64& random) {
  switch (random() % 8) {
    case 0:
      return std::to_string(random() % 200);
    case 1:
      return std::to_string(static_cast<int64_t>(random() % 20000) - 10000);
    case 2:
      return std::to_string(static_cast<int64_t>(random()) >> (random() % 64));
    case 3:
      return std::string(random() % 300, 'l');
    case 4:
      return random() % 50 == 0 ? std::string(4000 + random() % 20000, 'h') : "0x";
    default:
      return std::string(random() % 20, static_cast<char>('a' + random() % 3));
  }
}

// One random change of both.
void Change(std::mt19937_64& random, Listpack& pack, std::vector<std::string>& model) {
  const size_t place = random() % (model.size() + 1);
  const auto iterator = model.begin() + static_cast<int64_t>(place);
  const ListpackPos found = pack.At(static_cast<int64_t>(place));
  ASSERT_EQ(found == nullptr, place == model.size());
  const ListpackPos at = found == nullptr ? pack.end() : found;
  if (random() % 3 != 0 || model.size() < 3) {
    std::vector<std::string> texts(random() % 3);
    for (std::string& text : texts) text = RandomText(random);
    const std::vector<ListpackItem> items(texts.begin(), texts.end());
    const ListpackPos first = pack.Splice(at, 0, items);
    ASSERT_EQ(first, pack.At(static_cast<int64_t>(place)));
    model.insert(iterator, texts.begin(), texts.end());
  } else if (random() % 2 == 0 && found != nullptr) {
    const std::string text = RandomText(random);
    pack.Replace(at, text);
    *iterator = text;
  } else {
    const uint32_t n = random() % 6;
    const ListpackPos next = pack.Erase(at, n);
    model.erase(iterator, iterator + std::min<int64_t>(n, model.end() - iterator));
    ASSERT_EQ(next, pack.At(static_cast<int64_t>(place)));
  }
}

RC_GTEST_PROP(ListpackModelTest, BehavesLikeAVectorOfStrings, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  Listpack pack;
  std::vector<std::string> model;
  for (int step = 0; step < 60; ++step) {
    Change(random, pack, model);
    pack.CheckInvariants();
    RC_ASSERT(pack.count() == model.size());
    RC_ASSERT(Texts(pack) == model);
    RC_ASSERT(TextsBackwards(pack) == model);
    const std::string wanted = RandomText(random);
    const auto expected = std::find(model.begin(), model.end(), wanted);
    const ListpackPos found = pack.Find(wanted);
    RC_ASSERT(found == pack.At(expected - model.begin()));
  }
  const Listpack copy(pack.raw());
  RC_ASSERT(copy.raw() == pack.raw());
  pack.Clear();
  RC_ASSERT(pack.empty());
}

}  // namespace
}  // namespace slotmesh::node
