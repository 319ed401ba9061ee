// Settings that an engine's parts keep copies of: given to them now, and whenever CONFIG SET
// changes one.
//
// Engine thread only. The engine outlives the store's use.
#ifndef SLOTMESH_NODE_COMMAND_ENGINE_SETTINGS_H_
#define SLOTMESH_NODE_COMMAND_ENGINE_SETTINGS_H_

#include "node/command/engine.h"
#include "node/config/config_store.h"

namespace slotmesh::node {

// Of the slow log and the logs of large requests and replies.
void FollowLogSettings(ConfigStore& store, Engine& engine);
// Of access clocks and lazy expiry.
void FollowKeyspaceSettings(ConfigStore& store, Engine& engine);
// Of the forms of values; the tables within them get the keyspace's seed.
void FollowTypeSettings(ConfigStore& store, Engine& engine);

// Of the counters of slots, where there are any.
void FollowSlotStats(ConfigStore& store, Engine& engine);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_ENGINE_SETTINGS_H_
