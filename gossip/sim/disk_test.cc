#include "gossip/sim/disk.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace slotmesh::sim {
namespace {

TEST(SimDiskTest, WhatIsSyncedSurvivesAndTheRestIsAPrefixOfWhatWasWritten) {
  const std::string tail = "0123456789";
  std::set<size_t> lengths;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimDisk disk{Random(seed)};
    ASSERT_TRUE(disk.Append("log", "synced").ok());
    ASSERT_TRUE(disk.Fsync("log").ok());
    ASSERT_TRUE(disk.SyncDir().ok());
    ASSERT_TRUE(disk.Append("log", tail.substr(0, 5)).ok());
    ASSERT_TRUE(disk.Append("log", tail.substr(5)).ok());
    EXPECT_EQ(*disk.Read("log"), "synced" + tail);
    disk.Crash();
    const std::string left = *disk.Read("log");
    ASSERT_EQ(left, ("synced" + tail).substr(0, left.size())) << "seed " << seed;
    lengths.insert(left.size() - 6);
  }
  EXPECT_EQ(lengths.size(), 11u) << "nothing, everything and each torn length must occur";
}

TEST(SimDiskTest, ReorderedWritesCanLeaveHoles) {
  bool hole = false;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk disk(Random(seed), {.reorder_writes = true});
    ASSERT_TRUE(disk.Create("log").ok());
    ASSERT_TRUE(disk.SyncDir().ok());
    ASSERT_TRUE(disk.Append("log", "aa").ok());
    ASSERT_TRUE(disk.Append("log", "bb").ok());
    disk.Crash();
    hole |= *disk.Read("log") == std::string("\0\0bb", 4);
  }
  EXPECT_TRUE(hole);
}

TEST(SimDiskTest, NamesSurviveForCertainOnlyAfterSyncDir) {
  int replaced = 0;
  int original = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimDisk disk{Random(seed)};
    ASSERT_TRUE(disk.Append("state", "old").ok());
    ASSERT_TRUE(disk.Fsync("state").ok());
    ASSERT_TRUE(disk.SyncDir().ok());
    ASSERT_TRUE(disk.Append("state.new", "new").ok());
    ASSERT_TRUE(disk.Fsync("state.new").ok());
    ASSERT_TRUE(disk.Rename("state.new", "state").ok());
    EXPECT_EQ(*disk.Read("state"), "new");
    EXPECT_FALSE(disk.Exists("state.new"));
    if (seed % 2 == 0) {
      ASSERT_TRUE(disk.SyncDir().ok());
    }
    disk.Crash();
    const std::string left = *disk.Read("state");
    if (seed % 2 == 0) {
      EXPECT_EQ(left, "new");
    } else {
      (left == "new" ? replaced : original) += 1;
      EXPECT_TRUE(left == "new" || left == "old");
    }
  }
  EXPECT_GT(replaced, 0);
  EXPECT_GT(original, 0);
}

TEST(SimDiskTest, TruncationAndOverwritingWork) {
  SimDisk disk{Random(1)};
  ASSERT_TRUE(disk.WriteAt("f", 3, "abc").ok());
  EXPECT_EQ(*disk.Read("f"), std::string("\0\0\0abc", 6));
  ASSERT_TRUE(disk.WriteAt("f", 1, "xy").ok());
  ASSERT_TRUE(disk.Truncate("f", 4).ok());
  EXPECT_EQ(*disk.Read("f"), std::string("\0xya", 4));
  EXPECT_EQ(*disk.Size("f"), 4u);
  EXPECT_TRUE(absl::IsNotFound(disk.Truncate("g", 0)));
  EXPECT_TRUE(absl::IsNotFound(disk.Read("g").status()));
}

TEST(SimDiskTest, InjectedErrorsComeAsOftenAsAskedFor) {
  SimDisk disk{Random(1)};
  ASSERT_TRUE(disk.Append("f", "abc").ok());
  disk.FailNext(DiskCall::kSync, 2);
  EXPECT_TRUE(absl::IsDataLoss(disk.Fsync("f")));
  EXPECT_TRUE(absl::IsDataLoss(disk.Fsync("f")));
  EXPECT_TRUE(disk.Fsync("f").ok());
  disk.SetFaults({.write_error_percent = 100});
  EXPECT_TRUE(absl::IsDataLoss(disk.Append("f", "d")));
  disk.SetFaults({.capacity_bytes = 10});
  EXPECT_TRUE(absl::IsResourceExhausted(disk.Append("f", std::string(20, 'x'))));
  EXPECT_LE(disk.used_bytes(), 10u);
}

TEST(SimDiskTest, CorruptionStaysThroughACrash) {
  SimDisk disk{Random(1)};
  ASSERT_TRUE(disk.Append("f", "abc").ok());
  ASSERT_TRUE(disk.Fsync("f").ok());
  ASSERT_TRUE(disk.SyncDir().ok());
  EXPECT_TRUE(disk.Corrupt("f", 1, 1));
  EXPECT_FALSE(disk.Corrupt("f", 3));
  disk.Crash();
  EXPECT_EQ(*disk.Read("f"), "acc");
  disk.Wipe();
  EXPECT_TRUE(disk.List().empty());
}

}  // namespace
}  // namespace slotmesh::sim
