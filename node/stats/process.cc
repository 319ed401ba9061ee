#include "node/stats/process.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace slotmesh::node {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

CpuUse Read(int who) {
  rusage use{};
  if (getrusage(who, &use) != 0) return {};
  return {use.ru_utime.tv_sec * kMicrosPerSecond + use.ru_utime.tv_usec,
          use.ru_stime.tv_sec * kMicrosPerSecond + use.ru_stime.tv_usec};
}

}  // namespace

CpuUse ProcessCpuUse() { return Read(RUSAGE_SELF); }
CpuUse ChildrenCpuUse() { return Read(RUSAGE_CHILDREN); }
CpuUse ThreadCpuUse() { return Read(RUSAGE_THREAD); }

uint64_t TotalSystemMemory() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  const int64_t page_bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? static_cast<uint64_t>(pages) * page_bytes : 0;
}

std::string OperatingSystem() {
  utsname name{};
  if (uname(&name) != 0) return "unknown";
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

int ProcessId() { return getpid(); }

}  // namespace slotmesh::node
