// What the kernel says of this process and machine. Thread-safe; each call is a system call or a
// small file.
#ifndef SLOTMESH_NODE_STATS_PROCESS_H_
#define SLOTMESH_NODE_STATS_PROCESS_H_

#include <cstdint>
#include <string>

namespace slotmesh::node {

struct CpuUse {
  int64_t user_micros = 0;
  int64_t system_micros = 0;
};

CpuUse ProcessCpuUse();
CpuUse ChildrenCpuUse();
// Of the calling thread.
CpuUse ThreadCpuUse();
uint64_t TotalSystemMemory();
// "Linux 6.1.0-18-amd64 x86_64"
std::string OperatingSystem();
int ProcessId();

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_STATS_PROCESS_H_
