#include "slots/ledger/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "gossip/sim/random.h"
#include "slots/ledger/log_disk_sim.h"
#include "slots/ledger/random_entries.h"

namespace slotmesh::ledger {
namespace {

using ::testing::HasSubstr;

constexpr ServerId kServer = 42;
const slots::LogId kLog = testing::Log(1);
const char kSegment1[] = "segment-0000000000000001";
const char kSegment2[] = "segment-0000000000000002";
const char kSnapshot2[] = "snapshot-0000000000000002";

LogEntry At(Index index, Term term = 1) {
  return {index, term, LogKind::kEntry, std::string(20, static_cast<char>('a' + index % 26))};
}

Persist Step(HardState hard, std::vector<LogEntry> entries) {
  Persist persist;
  persist.hard = hard;
  persist.entries = std::move(entries);
  return persist;
}

Persist SnapshotStep(HardState hard, Index index, std::vector<LogEntry> entries) {
  Persist persist = Step(hard, std::move(entries));
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->index = index;
  snapshot->term = 1;
  snapshot->configuration.voters = {{kServer, testing::Node(1)}};
  snapshot->data = "the state";
  persist.snapshot = snapshot;
  return persist;
}

class StorageTest : public ::testing::Test {
 protected:
  // A log with votes, entries 1 to 3, of which 3 was overwritten.
  void Fill() {
    SimLogDisk disk(disk_);
    FileStorage storage(disk);
    ASSERT_EQ(storage.Load()->server, 0u);
    ASSERT_TRUE(storage.Initialize(kServer, kLog).ok());
    ASSERT_TRUE(storage.Write(Step({1, kServer}, {At(1), At(2), At(3)})).ok());
    ASSERT_TRUE(storage.Write(Step({2, 0}, {At(3, 2)})).ok());
  }
  absl::StatusOr<StoredLog> Load() {
    SimLogDisk disk(disk_);
    return FileStorage(disk).Load();
  }
  // Load says data loss, naming file and way out.
  void ExpectCorrupt(const std::string& file, const std::string& what) {
    const absl::Status status = Load().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    const std::string text = status.ToString();
    EXPECT_THAT(text, HasSubstr("ledger/" + file + " at offset"));
    EXPECT_THAT(text, HasSubstr(what));
    EXPECT_THAT(text, HasSubstr("comes back as a new server"));
  }

  sim::SimDisk disk_{sim::Random(1)};
};

TEST_F(StorageTest, NothingThereIsNobody) {
  const auto log = Load();
  ASSERT_TRUE(log.ok());
  EXPECT_EQ(log->server, 0u);
}

TEST_F(StorageTest, WhatWasWrittenComesBack) {
  Fill();
  const auto log = Load();
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->server, kServer);
  EXPECT_EQ(log->log, kLog);
  EXPECT_EQ(log->hard, (HardState{2, 0}));
  EXPECT_EQ(log->entries, (std::vector<LogEntry>{At(1), At(2), At(3, 2)}));
  EXPECT_TRUE(log->notes.empty());
}

TEST_F(StorageTest, ASnapshotReplacesTheLogAndOldFilesGo) {
  Fill();
  SimLogDisk disk(disk_);
  FileStorage storage(disk);
  ASSERT_TRUE(storage.Load().ok());
  ASSERT_TRUE(storage.Write(SnapshotStep({3, 7}, 2, {At(2), At(3, 2)})).ok());
  ASSERT_TRUE(storage.Write(Step({3, 7}, {At(4, 3)})).ok());
  EXPECT_EQ(disk_.List(), (std::vector<std::string>{"meta", kSegment2, kSnapshot2}));
  const auto log = Load();
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->hard, (HardState{3, 7}));
  EXPECT_EQ(log->snapshot->data, "the state");
  EXPECT_EQ(log->entries, (std::vector<LogEntry>{At(2), At(3, 2), At(4, 3)}));
}

TEST_F(StorageTest, ATailCutShortIsCutOffAndSaidSo) {
  Fill();
  const uint64_t before = *disk_.Size(kSegment1);
  for (const uint64_t more : {1, 10, 23, 24, 25, 56}) {
    {
      SimLogDisk disk(disk_);
      FileStorage storage(disk);
      ASSERT_TRUE(storage.Load().ok());
      ASSERT_TRUE(storage.Write(Step({9, 9}, {At(4, 9)})).ok());
    }
    ASSERT_TRUE(disk_.Truncate(kSegment1, before + more).ok());
    const auto log = Load();
    ASSERT_TRUE(log.ok()) << log.status();
    EXPECT_EQ(log->hard, (HardState{2, 0}));
    EXPECT_EQ(log->entries.size(), 3u);
    ASSERT_EQ(log->notes.size(), 1u);
    EXPECT_THAT(log->notes[0], HasSubstr("cut off " + std::to_string(more) + " bytes"));
    EXPECT_EQ(*disk_.Size(kSegment1), before);
  }
}

