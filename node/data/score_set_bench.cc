// Sorted sets of a million members: what each operation costs.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "node/data/score_set.h"

namespace slotmesh::node {
namespace {

constexpr uint64_t kCount = 1'000'000;

struct Filled {
  Filled() : set(7) {
    std::mt19937_64 random(3);
    for (uint64_t i = 0; i < kCount; ++i) set.Insert(set.KeyOf(Name(i)), Score(random));
  }
  static std::string Name(uint64_t i) {
    std::string name = std::to_string(i);
    name.resize(14, 'x');
    return name;
  }
  static double Score(std::mt19937_64& random) {
    return std::ldexp(static_cast<double>(random()), -40);
  }
  ScoreSet set;
};

void Insert(benchmark::State& state) {
  std::mt19937_64 random(9);
  Filled filled;
  uint64_t next = kCount;
  for (auto _ : state) {
    filled.set.Insert(filled.set.KeyOf(Filled::Name(next++)), Filled::Score(random));
  }
}
BENCHMARK(Insert)->Iterations(500000);

void SetScore(benchmark::State& state) {
  std::mt19937_64 random(9);
  Filled filled;
  for (auto _ : state) {
    const auto key = Filled::Name(random() % kCount);
    filled.set.SetScore(filled.set.Find(filled.set.KeyOf(key)), Filled::Score(random));
  }
}
BENCHMARK(SetScore)->Iterations(500000);

void Find(benchmark::State& state) {
  std::mt19937_64 random(9);
  Filled filled;
  for (auto _ : state) {
    const auto key = Filled::Name(random() % kCount);
    benchmark::DoNotOptimize(filled.set.Find(filled.set.KeyOf(key)));
  }
}
BENCHMARK(Find)->Iterations(500000);

void Rank(benchmark::State& state) {
  std::mt19937_64 random(9);
  Filled filled;
  for (auto _ : state) {
    const auto key = Filled::Name(random() % kCount);
    benchmark::DoNotOptimize(filled.set.tree().Rank(*filled.set.Find(filled.set.KeyOf(key))));
  }
}
BENCHMARK(Rank)->Iterations(500000);

void RangeOfTen(benchmark::State& state) {
  std::mt19937_64 random(9);
  Filled filled;
  for (auto _ : state) {
    ScoreTree::Place place = filled.set.tree().ScoreBound(Filled::Score(random), false);
    for (int i = 0; i < 10 && !place.at_end(); ++i, ScoreTree::Next(&place)) {
      benchmark::DoNotOptimize(place.get()->score);
    }
  }
}
BENCHMARK(RangeOfTen)->Iterations(500000);

}  // namespace
}  // namespace slotmesh::node

BENCHMARK_MAIN();
