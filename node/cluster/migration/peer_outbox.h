// Frames for other nodes on the bulk channel, kept while its queue is full.
//
// Engine thread only. Borrows the link. What waits is bounded by who sends: a move has at most its
// window and a few small frames on their way.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_PEER_OUTBOX_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_PEER_OUTBOX_H_

#include <deque>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "node/cluster/control_link.h"
#include "slots/ids.h"

namespace slotmesh::node {

class PeerOutbox {
 public:
  explicit PeerOutbox(ControlLink& link) : link_(link) {}

  // False if the peer cannot be reached: the frame is lost.
  bool Send(const slots::NodeId& peer, std::string frame) {
    const auto waiting = waiting_.find(peer);
    if (waiting != waiting_.end()) {
      waiting->second.push_back(std::move(frame));
      return true;
    }
    const Result result = TrySend(peer, frame);
    if (result == Result::kFull) waiting_[peer].push_back(std::move(frame));
    return result != Result::kLost;
  }

  // There is room again. False as above; then all that waited is lost.
  bool OnWritable(const slots::NodeId& peer) {
    const auto waiting = waiting_.find(peer);
    if (waiting == waiting_.end()) return true;
    std::deque<std::string>& frames = waiting->second;
    while (!frames.empty()) {
      const Result result = TrySend(peer, frames.front());
      if (result == Result::kFull) return true;
      if (result == Result::kLost) {
        waiting_.erase(waiting);
        return false;
      }
      frames.pop_front();
    }
    waiting_.erase(waiting);
    return true;
  }

  void OnLost(const slots::NodeId& peer) { waiting_.erase(peer); }

 private:
  enum class Result { kSent, kFull, kLost };

  Result TrySend(const slots::NodeId& peer, const std::string& frame) {
    switch (link_.SendBulk(peer, frame)) {
      case bus::SendResult::kQueued:
      case bus::SendResult::kQueuedDroppedOldest:  // Control channel only.
        return Result::kSent;
      case bus::SendResult::kFull:
        return Result::kFull;
      case bus::SendResult::kNotConnected:
      case bus::SendResult::kTooBig:
      case bus::SendResult::kStopped:
        break;
    }
    return Result::kLost;
  }

  ControlLink& link_;
  absl::flat_hash_map<slots::NodeId, std::deque<std::string>> waiting_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_PEER_OUTBOX_H_
