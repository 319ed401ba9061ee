#include "node/codec/zipmap.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace slotmesh::node {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

bool Read(std::string_view bytes, Pairs* pairs) {
  return ReadZipmap(bytes, [&](std::string_view field, std::string_view value) {
    pairs->emplace_back(field, value);
    return true;
  });
}

constexpr std::string_view kTwo(
    "\x02\x03"
    "foo\x03\x00"
    "bar\x05"
    "hello\x05\x02"
    "world..\xff",
    26);

TEST(Zipmap, PairsAreRead) {
  Pairs pairs;
  EXPECT_TRUE(Read(kTwo, &pairs));
  EXPECT_EQ(pairs, (Pairs{{"foo", "bar"}, {"hello", "world"}}));
}

TEST(Zipmap, LongLengthsTakeFourBytes) {
  std::string bytes("\x01\x01k\xfe\x2c\x01\x00\x00\x00", 9);
  bytes += std::string(300, 'v') + "\xff";
  Pairs pairs;
  EXPECT_TRUE(Read(bytes, &pairs));
  EXPECT_EQ(pairs, (Pairs{{"k", std::string(300, 'v')}}));
}

TEST(Zipmap, EveryCutIsRefused) {
  for (size_t size = 0; size < kTwo.size(); ++size) {
    Pairs pairs;
    EXPECT_FALSE(Read(std::string(kTwo.substr(0, size)), &pairs)) << size;
  }
  Pairs pairs;
  EXPECT_FALSE(Read(std::string(kTwo) + "x", &pairs));
}

TEST(Zipmap, AVisitMayStop) {
  int visits = 0;
  EXPECT_FALSE(ReadZipmap(kTwo, [&](std::string_view, std::string_view) {
    ++visits;
    return false;
  }));
  EXPECT_EQ(visits, 1);
}

}  // namespace
}  // namespace slotmesh::node
