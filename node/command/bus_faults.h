// Faults of the bus between nodes, made on purpose (DEBUG), for those who test what a cluster and
// its tools bear. Engine thread.
#ifndef SLOTMESH_NODE_COMMAND_BUS_FAULTS_H_
#define SLOTMESH_NODE_COMMAND_BUS_FAULTS_H_

#include "slots/ids.h"

namespace slotmesh::node {

class BusFaults {
 public:
  virtual ~BusFaults() = default;

  // From now on what comes to this node is dropped if it does the work of that type of packet on
  // the usual cluster bus, where types have these numbers: 0 ping, 1 pong, 2 meet, 3 fail,
  // 4 publish, 5 to 8 elections and updates, 9 modules' messages, 10 publish to a shard channel.
  // Below 0: nothing is dropped.
  virtual void DropPackets(int type) = 0;
  // Whoever has sent something that is dropped loses its connection, too.
  virtual void CloseLinksOnDrop(bool on) = 0;
  // Closes the connections with a node, either way; they are made again. False: no such node.
  virtual bool KillLinks(const slots::NodeId& node) = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_BUS_FAULTS_H_
