#include "gossip/bus/outbox.h"

#include <utility>

namespace slotmesh::bus {
namespace {

size_t Cost(const Frame& frame) { return frame.payload.size() + kFrameOverheadBytes; }

}  // namespace

Outbox::Outbox(Channel channel)
    : drops_oldest_(channel == Channel::kControl),
      bytes_max_(channel == Channel::kControl ? kControlQueueBytesMax : kBulkQueueBytesMax) {}

bool Outbox::HasRoomFor(size_t size) const {
  if (frames_.empty()) return true;
  return frames_.size() < kPeerQueueMax && bytes_ + size <= bytes_max_;
}

void Outbox::DropOldest(Dropped* dropped) {
  ++(*dropped)[static_cast<size_t>(frames_.front().kind)];
  bytes_ -= Cost(frames_.front());
  frames_.pop_front();
}

SendResult Outbox::Push(Frame frame, Dropped* dropped) {
  if (frame.payload.size() > kFrameBytesMax) return SendResult::kTooBig;
  const size_t size = Cost(frame);
  SendResult result = SendResult::kQueued;
  if (!HasRoomFor(size)) {
    if (!drops_oldest_) {
      refused_ = true;
      return SendResult::kFull;
    }
    while (!HasRoomFor(size)) DropOldest(dropped);
    result = SendResult::kQueuedDroppedOldest;
  }
  bytes_ += size;
  frames_.push_back(std::move(frame));
  return result;
}

std::optional<Frame> Outbox::Pop() {
  if (frames_.empty()) return std::nullopt;
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  bytes_ -= Cost(frame);
  return frame;
}

void Outbox::Clear(Dropped* dropped) {
  while (!frames_.empty()) DropOldest(dropped);
  refused_ = false;
}

bool Outbox::TakeWritable() {
  if (!refused_ || frames_.size() > kPeerQueueMax / 2 || bytes_ > bytes_max_ / 2) return false;
  refused_ = false;
  return true;
}

}  // namespace slotmesh::bus
