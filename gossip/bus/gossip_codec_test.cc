#include "gossip/bus/gossip_codec.h"

#include <gtest/gtest.h>

#include <random>

namespace slotmesh::bus {
namespace {

gossip::Message FullMessage() {
  std::mt19937_64 random(7);
  gossip::Message message;
  message.kind = gossip::Kind::kProbeRequest;
  message.beat.node = slots::NodeId::Random(random);
  message.beat.boot = 11;
  message.beat.incarnation = 12;
  message.beat.number = 13;
  message.beat.ledger_term = 14;
  message.beat.map = {slots::LogId::Random(random), 15, 16};
  message.beat.map_digest = 17;
  message.beat.view_digest = 18;
  message.beat.replication_offset = 19;
  message.beat.load_permille = 20;
  message.probe = 21;
  message.target = slots::NodeId::Random(random);
  message.updates = {{slots::NodeId::Random(random), 22, 23, gossip::State::kSuspect, 24}};
  return message;
}

TEST(GossipCodecTest, GivesBackWhatWasEncoded) {
  const gossip::Message message = FullMessage();
  const absl::StatusOr<gossip::Message> back = DecodeGossip(EncodeGossip(message));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(EncodeGossip(*back), EncodeGossip(message));
  EXPECT_EQ(back->beat.node, message.beat.node);
  EXPECT_EQ(back->target, message.target);
  EXPECT_EQ(back->updates, message.updates);
}

TEST(GossipCodecTest, TakesAboutAsManyBytesAsTheMachineReckonsWith) {
  const gossip::Message message = FullMessage();
  const double encoded = static_cast<double>(EncodeGossip(message).size());
  EXPECT_NEAR(encoded, static_cast<double>(gossip::EncodedSize(message)), encoded / 4);
}

TEST(GossipCodecTest, DamagedBytesAreRefusedOrGiveAValidMessage) {
  const std::string good = EncodeGossip(FullMessage());
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good.substr(0, random() % (good.size() + 1));
    if (!bytes.empty()) bytes[random() % bytes.size()] = static_cast<char>(random());
    const absl::StatusOr<gossip::Message> message = DecodeGossip(bytes);
    if (message.ok()) {
      EXPECT_TRUE(gossip::Validate(*message).ok());
    }
  }
}

}  // namespace
}  // namespace slotmesh::bus
