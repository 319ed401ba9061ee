// Slots that come with all their keys at once, or leave so: what the node's files and replicas hear
// of it.
//
// No command did it, so the journal gets commands that do the same: RESTORE of each key that came,
// CLUSTER FLUSHSLOT of each slot that left. Engine thread only; not within a command. Cost: nothing
// without files and replicas; else each key that came is encoded once, while everything waits.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_SLOT_JOURNAL_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_SLOT_JOURNAL_H_

#include "node/command/engine.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

// These slots' keys are here now.
void JournalArrival(Engine& engine, const slots::SlotSet& slots);
// These slots' keys, if there are any, are about to go.
void JournalDeparture(Engine& engine, const slots::SlotSet& slots);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_SLOT_JOURNAL_H_
