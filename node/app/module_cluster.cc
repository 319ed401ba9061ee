#include "node/app/module_cluster.h"

#include <optional>
#include <utility>

#include "slots/slot_map.h"

namespace slotmesh::node {

std::vector<modules::ClusterView::Node> ModuleCluster::Nodes() const {
  std::vector<Node> nodes;
  for (const slots::NodeInfo& info : state_.map().data().nodes) {
    Node node{.id = info.id.ToHex(), .ip = info.ip, .port = info.port};
    node.self = info.id == state_.self_id();
    for (const slots::ShardInfo& shard : state_.map().data().shards) {
      const bool replica = shard.id == info.shard && shard.primary != info.id;
      if (replica && !shard.primary.is_zero()) node.primary_id = shard.primary.ToHex();
    }
    if (const PeerHealth* peer = state_.FindPeer(info.id); peer != nullptr) {
      node.suspected = peer->state == gossip::State::kSuspect;
      node.failed = !node.suspected && !state_.IsUp(info.id);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

bool ModuleCluster::Send(std::string_view node_id, std::string message) {
  const std::optional<slots::NodeId> id = slots::NodeId::FromHex(node_id);
  if (!id.has_value() || state_.map().FindNode(*id) == nullptr) return false;
  if (*id == state_.self_id()) return false;
  return send_(*id, std::string(1, kFrame) + message);
}

void ModuleCluster::AllowFailover(bool allow) {
  settings_.Assign("cluster-replica-no-failover", {allow ? "no" : "yes"});
}

bool ModuleCluster::OnFrame(const slots::NodeId& from, std::string_view frame) {
  if (frame.empty() || frame[0] != kFrame) return false;
  // Who has left the cluster has nothing to say.
  if (receive_ && state_.map().FindNode(from) != nullptr) receive_(from.ToHex(), frame.substr(1));
  return true;
}

}  // namespace slotmesh::node
