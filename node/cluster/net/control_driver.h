// The control thread: runs a ControlNode over the real bus, files and clock, and links it to the
// engine.
//
// Start() opens the node's files and the bus and starts the thread; the destructor ends both. As a
// ControlLink it is used on the engine thread; pictures and outcomes come back there through
// `post_to_engine`. A node whose ledger cannot be written any more is a danger: `on_fatal` is then
// called (on the engine thread) and must end the process.
#ifndef SLOTMESH_NODE_CLUSTER_NET_CONTROL_DRIVER_H_
#define SLOTMESH_NODE_CLUSTER_NET_CONTROL_DRIVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gossip/bus/auth.h"
#include "gossip/bus/transport.h"
#include "node/cluster/control/control_node.h"
#include "node/cluster/control_link.h"
#include "node/command/bus_faults.h"
#include "node/stats/clock.h"
#include "node/stats/log.h"

namespace grpc {
class Service;
}

namespace slotmesh::node {

struct ControlEnvironment {
  Log& log;
  Clock& clock;
  bus::Authenticator& auth;
  std::function<void(std::function<void()>)> post_to_engine;  // From any thread.
  std::function<void(const absl::Status&)> on_fatal;
  std::function<uint64_t()> unpredictable;  // From any thread.
  uint64_t seed = 0;
  std::string node_file;
  std::string ledger_folder;
  std::string library_folder;
  std::vector<std::string> binds;        // Of the bus, "ip:port".
  std::vector<grpc::Service*> services;  // Served beside the bus; outlive the driver.
};

class ControlDriver : public ControlLink, public BusFaults {
 public:
  // Published messages that have come and that the engine thread has not looked at yet; what comes
  // beyond is lost.
  static constexpr size_t kPubSubWaitingBytesMax = size_t{64} << 20;

  static absl::StatusOr<std::unique_ptr<ControlDriver>> Start(const ControlOptions& options,
                                                              const ControlEnvironment& env);

  // Figures for heartbeats and joins. Engine thread.
  virtual void Report(const LocalState& local) = 0;
  // The engine lives, and says so again within that time; or it is taken for dead (EngineSilent).
  virtual void EngineTurned(absl::Duration again_within) = 0;
  virtual bus::TransportStats bus_stats() const = 0;
  // self() for other threads.
  virtual slots::NodeId self_now() const = 0;
  // Frames lost because the engine thread was too slow.
  virtual uint64_t pubsub_overflows() const = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_NET_CONTROL_DRIVER_H_
