// What CLUSTER subcommands that change the cluster share: proposing, and replying when it is
// decided. Internal to the family.
#ifndef SLOTMESH_NODE_CLUSTER_CLUSTER_PROPOSE_H_
#define SLOTMESH_NODE_CLUSTER_CLUSTER_PROPOSE_H_

#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "node/cluster/cluster_family.h"

namespace slotmesh::node::cluster_commands {

// The way back to a client whose reply waits for the ledger.
ControlLink::Done ReplyWhenDecided(CommandContext& ctx);
// The ledger decides later; where a command cannot wait for its reply it cannot be given.
bool RefusedWhereItCannotWait(CommandContext& ctx);
void Propose(CommandContext& ctx, ClusterState& state, ledger::Change change);
// How long a change waits for a cluster that is being formed, or is joining another one.
inline constexpr int64_t kFormingMillis = 10'000;
// Hands a change to the ledger; null: there is nothing to change.
using Proposing = std::function<void(ControlLink::Done)>;
// What is to be proposed by the present map. An error's message is the reply; aborted: of a cluster
// that is still forming, so that it is worth asking again. `again`: what was proposed before may
// have come to pass all the same.
using Attempt = std::function<absl::StatusOr<Proposing>(bool again)>;
// Proposes it; while the cluster is still forming, or its map changes under the proposal, looks
// anew, for at most kFormingMillis.
void ProposeOnceFormed(CommandContext& ctx, ClusterState& state, Attempt attempt);
// A slot changes hands by one way at a time.
bool RefusedWhileFenced(CommandContext& ctx, const ClusterState& state,
                        const slots::SlotSet& slots);
absl::Status CheckFenced(const ClusterState& state, const slots::SlotSet& slots);
// This node's shard, of which it is the primary. Aborted if it has none yet.
absl::StatusOr<const slots::ShardInfo*> OwnShard(const ClusterState& state);
// The same, or null with the refusal in the reply.
const slots::ShardInfo* ShardOrRefuse(CommandContext& ctx, const ClusterState& state);
// A member by the id in `word`, or null with `unknown` and the word in the reply.
const slots::NodeInfo* MemberOrRefuse(CommandContext& ctx, const ClusterState& state,
                                      std::string_view word,
                                      std::string_view unknown = "Unknown node ");

}  // namespace slotmesh::node::cluster_commands

#endif  // SLOTMESH_NODE_CLUSTER_CLUSTER_PROPOSE_H_
