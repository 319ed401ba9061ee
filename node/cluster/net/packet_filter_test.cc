#include "node/cluster/net/packet_filter.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

using bus::FrameKind;

TEST(PacketFilterTest, DropsWhatDoesTheTypesWork) {
  PacketFilter filter;
  for (int kind = 1; kind < bus::kFrameKinds; ++kind) {
    EXPECT_FALSE(filter.Drops(static_cast<FrameKind>(kind)));
  }
  EXPECT_FALSE(filter.DropsQuestions());
  filter.set_type(0);
  EXPECT_TRUE(filter.Drops(FrameKind::kGossip));
  EXPECT_FALSE(filter.Drops(FrameKind::kLedger));
  filter.set_type(2);
  EXPECT_TRUE(filter.DropsQuestions());
  EXPECT_FALSE(filter.Drops(FrameKind::kGossip));
  filter.set_type(5);
  EXPECT_TRUE(filter.Drops(FrameKind::kLedger));
  EXPECT_FALSE(filter.DropsQuestions());
  filter.set_type(10);
  EXPECT_TRUE(filter.Drops(FrameKind::kPubSub));
  filter.set_type(-1);
  EXPECT_FALSE(filter.Drops(FrameKind::kPubSub));
}

}  // namespace
}  // namespace slotmesh::node
