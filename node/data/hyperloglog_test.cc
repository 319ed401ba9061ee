#include "node/data/hyperloglog.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace slotmesh::node {
namespace {

constexpr size_t kSparseMax = 3000;

HllRegisters RegistersOf(const std::string& bytes) {
  HllRegisters registers = {};
  EXPECT_TRUE(MergeHll(bytes, &registers));
  return registers;
}

// From now on dense.
constexpr size_t kAlwaysDense = 0;

TEST(HyperLogLog, EmptyOneIsOneRun) {
  const std::string empty = EmptyHll();
  EXPECT_EQ(empty, std::string("HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18));
  EXPECT_TRUE(IsHll(empty));
  EXPECT_EQ(DescribeSparseHll(empty), "Z:16384");
  EXPECT_EQ(CountHll(RegistersOf(empty)), 0u);
  EXPECT_EQ(CachedHllCount(empty), 0u);
}

TEST(HyperLogLog, RunsSplitAndJoin) {
  std::string bytes = EmptyHll();
  const auto raise = [&](int index, int value) {
    return RaiseHll(&bytes, {index, static_cast<uint8_t>(value)}, kSparseMax);
  };
  EXPECT_EQ(raise(100, 3), HllChange::kRaised);
  EXPECT_EQ(DescribeSparseHll(bytes), "Z:100 v:3,1 Z:16283");
  EXPECT_FALSE(CachedHllCount(bytes).has_value());
  EXPECT_EQ(raise(100, 3), HllChange::kNone);
  EXPECT_EQ(raise(102, 3), HllChange::kRaised);
  EXPECT_EQ(DescribeSparseHll(bytes), "Z:100 v:3,1 z:1 v:3,1 Z:16281");
  EXPECT_EQ(raise(101, 3), HllChange::kRaised);
  EXPECT_EQ(DescribeSparseHll(bytes), "Z:100 v:3,3 Z:16281");
  EXPECT_EQ(raise(101, 5), HllChange::kRaised);
  EXPECT_EQ(DescribeSparseHll(bytes), "Z:100 v:3,1 v:5,1 v:3,1 Z:16281");
  EXPECT_EQ(raise(0, 1), HllChange::kRaised);
  EXPECT_EQ(raise(16383, 32), HllChange::kRaised);
  EXPECT_EQ(DescribeSparseHll(bytes), "v:1,1 Z:99 v:3,1 v:5,1 v:3,1 Z:16280 v:32,1");
  EXPECT_EQ(raise(7, 33), HllChange::kRaised);
  EXPECT_TRUE(IsHllDense(bytes));
}

// All forms and ways agree with an array of registers.
TEST(HyperLogLog, RandomRegistersAgreeWithModel) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string bytes = EmptyHll();
    HllRegisters model = {};
    const int range = seed % 2 == 0 ? kHllRegisters : 300;
    const int values = seed % 5 == 0 ? 51 : 6;
    for (int i = 0; i < 4000; ++i) {
      const HllRegister to = {static_cast<int>(random() % static_cast<uint64_t>(range)),
                              static_cast<uint8_t>(1 + random() % static_cast<uint64_t>(values))};
      const bool raised = to.value > model[to.index];
      ASSERT_EQ(RaiseHll(&bytes, to, kSparseMax), raised ? HllChange::kRaised : HllChange::kNone);
      model[to.index] = std::max(model[to.index], to.value);
      if (IsHllDense(bytes)) {
        ASSERT_EQ(DenseHllRegister(bytes, to.index), model[to.index]);
      } else {
        ASSERT_LE(bytes.size(), kSparseMax);
      }
      if (i % 500 == 0) {
        ASSERT_EQ(RegistersOf(bytes), model);
      }
    }
    EXPECT_EQ(RegistersOf(bytes), model);
    EXPECT_TRUE(MakeHllDense(&bytes));
    EXPECT_EQ(bytes.size(), kHllDenseSize);
    EXPECT_EQ(RegistersOf(bytes), model);
  }
}

TEST(HyperLogLog, EstimateIsNearTheCount) {
  std::string bytes = EmptyHll();
  uint64_t added = 0;
  for (uint64_t wanted = 1; wanted <= 1'000'000; wanted *= 10) {
    for (; added < wanted; ++added) {
      RaiseHll(&bytes, HllRegisterOf("element:" + std::to_string(added)), kSparseMax);
    }
    const auto count = static_cast<double>(CountHll(RegistersOf(bytes)));
    // Five standard errors.
    EXPECT_NEAR(count, static_cast<double>(wanted), std::ceil(wanted * 5 * 0.0081));
  }
}

TEST(HyperLogLog, HashIsMurmur) {
  // Registers that Redis 7.0.15 chose.
  EXPECT_EQ(HllRegisterOf("").index, HllRegisterOf(std::string_view()).index);
  std::string bytes = EmptyHll();
  for (const char* element : {"a", "b", "c", "d", "e", "f", "g"}) {
    RaiseHll(&bytes, HllRegisterOf(element), kSparseMax);
  }
  EXPECT_EQ(CountHll(RegistersOf(bytes)), 7u);
}

TEST(HyperLogLog, CorruptRunsAreNoticed) {
  const std::string header = EmptyHll().substr(0, kHllHeaderSize);
  for (const std::string& runs :
       {std::string(), std::string("\x7f"), std::string("\x7f\xff\x00", 3), std::string("\x00", 1),
        std::string("\x7f\xfe", 2), std::string("\x7f\xff\x84", 3)}) {
    std::string bytes = header + runs;
    ASSERT_TRUE(IsHll(bytes));
    HllRegisters registers = {};
    EXPECT_FALSE(MergeHll(bytes, &registers));
    EXPECT_FALSE(MakeHllDense(&bytes));
    EXPECT_FALSE(DescribeSparseHll(bytes).has_value());
    EXPECT_EQ(RaiseHll(&bytes, {16383, 60}, kSparseMax), HllChange::kCorrupt);
  }
  EXPECT_FALSE(IsHll("HYLL"));
  EXPECT_FALSE(IsHll(std::string("HYLL\x02\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18)));
  EXPECT_FALSE(IsHll(std::string("HYLL\0\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18)));
  EXPECT_FALSE(IsHll(std::string("HYLX\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff", 18)));
}

TEST(HyperLogLog, CountIsCachedUntilAChange) {
  std::string bytes = EmptyHll();
  RaiseHll(&bytes, HllRegisterOf("x"), kAlwaysDense);
  EXPECT_TRUE(IsHllDense(bytes));
  EXPECT_FALSE(CachedHllCount(bytes).has_value());
  CacheHllCount(bytes.data(), 1);
  EXPECT_EQ(CachedHllCount(bytes), 1u);
  RaiseHll(&bytes, HllRegisterOf("x"), kAlwaysDense);
  EXPECT_EQ(CachedHllCount(bytes), 1u);
  RaiseHll(&bytes, HllRegisterOf("y"), kAlwaysDense);
  EXPECT_FALSE(CachedHllCount(bytes).has_value());
}

}  // namespace
}  // namespace slotmesh::node
