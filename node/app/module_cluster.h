// The cluster for modules: a view of the node's own picture of it, and messages on the channel of
// published ones.
//
// Engine thread only. Borrows all.
#ifndef SLOTMESH_NODE_APP_MODULE_CLUSTER_H_
#define SLOTMESH_NODE_APP_MODULE_CLUSTER_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "modules/cluster_view.h"
#include "node/cluster/cluster_state.h"
#include "node/config/config_store.h"

namespace slotmesh::node {

class ModuleCluster : public modules::ClusterView {
 public:
  using SendFrame = std::function<bool(const slots::NodeId& to, std::string frame)>;

  ModuleCluster(ClusterState& state, ConfigStore& settings, SendFrame send)
      : state_(state), settings_(settings), send_(std::move(send)) {}

  std::string self_id() const override { return state_.self_id().ToHex(); }
  std::vector<Node> Nodes() const override;
  bool Send(std::string_view node_id, std::string message) override;
  void OnMessage(Receive receive) override { receive_ = std::move(receive); }
  void AllowFailover(bool allow) override;

  // A frame of the channel: false if it is not for modules.
  bool OnFrame(const slots::NodeId& from, std::string_view frame);

 private:
  // The first byte of such a frame; pub/sub's own have others (cluster/pubsub/frames.h).
  static constexpr char kFrame = 4;

  ClusterState& state_;
  ConfigStore& settings_;
  SendFrame send_;
  Receive receive_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_MODULE_CLUSTER_H_
