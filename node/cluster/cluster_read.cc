// CLUSTER subcommands that read this node's own state.
#include <string>

#include "absl/strings/str_format.h"
#include "node/cluster/cluster_family.h"
#include "node/cluster/pubsub/relay.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

constexpr std::string_view kInvalidSlot = "ERR Invalid or out of range slot";

// Slots whose primary is up, suspected, dead.
struct SlotHealth {
  int ok = 0;
  int suspect = 0;
  int dead = 0;
};

SlotHealth CountSlots(const ClusterState& state) {
  SlotHealth health;
  for (const slots::ShardInfo& shard : state.map().data().shards) {
    const int count = shard.slots.count();
    const PeerHealth* peer = state.FindPeer(shard.primary);
    const gossip::State seen = peer == nullptr ? gossip::State::kAlive : peer->state;
    switch (seen) {
      case gossip::State::kAlive:
        health.ok += count;
        break;
      case gossip::State::kSuspect:
        health.suspect += count;
        break;
      case gossip::State::kDead:
        health.dead += count;
        break;
    }
  }
  return health;
}

int ShardsWithSlots(const slots::SlotMap& map) {
  int shards = 0;
  for (const slots::ShardInfo& shard : map.data().shards) shards += shard.slots.empty() ? 0 : 1;
  return shards;
}

}  // namespace

ClusterState* StateOrRefuse(CommandContext& ctx) {
  ClusterState* state = ctx.family<ClusterFamily>().state;
  if (state == nullptr) ctx.reply().Error(errors::kClusterDisabled);
  return state;
}

std::optional<slots::Slot> ParseSlot(CommandContext& ctx, std::string_view word) {
  const std::optional<int64_t> slot = ParseInt64(word);
  if (!slot.has_value() || *slot < 0 || *slot >= slots::kSlotCount) {
    ctx.reply().Error(kInvalidSlot);
    return std::nullopt;
  }
  return static_cast<slots::Slot>(*slot);
}

void Info(CommandContext& ctx, Args) {
  const ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const slots::SlotMap& map = state->map();
  const ClusterPicture& picture = state->picture();
  const SlotHealth health = CountSlots(*state);
  const slots::ShardInfo* shard = state->self_shard();
  std::string text = StrCat(
      "cluster_enabled:1\r\ncluster_state:", state->ok() ? "ok" : "fail",
      "\r\ncluster_slots_assigned:", map.assigned_slots(), "\r\ncluster_slots_ok:", health.ok,
      "\r\ncluster_slots_pfail:", health.suspect, "\r\ncluster_slots_fail:", health.dead,
      "\r\ncluster_known_nodes:", std::max<size_t>(1, map.data().nodes.size()),
      "\r\ncluster_size:", ShardsWithSlots(map),
      "\r\ncluster_current_epoch:", map.data().current_epoch,
      "\r\ncluster_my_epoch:", shard == nullptr ? 0 : shard->epoch);
  absl::StrAppend(
      &text, "\r\ncluster_stats_messages_ping_sent:", picture.messages_sent,
      "\r\ncluster_stats_messages_meet_sent:", picture.meets_sent,
      "\r\ncluster_stats_messages_sent:", picture.messages_sent + picture.meets_sent,
      "\r\ncluster_stats_messages_ping_received:", picture.messages_received,
      "\r\ncluster_stats_messages_meet_received:", picture.meets_received,
      "\r\ncluster_stats_messages_received:", picture.messages_received + picture.meets_received);
  if (const PubSubRelay* relay = ctx.family<ClusterFamily>().relay; relay != nullptr) {
    absl::StrAppend(&text, "\r\ncluster_stats_messages_publish_sent:", relay->stats().sent,
                    "\r\ncluster_stats_messages_publish_spared:", relay->stats().spared,
                    "\r\ncluster_stats_messages_publish_lost:", relay->stats().lost,
                    "\r\ncluster_stats_messages_publish_received:", relay->stats().received);
  }
  absl::StrAppend(&text, "\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n");
  ctx.reply().Verbatim("txt", text);
}

void MyId(CommandContext& ctx, Args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state != nullptr) ctx.reply().Bulk(state->link().self().ToHex());
}

void MyShardId(CommandContext& ctx, Args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const slots::ShardInfo* shard = state->self_shard();
  ctx.reply().Bulk((shard == nullptr ? slots::ShardId() : shard->id).ToHex());
}

void KeySlot(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) != nullptr) ctx.reply().Integer(slots::HashSlot(args[2]));
}

