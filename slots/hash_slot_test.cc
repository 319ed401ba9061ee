#include "slots/hash_slot.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "slots/crc16.h"

namespace slotmesh::slots {
namespace {

// The definition, read from left to right.
std::string DefinedPart(const std::string& key) {
  for (size_t open = 0; open < key.size(); ++open) {
    if (key[open] != '{') continue;
    std::string tag;
    for (size_t i = open + 1; i < key.size(); ++i) {
      if (key[i] == '}') return tag.empty() ? key : tag;
      tag.push_back(key[i]);
    }
    return key;
  }
  return key;
}

TEST(HashSlot, KnownKeys) {
  EXPECT_EQ(HashSlot(""), 0);
  EXPECT_EQ(HashSlot("foo"), 12182);
  EXPECT_EQ(HashSlot("bar"), 5061);
  EXPECT_EQ(HashSlot("hello"), 866);
  EXPECT_EQ(HashSlot("somekey"), 11058);
  EXPECT_EQ(HashSlot("foo{hash_tag}"), 2515);
  EXPECT_EQ(HashSlot("123456789"), 12739);
}

TEST(HashSlot, HashTagCornerCases) {
  const struct {
    std::string_view key;
    std::string_view part;
  } cases[] = {
      {"{user1000}.following", "user1000"},
      {"{user1000}.followers", "user1000"},
      {"foo{}{bar}", "foo{}{bar}"},  // The first tag is empty, so there is none.
      {"foo{{bar}}zap", "{bar"},
      {"foo{bar}{zap}", "bar"},
      {"{}", "{}"},
      {"{}a", "{}a"},
      {"{a}{b}", "a"},
      {"{{a}}", "{a"},
      {"{a", "{a"},
      {"a}", "a}"},
      {"}a{", "}a{"},
      {"}{a}", "a"},
      {"{", "{"},
      {"}", "}"},
      {"a{b}", "b"},
      {"{a}", "a"},
      {"", ""},
      {"no tag", "no tag"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(HashedPart(c.key), c.part) << c.key;
    EXPECT_EQ(HashSlot(c.key), Crc16(c.part) % kSlotCount) << c.key;
  }
}

TEST(HashSlot, ATagIsFoundAtEveryPlaceInKeysOfEveryLength) {
  for (size_t length = 3; length < 80; ++length) {
    for (size_t place = 0; place + 3 <= length; ++place) {
      std::string key(length, 'x');
      key.replace(place, 3, "{t}");
      ASSERT_EQ(HashedPart(key), "t") << length << " " << place;
    }
  }
}

TEST(HashSlot, ZeroBytesAreBytesLikeOthers) {
  const std::string key("\0{\0}\0", 5);
  EXPECT_EQ(HashedPart(key), std::string_view("\0", 1));
}

RC_GTEST_PROP(HashSlotProperty, MatchesTheDefinition, ()) {
  const std::string key =
      *rc::gen::container<std::string>(rc::gen::element('{', '}', 'a', 'b', '\0', '\xfb'));
  RC_ASSERT(HashedPart(key) == DefinedPart(key));
  RC_ASSERT(HashSlot(key) == Crc16(DefinedPart(key)) % kSlotCount);
}

}  // namespace
}  // namespace slotmesh::slots
