// What routing adds to a request: a slot that is served here, one that is not, one that is open.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "slots/router.h"

namespace slotmesh::slots {
namespace {

constexpr int kShards = 100;

NodeId Node(int i) { return NodeId::FromBytes(std::string(20, static_cast<char>(i + 1))); }

std::shared_ptr<const SlotMap> Map() {
  SlotMapData data;
  for (int i = 0; i < kShards; ++i) {
    const ShardId shard = ShardId::FromBytes(Node(i).bytes());
    data.nodes.push_back({.id = Node(i), .shard = shard});
    data.shards.push_back({.id = shard, .primary = Node(i)});
    for (int slot = i; slot < kSlotCount; slot += kShards) {
      data.shards.back().slots.Add(static_cast<Slot>(slot));
    }
  }
  return *SlotMap::Build(std::move(data));
}

// Slots `slot`, `slot` + step, ... at node 0, which owns each hundredth.
void Run(benchmark::State& state, int step, const OpenSlots& open) {
  const std::shared_ptr<const SlotMap> map = Map();
  const RoutingView view(*map, Node(0), open);
  int slot = 0;
  for (auto _ : state) {
    RouteRequest request;
    request.keys.Add(static_cast<Slot>(slot));
    benchmark::DoNotOptimize(request);
    benchmark::DoNotOptimize(Route(view, request, [] { return KeyPresence::kNone; }));
    slot = (slot + step) % (kSlotCount - kSlotCount % kShards);
  }
}

void BM_ServedHere(benchmark::State& state) { Run(state, kShards, OpenSlots()); }
BENCHMARK(BM_ServedHere);

void BM_MostlyMoved(benchmark::State& state) { Run(state, 7, OpenSlots()); }
BENCHMARK(BM_MostlyMoved);

void BM_Ask(benchmark::State& state) {
  OpenSlots open;
  for (int slot = 0; slot < kSlotCount; slot += kShards) {
    open.SetMigrating(static_cast<Slot>(slot), Node(1));
  }
  Run(state, kShards, open);
}
BENCHMARK(BM_Ask);

}  // namespace
}  // namespace slotmesh::slots

BENCHMARK_MAIN();
