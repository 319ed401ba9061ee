#include "gossip/bus/codec.h"

#include <random>

#include "absl/random/random.h"
#include "gossip/bus/gossip.pb.h"
#include "gtest/gtest.h"

namespace slotmesh::bus {
namespace {

using gossip::Kind;
using gossip::Message;
using gossip::State;

slots::NodeId Node(char c) { return slots::NodeId::FromBytes(std::string(20, c)); }

Message Full(Kind kind) {
  Message message{.kind = kind,
                  .beat = {.node = Node('a'),
                           .boot = 0x1234567890abcdef,
                           .incarnation = 1'790'000'000'000,
                           .number = 100'000,
                           .ledger_term = 12,
                           .map = {slots::LogId::FromBytes(std::string(20, 'l')), 1, 5000},
                           .map_digest = ~uint64_t{0},
                           .view_digest = 7,
                           .replication_offset = uint64_t{1} << 40,
                           .load_permille = 250},
                  .probe = 300,
                  .target = Node('t'),
                  .wanted_buckets = 0xffff0000};
  message.updates = {
      {.node = Node('b'), .boot = 5, .incarnation = 6, .state = State::kDead, .accuser = 9},
      {.node = Node('c')}};
  if (kind == Kind::kSyncRequest) message.buckets.assign(gossip::kBucketCount, 77);
  return message;
}

// Field by field: the encoding of two equal messages is the same.
void ExpectSame(const Message& a, const Message& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.beat.node, b.beat.node);
  EXPECT_EQ(a.beat.boot, b.beat.boot);
  EXPECT_EQ(a.beat.incarnation, b.beat.incarnation);
  EXPECT_EQ(a.beat.number, b.beat.number);
  EXPECT_EQ(a.beat.ledger_term, b.beat.ledger_term);
  EXPECT_EQ(a.beat.map, b.beat.map);
  EXPECT_EQ(a.beat.map_digest, b.beat.map_digest);
  EXPECT_EQ(a.beat.view_digest, b.beat.view_digest);
  EXPECT_EQ(a.beat.replication_offset, b.beat.replication_offset);
  EXPECT_EQ(a.beat.load_permille, b.beat.load_permille);
  EXPECT_EQ(a.probe, b.probe);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.updates, b.updates);
  EXPECT_EQ(a.buckets, b.buckets);
  EXPECT_EQ(a.wanted_buckets, b.wanted_buckets);
}

TEST(GossipCodec, EveryKindComesBackAsItWas) {
  for (int kind = 1; kind <= 7; ++kind) {
    const Message message = Full(static_cast<Kind>(kind));
    const auto back = DecodeGossip(EncodeGossip(message));
    ASSERT_TRUE(back.ok()) << back.status();
    ExpectSame(message, *back);
  }
}

TEST(GossipCodec, SizeIsWhatTheSimulatorCounts) {
  for (const Message& message :
       {Full(Kind::kSyncRequest), Full(Kind::kProbe), Message{.beat = {.node = Node('a')}}}) {
    EXPECT_EQ(EncodeGossip(message).size() + gossip::kFrameBytes, gossip::EncodedSize(message));
  }
}

TEST(GossipCodec, WrongSizesAreErrors) {
  const auto broken = [](auto change) {
    wire::GossipMessage wire;
    wire.ParseFromString(EncodeGossip(Full(Kind::kBeat)));
    change(&wire);
    return !DecodeGossip(wire.SerializeAsString()).ok();
  };
  EXPECT_FALSE(broken([](wire::GossipMessage*) {}));
  EXPECT_TRUE(broken([](auto* m) { m->mutable_beat()->set_node("short"); }));
  EXPECT_TRUE(
      broken([](auto* m) { m->mutable_beat()->mutable_map()->set_log(std::string(21, 'x')); }));
  EXPECT_TRUE(broken([](auto* m) { m->set_target("x"); }));
  EXPECT_TRUE(broken([](auto* m) { m->set_kind(257); }));
  EXPECT_TRUE(broken([](auto* m) { m->set_kind(8); }));
  EXPECT_TRUE(broken([](auto* m) { m->mutable_updates(1)->set_state(258); }));
  EXPECT_TRUE(broken([](auto* m) { m->mutable_updates(1)->set_node("y"); }));
  EXPECT_TRUE(broken([](auto* m) { m->clear_beat(); }));
  EXPECT_TRUE(broken([](auto* m) {
    for (int i = 0; i < 1000; ++i) *m->add_updates() = m->updates(0);
  }));
}

TEST(GossipCodec, DamagedBytesNeverCrash) {
  std::mt19937_64 random(1);
  const std::string good = EncodeGossip(Full(Kind::kSyncRequest));
  for (size_t i = 0; i < good.size(); ++i) (void)DecodeGossip(good.substr(0, i));
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    for (int j = absl::Uniform(random, 1, 6); j > 0; --j) {
      bad[absl::Uniform<size_t>(random, 0, bad.size())] =
          static_cast<char>(absl::Uniform(random, 0, 256));
    }
    const auto message = DecodeGossip(bad);
    EXPECT_TRUE(!message.ok() || gossip::Validate(*message).ok());
  }
  EXPECT_FALSE(DecodeGossip("").ok());
}

}  // namespace
}  // namespace slotmesh::bus
