// What the 24 bits of an entry's access clock mean.
//
// LRU: seconds modulo 2^24 (194 days). LFU: 16 bits of minutes (when the counter last decayed) and
// an 8-bit counter that grows with the logarithm of the number of accesses, as Morris's approximate
// counter. Pure functions; randomness is an argument.
#ifndef SLOTMESH_NODE_KEYSPACE_ACCESS_CLOCK_H_
#define SLOTMESH_NODE_KEYSPACE_ACCESS_CLOCK_H_

#include <algorithm>
#include <cstdint>

#include "node/keyspace/entry.h"

namespace slotmesh::node {

inline constexpr uint32_t kLruClockMask = 0xffffff;

inline uint32_t LruClock(UnixMillis now) {
  return static_cast<uint32_t>(now / 1000) & kLruClockMask;
}
// OBJECT IDLETIME: seconds since the access.
inline uint32_t LruIdleSeconds(uint32_t clock, UnixMillis now) {
  return (LruClock(now) - clock) & kLruClockMask;
}
// The clock that says "idle for so long" (RESTORE IDLETIME).
inline uint32_t LruClockOfIdle(uint32_t idle_seconds, UnixMillis now) {
  return (LruClock(now) - idle_seconds) & kLruClockMask;
}

struct LfuSettings {
  uint32_t log_factor = 10;    // lfu-log-factor: accesses needed to saturate grow with it.
  uint32_t decay_minutes = 1;  // lfu-decay-time: 0 never decays.
};

inline constexpr uint8_t kLfuInitial = 5;  // New keys are not evicted at once.

inline uint32_t LfuMinutes(UnixMillis now) { return static_cast<uint32_t>(now / 60'000) & 0xffff; }
inline uint32_t LfuClock(uint8_t counter, UnixMillis now) { return LfuMinutes(now) << 8 | counter; }
// The counter after the decay that is due (OBJECT FREQ).
inline uint8_t LfuCounter(uint32_t clock, UnixMillis now, const LfuSettings& settings) {
  const uint32_t counter = clock & 0xff;
  if (settings.decay_minutes == 0) return static_cast<uint8_t>(counter);
  const uint32_t elapsed = (LfuMinutes(now) - (clock >> 8)) & 0xffff;
  return static_cast<uint8_t>(counter - std::min(counter, elapsed / settings.decay_minutes));
}
// The clock after an access. `random` is uniform over 32 bits.
inline uint32_t LfuTouched(uint32_t clock, UnixMillis now, uint32_t random,
                           const LfuSettings& settings) {
  uint32_t counter = LfuCounter(clock, now, settings);
  if (counter < 255) {
    const uint64_t base = counter > kLfuInitial ? counter - kLfuInitial : 0;
    // With probability 1 / (base * factor + 1).
    if (uint64_t{random} * (base * settings.log_factor + 1) < (uint64_t{1} << 32)) ++counter;
  }
  return LfuClock(static_cast<uint8_t>(counter), now);
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_ACCESS_CLOCK_H_
