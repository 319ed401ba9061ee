// What a member costs, measured where it counts: in the allocator.
#include <gtest/gtest.h>
#include <jemalloc/jemalloc.h>

#include <cmath>
#include <cstdio>
#include <random>
#include <string>

#include "node/data/score_set.h"

namespace slotmesh::node {
namespace {

size_t Allocated() {
  uint64_t epoch = 1;
  size_t length = sizeof(epoch);
  mallctl("epoch", &epoch, &length, &epoch, length);
  size_t allocated = 0;
  length = sizeof(allocated);
  EXPECT_EQ(mallctl("stats.allocated", &allocated, &length, nullptr, 0), 0);
  return allocated;
}

// Bytes for each of `count` members of 14 bytes.
double BytesPerMember(uint64_t count, bool ascending) {
  const size_t before = Allocated();
  std::mt19937_64 random(3);
  ScoreSet set(1);
  char name[15];
  for (uint64_t i = 0; i < count; ++i) {
    std::snprintf(name, sizeof(name), "member%08llu", static_cast<unsigned long long>(i));
    set.Insert(set.KeyOf({name, 14}),
               ascending ? static_cast<double>(i) : std::ldexp(static_cast<double>(random()), -64));
  }
  return static_cast<double>(Allocated() - before) / static_cast<double>(count);
}

TEST(ScoreSet, AMillionMembersTakeFewBytes) {
  const double random = BytesPerMember(1'000'000, false);
  const double ascending = BytesPerMember(1'000'000, true);
  RecordProperty("random", std::to_string(random));
  RecordProperty("ascending", std::to_string(ascending));
  std::printf("bytes per member: %.2f random, %.2f ascending\n", random, ascending);
  EXPECT_LE(random, 50);
  EXPECT_LE(ascending, 50);
}

TEST(ScoreSet, MemoryGoesBackWhereMembersAreErasedHereAndThere) {
  const size_t before = Allocated();
  ScoreSet set(1);
  constexpr int kCount = 200'000;
  const auto name = [](int i) {
    std::string text = std::to_string(i);
    text.resize(14, 'x');
    return text;
  };
  for (int i = 0; i < kCount; ++i) set.Insert(set.KeyOf(name(i)), i);
  // Every tenth stays: one or two in each chunk.
  for (int i = 0; i < kCount; ++i) {
    if (i % 10 != 0) set.Erase(set.KeyOf(name(i)));
  }
  set.CheckInvariants();
  EXPECT_LE(static_cast<double>(Allocated() - before) / (kCount / 10), 120);
}

}  // namespace
}  // namespace slotmesh::node
