#include "node/stats/system_clock.h"

#include <time.h>
#include <x86intrin.h>

namespace slotmesh::node {
namespace {

constexpr int64_t kCalibrationNanos = 5'000'000;

int64_t Nanos(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

SystemClock::SystemClock() {
  const int64_t begin = MonotonicNanos();
  const uint64_t begin_ticks = Ticks();
  int64_t end = begin;
  while (end - begin < kCalibrationNanos) end = MonotonicNanos();
  ticks_per_micro_ =
      static_cast<double>(Ticks() - begin_ticks) * 1000 / static_cast<double>(end - begin);
}

int64_t SystemClock::WallMicros() { return Nanos(CLOCK_REALTIME) / 1000; }
int64_t SystemClock::MonotonicNanos() { return Nanos(CLOCK_MONOTONIC); }
uint64_t SystemClock::Ticks() { return __rdtsc(); }

}  // namespace slotmesh::node
