// The longest single step while a table grows and while all of its keys expire, in CPU time of the
// thread, so that other processes on the machine do not count. `worst_case_bench [keys]`.
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "node/keyspace/keyspace.h"

namespace slotmesh::node {
namespace {

constexpr UnixMillis kNow = 1'700'000'000'000;
constexpr int64_t kSliceNanos = 1'000'000;  // As Cron cuts them.
constexpr uint64_t kFirstKeys = 1'000'000;
constexpr uint64_t kBucketsPerSlice = 1 << 16;

int64_t CpuNanos() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

void Report(const char* what, std::vector<uint32_t>& nanos) {
  std::sort(nanos.begin(), nanos.end());
  std::printf("%-32s %10zu steps  p50 %8.1f us  p99.9 %8.1f us  max %8.1f us\n", what, nanos.size(),
              nanos[nanos.size() / 2] / 1e3, nanos[nanos.size() - 1 - nanos.size() / 1000] / 1e3,
              nanos.back() / 1e3);
}

// SET of keys that are new, each timed.
void Grow(Keyspace& keyspace, uint64_t keys, UnixMillis expiry) {
  Database& db = keyspace.database(0);
  std::vector<uint32_t> nanos;
  nanos.reserve(keys);
  char key[24];
  for (uint64_t i = 0; i < keys; ++i) {
    const int size =
        std::snprintf(key, sizeof(key), "key:%012llu", static_cast<unsigned long long>(i));
    const HashedKey hashed = keyspace.Hash({key, static_cast<size_t>(size)});
    const int64_t begin = CpuNanos();
    db.SetString(hashed, "xxxxxxxx", {.expiry = expiry}, kNow);
    if (i >= kFirstKeys) nanos.push_back(static_cast<uint32_t>(CpuNanos() - begin));
  }
  Report(expiry == kNoExpiry ? "SET while the table grows" : "the same, with expiry", nanos);
}

void Expire(Keyspace& keyspace, UnixMillis now) {
  Database& db = keyspace.database(0);
  std::vector<uint32_t> nanos;
  while (db.size() > 0) {
    const int64_t begin = CpuNanos();
    db.ExpireSome(now, kBucketsPerSlice, [&] { return CpuNanos() - begin >= kSliceNanos; });
    nanos.push_back(static_cast<uint32_t>(CpuNanos() - begin));
  }
  Report("slice of active expiry", nanos);
}

}  // namespace
}  // namespace slotmesh::node

int main(int argc, char** argv) {
  using namespace slotmesh::node;
  const uint64_t keys = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 16'000'000;
  if (keys <= kFirstKeys) return 2;
  for (const UnixMillis expiry : {kNoExpiry, kNow + 1000}) {
    Keyspace keyspace({.databases = 1, .cluster = false, .hash_seed = 42});
    Grow(keyspace, keys, expiry);
    if (expiry != kNoExpiry) Expire(keyspace, expiry + 1);
  }
  return 0;
}
