// CLUSTER and its subcommands: what they read of the node's state, and how they change the cluster
// through the ledger.
//
// A changing subcommand blocks its client until the ledger has decided; inside a transaction or
// script it is refused.
#ifndef SLOTMESH_NODE_CLUSTER_CLUSTER_FAMILY_H_
#define SLOTMESH_NODE_CLUSTER_CLUSTER_FAMILY_H_

#include <functional>

#include "absl/types/span.h"
#include "node/cluster/cluster_state.h"
#include "node/command/command_context.h"
#include "node/command/command_spec.h"

namespace slotmesh::node {

class MigrationBook;
class PubSubRelay;
class SlotHandover;
class StagedMoves;

// The family's state. All null outside cluster mode: then every subcommand but KEYSLOT's like is
// refused.
struct ClusterFamily {
  ClusterState* state = nullptr;
  MigrationBook* migrations = nullptr;
  const PubSubRelay* relay = nullptr;
  SlotHandover* handover = nullptr;
  StagedMoves* staged = nullptr;
  // Of replication, for CLUSTER FAILOVER on a replica: asks the primary to make way (false if it
  // cannot be asked), and says whether this node has a copy of its data.
  std::function<bool()> ask_primary_to_make_way;
  std::function<bool()> has_copy;
};

absl::Span<const CommandSpec> ClusterCommands();

// The handlers, by what they do. Each REQUIRES a ClusterFamily as its family's state.
namespace cluster_commands {

// cluster_read.cc
void Info(CommandContext& ctx, Args args);
void MyId(CommandContext& ctx, Args args);
void MyShardId(CommandContext& ctx, Args args);
void KeySlot(CommandContext& ctx, Args args);
void CountKeysInSlot(CommandContext& ctx, Args args);
void GetKeysInSlot(CommandContext& ctx, Args args);
void CountFailureReports(CommandContext& ctx, Args args);
void Help(CommandContext& ctx, Args args);
// cluster_topology.cc
void Nodes(CommandContext& ctx, Args args);
void Slots(CommandContext& ctx, Args args);
void Shards(CommandContext& ctx, Args args);
void Links(CommandContext& ctx, Args args);
void Replicas(CommandContext& ctx, Args args);
// cluster_change.cc
void Meet(CommandContext& ctx, Args args);
void Forget(CommandContext& ctx, Args args);
void AddSlots(CommandContext& ctx, Args args);
void AddSlotsRange(CommandContext& ctx, Args args);
void DelSlots(CommandContext& ctx, Args args);
void DelSlotsRange(CommandContext& ctx, Args args);
void FlushSlot(CommandContext& ctx, Args args);
void FlushSlots(CommandContext& ctx, Args args);
void SetConfigEpoch(CommandContext& ctx, Args args);
void BumpEpoch(CommandContext& ctx, Args args);
void Reset(CommandContext& ctx, Args args);
void SaveConfig(CommandContext& ctx, Args args);
void Replicate(CommandContext& ctx, Args args);
// cluster_failover.cc
void Failover(CommandContext& ctx, Args args);
// cluster_setslot.cc
void SetSlot(CommandContext& ctx, Args args);
// cluster_slot_stats.cc
void SlotStatistics(CommandContext& ctx, Args args);
// cluster_migrations.cc
void MigrateSlots(CommandContext& ctx, Args args);
void GetSlotMigrations(CommandContext& ctx, Args args);
void CancelSlotMigrations(CommandContext& ctx, Args args);
// cluster_staged.cc
void Staged(CommandContext& ctx, Args args);

// The node's state, or null with the refusal in the reply.
ClusterState* StateOrRefuse(CommandContext& ctx);
// A slot's number, or nothing with the refusal in the reply.
std::optional<slots::Slot> ParseSlot(CommandContext& ctx, std::string_view word);

}  // namespace cluster_commands
}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_CLUSTER_FAMILY_H_
