// What replication means for the checks of commands. Kept by node/replication; all zero without it.
#ifndef SLOTMESH_NODE_COMMAND_REPLICATION_STATE_H_
#define SLOTMESH_NODE_COMMAND_REPLICATION_STATE_H_

#include <cstdint>
#include <string>

namespace slotmesh::node {

struct ReplicationState {
  bool is_replica = false;
  std::string primary;  // "host:port"; empty for a primary.
  // A replica whose data is not its primary's: not yet, or not any more.
  bool stale = false;
  // That have the stream and acknowledged it within min-replicas-max-lag.
  int64_t good_replicas = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_REPLICATION_STATE_H_
