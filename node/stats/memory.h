// What the process's allocator says of memory. Thread-safe; each call costs some microseconds,
// apart from AllocatorGauge::used_bytes().
#ifndef SLOTMESH_NODE_STATS_MEMORY_H_
#define SLOTMESH_NODE_STATS_MEMORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "node/stats/memory_gauge.h"

namespace slotmesh::node {

struct MemoryUse {
  // By the program: INFO's used_memory. What threads keep in their caches is not part of it.
  uint64_t allocated_bytes = 0;
  uint64_t active_bytes = 0;    // Pages that hold it.
  uint64_t resident_bytes = 0;  // Of the allocator, physically.
  uint64_t muzzy_bytes = 0;     // Of those, what the kernel may take back at any time.
};

MemoryUse ReadMemoryUse();
// The process's resident set, from the kernel.
uint64_t ProcessResidentBytes();
// "jemalloc-5.3.0", or "libc" where a sanitizer brings its own.
std::string AllocatorName();
// The allocator's own account of itself, for people.
std::string AllocatorReport();
// A number that the allocator has under this name ("arenas.page"); nothing if there is none. Where
// there is a `new_value` it is set.
std::optional<uint64_t> AllocatorNumber(const std::string& name,
                                        std::optional<uint64_t> new_value = std::nullopt);
// A text that the allocator has under this name ("version", "arena.0.dss"); nothing if there is
// none. Where there is a `new_value` it is set.
std::optional<std::string> AllocatorText(const std::string& name,
                                         std::optional<std::string> new_value = std::nullopt);
// What the allocator does under this name ("thread.tcache.flush"). False if it does nothing.
bool RunInAllocator(const std::string& name);
// From now on pages that are not needed go back to the kernel on a thread of the allocator's own,
// not on whichever thread allocates next: after millions of keys have gone that took it 8 ms.
void PurgeInBackground();
// Gives unused pages back to the kernel (MEMORY PURGE).
void PurgeMemory();

// The bytes in use, cheaply: what the allocator said last, corrected by what some threads have
// allocated and freed since, which their own counters tell exactly.
//
// FollowThisThread() by the thread that is followed, which lives as long as the gauge is asked;
// Refresh() and used_bytes() by one thread, the engine's. What other threads do shows at the next
// Refresh(). An allocator without counters (sanitizers) makes it as exact as Refresh() is frequent.
class AllocatorGauge : public MemoryGauge {
 public:
  static constexpr size_t kThreadsMax = 16;

  // No effect for more threads than kThreadsMax.
  void FollowThisThread();
  void Refresh();
  uint64_t used_bytes() const override;

 private:
  struct Thread {
    std::atomic<const uint64_t*> allocated{nullptr};
    std::atomic<const uint64_t*> freed{nullptr};
  };
  int64_t NetOfThreads() const;

  std::array<Thread, kThreadsMax> threads_;
  std::atomic<size_t> count_{0};
  int64_t others_ = 0;  // In use at the last Refresh() that the threads have not allocated.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_MEMORY_H_
