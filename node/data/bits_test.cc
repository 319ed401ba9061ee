#include "node/data/bits.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace slotmesh::node {
namespace {

// What the functions do, bit by bit.
std::string RandomBytes(std::mt19937& random, size_t size) {
  std::string bytes(size, '\0');
  const int kind = static_cast<int>(random() % 3);  // All 0, all 1, mixed: runs are what is fast.
  for (char& byte : bytes) {
    byte = kind == 0 ? '\0' : kind == 1 ? '\xff' : static_cast<char>(random());
  }
  if (random() % 2 == 0) bytes[random() % size] = static_cast<char>(random());
  return bytes;
}

TEST(BitsTest, CountsAndFindsAsALookAtEachBitDoes) {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = RandomBytes(random, 1 + random() % 60);
    uint64_t first = random() % (8 * bytes.size());
    uint64_t last = random() % (8 * bytes.size());
    if (first > last) std::swap(first, last);
    const bool value = random() % 2 == 0;
    uint64_t count = 0;
    std::optional<uint64_t> found;
    for (uint64_t at = first; at <= last; ++at) {
      if (BitAt(bytes, at)) ++count;
      if (!found && BitAt(bytes, at) == value) found = at;
    }
    ASSERT_EQ(CountBits(bytes, first, last), count);
    ASSERT_EQ(FindBit(bytes, value, first, last), found);
    ASSERT_EQ(CountBits(bytes), CountBits(bytes, 0, 8 * bytes.size() - 1));
  }
}

TEST(BitsTest, WhatIsStoredIsLoadedAndNothingElseChanges) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(20, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string before = bytes;
    const int bits = 1 + static_cast<int>(random() % 64);
    const uint64_t at = random() % (160 - bits + 1);
    const uint64_t value = random() >> (64 - bits);
    StoreBits(bytes.data(), at, bits, value);
    ASSERT_EQ(LoadBits(bytes, at, bits), value);
    for (uint64_t i = 0; i < 160; ++i) {
      if (i >= at && i < at + static_cast<uint64_t>(bits)) continue;
      ASSERT_EQ(BitAt(bytes, i), BitAt(before, i)) << i;
    }
  }
}

TEST(BitsTest, BehindTheEndAreZeros) {
  EXPECT_EQ(LoadBits("\xff", 4, 8), 0xf0u);
  EXPECT_EQ(LoadBits("", 1000, 64), 0u);
  EXPECT_FALSE(BitAt("\xff", 8));
}

TEST(BitsTest, FieldsWrapSaturateAndFail) {
  const BitField i8{true, 8};
  const BitField u8{false, 8};
  const BitField i64{true, 64};
  const BitField u63{false, 63};
  EXPECT_EQ(AddInField(i8, 127, 1, BitOverflow::kWrap), -128);
  EXPECT_EQ(AddInField(i8, 127, 1, BitOverflow::kSaturate), 127);
  EXPECT_EQ(AddInField(i8, -128, -1, BitOverflow::kSaturate), -128);
  EXPECT_EQ(AddInField(i8, 127, 1, BitOverflow::kFail), std::nullopt);
  EXPECT_EQ(AddInField(u8, 0, -1, BitOverflow::kWrap), 255);
  EXPECT_EQ(AddInField(u8, 0, -1, BitOverflow::kSaturate), 0);
  EXPECT_EQ(AddInField(u8, 255, 257, BitOverflow::kWrap), 0);
  EXPECT_EQ(FitInField(u8, -1, BitOverflow::kSaturate), 255);
  EXPECT_EQ(FitInField(u8, 256, BitOverflow::kFail), std::nullopt);
  EXPECT_EQ(AddInField(i64, INT64_MAX, 1, BitOverflow::kWrap), INT64_MIN);
  EXPECT_EQ(AddInField(i64, INT64_MIN, -1, BitOverflow::kSaturate), INT64_MIN);
  EXPECT_EQ(AddInField(u63, INT64_MAX, 1, BitOverflow::kWrap), 0);
  EXPECT_EQ(i8.Load("\xff", 0), -1);
  EXPECT_EQ(u8.Load("\xff", 0), 255);
}

}  // namespace
}  // namespace slotmesh::node
