#include "slots/ids.h"

#include <algorithm>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "gtest/gtest.h"

namespace slotmesh::slots {
namespace {

constexpr char kHex[] = "00ff7f80a1b2c3d4e5f60718293a4b5c6d7e8f90";

TEST(Id160, HexRoundTrip) {
  const std::optional<NodeId> id = NodeId::FromHex(kHex);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->ToHex(), kHex);
  EXPECT_EQ(id->bytes().substr(0, 4), std::string_view("\x00\xff\x7f\x80", 4));
  EXPECT_EQ(NodeId::FromBytes(id->bytes()), *id);
}

TEST(Id160, UpperCaseIsReadAndLowerCaseWritten) {
  EXPECT_EQ(NodeId::FromHex("00FF7F80A1B2C3D4E5F60718293A4B5C6D7E8F90")->ToHex(), kHex);
}

TEST(Id160, AnythingButFortyHexDigitsIsAbsent) {
  const std::string hex = kHex;
  EXPECT_FALSE(NodeId::FromHex(""));
  EXPECT_FALSE(NodeId::FromHex(hex.substr(1)));
  EXPECT_FALSE(NodeId::FromHex(hex + "0"));
  for (char bad : {'g', 'G', ' ', '-', '/', ':', '@', '`', '\0', '\xff'}) {
    for (size_t place : {size_t{0}, size_t{1}, hex.size() - 1}) {
      std::string text = hex;
      text[place] = bad;
      EXPECT_FALSE(NodeId::FromHex(text)) << text;
    }
  }
}

TEST(Id160, ZeroIsNone) {
  EXPECT_TRUE(NodeId().is_zero());
  EXPECT_EQ(NodeId().ToHex(), std::string(40, '0'));
  EXPECT_FALSE(NodeId::FromHex(kHex)->is_zero());
}

TEST(Id160, RandomIsReproducibleFromItsSeedAndDoesNotRepeat) {
  std::mt19937_64 random(1);
  absl::flat_hash_set<NodeId> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(NodeId::Random(random)).second);
  std::mt19937_64 again(1);
  EXPECT_TRUE(seen.contains(NodeId::Random(again)));
}

TEST(Id160, OrderIsThatOfTheHexText) {
  std::mt19937_64 random(2);
  std::vector<NodeId> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(NodeId::Random(random));
  std::sort(ids.begin(), ids.end());
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end(), [](const NodeId& a, const NodeId& b) {
    return a.ToHex() < b.ToHex();
  }));
}

TEST(Id160, KindsDoNotMix) {
  EXPECT_FALSE((std::is_convertible_v<NodeId, ShardId>));
  EXPECT_FALSE((std::is_constructible_v<LogId, NodeId>));
}

TEST(Id160DeathTest, BytesOfAnotherLengthAreAProgrammersError) {
  EXPECT_DEATH(NodeId::FromBytes("short"), "check failed");
}

}  // namespace
}  // namespace slotmesh::slots
