// Server processes of a local cluster: started as daemons, known by their pid files.
#ifndef SLOTMESH_ADMIN_CLI_PROCESS_H_
#define SLOTMESH_ADMIN_CLI_PROCESS_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace slotmesh::admin {

// Starts `binary` in a session of its own, with `directory` as its working directory and its output
// added to `log_path`. REQUIRES: no threads have been started yet that the child would miss; it
// only execs.
absl::StatusOr<pid_t> StartDaemon(const std::string& binary,
                                  const std::vector<std::string>& arguments,
                                  const std::string& directory, const std::string& log_path);

// The process that `pid_path` names, if it runs and has `directory` among its arguments (a pid file
// may be stale and its number taken by somebody else).
std::optional<pid_t> FindDaemon(const std::string& pid_path, const std::string& directory);
absl::Status WritePidFile(const std::string& pid_path, pid_t pid);

// True if it runs; takes note of a child that has ended.
bool IsRunning(pid_t pid);
void Terminate(pid_t pid);
void Kill(pid_t pid);

// The last lines of a file; "" if it cannot be read.
std::string Tail(const std::string& path, size_t lines);

// The server's program: `given`, or slotmesh-node next to `own_path`, in the build tree beside it,
// or on `search_path` (as PATH). NOT_FOUND, saying where it was looked for.
absl::StatusOr<std::string> FindServer(const std::string& given, const std::string& own_path,
                                       const std::string& search_path);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_PROCESS_H_
