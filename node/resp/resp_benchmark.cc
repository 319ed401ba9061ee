// bazel run -c opt //node/resp:resp_benchmark
#include <benchmark/benchmark.h>

#include <string>

#include "node/resp/output_buffer.h"
#include "node/resp/parser.h"
#include "node/resp/reply.h"

namespace slotmesh::node {
namespace {

constexpr int kPipeline = 100;

void ParseLoop(benchmark::State& state, const std::string& request) {
  std::string bytes;
  for (int i = 0; i < kPipeline; ++i) bytes += request;
  RequestParser parser;
  RequestBatch batch;
  for (auto _ : state) {
    parser.Feed(bytes);
    parser.Parse(&batch);
    benchmark::DoNotOptimize(batch.all_args().data());
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes.size()));
}

void BM_ParsePipelinedGet(benchmark::State& state) {
  ParseLoop(state, "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000012345\r\n");
}
BENCHMARK(BM_ParsePipelinedGet);

void BM_ParsePipelinedSet(benchmark::State& state) {
  ParseLoop(state, "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000012345\r\n$32\r\n" + std::string(32, 'v') +
                       "\r\n");
}
BENCHMARK(BM_ParsePipelinedSet);

void BM_ParsePipelinedInline(benchmark::State& state) {
  ParseLoop(state, "GET key:000000012345\r\n");
}
BENCHMARK(BM_ParsePipelinedInline);

void BM_ReplyBulk(benchmark::State& state) {
  OutputBuffer buffer;
  Reply reply(&buffer);
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  for (auto _ : state) {
    for (int i = 0; i < kPipeline; ++i) reply.Bulk(value);
    buffer.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
}
BENCHMARK(BM_ReplyBulk)->Arg(8)->Arg(32)->Arg(1024);

void BM_ReplyInteger(benchmark::State& state) {
  OutputBuffer buffer;
  Reply reply(&buffer);
  for (auto _ : state) {
    for (int i = 0; i < kPipeline; ++i) reply.Integer(i * 1234567);
    buffer.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
}
BENCHMARK(BM_ReplyInteger);

void BM_ReplyOk(benchmark::State& state) {
  OutputBuffer buffer;
  Reply reply(&buffer);
  for (auto _ : state) {
    for (int i = 0; i < kPipeline; ++i) reply.Ok();
    buffer.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kPipeline);
}
BENCHMARK(BM_ReplyOk);

}  // namespace
}  // namespace slotmesh::node

BENCHMARK_MAIN();
