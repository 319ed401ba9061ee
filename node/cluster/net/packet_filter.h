// Which frames and questions of other nodes are dropped on purpose (BusFaults).
//
// Set by one thread, asked by another.
#ifndef SLOTMESH_NODE_CLUSTER_NET_PACKET_FILTER_H_
#define SLOTMESH_NODE_CLUSTER_NET_PACKET_FILTER_H_

#include <atomic>

#include "gossip/bus/frame.h"

namespace slotmesh::node {

class PacketFilter {
 public:
  // A type of BusFaults::DropPackets.
  void set_type(int type) { type_.store(type, std::memory_order_relaxed); }
  void set_closes(bool closes) { closes_.store(closes, std::memory_order_relaxed); }

  bool Drops(bus::FrameKind kind) const;
  // Nodes that want to join ask.
  bool DropsQuestions() const { return type() == kMeet; }
  // The connection is to be closed, too.
  bool closes() const { return closes_.load(std::memory_order_relaxed); }

 private:
  enum Type {
    kPing,
    kPong,
    kMeet,
    kFail,
    kPublish,
    kVoteRequest,
    kVote,
    kUpdate,
    kHandover,
    kModule,
    kShardPublish
  };

  int type() const { return type_.load(std::memory_order_relaxed); }

  std::atomic<int> type_{-1};
  std::atomic<bool> closes_{false};
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_NET_PACKET_FILTER_H_
