#include "gossip/codec.h"

#include <string>

#include "gossip/sim/random.h"
#include "gtest/gtest.h"

namespace slotmesh::gossip {
namespace {

bool Equal(const Beat& a, const Beat& b) {
  return a.node == b.node && a.boot == b.boot && a.incarnation == b.incarnation &&
         a.number == b.number && a.ledger_term == b.ledger_term && a.map == b.map &&
         a.map_digest == b.map_digest && a.view_digest == b.view_digest &&
         a.replication_offset == b.replication_offset && a.load_permille == b.load_permille;
}

bool Equal(const Message& a, const Message& b) {
  return a.kind == b.kind && Equal(a.beat, b.beat) && a.probe == b.probe && a.target == b.target &&
         a.updates == b.updates && a.buckets == b.buckets && a.wanted_buckets == b.wanted_buckets;
}

// Numbers of all sizes, zero among them.
uint64_t Number(sim::Random& random) { return random() >> random.Below(64) >> random.Below(2); }

Message RandomMessage(sim::Random& random) {
  Message message;
  message.kind = static_cast<Kind>(1 + random.Below(7));
  message.beat = {.node = slots::NodeId::Random(random),
                  .boot = random() | 1,
                  .incarnation = 1 + Number(random) % kIncarnationMax,
                  .number = Number(random),
                  .ledger_term = Number(random),
                  .map = {slots::LogId::Random(random), Number(random), Number(random)},
                  .map_digest = random(),
                  .view_digest = Number(random),
                  .replication_offset = Number(random),
                  .load_permille = static_cast<uint32_t>(random.Below(1001))};
  if (random.Percent(10)) message.beat.map = {};
  message.probe = Number(random);
  const bool needs_target = message.kind == Kind::kProbeRequest || message.kind == Kind::kNack;
  if (needs_target || random.Percent(50)) message.target = slots::NodeId::Random(random);
  for (uint64_t n = random.Below(kPiggybackMax + 1); n > 0; --n) {
    message.updates.push_back({.node = slots::NodeId::Random(random),
                               .boot = Number(random),
                               .incarnation = Number(random) % kIncarnationMax,
                               .state = static_cast<State>(1 + random.Below(3)),
                               .accuser = static_cast<uint32_t>(Number(random))});
  }
  if (message.kind == Kind::kSyncRequest) {
    for (int i = 0; i < kBucketCount; ++i) message.buckets.push_back(Number(random));
  }
  message.wanted_buckets = static_cast<uint32_t>(Number(random));
  return message;
}

TEST(CodecTest, WhatIsEncodedIsDecodedAndOfTheSizeThatTheBudgetCounts) {
  sim::Random random(1);
  for (int i = 0; i < 5000; ++i) {
    const Message message = RandomMessage(random);
    const std::string bytes = Encode(message);
    ASSERT_EQ(bytes.size() + kFrameBytes, EncodedSize(message));
    const absl::StatusOr<Message> decoded = Decode(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_TRUE(Equal(*decoded, message));
  }
}

TEST(CodecTest, BytesThatAreNoMessageAreRefused) {
  EXPECT_FALSE(Decode("").ok());
  EXPECT_FALSE(Decode("\xff\xff\xff").ok());
  sim::Random random(2);
  Message message = RandomMessage(random);
  message.updates.clear();
  const std::string bytes = Encode(message);
  EXPECT_FALSE(Decode(bytes.substr(0, bytes.size() / 2)).ok());
  std::string short_id = bytes;
  const size_t node = short_id.find(std::string(message.beat.node.bytes()));
  ASSERT_NE(node, std::string::npos);
  short_id[node - 1] = 19;  // Its length: the field's last byte becomes a tag.
  EXPECT_FALSE(Decode(short_id).ok());
}

TEST(CodecTest, DamagedBytesNeverBreakIt) {
  sim::Random random(3);
  int valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = Encode(RandomMessage(random));
    for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random());
    }
    const absl::StatusOr<Message> decoded = Decode(bytes);
    if (decoded.ok()) {
      ++valid;
      EXPECT_TRUE(Validate(*decoded).ok());
    }
  }
  EXPECT_GT(valid, 100);
  EXPECT_LT(valid, 19'900);
}

}  // namespace
}  // namespace slotmesh::gossip
