// CLUSTER subcommands that describe members and slots.
#include <algorithm>
#include <string>
#include <vector>

#include "node/cluster/cluster_family.h"
#include "node/resp/errors.h"
#include "slots/redirect.h"
#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

using slots::NodeInfo;
using slots::ShardInfo;

slots::EndpointType Endpoints(CommandContext& ctx) {
  return static_cast<slots::EndpointType>(ctx.engine().config.cluster_preferred_endpoint_type);
}

gossip::State StateOf(const ClusterState& state, const slots::NodeId& node) {
  const PeerHealth* peer = state.FindPeer(node);
  return peer == nullptr ? gossip::State::kAlive : peer->state;
}

std::string FlagsOf(const ClusterState& state, const NodeInfo& node, bool primary) {
  std::string flags = node.id == state.self_id() ? "myself," : "";
  absl::StrAppend(&flags, primary ? "master" : "slave");
  switch (StateOf(state, node.id)) {
    case gossip::State::kAlive:
      break;
    case gossip::State::kSuspect:
      absl::StrAppend(&flags, ",fail?");
      break;
    case gossip::State::kDead:
      absl::StrAppend(&flags, ",fail");
      break;
  }
  if (node.labels.no_failover) absl::StrAppend(&flags, ",nofailover");
  return flags;
}

void AppendSlots(const ShardInfo& shard, std::string* line) {
  for (const slots::SlotRange& range : shard.slots.Ranges()) {
    absl::StrAppend(line, " ", range.first);
    if (range.last != range.first) absl::StrAppend(line, "-", range.last);
  }
}

void AppendOpenSlots(const ClusterState& state, std::string* line) {
  for (const auto& [slot, open] : state.open_slots().all()) {
    if (!open.migrating_to.is_zero()) {
      absl::StrAppend(line, " [", slot, "->-", open.migrating_to.ToHex(), "]");
    } else {
      absl::StrAppend(line, " [", slot, "-<-", open.importing_from.ToHex(), "]");
    }
  }
}

// One line of CLUSTER NODES.
std::string NodeLine(const ClusterState& state, const NodeInfo& member, slots::IpFamily family) {
  const NodeInfo& node = state.Shown(member);
  const ShardInfo* shard = state.map().ShardOf(node.id);
  const bool primary = shard == nullptr || shard->primary == node.id;
  const PeerHealth* peer = state.FindPeer(node.id);
  std::string line = StrCat(node.id.ToHex(), " ", slots::ClientIp(node, family), ":",
                            slots::ClientPort(node, /*tls=*/false), "@", node.bus_port);
  if (!node.hostname.empty()) absl::StrAppend(&line, ",", node.hostname);
  absl::StrAppend(&line, " ", FlagsOf(state, node, primary), " ",
                  primary || shard == nullptr ? "-" : shard->primary.ToHex(), " ",
                  peer == nullptr ? 0 : peer->ping_sent_ms, " ",
                  peer == nullptr ? 0 : peer->pong_received_ms, " ",
                  shard == nullptr ? 0 : shard->epoch, " ",
                  peer == nullptr || peer->connected ? "connected" : "disconnected");
  if (primary && shard != nullptr) AppendSlots(*shard, &line);
  if (node.id == state.self_id()) AppendOpenSlots(state, &line);
  return line + "\n";
}

// The metadata that the preferred endpoint leaves out: the other names of the node.
void WriteMetadata(CommandContext& ctx, const NodeInfo& node) {
  Reply& reply = ctx.reply();
  const slots::EndpointType type = Endpoints(ctx);
  const bool ip = type != slots::EndpointType::kIp;
  const bool hostname = type != slots::EndpointType::kHostname && !node.hostname.empty();
  reply.Map((ip ? 1 : 0) + (hostname ? 1 : 0));
  if (ip) {
    reply.Bulk("ip");
    reply.Bulk(slots::ClientIp(node, FamilyOf(ctx.client())));
  }
  if (hostname) {
    reply.Bulk("hostname");
    reply.Bulk(node.hostname);
  }
}

void WriteEndpoint(CommandContext& ctx, const NodeInfo& node) {
  const slots::EndpointType type = Endpoints(ctx);
  if (type == slots::EndpointType::kUnknown) return ctx.reply().Null();
  ctx.reply().Bulk(slots::RedirectHost(node, type, FamilyOf(ctx.client())));
}

void WriteSlotsNode(CommandContext& ctx, const ClusterState& state, const NodeInfo& member) {
  const NodeInfo& node = state.Shown(member);
  ctx.reply().Array(4);
  WriteEndpoint(ctx, node);
  ctx.reply().Integer(slots::ClientPort(node, /*tls=*/false));
  ctx.reply().Bulk(node.id.ToHex());
  WriteMetadata(ctx, node);
}

struct ServedRange {
  slots::SlotRange range;
  const ShardInfo* shard;
};

// All owned ranges in the order of slots.
std::vector<ServedRange> ServedRanges(const slots::SlotMap& map) {
  std::vector<ServedRange> served;
  for (const ShardInfo& shard : map.data().shards) {
    for (const slots::SlotRange& range : shard.slots.Ranges()) served.push_back({range, &shard});
  }
  std::sort(served.begin(), served.end(), [](const ServedRange& a, const ServedRange& b) {
    return a.range.first < b.range.first;
  });
  return served;
}

