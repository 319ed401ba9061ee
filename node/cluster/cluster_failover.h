// A replica becomes its shard's primary because somebody asked for it (CLUSTER FAILOVER, slotmesh
// failover). What happens when a primary fails stands in control/.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_CLUSTER_CLUSTER_FAILOVER_H_
#define SLOTMESH_NODE_CLUSTER_CLUSTER_FAILOVER_H_

#include "absl/status/status.h"
#include "node/cluster/cluster_family.h"
#include "node/cluster/control_link.h"

namespace slotmesh::node {

struct FailoverWish {
  // Without the primary's help: what it wrote last may be lost, as with any failover.
  bool force = false;
  // Also when this replica is not in sync in a shard of synced writes (SAFETY 17).
  bool accept_data_loss = false;
};

// OK if this node may take over, as far as it can tell. Errors' messages, here and of
// BeginFailover, are ready for clients.
absl::Status CheckFailover(const ClusterFamily& family, const FailoverWish& wish);

// `done` gets OK when the ledger has made this node the primary; where nothing is forced, already
// when its primary has been asked to make way. REQUIRES: CheckFailover() is OK.
void BeginFailover(const ClusterFamily& family, const FailoverWish& wish, ControlLink::Done done);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CLUSTER_FAILOVER_H_
