// Where the dispatcher asks the cluster: may this request run here, may its reply leave?
//
// node/cluster implements it over the live slot map and the lease; a node outside a cluster has
// none. Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_CLUSTER_GATE_H_
#define SLOTMESH_NODE_COMMAND_CLUSTER_GATE_H_

#include <cstdint>

#include "node/command/client.h"
#include "node/command/command_spec.h"
#include "node/command/registry.h"
#include "slots/router.h"

namespace slotmesh::node {

struct GateRequest {
  const Command& command;
  Args args;
  Flag flags;            // The command's; for EXEC those of all queued commands.
  slots::KeySlots keys;  // Of its keys or shard channels; for EXEC of those of all queued commands.
  RequestOrigin origin = RequestOrigin::kClient;
  int64_t now_ms = 0;
};

enum class Admission : uint8_t {
  kServe = 0,
  kRefused = 1,  // The refusal (a redirect, CLUSTERDOWN, ...) is in the reply.
  kPark = 2,     // The slot's writes are fenced: the request waits and runs again from its start.
};

class ClusterGate {
 public:
  virtual ~ClusterGate() = default;

  // Called after ACL for every request with keys, and for writes without (keys.slot is -1).
  // `client` gives READONLY, ASKING and the transport.
  virtual Admission Admit(const GateRequest& request, Client& client, Reply& reply) = 0;
  // True while replies to writes may leave: the lease of SAFETY 7 still holds. Asked when a turn's
  // output is sent; where it says no the connection is closed (SAFETY 16).
  virtual bool MayAcknowledge() = 0;
  // Whether keys of the slot may be removed now other than by a request: it is served here, nobody
  // holds its writes, and the lease is there; or it is not, and they are left over.
  virtual bool MayChange(slots::Slot slot) = 0;
  // EXEC counts as one request: what it queued is checked together when it runs.

  // --- write-safety synced (SAFETY 11 to 16). ---

  // A request of a synced connection has seen what the journal has up to `offset` (data_offset()).
  // True if its reply waits until IsSafe(offset); the replicas are asked.
  virtual bool HoldsReply(uint64_t /*offset*/) { return false; }
  virtual bool IsSafe(uint64_t /*offset*/) { return true; }
  // There are as many copies as a synced write is promised (min-in-sync).
  virtual bool EnoughInSync() { return true; }
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_CLUSTER_GATE_H_
