// Speed of listpacks: adding at the end, reading through, looking for a field, jemalloc.
#include <benchmark/benchmark.h>

#include "node/data/listpack.h"

namespace slotmesh::node {
namespace {

std::string Field(int64_t i) { return "field:" + std::to_string(1000000 + i); }

Listpack Filled(int64_t elements) {
  Listpack pack;
  for (int64_t i = 0; i < elements; ++i) pack.Append(Field(i));
  return pack;
}

void BM_Append(benchmark::State& state) {
  const std::string text(16, 'x');
  for (auto _ : state) {
    Listpack pack;
    for (int64_t i = 0; i < state.range(0); ++i) pack.Append(text);
    benchmark::DoNotOptimize(pack.bytes());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Append)->Arg(16)->Arg(128)->Arg(450);

void BM_Walk(benchmark::State& state) {
  const Listpack pack = Filled(state.range(0));
  for (auto _ : state) {
    size_t bytes = 0;
    for (ListpackPos at = pack.First(); at != nullptr; at = pack.Next(at)) {
      bytes += ListpackView::Get(at).length;
    }
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Walk)->Arg(16)->Arg(128)->Arg(450);

void BM_FindLastField(benchmark::State& state) {
  const Listpack pack = Filled(2 * state.range(0));
  const std::string wanted = Field(2 * state.range(0) - 2);
  for (auto _ : state) {
    benchmark::DoNotOptimize(pack.Find(wanted, pack.First(), 1));
  }
}
BENCHMARK(BM_FindLastField)->Arg(10)->Arg(128);

void BM_ReplaceInPlace(benchmark::State& state) {
  Listpack pack = Filled(20);
  const std::string value = Field(77);
  for (auto _ : state) {
    benchmark::DoNotOptimize(pack.Replace(pack.At(11), value));
  }
}
BENCHMARK(BM_ReplaceInPlace);

}  // namespace
}  // namespace slotmesh::node

BENCHMARK_MAIN();
