// All members of a cluster are restarted, one after the other, while clients go on.
//
// Replicas before their primary; a primary with slots first hands them to a replica. The next
// member's turn comes when the last one is there again, as a new process, with the data that its
// primary had when it came back, and all of the cluster is well. What fails ends the whole with the
// rest as it was; it can be run again. Blocking; touches the outside through RestartWorld only.
#ifndef SLOTMESH_ADMIN_CLI_ROLLING_RESTART_H_
#define SLOTMESH_ADMIN_CLI_ROLLING_RESTART_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "admin/admin.pb.h"

namespace slotmesh::admin {

struct RestartWorld {
  // What a member other than the one with this id (if not empty) knows of the cluster.
  std::function<absl::StatusOr<wire::ClusterStatus>(const std::string& without)> look;
  // Whether this member itself says that it serves.
  std::function<bool(const wire::Node&)> serves;
  // This replica takes over from its primary; returns when it has.
  std::function<absl::Status(const wire::Node&)> fail_over;
  // Begins this member's restart.
  std::function<absl::Status(const wire::Node&)> restart;
  std::function<absl::Time()> now;
  std::function<void(absl::Duration)> sleep;
  std::function<void(const std::string& line)> report;
};

struct RollingRestartOptions {
  // Restart primaries that no replica can stand in for: their slots have no owner meanwhile.
  bool allow_gaps = false;
  absl::Duration timeout_per_node = absl::Minutes(10);
};

// The ids of the members that were restarted, in that order.
absl::StatusOr<std::vector<std::string>> RestartAll(const RestartWorld& world,
                                                    const RollingRestartOptions& options);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_ROLLING_RESTART_H_