void CountKeysInSlot(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) == nullptr) return;
  const std::optional<int64_t> slot = ParseInt64(args[2]);
  if (!slot.has_value()) return ctx.reply().Error(errors::kNotInteger);
  if (*slot < 0 || *slot >= slots::kSlotCount) return ctx.reply().Error("Invalid slot");
  ctx.reply().Integer(static_cast<int64_t>(ctx.db().slot_size(static_cast<int>(*slot))));
}

void GetKeysInSlot(CommandContext& ctx, Args args) {
  if (StateOrRefuse(ctx) == nullptr) return;
  const std::optional<int64_t> slot = ParseInt64(args[2]);
  const std::optional<int64_t> count = ParseInt64(args[3]);
  if (!slot.has_value() || !count.has_value()) return ctx.reply().Error(errors::kNotInteger);
  if (*slot < 0 || *slot >= slots::kSlotCount || *count < 0) {
    return ctx.reply().Error("Invalid slot or number of keys");
  }
  Reply::Deferred length = ctx.reply().DeferArray();
  size_t found = 0;
  ctx.db().KeysInSlot(static_cast<int>(*slot), static_cast<size_t>(*count), ctx.now_ms(),
                      [&](const Entry& entry) {
                        ctx.reply().Bulk(entry.key());
                        ++found;
                      });
  ctx.reply().Finish(length, found);
}

void CountFailureReports(CommandContext& ctx, Args args) {
  ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const std::optional<slots::NodeId> id = slots::NodeId::FromHex(args[2]);
  if (!id.has_value() || state->map().FindNode(*id) == nullptr) {
    return ctx.reply().Error(StrCat("Unknown node ", args[2]));
  }
  const PeerHealth* peer = state->FindPeer(*id);
  ctx.reply().Integer(peer != nullptr && peer->state != gossip::State::kAlive ? 1 : 0);
}

void Help(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "ADDSLOTS <slot> [<slot> ...]",
      "    Give unowned slots to this node.",
      "ADDSLOTSRANGE <start> <end> [<start> <end> ...]",
      "    The same for ranges.",
      "BUMPEPOCH",
      "    Raise this shard's configuration epoch above all others.",
      "CANCELSLOTMIGRATIONS",
      "    Stop the atomic slot moves that this node sends.",
      "COUNT-FAILURE-REPORTS <node-id>",
      "    Whether the node is taken for failing.",
      "COUNTKEYSINSLOT <slot>",
      "    Number of keys in a slot.",
      "DELSLOTS <slot> [<slot> ...]",
      "    Leave slots without an owner.",
      "DELSLOTSRANGE <start> <end> [<start> <end> ...]",
      "    The same for ranges.",
      "FLUSHSLOTS",
      "    Leave all of this node's slots without an owner.",
      "FORGET <node-id>",
      "    Take a member out of the cluster.",
      "GETKEYSINSLOT <slot> <count>",
      "    Keys of a slot.",
      "GETSLOTMIGRATIONS",
      "    Atomic slot moves that run or have run on this node.",
      "INFO",
      "    State of the cluster.",
      "KEYSLOT <key>",
      "    The slot of a key.",
      "LINKS",
      "    This node's connections to others.",
      "MEET <ip> <port> [<bus-port>]",
      "    Join this node's cluster and the one at that address.",
      "MIGRATESLOTS SLOTSRANGE <start> <end> [<start> <end> ...] NODE <node-id> [...]",
      "    Move slots with their keys to another primary, atomically.",
      "MYID",
      "    This node's id.",
      "MYSHARDID",
      "    This node's shard's id.",
      "NODES",
      "    All members, a line each.",
      "REPLICAS <node-id>",
      "    Replicas of a primary.",
      "RESET [HARD|SOFT]",
      "    Leave the cluster.",
      "SAVECONFIG",
      "    Write the cluster's state to disk.",
      "SET-CONFIG-EPOCH <epoch>",
      "    Set the epoch of a node that is alone.",
      "SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)",
      "    Change a slot's state or owner.",
      "SHARDS",
      "    Slots and nodes of each shard.",
      "SLOT-STATS (SLOTSRANGE <start> <end>|ORDERBY <metric> [LIMIT <count>] [ASC|DESC])",
      "    Keys of slots, and what the slots cost in time, traffic and memory.",
      "SLOTS",
      "    Ranges of slots with their nodes.",
      "HELP",
      "    Prints this help.",
  };
  ctx.reply().Array(std::size(kLines));
  for (const std::string_view line : kLines) ctx.reply().Simple(line);
}

}  // namespace slotmesh::node::cluster_commands
