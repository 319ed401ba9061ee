// The allocator's size classes, so that "does it still fit where it is" needs no question to the
// allocator. Pure; safe from any thread.
#ifndef SLOTMESH_NODE_DATA_SIZE_CLASS_H_
#define SLOTMESH_NODE_DATA_SIZE_CLASS_H_

#include <bit>
#include <cstddef>

namespace slotmesh::node {

// `bytes` rounded up to the size classes of the allocator (jemalloc's; harmless with any other).
inline size_t RoundToSizeClass(size_t bytes) {
  if (bytes <= 128) return (bytes + 15) & ~size_t{15};
  // Four classes per doubling.
  const size_t step = std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) & ~(step - 1);
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_SIZE_CLASS_H_
