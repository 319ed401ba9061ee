// Speed of the keyspace alone: random GET and SET over existing keys, in batches as a pipeline of
// 100 brings them and one by one, without and with a table per slot. jemalloc.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "node/keyspace/keyspace.h"

namespace slotmesh::node {
namespace {

constexpr int kBatch = 100;
constexpr UnixMillis kNow = 1'700'000'000'000;

struct Keys {
  explicit Keys(uint64_t count) : count(count) {
    // key:000000000000: 16 bytes, as redis-benchmark makes them.
    text.reserve(count * 16);
    for (uint64_t i = 0; i < count; ++i) {
      std::string digits = std::to_string(i);
      text += "key:" + std::string(12 - digits.size(), '0') + digits;
    }
  }
  std::string_view operator[](uint64_t i) const { return {text.data() + i * 16, 16}; }
  uint64_t count;
  std::string text;
};

struct Fixture {
  Fixture(uint64_t count, bool cluster)
      : keys(count), keyspace({.cluster = cluster, .hash_seed = 0x5eed}), db(keyspace.database(0)) {
    for (uint64_t i = 0; i < count; ++i) db.SetString(Hash(i), "vvvvvvvv", {}, kNow);
  }
  HashedKey Hash(uint64_t i) const { return Hash(keys[i], i); }
  // The slot is only a number here; spreading is all that matters.
  HashedKey Hash(std::string_view key, uint64_t i) const {
    return keyspace.Hash(key, static_cast<int>(i * 2654435761u >> 7 & 16383));
  }

  Keys keys;
  Keyspace keyspace;
  Database& db;
};

// As the dispatcher sees a batch: keys in a query buffer (warm), not in some table of keys (cold).
struct Batch {
  char text[kBatch][16];
  uint64_t number[kBatch];
  HashedKey key[kBatch];

  void Fill(const Fixture& fixture, std::mt19937_64& random) {
    for (int i = 0; i < kBatch; ++i) {
      uint64_t n = number[i] = random() % fixture.keys.count;
      std::memcpy(text[i], "key:000000000000", 16);
      for (char* at = text[i] + 15; n > 0; n /= 10) *at-- = static_cast<char>('0' + n % 10);
    }
  }
};

template <typename Operation>
void RunBatches(benchmark::State& state, Operation operation) {
  Fixture fixture(state.range(0), state.range(1) != 0);
  std::mt19937_64 random(1);
  Batch batch;
  for (auto _ : state) {
    batch.Fill(fixture, random);
    HashedKey* keys = batch.key;
    for (int i = 0; i < kBatch; ++i) {
      keys[i] = fixture.Hash({batch.text[i], 16}, batch.number[i]);
      fixture.db.PrefetchTable(keys[i]);
    }
    for (int i = 0; i < 32; ++i) fixture.db.PrefetchBucket(keys[i]);
    for (int i = 0; i < 16; ++i) fixture.db.PrefetchEntry(keys[i]);
    for (int i = 0; i < kBatch; ++i) {
      if (i + 32 < kBatch) fixture.db.PrefetchBucket(keys[i + 32]);
      if (i + 16 < kBatch) fixture.db.PrefetchEntry(keys[i + 16]);
      operation(fixture.db, keys[i]);
    }
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void Get(Database& db, const HashedKey& key) {
  IntText scratch;
  const Entry* entry = db.FindRead(key, kNow);
  benchmark::DoNotOptimize(entry->string_bytes(scratch).back());
}
void Set(Database& db, const HashedKey& key) { db.SetString(key, "wwwwwwww", {}, kNow); }

void BM_FillOnly(benchmark::State& state) {
  RunBatches(state, [](Database&, const HashedKey&) {});
}
void BM_GetBatchOf100(benchmark::State& state) { RunBatches(state, Get); }
void BM_SetBatchOf100(benchmark::State& state) { RunBatches(state, Set); }
BENCHMARK(BM_FillOnly)->Args({1'000'000, 0});
BENCHMARK(BM_GetBatchOf100)
    ->Args({1000, 0})
    ->Args({1'000'000, 0})
    ->Args({1'000'000, 1})
    ->Args({10'000'000, 0});
BENCHMARK(BM_SetBatchOf100)
    ->Args({1000, 0})
    ->Args({1'000'000, 0})
    ->Args({1'000'000, 1})
    ->Args({10'000'000, 0});

template <typename Operation>
void RunOneByOne(benchmark::State& state, Operation operation) {
  Fixture fixture(state.range(0), state.range(1) != 0);
  std::mt19937_64 random(1);
  Batch batch;
  int i = kBatch;
  for (auto _ : state) {
    if (i == kBatch) {
      batch.Fill(fixture, random);
      i = 0;
    }
    operation(fixture.db, fixture.Hash({batch.text[i], 16}, batch.number[i]));
    ++i;
  }
}
void BM_GetOneByOne(benchmark::State& state) { RunOneByOne(state, Get); }
void BM_SetOneByOne(benchmark::State& state) { RunOneByOne(state, Set); }
BENCHMARK(BM_GetOneByOne)->Args({1'000'000, 0})->Args({1'000'000, 1});
BENCHMARK(BM_SetOneByOne)->Args({1'000'000, 0})->Args({1'000'000, 1});

void BM_SetNewKeys(benchmark::State& state) {
  const Keys keys(state.range(0));
  for (auto _ : state) {
    Keyspace keyspace({.hash_seed = 1});
    for (uint64_t i = 0; i < keys.count; ++i) {
      keyspace.database(0).SetString(keyspace.Hash(keys[i]), "vvvvvvvv", {}, kNow);
    }
    state.PauseTiming();
    keyspace.Flush();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * keys.count);
}
BENCHMARK(BM_SetNewKeys)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

// A full round of active expiry over keys of which none is due, half of them with an expiry.
void BM_ExpirySweepOfOneMillion(benchmark::State& state) {
  Fixture fixture(1'000'000, false);
  for (uint64_t i = 0; i < fixture.keys.count; i += 2) {
    fixture.db.SetString(fixture.Hash(i), "vvvvvvvv", {.expiry = kNow + 3'600'000}, kNow);
  }
  for (auto _ : state) {
    while (!fixture.db.ExpireSome(kNow, UINT64_MAX, [] { return false; }).wrapped) continue;
  }
  state.SetItemsProcessed(state.iterations() * fixture.keys.count);
}
BENCHMARK(BM_ExpirySweepOfOneMillion)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace slotmesh::node

BENCHMARK_MAIN();
