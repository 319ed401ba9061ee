#include "node/replication/discarded_tail.h"

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kSelect = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
constexpr std::string_view kSet = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";
constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";

TEST(MeasureTail, CountsBytesAndTheCommandsThatChangedData) {
  Backlog backlog;
  backlog.Restart(100);
  backlog.Append(kSet);
  const uint64_t from = backlog.end();
  for (const std::string_view part : {kSelect, kSet, kPing, kMulti, kSet, kSet, kExec}) {
    backlog.Append(part);
  }
  const DiscardedTail tail = MeasureTail(backlog, from);
  EXPECT_TRUE(tail.complete);
  EXPECT_EQ(tail.commands, 3u);
  EXPECT_EQ(tail.bytes, backlog.end() - from);
  EXPECT_EQ(Describe(tail), "147 bytes, 3 commands");
}

TEST(MeasureTail, AcrossBlocksOfTheBacklog) {
  Backlog backlog;
  backlog.Restart(0);
  for (int i = 0; i < 5000; ++i) backlog.Append(kSet);
  EXPECT_EQ(MeasureTail(backlog, 0).commands, 5000u);
}

TEST(MeasureTail, SaysWhenTheBacklogDoesNotHaveItAll) {
  Backlog backlog;
  backlog.Restart(100);
  backlog.Append(kSet);
  const DiscardedTail tail = MeasureTail(backlog, 40);
  EXPECT_FALSE(tail.complete);
  EXPECT_EQ(tail.bytes, 60 + kSet.size());
  EXPECT_EQ(Describe(tail), "87 bytes, in how many commands is not known any more");
}

TEST(MeasureTail, NothingBehindTheEnd) {
  Backlog backlog;
  backlog.Restart(100);
  EXPECT_EQ(MeasureTail(backlog, 100).bytes, 0u);
  EXPECT_EQ(MeasureTail(backlog, 500).bytes, 0u);
}

}  // namespace
}  // namespace slotmesh::node
