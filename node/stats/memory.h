// What the process's allocator says of memory. Thread-safe; each call costs some microseconds.
#ifndef SLOTMESH_NODE_STATS_MEMORY_H_
#define SLOTMESH_NODE_STATS_MEMORY_H_

#include <cstdint>
#include <string>

namespace slotmesh::node {

struct MemoryUse {
  uint64_t allocated_bytes = 0;  // By the program: INFO's used_memory.
  uint64_t active_bytes = 0;     // Pages that hold it.
  uint64_t resident_bytes = 0;   // Of the allocator, physically.
};

MemoryUse ReadMemoryUse();
// The process's resident set, from the kernel.
uint64_t ProcessResidentBytes();
// "jemalloc-5.3.0", or "libc" where a sanitizer brings its own.
std::string AllocatorName();
// The allocator's own account of itself, for people.
std::string AllocatorReport();
// Gives unused pages back to the kernel (MEMORY PURGE).
void PurgeMemory();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_MEMORY_H_
