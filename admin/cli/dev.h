// A cluster on this machine for trying things out: `slotmesh dev up` and `slotmesh dev down`.
//
// Everything lives in one directory: for each node DIR/PORT with its data, node.log and node.pid.
// Running `up` again finds what runs and starts what does not; `down` stops the processes and keeps
// the data.
#ifndef SLOTMESH_ADMIN_CLI_DEV_H_
#define SLOTMESH_ADMIN_CLI_DEV_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "admin/cli/environment.h"

namespace slotmesh::admin {

inline constexpr absl::Duration kDevStartTimeout = absl::Seconds(30);
inline constexpr absl::Duration kDevStopTimeout = absl::Seconds(20);

struct DevOptions {
  int primaries = 3;
  int replicas = 0;  // Of each primary.
  int port = 7000;
  std::string directory;      // Empty: DefaultDevDirectory().
  std::string server_binary;  // Empty: found.
  bool wipe = false;          // down: removes the data too.
  std::vector<std::string> server_arguments;
};

// $XDG_STATE_HOME/slotmesh/dev, or ~/.local/state/slotmesh/dev.
std::string DefaultDevDirectory(const CliEnvironment& environment);

absl::Status DevUp(const DevOptions& options, const CliEnvironment& environment);
absl::Status DevDown(const DevOptions& options, const CliEnvironment& environment);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_DEV_H_
