// HyperLogLog: about how many different elements were seen, in at most 12 KiB, with a standard
// error of 0.81%. Byte for byte the strings that Redis keeps, so that they can be copied from and
// to it.
//
//   "HYLL" | form (1: 0 dense, 1 sparse) | 3 unused | cached count (8, little-endian; the top bit
//   says that it is out of date) | registers
//
// 16384 registers of 6 bits each keep the longest run of zero bits among the hashes (MurmurHash64A)
// that chose them. Dense: 12288 bytes. Sparse: runs, of
//   00nnnnnn           1 to 64 registers of value 0
//   01nnnnnn nnnnnnnn  1 to 16384 of those
//   1vvvvvnn           1 to 4 registers of value 1 to 32
// The count is Ertl's estimate (arXiv:1702.01284).
//
// Pure functions on bytes; safe from any thread. Bytes come from clients (SET, RESTORE): whatever
// reads runs checks them and reports `corrupt` ones. Cost: O(1) for an element in a dense one, O(n)
// in a sparse one of n bytes; counting and merging look at all registers.
#ifndef SLOTMESH_NODE_DATA_HYPERLOGLOG_H_
#define SLOTMESH_NODE_DATA_HYPERLOGLOG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slotmesh::node {

inline constexpr int kHllRegisters = 16384;
inline constexpr size_t kHllHeaderSize = 16;
inline constexpr size_t kHllDenseSize = kHllHeaderSize + kHllRegisters * 6 / 8;

// A value for each register.
using HllRegisters = std::array<uint8_t, kHllRegisters>;

// Where an element goes, and with what value.
struct HllRegister {
  int index = 0;
  uint8_t value = 0;
};
HllRegister HllRegisterOf(std::string_view element);

// Header and length are those of a HyperLogLog. The runs of a sparse one may still be corrupt.
bool IsHll(std::string_view bytes);
// REQUIRES for all below: IsHll(bytes).
bool IsHllDense(std::string_view bytes);

// Without elements, sparse.
std::string EmptyHll();

enum class HllChange : uint8_t { kNone = 0, kRaised = 1, kCorrupt = 2 };

// Raises one register to at least `value`. A sparse one becomes dense when it would be longer than
// `sparse_max` bytes or the value is above 32. The cached count goes out of date with the change.
HllChange RaiseHll(std::string* bytes, HllRegister to, size_t sparse_max);
// The same of a dense one, in place. True if it was lower.
bool RaiseDenseHll(char* bytes, HllRegister to);
// What a register of a dense one is.
uint8_t DenseHllRegister(std::string_view bytes, int index);
// False if it is corrupt. Nothing happens to a dense one.
bool MakeHllDense(std::string* bytes);

// Marks the cached count as out of date; sets it; what it is, if up to date.
void DropHllCount(char* bytes);
void CacheHllCount(char* bytes, uint64_t count);
std::optional<uint64_t> CachedHllCount(std::string_view bytes);

// Raises each of *registers to at least what it is here. False if this is corrupt.
bool MergeHll(std::string_view bytes, HllRegisters* registers);
uint64_t CountHll(const HllRegisters& registers);

// The runs of a sparse one as text: "Z:16384", "z:5 v:3,1 Z:16378". Nothing if it is corrupt.
std::optional<std::string> DescribeSparseHll(std::string_view bytes);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_HYPERLOGLOG_H_
