// What modules see of the cluster, and the way of their messages.
//
// Implemented by node/app. Engine thread only.
#ifndef SLOTMESH_MODULES_CLUSTER_VIEW_H_
#define SLOTMESH_MODULES_CLUSTER_VIEW_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace slotmesh::modules {

class ClusterView {
 public:
  // Ids are 40 hexadecimal digits.
  struct Node {
    std::string id;
    std::string ip;
    int port = 0;
    std::string primary_id;  // Of a replica; empty otherwise.
    bool self = false;
    bool suspected = false;
    bool failed = false;
  };

  virtual ~ClusterView() = default;
  virtual std::string self_id() const = 0;
  virtual std::vector<Node> Nodes() const = 0;
  // To one node; false if there is none of that id, or its queue is full. What is taken may be
  // lost.
  virtual bool Send(std::string_view node_id, std::string message) = 0;
  // Who is told of messages. Null: nobody.
  using Receive = std::function<void(std::string_view sender_id, std::string_view message)>;
  virtual void OnMessage(Receive receive) = 0;
  // Whether this node, a replica, may take over.
  virtual void AllowFailover(bool allow) = 0;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_CLUSTER_VIEW_H_
