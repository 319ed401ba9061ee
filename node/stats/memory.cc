#include "node/stats/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

// Of jemalloc, where the binary is linked with it.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value,
                       size_t new_size) __attribute__((weak));
extern "C" void malloc_stats_print(void (*write)(void* context, const char* text), void* context,
                                   const char* options) __attribute__((weak));

namespace slotmesh::node {
namespace {

size_t ReadSize(const char* name) {
  size_t value = 0;
  size_t size = sizeof(value);
  return mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

// jemalloc's statistics are a copy that is renewed when its epoch is written.
void RefreshStatistics() {
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  mallctl("epoch", &epoch, &size, &epoch, size);
}

}  // namespace

MemoryUse ReadMemoryUse() {
  MemoryUse use;
  if (mallctl != nullptr) {
    RefreshStatistics();
    use.allocated_bytes = ReadSize("stats.allocated");
    use.active_bytes = ReadSize("stats.active");
    use.resident_bytes = ReadSize("stats.resident");
  } else {
    use.allocated_bytes = mallinfo2().uordblks;
    use.active_bytes = use.resident_bytes = ProcessResidentBytes();
  }
  return use;
}

uint64_t ProcessResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::string AllocatorName() {
  if (mallctl == nullptr) return "libc";
  const char* version = nullptr;
  size_t size = sizeof(version);
  if (mallctl("version", &version, &size, nullptr, 0) != 0) return "jemalloc";
  const std::string_view text(version);
  return "jemalloc-" + std::string(text.substr(0, text.find('-')));
}

std::string AllocatorReport() {
  if (malloc_stats_print == nullptr) return "The allocator gives no report.";
  std::string report;
  malloc_stats_print(
      [](void* text, const char* part) { static_cast<std::string*>(text)->append(part); }, &report,
      nullptr);
  return report;
}

void PurgeMemory() {
  // 4096 stands for all arenas (MALLCTL_ARENAS_ALL).
  if (mallctl != nullptr) mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

}  // namespace slotmesh::node
