#include "node/stats/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string_view>

// Of jemalloc, where the binary is linked with it.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value,
                       size_t new_size) __attribute__((weak));
extern "C" void malloc_stats_print(void (*write)(void* context, const char* text), void* context,
                                   const char* options) __attribute__((weak));

namespace slotmesh::node {
namespace {

constexpr char kCachedByThreads[] = "stats.arenas.4096.tcache_bytes";

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
    const uint64_t allocated = ReadSize("stats.allocated");
    // 4096 stands for all arenas together (MALLCTL_ARENAS_ALL).
    use.allocated_bytes = allocated - std::min<uint64_t>(allocated, ReadSize(kCachedByThreads));
    use.active_bytes = ReadSize("stats.active");
    use.resident_bytes = ReadSize("stats.resident");
    use.muzzy_bytes =
        ReadSize("stats.arenas.4096.pmuzzy") * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
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

std::optional<uint64_t> AllocatorNumber(const std::string& name,
                                        std::optional<uint64_t> new_value) {
  if (mallctl == nullptr) return std::nullopt;
  // Numbers have 8, 4 or 1 bytes; the allocator takes no other size than a number's own.
  for (size_t size : {sizeof(uint64_t), sizeof(uint32_t), sizeof(bool)}) {
    uint64_t value = 0;
    const size_t wanted = size;
    uint64_t set = new_value.value_or(0);
    void* to = new_value.has_value() ? &set : nullptr;
    if (mallctl(name.c_str(), &value, &size, to, to == nullptr ? 0 : wanted) == 0) return value;
  }
  return std::nullopt;
}

namespace {

// The allocator does not tell which of its names are texts, and a number read as one is no address.
bool IsText(std::string_view name) {
  constexpr std::string_view kTexts[] = {
      "version", "config.malloc_conf", "opt.dss",  "opt.metadata_thp",
      "opt.thp", "opt.percpu_arena",   "opt.junk", "opt.zero_realloc"};
  const bool of_arena = name.starts_with("arena.") && name.ends_with(".dss");
  return of_arena || std::find(std::begin(kTexts), std::end(kTexts), name) != std::end(kTexts);
}

}  // namespace

std::optional<std::string> AllocatorText(const std::string& name,
                                         std::optional<std::string> new_value) {
  if (mallctl == nullptr || !IsText(name)) return std::nullopt;
  const char* text = nullptr;
  size_t size = sizeof(text);
  const char* set = new_value.has_value() ? new_value->c_str() : nullptr;
  void* to = set == nullptr ? nullptr : &set;
  if (mallctl(name.c_str(), &text, &size, to, to == nullptr ? 0 : sizeof(set)) != 0) {
    return std::nullopt;
  }
  return std::string(text);
}

bool RunInAllocator(const std::string& name) {
  return mallctl != nullptr && mallctl(name.c_str(), nullptr, nullptr, nullptr, 0) == 0;
}

void PurgeInBackground() {
  bool on = true;
  if (mallctl != nullptr) mallctl("background_thread", nullptr, nullptr, &on, sizeof(on));
}

void PurgeMemory() {
  if (mallctl == nullptr) return;
  mallctl("thread.tcache.flush", nullptr, nullptr, nullptr, 0);
  mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);
}

void AllocatorGauge::FollowThisThread() {
  if (mallctl == nullptr) return;
  uint64_t* allocated = nullptr;
  uint64_t* freed = nullptr;
  size_t size = sizeof(allocated);
  if (mallctl("thread.allocatedp", &allocated, &size, nullptr, 0) != 0 ||
      mallctl("thread.deallocatedp", &freed, &size, nullptr, 0) != 0) {
    return;
  }
  const size_t place = count_.fetch_add(1);
  if (place >= kThreadsMax) return;
  threads_[place].freed.store(freed);
  threads_[place].allocated.store(allocated);
}

// Each counter is a word that its own thread alone writes.
int64_t AllocatorGauge::NetOfThreads() const {
  int64_t net = 0;
  const size_t count = std::min(count_.load(std::memory_order_acquire), kThreadsMax);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t* allocated = threads_[i].allocated.load(std::memory_order_acquire);
    if (allocated == nullptr) continue;
    const uint64_t* freed = threads_[i].freed.load(std::memory_order_relaxed);
    net += static_cast<int64_t>(__atomic_load_n(allocated, __ATOMIC_RELAXED) -
                                __atomic_load_n(freed, __ATOMIC_RELAXED));
  }
  return net;
}

void AllocatorGauge::Refresh() {
  others_ = static_cast<int64_t>(ReadMemoryUse().allocated_bytes) - NetOfThreads();
}

uint64_t AllocatorGauge::used_bytes() const {
  return static_cast<uint64_t>(std::max<int64_t>(others_ + NetOfThreads(), 0));
}

}  // namespace slotmesh::node
