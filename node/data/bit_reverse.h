// Bits in reverse order: bit 0 becomes bit 63.
#ifndef SLOTMESH_NODE_DATA_BIT_REVERSE_H_
#define SLOTMESH_NODE_DATA_BIT_REVERSE_H_

#include <cstdint>

namespace slotmesh::node {

constexpr uint64_t BitReverse(uint64_t value) {
  value = ((value >> 1) & 0x5555555555555555) | ((value & 0x5555555555555555) << 1);
  value = ((value >> 2) & 0x3333333333333333) | ((value & 0x3333333333333333) << 2);
  value = ((value >> 4) & 0x0f0f0f0f0f0f0f0f) | ((value & 0x0f0f0f0f0f0f0f0f) << 4);
  return __builtin_bswap64(value);
}
static_assert(BitReverse(1) == uint64_t{1} << 63 && BitReverse(0b110) == uint64_t{0b011} << 61);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_BIT_REVERSE_H_
