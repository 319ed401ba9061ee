// What a key costs, measured where it counts: in the allocator.
#include <gtest/gtest.h>
#include <jemalloc/jemalloc.h>

#include <algorithm>
#include <string>

#include "node/keyspace/keyspace.h"

namespace slotmesh::node {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;

size_t Allocated() {
  uint64_t epoch = 1;
  size_t length = sizeof(epoch);
  mallctl("epoch", &epoch, &length, &epoch, length);
  size_t allocated = 0;
  length = sizeof(allocated);
  EXPECT_EQ(mallctl("stats.allocated", &allocated, &length, nullptr, 0), 0);
  return allocated;
}

// Bytes per key at the worst of several sizes.
double WorstBytesPerKey(bool cluster, std::string_view value, UnixMillis expiry) {
  const size_t before = Allocated();
  Keyspace keyspace({.databases = 1, .cluster = cluster, .hash_seed = 12345});
  double worst = 0;
  std::string key(16, 'k');
  const uint64_t first = cluster ? 1'000'000 : 200'000;
  for (uint64_t count = 0; count < first * 2; ++count) {
    const std::string digits = std::to_string(count);
    key.replace(16 - digits.size(), digits.size(), digits);
    const int slot = static_cast<int>(count * 2654435761u >> 9 & 16383);
    keyspace.database(0).SetString(keyspace.Hash(key, slot), value, {.expiry = expiry}, kNow);
    if (count + 1 >= first && (count + 1) % (first / 8) == 0) {
      worst = std::max(worst, static_cast<double>(Allocated() - before) / (count + 1));
    }
  }
  return worst;
}

TEST(Memory, SmallKeyTakesAtMost50Bytes) {
  const double bytes = WorstBytesPerKey(false, "abcdefgh", kNoExpiry);
  RecordProperty("bytes", std::to_string(bytes));
  std::printf("16-byte key, 8-byte value: %.1f bytes\n", bytes);
  EXPECT_LE(bytes, 50.0);
}

TEST(Memory, ExpiringKeyWith32ByteValueTakesAtMost90Bytes) {
  const double bytes =
      WorstBytesPerKey(false, "abcdefghabcdefghabcdefghabcdefgh", kNow + 1'000'000);
  std::printf("16-byte key, 32-byte value, expiry: %.1f bytes\n", bytes);
  EXPECT_LE(bytes, 90.0);
}

// 60 to 120 keys per slot.
TEST(Memory, SmallKeyInATablePerSlotTakesAtMost55Bytes) {
  const double bytes = WorstBytesPerKey(true, "abcdefgh", kNoExpiry);
  std::printf("16-byte key, 8-byte value, a table per slot: %.1f bytes\n", bytes);
  EXPECT_LE(bytes, 55.0);
}

}  // namespace
}  // namespace slotmesh::node
