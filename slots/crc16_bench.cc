// Speed of CRC16 (long data: bytes per second) and of hashing keys (items per second).
#include <benchmark/benchmark.h>

#include <string>

#include "slots/crc16.h"
#include "slots/hash_slot.h"

namespace slotmesh::slots {
namespace {

void BM_Crc16(benchmark::State& state) {
  const std::string data(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(Crc16(data));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc16)->Arg(8)->Arg(16)->Arg(64)->Arg(1024)->Arg(65536);

void BM_HashSlot(benchmark::State& state) {
  std::string key(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(key.data());
    benchmark::DoNotOptimize(HashSlot(key));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HashSlot)->Arg(4)->Arg(8)->Arg(12)->Arg(16)->Arg(24)->Arg(32)->Arg(64);

void BM_HashSlotOfTaggedKey(benchmark::State& state) {
  std::string key = "{user:12345}.name";
  for (auto _ : state) {
    benchmark::DoNotOptimize(key.data());
    benchmark::DoNotOptimize(HashSlot(key));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_HashSlotOfTaggedKey);

}  // namespace
}  // namespace slotmesh::slots

BENCHMARK_MAIN();
