// The simulation's random bits: a small generator (SplitMix64) that gives the same numbers for the
// same seed on every machine. Thread-compatible. A value: copying it copies the position. Costs a
// few instructions a draw.
//
// Usable wherever a uniform random bit generator is, so also through absl::BitGenRef.
#ifndef SLOTMESH_GOSSIP_SIM_RANDOM_H_
#define SLOTMESH_GOSSIP_SIM_RANDOM_H_

#include <cstdint>
#include <limits>

namespace slotmesh::sim {

class Random {
 public:
  using result_type = uint64_t;

  explicit constexpr Random(uint64_t seed) : state_(seed) {}

  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return std::numeric_limits<uint64_t>::max(); }
  constexpr uint64_t operator()() { return Mix(state_ += 0x9e3779b97f4a7c15u); }

  // A generator of its own, which depends on this one's position and on `label` alone.
  constexpr Random Fork(uint64_t label) const { return Random(Mix(state_ ^ Mix(label + 1))); }

  // True in `percent` of 100 draws; draws nothing if that is never or always.
  constexpr bool Percent(double percent) {
    if (percent <= 0) return false;
    if (percent >= 100) return true;
    return static_cast<double>((*this)() >> 11) * 0x1.0p-53 * 100 < percent;
  }
  // In [0, bound). REQUIRES: bound > 0.
  constexpr uint64_t Below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>((*this)()) * bound) >> 64);
  }
  // In [0, 1).
  constexpr double Fraction() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }

  static constexpr uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_RANDOM_H_
