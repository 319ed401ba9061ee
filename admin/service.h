// The Admin service over a ClusterControl, to be registered on the bus's gRPC server.
//
// Callers prove themselves as on the bus. Each call has a thread of gRPC's for as long as it runs;
// at most kAdminCallsMax at a time, and one change (form, add,
// drain, remove, reshard, rebalance, fail over) at a time. Thread-safe. Must outlive the server.
#ifndef SLOTMESH_ADMIN_SERVICE_H_
#define SLOTMESH_ADMIN_SERVICE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "admin/cluster_control.h"
#include "gossip/bus/auth.h"
#include "gossip/bus/frame.h"

namespace grpc {
class Service;
}

namespace slotmesh::admin {

inline constexpr int kAdminCallsMax = 32;
inline constexpr absl::Duration kWatchEveryMin = absl::Milliseconds(100);
inline constexpr size_t kLogLinesMax = 10'000;

struct AdminServiceOptions {
  std::function<bus::Sender()> self;  // Who answers; any thread.
  std::function<absl::Time()> now;
  std::function<void(absl::Duration)> sleep;
};

class AdminService {
 public:
  virtual ~AdminService() = default;
  virtual grpc::Service* service() = 0;
  // Ends running Watch and Logs streams and changes soon, so that the server can shut down.
  virtual void Stop() = 0;
  // Callers turned away.
  virtual uint64_t refused() const = 0;
};

// `control` and `auth` outlive the service.
std::unique_ptr<AdminService> MakeAdminService(ClusterControl* control, bus::Authenticator* auth,
                                               AdminServiceOptions options);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_SERVICE_H_
