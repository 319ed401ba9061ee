// Giving slots away by the owner's own word (SAFETY 8): it has stopped to take writes there before
// it proposes that they are no longer its own.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_CLUSTER_SLOT_RELEASE_H_
#define SLOTMESH_NODE_CLUSTER_SLOT_RELEASE_H_

#include "absl/status/status.h"
#include "node/cluster/cluster_state.h"

namespace slotmesh::node {

// Proposes to take slots from this node's shard. Their writes are held from now on. While the
// outcome is not known they stay held, and it is proposed again: what it comes to then is what it
// came to. `done` gets the first answer.
void GiveAway(ClusterState& state, const ledger::Change& change, const slots::SlotSet& slots,
              ControlLink::Done done);

// SETSLOT NODE at the slot's owner: OK if it may give the slot to another shard now. It must hold
// no keys here in any database; those that have expired are removed. REQUIRES: this node is the
// primary of the slot's shard.
absl::Status CheckRelease(Engine& engine, const ClusterState& state, slots::Slot slot);
// Gives it away. REQUIRES: CheckRelease has just said OK; `target` is another shard.
void ReleaseSlot(ClusterState& state, slots::Slot slot, const slots::ShardInfo& target,
                 ControlLink::Done done);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_SLOT_RELEASE_H_
