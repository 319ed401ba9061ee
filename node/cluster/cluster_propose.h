// What CLUSTER subcommands that change the cluster share: proposing, and replying when it is
// decided. Internal to the family.
#ifndef SLOTMESH_NODE_CLUSTER_CLUSTER_PROPOSE_H_
#define SLOTMESH_NODE_CLUSTER_CLUSTER_PROPOSE_H_

#include "node/cluster/cluster_family.h"

namespace slotmesh::node::cluster_commands {

// The way back to a client whose reply waits for the ledger.
ControlLink::Done ReplyWhenDecided(CommandContext& ctx);
// The ledger decides later; where a command cannot wait for its reply it cannot be given.
bool RefusedWhereItCannotWait(CommandContext& ctx);
void Propose(CommandContext& ctx, ClusterState& state, ledger::Change change);
// A slot changes hands by one way at a time.
bool RefusedWhileFenced(CommandContext& ctx, const ClusterState& state,
                        const slots::SlotSet& slots);
// This node's shard, of which it is the primary, or null with the refusal in the reply.
const slots::ShardInfo* ShardOrRefuse(CommandContext& ctx, const ClusterState& state);
// A member by the id in `word`, or null with `unknown` and the word in the reply.
const slots::NodeInfo* MemberOrRefuse(CommandContext& ctx, const ClusterState& state,
                                      std::string_view word,
                                      std::string_view unknown = "Unknown node ");

}  // namespace slotmesh::node::cluster_commands

#endif  // SLOTMESH_NODE_CLUSTER_CLUSTER_PROPOSE_H_