// A shard's members that a client may use, the primary first; replicas that are down are left out.
std::vector<const NodeInfo*> UsableMembers(const ClusterState& state, const ShardInfo& shard) {
  std::vector<const NodeInfo*> members;
  if (const NodeInfo* primary = state.map().FindNode(shard.primary)) members.push_back(primary);
  for (const slots::NodeId& replica : shard.replicas) {
    const NodeInfo* node = state.map().FindNode(replica);
    if (node == nullptr || !state.IsUp(replica)) continue;
    const PeerHealth* peer = state.FindPeer(replica);
    if (peer != nullptr && peer->replication_offset == 0) continue;
    members.push_back(node);
  }
  return members;
}

void WriteShardNode(CommandContext& ctx, const ClusterState& state, const ShardInfo& shard,
                    const NodeInfo& member) {
  const NodeInfo& node = state.Shown(member);
  Reply& reply = ctx.reply();
  const PeerHealth* peer = state.FindPeer(node.id);
  const bool hostname = !node.hostname.empty();
  reply.Map(7 + (hostname ? 1 : 0) + (node.tls_port != 0 ? 1 : 0));
  reply.Bulk("id");
  reply.Bulk(node.id.ToHex());
  reply.Bulk("port");
  reply.Integer(node.port);
  if (node.tls_port != 0) {
    reply.Bulk("tls-port");
    reply.Integer(node.tls_port);
  }
  reply.Bulk("ip");
  reply.Bulk(slots::ClientIp(node, FamilyOf(ctx.client())));
  reply.Bulk("endpoint");
  WriteEndpoint(ctx, node);
  if (hostname) {
    reply.Bulk("hostname");
    reply.Bulk(node.hostname);
  }
  reply.Bulk("role");
  reply.Bulk(shard.primary == node.id ? "master" : "replica");
  reply.Bulk("replication-offset");
  reply.Integer(peer == nullptr ? static_cast<int64_t>(ctx.engine().journal.offset())
                                : static_cast<int64_t>(peer->replication_offset));
  reply.Bulk("health");
  const bool loads = node.id == state.self_id() && ctx.engine().loading.active;
  reply.Bulk(loads ? "loading" : state.IsUp(node.id) ? "online" : "fail");
}

std::vector<const NodeInfo*> AllMembers(const slots::SlotMap& map, const ShardInfo& shard) {
  std::vector<const NodeInfo*> members;
  for (const NodeInfo& node : map.data().nodes) {
    if (node.shard == shard.id) members.push_back(&node);
  }
  return members;
}

}  // namespace

void Nodes(CommandContext& ctx, Args) {
  const ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  std::string text;
  const slots::IpFamily family = FamilyOf(ctx.client());
  if (state->self() == nullptr) text += NodeLine(*state, state->own_info(), family);
  for (const NodeInfo& node : state->map().data().nodes) text += NodeLine(*state, node, family);
  ctx.reply().Verbatim("txt", text);
}

void Slots(CommandContext& ctx, Args) {
  const ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const std::vector<ServedRange> served = ServedRanges(state->map());
  ctx.reply().Array(served.size());
  for (const ServedRange& part : served) {
    const std::vector<const NodeInfo*> members = UsableMembers(*state, *part.shard);
    ctx.reply().Array(2 + members.size());
    ctx.reply().Integer(part.range.first);
    ctx.reply().Integer(part.range.last);
    for (const NodeInfo* node : members) WriteSlotsNode(ctx, *state, *node);
  }
}

void Shards(CommandContext& ctx, Args) {
  const ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  Reply& reply = ctx.reply();
  reply.Array(state->map().data().shards.size());
  for (const ShardInfo& shard : state->map().data().shards) {
    reply.Map(2);
    reply.Bulk("slots");
    const std::vector<slots::SlotRange> ranges = shard.slots.Ranges();
    reply.Array(ranges.size() * 2);
    for (const slots::SlotRange& range : ranges) {
      reply.Integer(range.first);
      reply.Integer(range.last);
    }
    reply.Bulk("nodes");
    const std::vector<const NodeInfo*> members = AllMembers(state->map(), shard);
    reply.Array(members.size());
    for (const NodeInfo* node : members) WriteShardNode(ctx, *state, shard, *node);
  }
}

void Links(CommandContext& ctx, Args) {
  const ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  Reply& reply = ctx.reply();
  Reply::Deferred length = reply.DeferArray();
  size_t count = 0;
  for (const PeerHealth& peer : state->picture().peers) {
    if (!peer.connected) continue;
    ++count;
    reply.Map(6);
    reply.Bulk("direction");
    reply.Bulk("to");
    reply.Bulk("node");
    reply.Bulk(peer.node.ToHex());
    reply.Bulk("create-time");
    reply.Integer(peer.connected_since_ms);
    reply.Bulk("events");
    reply.Bulk("rw");
    reply.Bulk("send-buffer-allocated");
    reply.Integer(0);
    reply.Bulk("send-buffer-used");
    reply.Integer(0);
  }
  reply.Finish(length, count);
}

void Replicas(CommandContext& ctx, Args args) {
  const ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  const std::optional<slots::NodeId> id = slots::NodeId::FromHex(args[2]);
  const ShardInfo* shard = id.has_value() ? state->map().ShardOf(*id) : nullptr;
  if (!id.has_value() || state->map().FindNode(*id) == nullptr) {
    return ctx.reply().Error(StrCat("Unknown node ", args[2]));
  }
  if (shard == nullptr || shard->primary != *id) {
    return ctx.reply().Error("The specified node is not a master");
  }
  ctx.reply().Array(shard->replicas.size());
  for (const slots::NodeId& replica : shard->replicas) {
    const NodeInfo* node = state->map().FindNode(replica);
    ctx.reply().Bulk(node == nullptr ? "" : NodeLine(*state, *node, FamilyOf(ctx.client())));
  }
}

}  // namespace slotmesh::node::cluster_commands
