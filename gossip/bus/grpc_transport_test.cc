// Two and more transports in one process, over real loopback sockets.
#include "gossip/bus/grpc_transport.h"

#include <string>

#include "gmock/gmock.h"
#include "gossip/bus/testing.h"
#include "gtest/gtest.h"

namespace slotmesh::bus {
namespace {

using testing::HasSubstr;
using What = PeerEvent::What;

Frame Text(std::string payload, FrameKind kind = FrameKind::kGossip, uint64_t stream = 0) {
  return {.kind = kind, .stream = stream, .payload = std::move(payload)};
}

absl::StatusOr<std::string> Ask(TestNode& node, const std::string& address,
                                const std::string& method,
                                absl::Duration timeout = absl::Seconds(10)) {
  absl::Mutex mu;
  bool done = false;
  absl::StatusOr<std::string> result;
  node->Call(address, method, "payload", timeout, [&](absl::StatusOr<std::string> answer) {
    absl::MutexLock lock(&mu);
    result = std::move(answer);
    done = true;
  });
  absl::MutexLock lock(&mu);
  mu.Await(absl::Condition(&done));
  return result;
}

TEST(GrpcTransport, FramesArriveWithWhoSentThem) {
  TestNode a({.number = 1, .boot = 77}), b({.number = 2, .boot = 88});
  a.Knows(b);
  Frame frame = Text("hello", FrameKind::kLedger, 5);
  frame.log = TestLogId(9);
  EXPECT_EQ(a->Send(b.id(), Channel::kControl, frame), SendResult::kQueued);
  ASSERT_TRUE(b.WaitForFrames(1));
  EXPECT_EQ(b.frames[0].sender.node, a.id());
  EXPECT_EQ(b.frames[0].sender.boot, 77u);
  EXPECT_EQ(b.frames[0].sender.log, TestLogId(1));
  EXPECT_EQ(b.frames[0].sender.protocol, kProtocolVersion);
  EXPECT_EQ(b.frames[0].channel, Channel::kControl);
  EXPECT_EQ(b.frames[0].frame.kind, FrameKind::kLedger);
  EXPECT_EQ(b.frames[0].frame.stream, 5u);
  EXPECT_EQ(b.frames[0].frame.log, TestLogId(9));
  EXPECT_EQ(b.frames[0].frame.payload, "hello");
}

TEST(GrpcTransport, AnswersTravelBackOnTheSameControlStream) {
  TestNode a({.number = 1}), b({.number = 2});
  a.Knows(b);
  a->Send(b.id(), Channel::kControl, Text("question"));
  ASSERT_TRUE(b.WaitForFrames(1));
  // b does not know where a listens.
  EXPECT_EQ(b->Send(a.id(), Channel::kControl, Text("answer")), SendResult::kQueued);
  ASSERT_TRUE(a.WaitForFrames(1));
  EXPECT_EQ(a.frames[0].frame.payload, "answer");
  EXPECT_EQ(b->Send(a.id(), Channel::kBulk, Text("x")), SendResult::kNotConnected);
}

TEST(GrpcTransport, KeptPeersConnectByThemselvesAndCrossedDialsBecomeOneStream) {
  TestNode a({.number = 1, .boot = 3}), b({.number = 2, .boot = 4});
  a.Knows(b, /*keep=*/true);
  b.Knows(a, /*keep=*/true);
  ASSERT_TRUE(a.WaitForEvent(What::kConnected));
  ASSERT_TRUE(b.WaitForEvent(What::kConnected));
  EXPECT_EQ(a.events[0].peer, b.id());
  EXPECT_EQ(a.events[0].boot, 4u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(a->Send(b.id(), Channel::kControl, Text("ab")), SendResult::kQueued);
    EXPECT_EQ(b->Send(a.id(), Channel::kControl, Text("ba")), SendResult::kQueued);
  }
  EXPECT_TRUE(a.WaitForFrames(100));
  EXPECT_TRUE(b.WaitForFrames(100));
  EXPECT_TRUE(a->IsConnected(b.id(), Channel::kControl));
  EXPECT_EQ(a->stats().connected_peers, 1u);
  EXPECT_EQ(a.CountEvents(What::kDisconnected) + b.CountEvents(What::kDisconnected), 0u);
}

TEST(GrpcTransport, ReconnectsAfterThePeerWasRestartedAndTellsItsNewBoot) {
  TestNode a({.number = 1});
  auto b = std::make_unique<TestNode>(TestNodeOptions{.number = 2, .boot = 10});
  const int port = (*b)->port();
  a.Knows(*b, /*keep=*/true);
  ASSERT_TRUE(a.WaitForEvent(What::kConnected));
  b = nullptr;
  ASSERT_TRUE(a.WaitForEvent(What::kDisconnected));
  EXPECT_FALSE(a->IsConnected(TestNodeId(2), Channel::kControl));
  b = std::make_unique<TestNode>(TestNodeOptions{.number = 2, .boot = 11, .port = port});
  ASSERT_TRUE(b->status().ok()) << b->status();
  ASSERT_TRUE(a.WaitForEvent(What::kConnected, 2));
  EXPECT_EQ(a.events.back().boot, 11u);
  a->Send(b->id(), Channel::kControl, Text("again"));
  EXPECT_TRUE(b->WaitForFrames(1));
}

TEST(GrpcTransport, SendToNobodyIsReportedAndTheQueueIsNotKept) {
  TestNode a({.number = 1});
  EXPECT_EQ(a->Send(TestNodeId(9), Channel::kControl, Text("x")), SendResult::kNotConnected);
  a->SetPeer(TestNodeId(9), "127.0.0.1:1", false);
  EXPECT_EQ(a->Send(TestNodeId(9), Channel::kBulk, Text("x", FrameKind::kMigration)),
            SendResult::kQueued);
  ASSERT_TRUE(a.WaitForEvent(What::kDisconnected));
  EXPECT_NE(a.events[0].detail, "");
  EXPECT_EQ(a->stats().kinds[static_cast<size_t>(FrameKind::kMigration)].frames_dropped, 1u);
}

TEST(GrpcTransport, ChangeOfLogReachesConnectedPeers) {
  TestNode a({.number = 1}), b({.number = 2});
  a.Knows(b);
  a->Send(b.id(), Channel::kControl, Text("one"));
  ASSERT_TRUE(b.WaitForFrames(1));
  a->SetLog(TestLogId(42));
  a->Send(b.id(), Channel::kControl, Text("two"));
  ASSERT_TRUE(b.WaitForFrames(2));
  EXPECT_EQ(b.frames[1].sender.log, TestLogId(42));
  EXPECT_EQ(b.frames[1].frame.log, TestLogId(42));
  EXPECT_EQ(b->stats().malformed_frames, 0u);
}

TEST(GrpcTransport, AnotherNodeAtTheAddressIsNotTalkedTo) {
  TestNode a({.number = 1}), b({.number = 2});
  a->SetPeer(TestNodeId(7), b.address(), true);
  ASSERT_TRUE(a.WaitForEvent(What::kWrongNode));
  EXPECT_EQ(a.events[0].other, b.id());
  EXPECT_FALSE(a->IsConnected(TestNodeId(7), Channel::kControl));
}

TEST(GrpcTransport, OwnIdAtTheOtherEndIsRefused) {
  TestNode a({.number = 1}), twin({.number = 1});
  a->SetPeer(TestNodeId(7), twin.address(), true);
  ASSERT_TRUE(twin.WaitFor([&] { return !twin.log_lines.empty(); }));
  EXPECT_THAT(twin.log_lines[0], HasSubstr("own id"));
}

TEST(GrpcTransport, QuestionsAreAnsweredFailedDroppedOrTimedOut) {
  TestNode a({.number = 1, .boot = 5}), b({.number = 2});
  auto answer = Ask(a, b.address(), "join");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(*answer, "join:payload:5");
  EXPECT_EQ(Ask(a, b.address(), "fail").status(), absl::NotFoundError("no such thing"));
  EXPECT_EQ(Ask(a, b.address(), "drop").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Ask(a, b.address(), "hold", absl::Milliseconds(200)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Ask(a, "127.0.0.1:1", "join").status().code(), absl::StatusCode::kUnavailable);
}

TEST(GrpcTransport, AnswerAfterTheEndDoesNothing) {
  TestNode a({.number = 1});
  CallReply late;
  {
    TestNode b({.number = 2});
    a->Call(b.address(), "hold", "", absl::Seconds(10), [](absl::StatusOr<std::string>) {});
    ASSERT_TRUE(b.WaitFor([&] { return !b.held_replies.empty(); }));
    late = b.held_replies[0];
  }
  late("too late");
}

TEST(GrpcTransport, ControlQueueDropsTheOldestWhileThePeerDoesNotRead) {
  TestNode a({.number = 1}), b({.number = 2});
  a.Knows(b, true);
  ASSERT_TRUE(a.WaitForEvent(What::kConnected));
  b.executor.Hold(true);  // b's window fills, then HTTP/2's, then a's queue.
  const std::string payload(100'000, 'x');
  bool dropped = false;
  uint64_t sent = 0;
  for (; sent < 5000 && !dropped; ++sent) {
    dropped = a->Send(b.id(), Channel::kControl, Text(payload, FrameKind::kGossip, sent)) ==
              SendResult::kQueuedDroppedOldest;
  }
  EXPECT_TRUE(dropped);
  b.executor.Hold(false);
  // The newest frame is never the one that is dropped.
  EXPECT_TRUE(
      b.WaitFor([&] { return !b.frames.empty() && b.frames.back().frame.stream == sent - 1; }));
  EXPECT_GE(a->stats().kinds[static_cast<size_t>(FrameKind::kGossip)].frames_dropped, 1u);
}

TEST(GrpcTransport, BulkPushesBackAndLosesNothing) {
  TestNode a({.number = 1}), b({.number = 2});
  a.Knows(b);
  b.executor.Hold(true);
  const std::string payload(1 << 20, 'x');
  uint64_t sent = 0;
  SendResult result = SendResult::kQueued;
  for (; sent < 200; ++sent) {
    result = a->Send(b.id(), Channel::kBulk, Text(payload, FrameKind::kMigration, sent));
    if (result != SendResult::kQueued) break;
  }
  ASSERT_EQ(result, SendResult::kFull);
  // Heartbeats pass meanwhile: the control channel has its own connection and queue.
  EXPECT_EQ(a->Send(b.id(), Channel::kControl, Text("beat")), SendResult::kQueued);
  b.executor.Hold(false);
  ASSERT_TRUE(a.WaitForEvent(What::kWritable));
  EXPECT_EQ(a->Send(b.id(), Channel::kBulk, Text(payload, FrameKind::kMigration, sent)),
            SendResult::kQueued);
  ASSERT_TRUE(b.WaitForFrames(sent + 2));
  uint64_t next = 0;
  for (const Received& received : b.frames) {
    if (received.channel != Channel::kBulk) continue;
    EXPECT_EQ(received.frame.stream, next++);
  }
  EXPECT_EQ(next, sent + 1);
}

TEST(GrpcTransport, FrameAtTheLimitPassesAndOneOverIsRefused) {
  TestNode a({.number = 1}), b({.number = 2});
  a.Knows(b);
  EXPECT_EQ(a->Send(b.id(), Channel::kBulk, Text(std::string(kFrameBytesMax + 1, 'x'))),
            SendResult::kTooBig);
  EXPECT_EQ(a->Send(b.id(), Channel::kBulk, Text(std::string(kFrameBytesMax, 'x'))),
            SendResult::kQueued);
  ASSERT_TRUE(b.WaitForFrames(1));
  EXPECT_EQ(b.frames[0].frame.payload.size(), kFrameBytesMax);
}

TEST(GrpcTransport, LostBulkStreamIsToldToTheReceivingSide) {
  auto a = std::make_unique<TestNode>(TestNodeOptions{.number = 1});
  TestNode b({.number = 2});
  a->Knows(b);
  (*a)->Send(b.id(), Channel::kBulk, Text("part", FrameKind::kMigration));
  ASSERT_TRUE(b.WaitForFrames(1));
  a = nullptr;
  ASSERT_TRUE(b.WaitForEvent(What::kInboundLost));
  EXPECT_EQ(b.events[0].channel, Channel::kBulk);
}

TEST(GrpcTransport, RemovedPeerIsForgotten) {
  TestNode a({.number = 1}), b({.number = 2});
  a.Knows(b, true);
  ASSERT_TRUE(b.WaitForEvent(What::kConnected));
  a->RemovePeer(b.id());
  EXPECT_EQ(a->Send(b.id(), Channel::kControl, Text("x")), SendResult::kNotConnected);
  EXPECT_TRUE(b.WaitForEvent(What::kDisconnected));
  EXPECT_EQ(a->stats().connected_peers, 0u);
}

TEST(GrpcTransport, BulkThroughputIsMeasured) {
  TestNode a({.number = 1}), b({.number = 2});
  a.Knows(b);
  const std::string payload(1 << 20, 'x');
  constexpr uint64_t kFrames = 200;
  const absl::Time start = absl::Now();
  size_t writable = 0;
  for (uint64_t sent = 0; sent < kFrames;) {
    if (a->Send(b.id(), Channel::kBulk, Text(payload, FrameKind::kMigration, sent)) ==
        SendResult::kQueued) {
      ++sent;
    } else {
      ASSERT_TRUE(a.WaitForEvent(What::kWritable, ++writable));
    }
  }
  ASSERT_TRUE(b.WaitForFrames(kFrames));
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  std::printf("bulk: %.0f MB/s in frames of 1 MB\n", kFrames * 1.048576 / seconds);
  EXPECT_GT(kFrames / seconds, 5);
}

}  // namespace
}  // namespace slotmesh::bus
