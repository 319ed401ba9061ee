// Speed of the hash table alone: elements of 16 bytes, one allocation each, jemalloc.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "node/data/hash.h"
#include "node/data/hash_table.h"

namespace slotmesh::node {
namespace {

struct Item {
  uint64_t key;
  uint64_t value;
};

uint64_t HashOf(uint64_t key) {
  return HashBytes({reinterpret_cast<const char*>(&key), sizeof(key)}, 1);
}

struct ItemPolicy {
  using Element = Item;
  static uint64_t Hash(const Item& item, uint64_t) { return HashOf(item.key); }
  static bool Matches(const Item& item, uint64_t key) { return item.key == key; }
};
using Table = HashTable<ItemPolicy>;

void Fill(Table& table, uint64_t size) {
  for (uint64_t key = 0; key < size; ++key) table.Insert(HashOf(key), new Item{key, key});
}
void Free(Table& table) {
  while (!table.Drain(1000, [](Item* item) { delete item; })) continue;
}

void BM_FindOneByOne(benchmark::State& state) {
  Table table(1);
  const uint64_t size = state.range(0);
  Fill(table, size);
  std::mt19937_64 random(1);
  std::vector<uint64_t> keys(1 << 16);
  for (uint64_t& key : keys) key = random() % size;
  size_t i = 0;
  uint64_t sum = 0;
  for (auto _ : state) {
    const uint64_t key = keys[i++ & 0xffff];
    // The next look-up waits for this one, as a lone request would.
    const auto at = table.Find(HashOf(key ^ (sum & 0)), key);
    sum += Table::At(at)->value;
    benchmark::ClobberMemory();
  }
  benchmark::DoNotOptimize(sum);
  state.counters["table_bytes_per_element"] = static_cast<double>(table.MemoryUsage()) / size;
  Free(table);
}
BENCHMARK(BM_FindOneByOne)->Arg(1000)->Arg(1'000'000)->Arg(10'000'000);

void BM_FindBatchOf100(benchmark::State& state) {
  Table table(1);
  const uint64_t size = state.range(0);
  Fill(table, size);
  std::mt19937_64 random(1);
  constexpr int kBatch = 100;
  uint64_t sum = 0;
  uint64_t keys[kBatch];
  uint64_t hashes[kBatch];
  for (auto _ : state) {
    for (uint64_t& key : keys) key = random() % size;
    for (int i = 0; i < kBatch; ++i) hashes[i] = HashOf(keys[i]);
    for (int i = 0; i < 32; ++i) table.PrefetchBucket(hashes[i]);
    for (int i = 0; i < 16; ++i) table.PrefetchElement(hashes[i]);
    for (int i = 0; i < kBatch; ++i) {
      if (i + 32 < kBatch) table.PrefetchBucket(hashes[i + 32]);
      if (i + 16 < kBatch) table.PrefetchElement(hashes[i + 16]);
      sum += Table::At(table.Find(hashes[i], keys[i]))->value;
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * kBatch);
  Free(table);
}
BENCHMARK(BM_FindBatchOf100)->Arg(1'000'000)->Arg(10'000'000);

void BM_InsertUpTo(benchmark::State& state) {
  for (auto _ : state) {
    Table table(1);
    Fill(table, state.range(0));
    state.PauseTiming();
    Free(table);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_InsertUpTo)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// The longest single insertion on the way to that many elements.
void BM_WorstInsertUpTo(benchmark::State& state) {
  // CPU time, so that other processes do not count.
  const auto now = [] {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
  };
  for (auto _ : state) {
    Table table(1);
    const uint64_t size = state.range(0);
    std::unique_ptr<Item[]> items(new Item[size]);
    for (uint64_t key = 0; key < size; ++key) items[key] = {key, key};
    std::vector<int64_t> worst;
    for (uint64_t key = 0; key < size; ++key) {
      const int64_t begin = now();
      table.Insert(HashOf(key), &items[key]);
      const int64_t ns = now() - begin;
      if (ns > 20'000) worst.push_back(ns);
    }
    std::sort(worst.rbegin(), worst.rend());
    worst.resize(std::max<size_t>(worst.size(), 10));
    state.counters["worst_us"] = worst[0] / 1e3;
    state.counters["third_us"] = worst[2] / 1e3;
    state.counters["tenth_us"] = worst[9] / 1e3;
    state.counters["over_20us"] = worst.size();
    state.counters["bytes_per_element"] = static_cast<double>(table.MemoryUsage()) / size;
  }
}
BENCHMARK(BM_WorstInsertUpTo)->Arg(4'000'000)->Arg(64'000'000)->Iterations(1);

}  // namespace
}  // namespace slotmesh::node

BENCHMARK_MAIN();
