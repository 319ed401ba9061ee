#include "node/app/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace slotmesh::node {

int64_t MakeRoomForClients(int64_t clients) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return clients;
  const auto wanted = static_cast<rlim_t>(clients + kReservedFiles);
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    // Only a privileged process may raise the hard limit; try that first.
    raised.rlim_max = std::max(limit.rlim_max, wanted);
    if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
      raised.rlim_max = limit.rlim_max;
      raised.rlim_cur = std::min(wanted, limit.rlim_max);
      setrlimit(RLIMIT_NOFILE, &raised);
    }
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= wanted) return clients;
  return std::max<int64_t>(1, static_cast<int64_t>(limit.rlim_cur) - kReservedFiles);
}

}  // namespace slotmesh::node