TEST_F(StorageTest, ATailOfZerosIsOneThatWasNeverWritten) {
  Fill();
  const uint64_t before = *disk_.Size(kSegment1);
  ASSERT_TRUE(disk_.Append(kSegment1, std::string(100, '\0')).ok());
  ASSERT_EQ(Load()->notes.size(), 1u);
  EXPECT_EQ(*disk_.Size(kSegment1), before);
}

TEST_F(StorageTest, AnyDamagedByteIsFoundAndNothingIsRepaired) {
  Fill();
  for (const std::string& file : {std::string("meta"), std::string(kSegment1)}) {
    const uint64_t size = *disk_.Size(file);
    for (uint64_t offset = 0; offset < size; ++offset) {
      ASSERT_TRUE(disk_.Corrupt(file, offset));
      const auto log = Load();
      EXPECT_EQ(log.status().code(), absl::StatusCode::kDataLoss) << file << " " << offset;
      EXPECT_EQ(*disk_.Size(file), size);
      ASSERT_TRUE(disk_.Corrupt(file, offset));  // Back.
    }
  }
  EXPECT_TRUE(Load().ok());
}

TEST_F(StorageTest, DamageInsideNamesTheBatchesOffset) {
  Fill();
  ASSERT_TRUE(disk_.Corrupt(kSegment1, 60));
  ExpectCorrupt(kSegment1, "at offset 20: a batch is damaged");
}

TEST_F(StorageTest, ADamagedSnapshotIsFound) {
  Fill();
  {
    SimLogDisk disk(disk_);
    FileStorage storage(disk);
    ASSERT_TRUE(storage.Load().ok());
    ASSERT_TRUE(storage.Write(SnapshotStep({3, 7}, 2, {At(2), At(3, 2)})).ok());
  }
  ASSERT_TRUE(disk_.Corrupt(kSnapshot2, 9));
  ExpectCorrupt(kSnapshot2, "checksum");
  ASSERT_TRUE(disk_.Remove(kSnapshot2).ok());
  ExpectCorrupt(kSnapshot2, "missing");
}

TEST_F(StorageTest, AMissingFileIsFound) {
  Fill();
  const std::string meta = *disk_.Read("meta");
  ASSERT_TRUE(disk_.Remove("meta").ok());
  ExpectCorrupt("meta", "the file is missing, but segment-0000000000000001 is there");
  ASSERT_TRUE(disk_.Append("meta", meta).ok());
  ASSERT_TRUE(disk_.Remove(kSegment1).ok());
  ExpectCorrupt(kSegment1, "missing");
}

TEST_F(StorageTest, ABatchThatIsGoneOrStandsTwiceIsFound) {
  Fill();
  const std::string bytes = *disk_.Read(kSegment1);
  ASSERT_TRUE(disk_.Append(kSegment1, bytes.substr(20)).ok());
  ExpectCorrupt(kSegment1, "batch 1 follows batch 2");
}

TEST_F(StorageTest, AfterAFailedWriteNothingMoreIsTaken) {
  Fill();
  SimLogDisk disk(disk_);
  FileStorage storage(disk);
  ASSERT_TRUE(storage.Load().ok());
  disk_.FailNext(sim::DiskCall::kSync);
  EXPECT_FALSE(storage.Write(Step({3, 0}, {At(4, 3)})).ok());
  EXPECT_FALSE(storage.Write(Step({3, 0}, {At(4, 3)})).ok());
}

TEST_F(StorageTest, ReplacedLogIsAnotherServersFromItsSnapshotOn) {
  Fill();
  SimLogDisk disk(disk_);
  FileStorage storage(disk);
  ASSERT_TRUE(storage.Load().ok());
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->index = 100;
  snapshot->term = 9;
  snapshot->data = "anew";
  Persist begun = Step({9, 0}, {});
  begun.snapshot = snapshot;
  ASSERT_TRUE(storage.Replace(77, begun).ok());
  ASSERT_TRUE(storage.Write(Step({9, 77}, {At(101, 9)})).ok());
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->server, 77u);
  EXPECT_EQ(*loaded->snapshot, *snapshot);
  EXPECT_EQ(loaded->hard, (HardState{9, 77}));
  EXPECT_EQ(loaded->entries.size(), 1u);
}

