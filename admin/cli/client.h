// The Admin service's client: one connection to one member's bus.
//
// Blocking. Neither gRPC nor the generated stubs show here. Thread-compatible.
#ifndef SLOTMESH_ADMIN_CLI_CLIENT_H_
#define SLOTMESH_ADMIN_CLI_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "admin/admin.pb.h"
#include "gossip/bus/auth.h"

namespace slotmesh::admin {

class AdminClient {
 public:
  using OnProgress = std::function<void(const wire::Progress&)>;

  virtual ~AdminClient() = default;

  virtual absl::StatusOr<wire::ClusterStatus> Status() = 0;
  virtual absl::StatusOr<wire::CheckReply> Check() = 0;
  virtual absl::Status AcceptEmpty() = 0;
  virtual absl::Status RecoverQuorum() = 0;
  virtual absl::Status Restart() = 0;
  virtual absl::StatusOr<wire::LibrariesReply> Libraries() = 0;
  virtual absl::StatusOr<wire::ModulesReply> Modules() = 0;
  virtual absl::StatusOr<wire::LoadLibraryReply> LoadLibrary(
      const wire::LoadLibraryRequest& request) = 0;
  virtual absl::Status DeleteLibrary(const wire::DeleteLibraryRequest& request) = 0;
  // Until `on_status` gives false.
  virtual absl::Status Watch(const wire::WatchRequest& request,
                             const std::function<bool(const wire::ClusterStatus&)>& on_status) = 0;
  virtual absl::Status Form(const wire::FormRequest& request, const OnProgress& on_progress) = 0;
  virtual absl::Status AddNode(const wire::AddNodeRequest& request,
                               const OnProgress& on_progress) = 0;
  virtual absl::Status RemoveNode(const wire::RemoveNodeRequest& request,
                                  const OnProgress& on_progress) = 0;
  virtual absl::Status Drain(const wire::DrainRequest& request, const OnProgress& on_progress) = 0;
  virtual absl::Status Failover(const wire::FailoverRequest& request,
                                const OnProgress& on_progress) = 0;
  virtual absl::Status Reshard(const wire::ReshardRequest& request,
                               const OnProgress& on_progress) = 0;
  virtual absl::Status Rebalance(const wire::RebalanceRequest& request,
                                 const OnProgress& on_progress) = 0;
  virtual absl::Status Logs(const wire::LogsRequest& request,
                            const std::function<void(const wire::LogLine&)>& on_line) = 0;
};

// Does not connect yet. `timeout` bounds single answers, not streams. INVALID_ARGUMENT for
// certificates that cannot be used. `auth` outlives the client.
absl::StatusOr<std::unique_ptr<AdminClient>> MakeAdminClient(const std::string& bus_address,
                                                             bus::Authenticator* auth,
                                                             absl::Duration timeout);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_CLIENT_H_
