// Asks the processor to bring a cache line closer.
//
// Not __builtin_prefetch: GCC takes a function that only prefetches for one without effects and
// drops calls to it (seen with GCC 12 at -O2 and above, when the function stands in another file).
#ifndef SLOTMESH_NODE_DATA_PREFETCH_H_
#define SLOTMESH_NODE_DATA_PREFETCH_H_

namespace slotmesh::node {

// Any address is allowed, null too.
inline void Prefetch(const void* address) {
#ifdef __x86_64__
  asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(address)));
#else
  __builtin_prefetch(address);
  asm volatile("");
#endif
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_PREFETCH_H_