TEST_F(StorageTest, DiscardLeavesNothing) {
  Fill();
  SimLogDisk disk(disk_);
  FileStorage storage(disk);
  ASSERT_TRUE(storage.Load().ok());
  ASSERT_TRUE(storage.Discard().ok());
  EXPECT_TRUE(disk_.List().empty());
  EXPECT_EQ(Load()->server, 0u);
}

// Whatever call a process dies at, and whatever the disk then loses: what Write reported is there,
// and what it did not report is there whole or not at all.
TEST(StorageCrashTest, WhatWasReportedSurvivesACrashAtAnyCall) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed=" << seed);
    sim::Random random(seed);
    sim::SimDisk disk(random.Fork(1));
    SimLogDisk calls(disk);
    calls.StopAfter(random.Below(60));
    std::vector<LogEntry> reported;  // And at most one more step.
    std::vector<LogEntry> next;
    bool initialized = false;
    {
      FileStorage storage(calls);
      initialized = storage.Load().ok() && storage.Initialize(kServer, kLog).ok();
      for (Index index = 1; initialized; ++index) {
        next = reported;
        next.push_back(At(index));
        Persist persist = Step({index, 0}, {At(index)});
        if (random.Percent(20) && index > 1) persist = SnapshotStep({index, 0}, 1, next);
        if (!storage.Write(persist).ok()) break;
        reported = next;
      }
    }
    disk.Crash();
    SimLogDisk after(disk);
    const auto log = FileStorage(after).Load();
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE(log->server == kServer || (!initialized && log->server == 0));
    ASSERT_TRUE(log->entries == reported || log->entries == next) << log->entries.size();
    ASSERT_EQ(log->hard.term, log->entries.size());
  }
}

TEST(StorageCrashTest, DiscardLeavesAllOrNothing) {
  bool all = false;
  bool nothing = false;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    sim::Random random(seed);
    sim::SimDisk disk(random.Fork(1));
    SimLogDisk calls(disk);
    FileStorage storage(calls);
    ASSERT_TRUE(storage.Load().ok() && storage.Initialize(kServer, kLog).ok());
    ASSERT_TRUE(storage.Write(Step({1, 0}, {At(1)})).ok());
    calls.StopAfter(random.Below(8));
    (void)storage.Discard();
    disk.Crash();
    SimLogDisk after(disk);
    const auto log = FileStorage(after).Load();
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_EQ(log->entries.size(), log->server == 0 ? 0u : 1u);
    (log->server == 0 ? nothing : all) = true;
  }
  EXPECT_TRUE(all && nothing);
}

TEST(PosixDiskTest, TheSameOnARealFolder) {
  std::string folder = ::testing::TempDir() + "/ledgerXXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/ledger";
  {
    auto disk = OpenLogDisk(path);
    ASSERT_TRUE(disk.ok());
    FileStorage storage(**disk);
    ASSERT_EQ(storage.Load()->server, 0u);
    ASSERT_TRUE(storage.Initialize(kServer, kLog).ok());
    ASSERT_TRUE(storage.Write(Step({1, 0}, {At(1), At(2)})).ok());
    ASSERT_TRUE(storage.Write(SnapshotStep({2, 0}, 1, {At(1), At(2)})).ok());
    ASSERT_TRUE(storage.Write(Step({2, 0}, {At(3, 2)})).ok());
    ASSERT_TRUE((*disk)->Append(kSegment2, "torn").ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(OpenLogDisk(path).status()));
  }
  auto disk = OpenLogDisk(path);
  FileStorage storage(**disk);
  const auto log = storage.Load();
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->entries.size(), 3u);
  ASSERT_EQ(log->notes.size(), 1u);
  EXPECT_THAT(log->notes[0], HasSubstr(path + "/" + kSegment2 + ": cut off 4 bytes"));
  ASSERT_TRUE(storage.Discard().ok());
  EXPECT_EQ((*disk)->Read("meta").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(OpenLogDisk(folder + "/no/such").ok());
  std::remove(path.c_str());
  std::remove(folder.c_str());
}

}  // namespace
}  // namespace slotmesh::ledger
