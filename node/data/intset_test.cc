#include "node/data/intset.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>
#include <string>

namespace slotmesh::node {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<uint8_t>(c) >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

void ExpectSame(const Intset& set, const std::set<int64_t>& model) {
  set.CheckInvariants();
  ASSERT_EQ(set.size(), model.size());
  uint32_t i = 0;
  for (const int64_t value : model) {
    ASSERT_EQ(set.At(i++), value);
    ASSERT_TRUE(set.Contains(value));
  }
}

TEST(IntsetTest, BytesAreThoseOfTheFormat) {
  Intset set;
  EXPECT_EQ(Hex(set.raw()), "0200000000000000");
  EXPECT_TRUE(set.Add(3));
  EXPECT_TRUE(set.Add(-1));
  EXPECT_FALSE(set.Add(3));
  EXPECT_EQ(Hex(set.raw()), "0200000002000000ffff0300");
  EXPECT_TRUE(set.Add(70000));
  EXPECT_EQ(Hex(set.raw()), "0400000003000000ffffffff0300000070110100");
  EXPECT_TRUE(set.Remove(70000));
  // Nothing narrows.
  EXPECT_EQ(Hex(set.raw()), "0400000002000000ffffffff03000000");
  EXPECT_TRUE(set.Add(INT64_MIN));
  EXPECT_EQ(set.Min(), INT64_MIN);
  EXPECT_EQ(set.Max(), 3);
  EXPECT_EQ(set.raw().size(), Intset::kHeaderSize + 3 * 8);
}

TEST(IntsetTest, RemovingTheLastLeavesNothingAllocated) {
  Intset set;
  set.Add(1);
  EXPECT_GT(set.MemoryUsage(), 0u);
  EXPECT_FALSE(set.Remove(2));
  EXPECT_TRUE(set.Remove(1));
  EXPECT_EQ(set.MemoryUsage(), 0u);
  EXPECT_FALSE(set.Contains(1));
}

TEST(IntsetTest, BytesThatAreNoIntsetAreRefused) {
  Intset set;
  for (int i = 0; i < 5; ++i) set.Add(i * 1000);
  const std::string good(set.raw());
  EXPECT_TRUE(Intset::Valid(good, true));
  EXPECT_FALSE(Intset::Valid("", false));
  EXPECT_FALSE(Intset::Valid(good.substr(0, 7), false));
  EXPECT_FALSE(Intset::Valid(good.substr(0, good.size() - 1), false));
  EXPECT_FALSE(Intset::Valid(good + "x", false));
  EXPECT_FALSE(Intset::Valid(Intset().raw(), false)) << "no integer";
  std::string width = good;
  width[0] = 3;
  EXPECT_FALSE(Intset::Valid(width, false));
  std::string order = good;
  std::swap(order[8], order[10]);
  std::swap(order[9], order[11]);
  EXPECT_TRUE(Intset::Valid(order, false));
  EXPECT_FALSE(Intset::Valid(order, true));
  std::string huge = good;
  huge[7] = '\x7f';
  EXPECT_FALSE(Intset::Valid(huge, false));
}

TEST(IntsetTest, AgreesWithStdSet) {
  rc::check("random additions and removals", [] {
    Intset set;
    std::set<int64_t> model;
    const int shift = *rc::gen::inRange(0, 60);
    const int steps = *rc::gen::inRange(1, 300);
    for (int i = 0; i < steps; ++i) {
      const auto value = static_cast<int64_t>(
          static_cast<uint64_t>(*rc::gen::inRange<int64_t>(-40, 40)) << (i % 3 == 0 ? shift : 0));
      if (*rc::gen::inRange(0, 3) > 0) {
        RC_ASSERT(set.Add(value) == model.insert(value).second);
      } else {
        RC_ASSERT(set.Remove(value) == (model.erase(value) > 0));
      }
    }
    ExpectSame(set, model);
    const Intset copy(set.raw());
    ExpectSame(copy, model);
    for (int64_t value = -50; value < 50; ++value) {
      RC_ASSERT(set.Contains(value) == model.contains(value));
    }
  });
}

}  // namespace
}  // namespace slotmesh::node
