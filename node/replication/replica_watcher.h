// Who follows how far each of a cluster's processes has this node's stream: write-safety synced.
//
// Called on the engine thread, within a request of the replica's or from a timer.
#ifndef SLOTMESH_NODE_REPLICATION_REPLICA_WATCHER_H_
#define SLOTMESH_NODE_REPLICATION_REPLICA_WATCHER_H_

#include <cstdint>

#include "slots/ids.h"

namespace slotmesh::node {

class ReplicaWatcher {
 public:
  // It has all up to `offset`.
  virtual void OnProgress(const slots::NodeId& node, slots::BootId boot, uint64_t offset) = 0;
  // Its last connection has ended.
  virtual void OnGone(const slots::NodeId& node, slots::BootId boot) = 0;
  // It needs a full copy, for which it forgets what it has. False: it may not yet, and is asked for
  // again.
  virtual bool MayForget(const slots::NodeId& node, slots::BootId boot) = 0;

 protected:
  ~ReplicaWatcher() = default;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_REPLICA_WATCHER_H_
