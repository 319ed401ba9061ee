#include "gossip/message.h"

#include "gtest/gtest.h"

namespace slotmesh::gossip {
namespace {

slots::NodeId Node(char c) { return slots::NodeId::FromBytes(std::string(20, c)); }

Message Valid(Kind kind = Kind::kBeat) {
  Message message;
  message.kind = kind;
  message.beat = {.node = Node('a'),
                  .boot = 0x1234567890abcdef,
                  .incarnation = 1'790'000'000'000,
                  .number = 100'000,
                  .ledger_term = 12,
                  .map = {slots::LogId::FromBytes(std::string(20, 'l')), 1, 5000},
                  .map_digest = ~uint64_t{0},
                  .view_digest = ~uint64_t{0},
                  .replication_offset = 1ull << 40,
                  .load_permille = 250};
  return message;
}

TEST(MessageTest, ABeatTakesAboutAHundredBytes) {
  const size_t size = EncodedSize(Valid());
  EXPECT_GE(size, 100u);
  EXPECT_LE(size, 130u);
}

// Counted by hand from the wire format: tag, length, value for each field.
TEST(MessageTest, TheSizeIsThatOfTheProtobufEncoding) {
  Message message;
  message.beat.node = Node('a');
  EXPECT_EQ(EncodedSize(message), kFrameBytes + 2 + (2 + 22 + 2));
  message.probe = 300;
  EXPECT_EQ(EncodedSize(message), kFrameBytes + 2 + (2 + 22 + 2) + 3);
  message.updates.push_back({.node = Node('b'), .boot = 1, .incarnation = 127});
  EXPECT_EQ(EncodedSize(message), kFrameBytes + 2 + (2 + 22 + 2) + 3 + (2 + 22 + 9 + 2 + 2));
  message.updates.clear();
  message.buckets.assign(kBucketCount, 5);
  EXPECT_EQ(EncodedSize(message), kFrameBytes + 2 + (2 + 22 + 2) + 3 + (1 + 2 + 256));
}

TEST(MessageTest, WhatCorrectNodesSendIsValid) {
  EXPECT_TRUE(Validate(Valid()).ok());
  Message request = Valid(Kind::kProbeRequest);
  request.target = Node('b');
  EXPECT_TRUE(Validate(request).ok());
  Message sync = Valid(Kind::kSyncRequest);
  sync.buckets.resize(kBucketCount);
  EXPECT_TRUE(Validate(sync).ok());
  Message records = Valid(Kind::kSyncRecords);
  records.updates.resize(kSyncRecordsMax, {.node = Node('b')});
  EXPECT_TRUE(Validate(records).ok());
}

TEST(MessageTest, WhatNoCorrectNodeSendsIsNot) {
  const auto broken = [](auto change) {
    Message message = Valid();
    change(message);
    return !Validate(message).ok();
  };
  EXPECT_TRUE(broken([](Message& m) { m.kind = static_cast<Kind>(0); }));
  EXPECT_TRUE(broken([](Message& m) { m.kind = static_cast<Kind>(8); }));
  EXPECT_TRUE(broken([](Message& m) { m.beat.node = {}; }));
  EXPECT_TRUE(broken([](Message& m) { m.beat.boot = 0; }));
  EXPECT_TRUE(broken([](Message& m) { m.beat.incarnation = 0; }));
  EXPECT_TRUE(broken([](Message& m) { m.beat.incarnation = kIncarnationMax + 1; }));
  EXPECT_TRUE(broken([](Message& m) { m.updates.resize(1); })) << "a record of nobody";
  EXPECT_TRUE(broken([](Message& m) { m.updates.resize(kPiggybackMax + 1, {.node = Node('b')}); }));
  EXPECT_TRUE(broken(
      [](Message& m) { m.updates = {{.node = Node('b'), .state = static_cast<State>(4)}}; }));
  EXPECT_TRUE(broken(
      [](Message& m) { m.updates = {{.node = Node('b'), .incarnation = kIncarnationMax + 1}}; }));
  EXPECT_TRUE(broken([](Message& m) { m.buckets.resize(1); }));
  EXPECT_TRUE(broken([](Message& m) { m.kind = Kind::kSyncRequest; })) << "without its digests";
  EXPECT_TRUE(broken([](Message& m) { m.kind = Kind::kProbeRequest; })) << "without its target";
  EXPECT_TRUE(broken([](Message& m) { m.kind = Kind::kNack; })) << "without its target";
}

}  // namespace
}  // namespace slotmesh::gossip
