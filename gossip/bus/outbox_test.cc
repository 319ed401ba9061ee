#include "gossip/bus/outbox.h"

#include <string>

#include "gtest/gtest.h"

namespace slotmesh::bus {
namespace {

Frame Numbered(uint64_t number, size_t size = 10, FrameKind kind = FrameKind::kGossip) {
  return {.kind = kind, .stream = number, .payload = std::string(size, 'x')};
}

TEST(Outbox, GivesFramesBackInOrder) {
  Outbox outbox(Channel::kBulk);
  Outbox::Dropped dropped{};
  EXPECT_FALSE(outbox.Pop().has_value());
  for (uint64_t i = 0; i < 3; ++i)
    EXPECT_EQ(outbox.Push(Numbered(i), &dropped), SendResult::kQueued);
  for (uint64_t i = 0; i < 3; ++i) EXPECT_EQ(outbox.Pop()->stream, i);
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.bytes(), 0u);
}

TEST(Outbox, ControlDropsItsOldestFrameAtTheBound) {
  Outbox outbox(Channel::kControl);
  Outbox::Dropped dropped{};
  for (uint64_t i = 0; i < kPeerQueueMax; ++i) {
    ASSERT_EQ(outbox.Push(Numbered(i), &dropped), SendResult::kQueued);
  }
  EXPECT_EQ(outbox.Push(Numbered(kPeerQueueMax), &dropped), SendResult::kQueuedDroppedOldest);
  EXPECT_EQ(outbox.frames(), kPeerQueueMax);
  EXPECT_EQ(dropped[static_cast<size_t>(FrameKind::kGossip)], 1u);
  EXPECT_EQ(outbox.Pop()->stream, 1u);
}

TEST(Outbox, ControlDropsAsManyAsTheBytesNeed) {
  Outbox outbox(Channel::kControl);
  Outbox::Dropped dropped{};
  for (uint64_t i = 0; i < 4; ++i) {
    outbox.Push(Numbered(i, kControlQueueBytesMax / 4 - kFrameOverheadBytes, FrameKind::kLedger),
                &dropped);
  }
  EXPECT_EQ(outbox.bytes(), kControlQueueBytesMax);
  EXPECT_EQ(outbox.Push(Numbered(9, kControlQueueBytesMax / 2), &dropped),
            SendResult::kQueuedDroppedOldest);
  EXPECT_LE(outbox.bytes(), kControlQueueBytesMax);
  EXPECT_EQ(dropped[static_cast<size_t>(FrameKind::kLedger)], 3u);
}

TEST(Outbox, BulkRefusesAtTheBoundAndSaysWhenHalfIsFree) {
  Outbox outbox(Channel::kBulk);
  Outbox::Dropped dropped{};
  const size_t size = kBulkQueueBytesMax / 8 - kFrameOverheadBytes;
  for (uint64_t i = 0; i < 8; ++i)
    ASSERT_EQ(outbox.Push(Numbered(i, size), &dropped), SendResult::kQueued);
  EXPECT_FALSE(outbox.TakeWritable());  // Nothing was refused yet.
  EXPECT_EQ(outbox.Push(Numbered(8), &dropped), SendResult::kFull);
  EXPECT_FALSE(outbox.TakeWritable());
  for (uint64_t i = 0; i < 3; ++i) outbox.Pop();
  EXPECT_FALSE(outbox.TakeWritable());
  outbox.Pop();
  EXPECT_TRUE(outbox.TakeWritable());
  EXPECT_FALSE(outbox.TakeWritable());
  EXPECT_EQ(outbox.Pop()->stream, 4u);
}

TEST(Outbox, FrameOverTheLimitIsRefusedAndOneAtTheLimitPasses) {
  Outbox outbox(Channel::kBulk);
  Outbox::Dropped dropped{};
  EXPECT_EQ(outbox.Push(Numbered(0, kFrameBytesMax + 1), &dropped), SendResult::kTooBig);
  EXPECT_EQ(outbox.Push(Numbered(1, kFrameBytesMax), &dropped), SendResult::kQueued);
}

TEST(Outbox, ClearCountsWhatItDropsAndForgetsTheRefusal) {
  Outbox outbox(Channel::kBulk);
  Outbox::Dropped dropped{};
  for (uint64_t i = 0; i < kPeerQueueMax; ++i) outbox.Push(Numbered(i), &dropped);
  EXPECT_EQ(outbox.Push(Numbered(0), &dropped), SendResult::kFull);
  outbox.Clear(&dropped);
  EXPECT_EQ(dropped[static_cast<size_t>(FrameKind::kGossip)], kPeerQueueMax);
  EXPECT_EQ(outbox.bytes(), 0u);
  EXPECT_FALSE(outbox.TakeWritable());
}

}  // namespace
}  // namespace slotmesh::bus
