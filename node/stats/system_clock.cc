#include "node/stats/system_clock.h"

#include <time.h>
#include <x86intrin.h>

#include <cstdint>

namespace slotmesh::node {
namespace {

constexpr int64_t kCalibrationNanos = 5'000'000;

int64_t Nanos(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

struct Reading {
  uint64_t ticks = 0;
  int64_t nanos = 0;
};

// Both clocks at one moment: of some tries the one that took the shortest time, since whatever
// interrupts the process between the two readings would be an error of all durations to come.
Reading ReadBoth() {
  constexpr int kTries = 20;
  Reading best;
  uint64_t shortest = UINT64_MAX;
  for (int i = 0; i < kTries; ++i) {
    const uint64_t before = __rdtsc();
    const int64_t nanos = Nanos(CLOCK_MONOTONIC);
    const uint64_t after = __rdtsc();
    if (after - before >= shortest) continue;
    shortest = after - before;
    best = {before + (after - before) / 2, nanos};
  }
  return best;
}

}  // namespace

SystemClock::SystemClock() {
  const Reading begin = ReadBoth();
  while (Nanos(CLOCK_MONOTONIC) - begin.nanos < kCalibrationNanos) {
  }
  const Reading end = ReadBoth();
  ticks_per_micro_ = static_cast<double>(end.ticks - begin.ticks) * 1000 /
                     static_cast<double>(end.nanos - begin.nanos);
}

int64_t SystemClock::WallMicros() { return Nanos(CLOCK_REALTIME) / 1000; }
int64_t SystemClock::MonotonicNanos() { return Nanos(CLOCK_MONOTONIC); }
uint64_t SystemClock::Ticks() { return __rdtsc(); }

}  // namespace slotmesh::node
