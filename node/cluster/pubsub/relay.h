// Publishing across a cluster: a message goes to the nodes that have subscribers for it.
//
// A node tells what it listens to (interest.h) to those who publish to it: the first message from a
// node that does not know, or goes by an old version, is answered with all of the interest; from
// then on that node hears of each change. Whoever has not been told sends everything. So quiet
// nodes exchange nothing, and lost frames or restarted processes only cost messages that nobody
// wanted, until the next answer. A subscription takes effect on another node that filters once the
// change has reached it, about a round trip after the client's reply.
//
// Messages may be lost (a slow or broken connection); they are counted, not kept. Engine thread
// only; what it sends goes to a transport whose queues are bounded. Borrows its parts.
#ifndef SLOTMESH_NODE_CLUSTER_PUBSUB_RELAY_H_
#define SLOTMESH_NODE_CLUSTER_PUBSUB_RELAY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "node/cluster/pubsub/frames.h"
#include "node/cluster/pubsub/interest.h"
#include "node/command/pubsub.h"
#include "slots/ids.h"

namespace slotmesh::node {

// What the relay needs of the cluster.
class RelayNetwork {
 public:
  virtual ~RelayNetwork() = default;
  // False if it was not taken: the connection is full or broken.
  virtual bool Send(const slots::NodeId& to, std::string frame) = 0;
  // The other nodes that a message may have to reach: all, or those of the shard channel's shard.
  virtual void ForEachTarget(ChannelKind kind, std::string_view channel,
                             absl::FunctionRef<void(const slots::NodeId&)> visit) = 0;
  virtual bool IsMember(const slots::NodeId& node) = 0;
  // Spread() is to be called once this loop turn's work is done.
  virtual void WantSpread() = 0;
};

class PubSubRelay : public RemotePublisher {
 public:
  // The whole interest is told to one node at most so often.
  static constexpr int64_t kTellAgainMillis = 100;
  // A change of more hashes than this is told as the whole.
  static constexpr size_t kChangesMax = 4096;

  PubSubRelay(PubSub& pubsub, RelayNetwork& network) : pubsub_(pubsub), network_(network) {}

  // RemotePublisher.
  void Publish(ChannelKind kind, std::string_view channel, std::string_view message) override;
  void OnInterest(ChannelKind kind, std::string_view name, bool present) override;

  // Tells those who are to know what has changed.
  void Spread(int64_t now_ms);
  // A frame from another node's process `boot`.
  void OnFrame(const slots::NodeId& from, slots::BootId boot, std::string_view bytes,
               int64_t now_ms);
  // The connection to or from the node broke: frames may be lost.
  void OnLost(const slots::NodeId& peer);
  // From a timer, some times a second: tells again what could not be sent, forgets who has left.
  void Tick(int64_t now_ms);

  struct Stats {
    uint64_t sent = 0;      // Messages, one per node.
    uint64_t spared = 0;    // Not sent: nobody there listens.
    uint64_t lost = 0;      // Not taken by the transport.
    uint64_t received = 0;  // From other nodes.
    uint64_t bad_frames = 0;
  };
  const Stats& stats() const { return stats_; }

 private:
  // What this node knows of another's interest. Version 0: nothing.
  struct Heard {
    uint64_t version = 0;
    slots::BootId boot = 0;
    Interest interest;
  };
  // What another has been told of this node's.
  struct Told {
    uint64_t version = 0;  // 0: nothing yet.
    slots::BootId boot = 0;
    bool again = false;  // What was sent may be lost.
    int64_t whole_at_ms = 0;
  };

  void On(const slots::NodeId& from, slots::BootId boot, const MessageFrame& frame, int64_t now_ms);
  void On(const slots::NodeId& from, slots::BootId boot, const InterestFrame& frame,
          int64_t now_ms);
  void On(const slots::NodeId& from, slots::BootId boot, const ChangeFrame& frame, int64_t now_ms);
  void TellWhole(const slots::NodeId& to, Told& told, int64_t now_ms);
  std::string WholeFrame() const;

  PubSub& pubsub_;
  RelayNetwork& network_;
  std::map<slots::NodeId, Heard> heard_;
  std::map<slots::NodeId, Told> told_;
  OwnInterest own_;
  uint64_t version_ = 1;
  bool everything_ = false;        // As of version_.
  bool patterns_changed_ = false;  // Since version_, as the next one.
  std::map<uint64_t, bool> changed_;
  bool spread_wanted_ = false;
  Stats stats_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_PUBSUB_RELAY_H_
