// admin::ClusterControl over the engine thread: each call is posted there and waited for.
#ifndef SLOTMESH_NODE_APP_CLUSTER_ADMIN_H_
#define SLOTMESH_NODE_APP_CLUSTER_ADMIN_H_

#include <functional>
#include <memory>

#include "admin/cluster_control.h"
#include "boost/asio/io_context.hpp"
#include "functions/cluster_libraries.h"
#include "modules/modules.h"
#include "node/app/log_ring.h"
#include "node/cluster/cluster_family.h"
#include "node/cluster/cluster_state.h"
#include "node/command/client_table.h"
#include "node/command/engine.h"

namespace slotmesh::node {

class ClusterAdmin : public admin::ClusterControl {
 public:
  struct Environment {
    boost::asio::io_context& io;  // The engine's.
    Engine& engine;
    ClientTable& clients;
    LogRing& log;
    // Begins to end the process, to start it anew; an error if it cannot be. Engine thread.
    std::function<absl::Status()> restart;
    uint64_t seed = 0;
  };

  static std::unique_ptr<ClusterAdmin> Make(const Environment& environment);

  // The service starts before there is a state: until then every call is UNAVAILABLE.
  virtual void SetFamily(const ClusterFamily* family) = 0;
  // How far this node's own data is, as ClusterPart::Tick has it.
  virtual void SetOffset(uint64_t offset) = 0;
  // `shared` is null where the node decides alone. Borrowed; engine thread.
  virtual void SetLibraries(const functions::Functions* functions,
                            functions::ClusterLibraries* shared) = 0;
  // Borrowed; engine thread.
  virtual void SetModules(const modules::Modules& modules) = 0;
  // What View() gives, on the engine thread itself.
  virtual admin::ClusterView Look(ClusterState& state) const = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_CLUSTER_ADMIN_H_
