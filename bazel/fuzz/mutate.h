// Seeded random changes to an input: what a fuzz target gets in a plain test run.
//
// Deterministic: the same state of `random` and the same input give the same output.
// Thread-compatible, owns nothing. The output has at most kMutatedSizeMax bytes; one call costs
// time in the input's length.
#ifndef SLOTMESH_BAZEL_FUZZ_MUTATE_H_
#define SLOTMESH_BAZEL_FUZZ_MUTATE_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::fuzz {

inline constexpr size_t kMutatedSizeMax = size_t{1} << 16;

using Random = std::mt19937_64;

// One to eight changes to a randomly chosen member of `corpus` (or to nothing if that is empty):
// bits and bytes changed, parts removed, repeated, swapped in from other members, numbers replaced
// by extreme ones.
std::string Mutate(const std::vector<std::string>& corpus, Random& random);

}  // namespace slotmesh::fuzz

#endif  // SLOTMESH_BAZEL_FUZZ_MUTATE_H_
