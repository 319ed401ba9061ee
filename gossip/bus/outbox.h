// What waits to be sent to one peer on one channel: a queue with bounds.
//
// On kControl a full queue drops its oldest frame, because the newest heartbeat or ledger message
// is the one that counts; on the other channels a full queue refuses, and says when there is room
// again. Thread-compatible. Push and Pop are O(1) amortised.
#ifndef SLOTMESH_GOSSIP_BUS_OUTBOX_H_
#define SLOTMESH_GOSSIP_BUS_OUTBOX_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "gossip/bus/frame.h"
#include "gossip/bus/transport.h"

namespace slotmesh::bus {

// What one frame costs in a queue besides its payload.
inline constexpr size_t kFrameOverheadBytes = 64;

class Outbox {
 public:
  using Dropped = std::array<uint64_t, kFrameKinds>;

  explicit Outbox(Channel channel);

  // kQueued, kQueuedDroppedOldest, kFull or kTooBig. Adds what it drops to *dropped. A frame that
  // alone exceeds the byte bound is taken by an empty queue.
  SendResult Push(Frame frame, Dropped* dropped);
  std::optional<Frame> Pop();
  // Drops everything. Forgets that a push was refused.
  void Clear(Dropped* dropped);
  // True once after a refused Push, as soon as at most half of the bounds is in use.
  bool TakeWritable();

  size_t frames() const { return frames_.size(); }
  size_t bytes() const { return bytes_; }
  bool empty() const { return frames_.empty(); }

 private:
  bool HasRoomFor(size_t size) const;
  void DropOldest(Dropped* dropped);

  const bool drops_oldest_;
  const size_t bytes_max_;
  std::deque<Frame> frames_;
  size_t bytes_ = 0;
  bool refused_ = false;
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_OUTBOX_H_
