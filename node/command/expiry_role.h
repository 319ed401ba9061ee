// Whether keys whose time has come are removed now. Engine thread only.
#ifndef SLOTMESH_NODE_COMMAND_EXPIRY_ROLE_H_
#define SLOTMESH_NODE_COMMAND_EXPIRY_ROLE_H_

#include "node/command/engine.h"

namespace slotmesh::node {

// While clients are paused nothing may change, so that another node can take over: expired keys are
// absent for readers, and stay. To be called when a pause begins or may have ended; not within the
// replication stream.
inline void FollowPause(Engine& engine) {
  if (engine.loading.active || engine.replication.is_replica) return;
  const bool paused = engine.pause.active(engine.now_ms) != Pause::Kind::kNone;
  engine.keyspace.set_expiry_mode(paused ? ExpiryMode::kHide : ExpiryMode::kDelete);
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_EXPIRY_ROLE_H_
