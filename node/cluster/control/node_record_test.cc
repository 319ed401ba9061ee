// The node's file: what it holds comes back, and what is damaged is never taken for good.
#include "node/cluster/control/node_record.h"

#include <string>

#include "gossip/sim/disk.h"
#include "gtest/gtest.h"
#include "slots/ledger/log_disk_sim.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

template <typename Id>
Id IdOf(char c) {
  return Id::FromBytes(std::string(20, c));
}

NodeRecord Example() {
  NodeRecord record;
  record.id = IdOf<slots::NodeId>('n');
  record.log = IdOf<slots::LogId>('l');
  record.founder = true;
  record.begun = true;
  record.member_since = 4711;
  record.peers = {{IdOf<slots::NodeId>('p'), "10.0.0.2:17000"},
                  {IdOf<slots::NodeId>('q'), "[::1]:17001"}};
  record.ended = {IdOf<slots::LogId>('e'), IdOf<slots::LogId>('f')};
  return record;
}

class NodeRecordTest : public testing::Test {
 protected:
  sim::SimDisk disk_{sim::Random(1)};
  ledger::SimLogDisk folder_{disk_};
  std::unique_ptr<NodeFile> file_ = MakeNodeFile(folder_, "nodes.conf");
};

TEST_F(NodeRecordTest, WhatIsSavedIsLoaded) {
  EXPECT_FALSE((*file_->Load()).has_value());
  ASSERT_TRUE(file_->Save(Example()).ok());
  EXPECT_EQ(**file_->Load(), Example());
  NodeRecord other = Example();
  other.peers.clear();
  other.founder = false;
  ASSERT_TRUE(file_->Save(other).ok());
  EXPECT_EQ(**file_->Load(), other);
}

TEST_F(NodeRecordTest, EveryChangedByteAndEveryCutIsDataLossThatNamesTheFile) {
  const std::string good = EncodeNodeRecord(Example());
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    EXPECT_FALSE(DecodeNodeRecord(bad).ok()) << i;
    EXPECT_FALSE(DecodeNodeRecord(good.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(DecodeNodeRecord(good + "x").ok());
  ASSERT_TRUE(file_->Save(Example()).ok());
  ASSERT_TRUE(disk_.Corrupt("nodes.conf", 30));
  const absl::Status status = file_->Load().status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_NE(status.message().find("nodes.conf"), absl::string_view::npos) << status;
  EXPECT_NE(status.message().find("checksum"), absl::string_view::npos) << status;
}

TEST_F(NodeRecordTest, ARecordWithoutIdsIsRefused) {
  NodeRecord record = Example();
  record.log = {};
  EXPECT_FALSE(DecodeNodeRecord(EncodeNodeRecord(record)).ok());
  record = Example();
  record.id = {};
  EXPECT_FALSE(DecodeNodeRecord(EncodeNodeRecord(record)).ok());
  record = Example();
  record.ended.assign(kEndedLogsMax + 1, IdOf<slots::LogId>('e'));
  EXPECT_FALSE(DecodeNodeRecord(EncodeNodeRecord(record)).ok());
}

TEST(NodeRecordCrashTest, ACrashDuringASaveLeavesTheOldOrTheNewRecord) {
  NodeRecord next = Example();
  next.log = IdOf<slots::LogId>('m');
  int old_ones = 0;
  int new_ones = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    sim::SimDisk disk{sim::Random(seed)};
    {
      ledger::SimLogDisk folder(disk);
      const std::unique_ptr<NodeFile> file = MakeNodeFile(folder, "nodes.conf");
      ASSERT_TRUE(file->Save(Example()).ok());
      folder.StopAfter(seed % 6);
      file->Save(next).IgnoreError();
      disk.Crash();
    }
    ledger::SimLogDisk folder(disk);
    const std::unique_ptr<NodeFile> file = MakeNodeFile(folder, "nodes.conf");
    const auto loaded = file->Load();
    ASSERT_TRUE(loaded.ok()) << seed << " " << loaded.status();
    ASSERT_TRUE(loaded->has_value()) << seed;
    EXPECT_TRUE(**loaded == Example() || **loaded == next) << seed;
    ++(**loaded == next ? new_ones : old_ones);
    ASSERT_TRUE(file->Save(next).ok()) << "over what the crash left";
    EXPECT_EQ(**file->Load(), next);
  }
  EXPECT_GT(old_ones, 0);
  EXPECT_GT(new_ones, 0);
}

TEST(NodeRecordPathTest, AFileOfARealFolderIsSavedAndLoaded) {
  const std::string path = StrCat(testing::TempDir(), "/record-test-nodes.conf");
  auto file = OpenNodeFile(path);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Save(Example()).ok());
  auto again = OpenNodeFile(path);
  ASSERT_TRUE(again.ok()) << "nodes with files of other names may share the folder";
  EXPECT_EQ(**(*again)->Load(), Example());
  NodeRecord next = Example();
  next.peers.clear();
  ASSERT_TRUE((*file)->Save(next).ok());
  EXPECT_EQ(**(*again)->Load(), next);
}

TEST(BusAddressTest, AnIPv6AddressStandsInBrackets) {
  slots::NodeInfo node;
  node.bus_port = 17000;
  node.ip = "10.0.0.1";
  EXPECT_EQ(BusAddress(node), "10.0.0.1:17000");
  node.ip = "fe80::1";
  EXPECT_EQ(BusAddress(node), "[fe80::1]:17000");
}

}  // namespace
}  // namespace slotmesh::node
