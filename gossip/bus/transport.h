// How a node's parts reach other nodes: frames to peers, questions to addresses, news of who is
// connected.
//
// The interface that gossip, the ledger, migrations and the simulator's network share; the real one
// is MakeGrpcTransport() in grpc_transport.h. No gRPC or Protobuf in here.
//
// Threads: every method may be called from any thread and returns at once. Handlers run one at a
// time, in one order, as tasks given to the owner's `post`; after the destructor has returned none
// runs. Destroy a transport on the thread that runs those tasks, or when nothing runs them any
// more.
//
// Delivery: frames may be lost (a connection breaks, a queue overflows), never duplicated or
// changed. On kBulk and kPubSub the frames from one sender arrive in the order sent, without gaps,
// until kInboundLost (receiving side) or kDisconnected (sending side) says otherwise. On kControl
// they may overtake one another around a change of connection; what uses it must tolerate that.
//
// Bounds: a peer's queue holds kPeerQueueMax frames and the bytes below; a frame kFrameBytesMax.
// Received frames that the owner has not yet handled stop the reading of their connection at
// kReceiveWindow*.
#ifndef SLOTMESH_GOSSIP_BUS_TRANSPORT_H_
#define SLOTMESH_GOSSIP_BUS_TRANSPORT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gossip/bus/frame.h"
#include "slots/ids.h"

namespace slotmesh::bus {

inline constexpr size_t kPeerQueueMax = 1024;              // Frames, for each peer and channel.
inline constexpr size_t kFrameBytesMax = size_t{8} << 20;  // Of payload.
inline constexpr size_t kControlQueueBytesMax = size_t{4} << 20;
inline constexpr size_t kBulkQueueBytesMax = size_t{8} << 20;
inline constexpr size_t kReceiveWindowFrames = 128;  // For each connection.
inline constexpr size_t kReceiveWindowBytes = size_t{4} << 20;
inline constexpr size_t kPeersMax = 8192;
inline constexpr size_t kLinksMax = 3 * kPeersMax;  // Connections that others have opened.
inline constexpr size_t kCallsMax = 256;            // Unanswered, each way.

enum class SendResult {
  kQueued,
  kQueuedDroppedOldest,  // Control only: the queue was full, its oldest frame is gone.
  kFull,                 // Bulk, pub/sub: not taken. kWritable follows when half the queue is free.
  kNotConnected,  // The last attempt failed and the next one is not due; or the peer's address is
                  // unknown.
  kTooBig,
  kStopped,
};

struct PeerEvent {
  enum class What {
    kConnected,     // Frames sent from now on have a connection.
    kDisconnected,  // It is gone, with what was queued. `detail` says why.
    kWritable,      // After kFull.
    kInboundLost,   // kBulk, kPubSub: the connection on which the peer sent to us has ended.
    kWrongNode,     // The peer's address is answered by another node: `other`.
  };
  slots::NodeId peer;
  Channel channel = Channel::kControl;
  What what = What::kConnected;
  slots::BootId boot = 0;  // kConnected: the peer's process.
  slots::NodeId other;
  std::string detail;
};

// Answers a question; to be called at most once, from any thread, also after the transport is gone
// (it does nothing then). If every copy is dropped uncalled, the asker gets UNAVAILABLE.
using CallReply = std::function<void(absl::StatusOr<std::string>)>;

struct Handlers {
  std::function<void(const Sender&, Channel, Frame)> on_frame;
  std::function<void(const PeerEvent&)> on_peer;
  // Unset: every question is answered UNIMPLEMENTED.
  std::function<void(const Sender&, std::string method, std::string payload, CallReply)> on_call;
};

struct KindCounters {
  uint64_t frames_sent = 0;
  uint64_t bytes_sent = 0;  // Payload and envelope, without gRPC's framing.
  uint64_t frames_received = 0;
  uint64_t bytes_received = 0;
  uint64_t frames_dropped = 0;  // Queued, then lost: overflow or disconnection.
};

struct TransportStats {
  std::array<KindCounters, kFrameKinds> kinds;  // By FrameKind.
  std::map<std::string, uint64_t> refused;      // Connections and calls turned away, by reason.
  uint64_t malformed_frames = 0;
  uint64_t connects = 0;
  uint64_t disconnects = 0;
  uint64_t connected_peers = 0;  // Now, on the control channel.
};

class Transport {
 public:
  virtual ~Transport() = default;

  // Makes `peer` known at `address` ("ip:port"), or moves it there. With `keep` the control channel
  // is connected now and again whenever it is lost; without, when there is something to send, and
  // closed after a minute of silence. Ignored beyond kPeersMax peers.
  virtual void SetPeer(const slots::NodeId& peer, std::string address, bool keep) = 0;
  // Closes what is open to `peer`, either way, and forgets it. It may connect again by itself.
  virtual void RemovePeer(const slots::NodeId& peer) = 0;
  // The log that this node follows from now on.
  virtual void SetLog(const slots::LogId& log) = 0;

  virtual SendResult Send(const slots::NodeId& to, Channel channel, Frame frame) = 0;

  // Asks whoever answers at `address`. `done` gets the answer, the other side's error,
  // DEADLINE_EXCEEDED after `timeout`, or UNAVAILABLE; it is not called if the transport is
  // destroyed first.
  virtual void Call(std::string address, std::string method, std::string payload,
                    absl::Duration timeout,
                    std::function<void(absl::StatusOr<std::string>)> done) = 0;

  virtual bool IsConnected(const slots::NodeId& peer, Channel channel) const = 0;
  virtual TransportStats stats() const = 0;
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_TRANSPORT_H_
