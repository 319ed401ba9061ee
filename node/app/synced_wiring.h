// write-safety synced, put together: replicas say how far they are, the cluster's glue decides what
// is safe, and the server sends what waited for it.
#ifndef SLOTMESH_NODE_APP_SYNCED_WIRING_H_
#define SLOTMESH_NODE_APP_SYNCED_WIRING_H_

#include "node/cluster/synced_writes.h"
#include "node/config/config_store.h"
#include "node/net/server.h"
#include "node/replication/replication.h"

namespace slotmesh::node {

// Called once, when the node's files are loaded. All outlive the settings' last change.
void WireSyncedWrites(SyncedWrites& writes, Replication& replication, Server& server,
                      ConfigStore& settings);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_SYNCED_WIRING_H_
