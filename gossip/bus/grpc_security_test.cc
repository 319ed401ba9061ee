// Who gets onto the bus and what strangers and broken peers can do to it.
#include <grpcpp/create_channel.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "gossip/bus/bus.grpc.pb.h"
#include "gossip/bus/grpc_call.h"
#include "gossip/bus/testing.h"
#include "gtest/gtest.h"

namespace slotmesh::bus {
namespace {

using testing::HasSubstr;
using What = PeerEvent::What;

constexpr char kSecret[] = "0123456789abcdef";

// A peer that speaks the protocol by hand.
class RawPeer {
 public:
  RawPeer(TestNode& node, uint8_t number, uint32_t protocol = kProtocolVersion)
      : stub_(wire::Bus::NewStub(
            grpc::CreateChannel(node.address(), grpc::InsecureChannelCredentials()))) {
    AddCaller(node.auth(), kStreamMethod,
              {.node = TestNodeId(number), .boot = 1, .log = TestLogId(1), .protocol = protocol},
              Channel::kControl, &context_);
  }
  grpc::ClientContext& context() { return context_; }
  void Open() { stream_ = stub_->Stream(&context_); }
  bool Write(const wire::Envelope& envelope) { return stream_->Write(envelope); }
  grpc::Status WaitForEnd() {
    wire::Envelope envelope;
    while (stream_->Read(&envelope)) {
    }
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<wire::Bus::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::Envelope, wire::Envelope>> stream_;
};

wire::Envelope Gossip(const std::string& payload) {
  wire::Envelope envelope;
  envelope.set_kind(wire::KIND_GOSSIP);
  envelope.set_payload(payload);
  return envelope;
}

TEST(GrpcSecurity, OpenBindWithoutSecretDoesNotStart) {
  TestNode node({.bind_host = "0.0.0.0"});
  EXPECT_EQ(node.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(node.status().message()), HasSubstr("cluster-secret"));
}

TEST(GrpcSecurity, TakenPortIsAnError) {
  TestNode a({.number = 1});
  TestNode b({.number = 2, .port = a->port()});
  EXPECT_EQ(b.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(b.status().message()), HasSubstr(std::to_string(a->port())));
}

TEST(GrpcSecurity, SameSecretConnectsOnAnOpenBind) {
  TestNode a({.number = 1, .security = {.secret = kSecret}, .bind_host = "0.0.0.0"});
  TestNode b({.number = 2, .security = {.secret = kSecret}, .bind_host = "0.0.0.0"});
  ASSERT_TRUE(a.status().ok() && b.status().ok());
  a.Knows(b, true);
  EXPECT_TRUE(a.WaitForEvent(What::kConnected));
}

TEST(GrpcSecurity, WrongSecretIsRefusedCountedAndLoggedOnce) {
  TestNode a({.number = 1, .security = {.secret = "another secret"}});
  TestNode b({.number = 2, .security = {.secret = kSecret}});
  a.Knows(b, true);
  ASSERT_TRUE(b.Poll([&] { return b->stats().refused["unauthenticated"] >= 3; }));  // It redials.
  absl::MutexLock lock(&b.mu);
  ASSERT_EQ(b.log_lines.size(), 1u);
  EXPECT_THAT(b.log_lines[0], HasSubstr("wrong cluster secret"));
  EXPECT_TRUE(b.events.empty());
}

TEST(GrpcSecurity, NodeWithoutTheSecretIsNotTrustedByTheDialer) {
  TestNode a({.number = 1, .security = {.secret = kSecret}});
  TestNode impostor({.number = 2});
  a.Knows(impostor, true);
  ASSERT_TRUE(a.WaitFor([&] { return !a.log_lines.empty(); }));
  EXPECT_THAT(a.log_lines[0], HasSubstr("did not prove"));
  EXPECT_FALSE(a->IsConnected(impostor.id(), Channel::kControl));
  bool done = false;
  a->Call(impostor.address(), "join", "x", absl::Seconds(5),
          [&](absl::StatusOr<std::string> answer) {
            EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnauthenticated);
            absl::MutexLock lock(&a.mu);
            done = true;
          });
  EXPECT_TRUE(a.WaitFor([&] { return done; }));
}

TEST(GrpcSecurity, OtherProtocolVersionIsRefusedWithBothNumbers) {
  TestNode a({.number = 1, .protocol = kProtocolVersion + 1}), b({.number = 2});
  a->SetPeer(b.id(), b.address(), false);
  a->Send(b.id(), Channel::kControl, {.payload = "x"});
  ASSERT_TRUE(a.WaitForEvent(What::kDisconnected));
  EXPECT_THAT(a.events[0].detail, HasSubstr("protocol 2, this one 1"));
  EXPECT_GE(b->stats().refused["identity"], 1u);
}

TEST(GrpcSecurity, MissingMetadataIsRefused) {
  TestNode node({.number = 1});
  auto stub =
      wire::Bus::NewStub(grpc::CreateChannel(node.address(), grpc::InsecureChannelCredentials()));
  for (const char* boot : {"", "x", "-1", "99999999999999999999"}) {
    grpc::ClientContext context;
    context.AddMetadata("slotmesh-protocol", "1");
    context.AddMetadata("slotmesh-node", std::string(40, 'a'));
    context.AddMetadata("slotmesh-log", std::string(39, 'a'));
    context.AddMetadata("slotmesh-boot", boot);
    EXPECT_EQ(stub->Stream(&context)->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  grpc::ClientContext context;
  EXPECT_EQ(stub->Stream(&context)->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(GrpcSecurity, MalformedFramesAreCountedAndThenEndTheStream) {
  TestNode node({.number = 1});
  RawPeer peer(node, 2);
  peer.Open();
  wire::Envelope bad_log = Gossip("x");
  bad_log.set_log("short");
  wire::Envelope unknown_kind = Gossip("x");
  unknown_kind.set_kind(static_cast<wire::Kind>(1000));
  wire::Envelope bad_identity;
  bad_identity.set_kind(wire::KIND_IDENTITY);
  for (const auto& envelope : {bad_log, unknown_kind, bad_identity, wire::Envelope()}) {
    EXPECT_TRUE(peer.Write(envelope));
  }
  EXPECT_TRUE(peer.Write(Gossip("good")));
  ASSERT_TRUE(node.WaitForFrames(1));
  EXPECT_EQ(node.frames[0].frame.payload, "good");
  EXPECT_EQ(node->stats().malformed_frames, 4u);
  for (int i = 0; i < kMalformedMax; ++i) peer.Write(unknown_kind);
  EXPECT_EQ(peer.WaitForEnd().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(node->stats().refused["malformed"], 1u);
}

TEST(GrpcSecurity, OversizedMessageEndsTheStreamOnly) {
  TestNode node({.number = 1});
  RawPeer peer(node, 2);
  peer.Open();
  peer.Write(Gossip(std::string(kFrameBytesMax + 10'000, 'x')));
  peer.WaitForEnd();
  RawPeer next(node, 2);
  next.Open();
  EXPECT_TRUE(next.Write(Gossip("fine")));
  EXPECT_TRUE(node.WaitForFrames(1));
  next.context().TryCancel();
  next.WaitForEnd();
}

TEST(GrpcSecurity, NewerStreamOfTheSameNodeReplacesTheOlder) {
  TestNode node({.number = 1});
  RawPeer older(node, 2), newer(node, 2);
  older.Open();
  EXPECT_TRUE(older.Write(Gossip("one")));
  ASSERT_TRUE(node.WaitForFrames(1));
  newer.Open();
  EXPECT_TRUE(newer.Write(Gossip("two")));
  EXPECT_THAT(older.WaitForEnd().error_message(), HasSubstr("replaced"));
  EXPECT_TRUE(node.WaitForFrames(2));
  newer.context().TryCancel();
  newer.WaitForEnd();
}

TEST(GrpcSecurity, GarbageOnTheSocketHarmsNobody) {
  TestNode node({.number = 1}), peer({.number = 2});
  for (const std::string& junk :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\xff'),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string(5000, '\x7f')}) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(node->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    (void)!send(fd, junk.data(), junk.size(), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
    char buffer[4096];
    while (recv(fd, buffer, sizeof(buffer), 0) > 0) {
    }
    close(fd);
  }
  peer.Knows(node);
  peer->Send(node.id(), Channel::kControl, {.payload = "still here"});
  EXPECT_TRUE(node.WaitForFrames(1));
}

// Certificates made by the openssl program: an authority, a member, and a stranger with its own
// authority.
class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = testing::TempDir() + "/tls";
    if (std::system("openssl version >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "no openssl program here";
    const std::string script =
        "set -e; mkdir -p " + dir_ + "; cd " + dir_ +
        "; for ca in ca other; do openssl req -x509 -newkey ec -pkeyopt "
        "ec_paramgen_curve:prime256v1 -nodes "
        "-keyout $ca.key -out $ca.crt -subj /CN=$ca -days 2 2>/dev/null; "
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $ca-node.key "
        "-out $ca-node.csr -subj /CN=node 2>/dev/null; openssl x509 -req -in $ca-node.csr -CA "
        "$ca.crt "
        "-CAkey $ca.key -CAcreateserial -out $ca-node.crt -days 2 2>/dev/null; done";
    ASSERT_EQ(std::system(script.c_str()), 0);
  }
  SecurityOptions Files(const std::string& authority) const {
    return {.certificate_file = dir_ + "/" + authority + "-node.crt",
            .key_file = dir_ + "/" + authority + "-node.key",
            .ca_file = dir_ + "/ca.crt"};
  }
  std::string dir_;
};

TEST_F(TlsTest, MembersOfTheAuthorityConnectAndStrangersDoNot) {
  TestNode a({.number = 1, .security = Files("ca"), .bind_host = "0.0.0.0"});
  TestNode b({.number = 2, .security = Files("ca"), .bind_host = "0.0.0.0"});
  TestNode stranger({.number = 3, .security = Files("other")});
  TestNode plain({.number = 4});
  ASSERT_TRUE(a.status().ok()) << a.status();
  a.Knows(b, true);
  EXPECT_TRUE(a.WaitForEvent(What::kConnected));
  stranger.Knows(b);
  plain.Knows(b);
  stranger->Send(b.id(), Channel::kControl, {.payload = "x"});
  plain->Send(b.id(), Channel::kControl, {.payload = "x"});
  EXPECT_TRUE(stranger.WaitForEvent(What::kDisconnected));
  EXPECT_TRUE(plain.WaitForEvent(What::kDisconnected));
  EXPECT_TRUE(b.frames.empty());
}

}  // namespace
}  // namespace slotmesh::bus
