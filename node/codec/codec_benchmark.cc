// bazel run -c opt //node/codec:codec_benchmark
#include <benchmark/benchmark.h>

#include <string>

#include "node/codec/crc64.h"
#include "node/codec/dump.h"

namespace slotmesh::node {
namespace {

void BM_Crc64(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'x');
  uint64_t crc = 0;
  for (auto _ : state) crc = Crc64(crc, bytes);
  benchmark::DoNotOptimize(crc);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Crc64)->Arg(32)->Arg(1024)->Arg(1 << 20);

void BM_DumpString(benchmark::State& state) {
  const std::string value(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(DumpString(value, false));
}
BENCHMARK(BM_DumpString)->Arg(8)->Arg(1024);

}  // namespace
}  // namespace slotmesh::node

BENCHMARK_MAIN();
