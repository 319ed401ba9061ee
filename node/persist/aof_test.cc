#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "node/config/config.h"
#include "node/journal/journal.h"
#include "node/persist/aof_commands.h"
#include "node/persist/aof_log.h"
#include "node/persist/aof_manifest.h"

namespace slotmesh::node {
namespace {

TEST(AofManifestTest, TextsComeBack) {
  AofManifest manifest;
  manifest.base = manifest.NextBase("a b.aof", /*rdb=*/true);
  manifest.increments.push_back(manifest.NextIncrement("a b.aof"));
  manifest.increments.push_back(manifest.NextIncrement("a b.aof"));
  manifest.history.push_back({"old", 3});
  EXPECT_EQ(manifest.Text(),
            "file \"a b.aof.1.base.rdb\" seq 1 type b\n"
            "file old seq 3 type h\n"
            "file \"a b.aof.1.incr.aof\" seq 1 type i\n"
            "file \"a b.aof.2.incr.aof\" seq 2 type i\n");
  EXPECT_EQ(*AofManifest::Parse(manifest.Text()), manifest);
}

TEST(AofManifestTest, WhatIsNoManifestIsNamedByItsLine) {
  const auto error = [](std::string_view text) {
    return std::string(AofManifest::Parse(text).status().message());
  };
  const std::string grammar = "Invalid AOF manifest file format";
  EXPECT_EQ(error(""), "Found an empty AOF manifest");
  EXPECT_EQ(error("# only a note\n"), "Found an empty AOF manifest");
  EXPECT_EQ(error("file a seq 1 type b"), "The AOF manifest's last line has no end (line 1)");
  EXPECT_EQ(error("file a seq 1 type b\nfile b seq x type i\n"), grammar + " (line 2)");
  EXPECT_EQ(error("file ../a seq 1 type b\n"), grammar + " (line 1)");
  EXPECT_EQ(error("file a seq 1\n"), grammar + " (line 1)");
  EXPECT_EQ(error("file a seq 1 type x\n"), "Unknown AOF file type (line 1)");
  EXPECT_EQ(error("file a seq 1 type b\nfile b seq 2 type b\n"),
            "Found duplicate base file information (line 2)");
  EXPECT_EQ(error("file a seq 2 type i\nfile b seq 2 type i\n"),
            "Found a non-monotonic sequence number (line 2)");
  EXPECT_EQ(error("file a" + std::string(2000, 'a') + " seq 2 type i\n"),
            "The AOF manifest file contains too long line (line 1)");
}

using Step = AofCommands::Step;

TEST(AofCommandsTest, ReadsCommandsBetweenNotes) {
  const std::string bytes =
      "#TS:1700000000\r\n*2\r\n$3\r\nGET\r\n$2\r\n\r\n\r\n*1\r\n$4\r\nPING\r\n#TS:1\r\n";
  AofCommands commands(bytes, 0);
  std::vector<std::string_view> words;
  ASSERT_EQ(commands.Next(&words), Step::kCommand);
  EXPECT_EQ(words, (std::vector<std::string_view>{"GET", "\r\n"}));
  ASSERT_EQ(commands.Next(&words), Step::kCommand);
  EXPECT_EQ(words, (std::vector<std::string_view>{"PING"}));
  EXPECT_EQ(commands.Next(&words), Step::kEnd);
}

TEST(AofCommandsTest, EveryCutIsCutShortAtTheCommandsBegin) {
  const std::string whole = "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nDEL\r\n$12\r\nabcdefghijkl\r\n";
  const size_t first = 14;
  for (size_t size = first + 1; size < whole.size(); ++size) {
    AofCommands commands(std::string_view(whole).substr(0, size), 0);
    std::vector<std::string_view> words;
    ASSERT_EQ(commands.Next(&words), Step::kCommand) << size;
    ASSERT_EQ(commands.Next(&words), Step::kCutShort) << size;
    EXPECT_EQ(commands.position(), first);
  }
}

TEST(AofCommandsTest, OtherBytesAreMalformed) {
  for (const std::string_view bytes :
       {"PING\r\n", "*0\r\n", "*-1\r\n", "*1\r\n+OK\r\n", "*1\r\n$-1\r\n", "*1\r\n$2\r\nabc\r\n",
        "*x\r\n", "*99999999999999999999999999\r\n", "*1\r\n$18446744073709551616\r\n"}) {
    AofCommands commands(bytes, 0);
    std::vector<std::string_view> words;
    EXPECT_EQ(commands.Next(&words), Step::kMalformed) << bytes;
    EXPECT_EQ(commands.position(), 0u);
  }
}

class FakeFile : public AppendFile {
 public:
  absl::Status Append(std::string_view more) override {
    if (full) return absl::UnavailableError("No space left on device");
    bytes += more;
    return absl::OkStatus();
  }
  absl::Status Sync() override {
    if (broken) return absl::UnavailableError("Input/output error");
    synced = bytes;
    return absl::OkStatus();
  }
  uint64_t size() const override { return bytes.size(); }

  std::string bytes;
  std::string synced;
  bool full = false;
  bool broken = false;
};

class AofLogTest : public ::testing::Test {
 protected:
  void Write(std::string_view key) {
    const std::string_view words[] = {"DEL", key};
    journal_.Append({.argv = words});
  }
  std::string Wanted(std::string_view key) {
    return "*2\r\n$3\r\nDEL\r\n$1\r\n" + std::string(key) + "\r\n";
  }

  const std::string select_ = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
  Config config_;
  Journal journal_;
  std::shared_ptr<FakeFile> file_ = std::make_shared<FakeFile>();
  AofLog log_{journal_, config_, [this] { return now_ms_; }};
  int64_t now_ms_ = 0;
};

TEST_F(AofLogTest, WithAlwaysWhatIsFlushedIsOnDisk) {
  config_.appendfsync = Fsync::kAlways;
  log_.Use(file_);
  Write("a");
  EXPECT_TRUE(log_.Flush(0));
  EXPECT_EQ(file_->synced, select_ + Wanted("a"));
  file_->broken = true;
  Write("b");
  EXPECT_FALSE(log_.Flush(0)) << "not on disk";
  EXPECT_EQ(log_.status().message(), "Input/output error");
  file_->broken = false;
  EXPECT_TRUE(log_.Flush(0));
  EXPECT_EQ(file_->synced, select_ + Wanted("a") + Wanted("b"));
}

// A replica that changes its primary begins anew, in a stream whose offsets may be smaller.
TEST_F(AofLogTest, OffsetsOfAnotherStreamAreForgotten) {
  config_.appendfsync = Fsync::kAlways;
  log_.Use(file_);
  Write("a");
  EXPECT_TRUE(log_.Flush(0));
  EXPECT_EQ(log_.synced_offset(), journal_.offset());
  log_.Stop();
  journal_.set_offset(5);
  log_.Use(std::make_shared<FakeFile>());
  EXPECT_EQ(log_.synced_offset(), 0);
  log_.NoteOnDisk(5);
  EXPECT_EQ(log_.synced_offset(), 5) << "in the base";
  Write("b");
  EXPECT_TRUE(log_.Flush(0));
  EXPECT_EQ(log_.synced_offset(), journal_.offset());
}

TEST_F(AofLogTest, WhatAFullDiskRefusesIsWrittenLater) {
  config_.appendfsync = Fsync::kNo;
  log_.Use(file_);
  file_->full = true;
  Write("a");
  EXPECT_TRUE(log_.Flush(0));
  EXPECT_EQ(log_.status().message(), "No space left on device");
  Write("b");
  file_->full = false;
  EXPECT_TRUE(log_.Flush(0));
  EXPECT_TRUE(log_.status().ok());
  EXPECT_EQ(file_->bytes, select_ + Wanted("a") + Wanted("b"));
}

// A sync of a file that is to be left would hold everybody up for all that is unsynced.
TEST_F(AofLogTest, WhatIsUnsyncedGoesToDiskInTheBackgroundBeforeItIsSyncedAtOnce) {
  config_.appendfsync = Fsync::kEverySecond;
  log_.Use(file_);
  const auto ahead = [&] {
    bool ready = log_.SyncAhead();
    while (log_.syncing()) std::this_thread::yield();
    return ready;
  };
  EXPECT_TRUE(ahead()) << "nothing is written";
  Write("a");
  log_.Flush(0);
  EXPECT_TRUE(ahead()) << "that is little";
  Write(std::string(AofLog::kLittleBytes, 'k'));
  EXPECT_FALSE(ahead());
  EXPECT_EQ(file_->synced.size(), file_->bytes.size());
  EXPECT_GT(file_->synced.size(), AofLog::kLittleBytes);
  EXPECT_TRUE(ahead());
  // Who writes on and on does not put it off for ever.
  int rounds = 0;
  do {
    Write(std::string(2 * AofLog::kLittleBytes, 'k'));
  } while (!ahead() && ++rounds < 100);
  EXPECT_EQ(rounds, AofLog::kSyncsAheadMax);
  EXPECT_TRUE(log_.SyncNow().ok());
  EXPECT_EQ(file_->synced.size(), file_->bytes.size());
  EXPECT_TRUE(ahead());
  config_.appendfsync = Fsync::kAlways;
  EXPECT_TRUE(ahead());
}

TEST_F(AofLogTest, TimeIsNotedWhereItIsWanted) {
  config_.aof_timestamp_enabled = true;
  now_ms_ = 5500;
  log_.Use(file_);
  Write("a");
  Write("b");
  now_ms_ = 6500;
  Write("c");
  EXPECT_TRUE(log_.Flush(now_ms_));
  EXPECT_EQ(file_->bytes,
            "#TS:5\r\n" + select_ + Wanted("a") + Wanted("b") + "#TS:6\r\n" + Wanted("c"));
}

// What was acknowledged, as the file has it, and where the last sum ends.
class AofDamageTest : public AofLogTest {
 protected:
  void Fill() {
    std::mt19937_64 random(1);
    log_.Use(file_);
    for (int turn = 0; turn < 60; ++turn) {
      for (int i = 0; i < 40; ++i) Write(std::to_string(random()));
      now_ms_ += 200;
      ASSERT_TRUE(log_.Flush(now_ms_));
    }
    ASSERT_TRUE(log_.SyncNow().ok());
  }
  // How reading ends; *good says what the commands before that gave.
  AofCommands::Step Read(const std::string& bytes, std::vector<std::string>* good,
                         bool* sum_behind) {
    AofCommands commands(bytes, 0);
    std::vector<std::string_view> words;
    AofCommands::Step step = AofCommands::Step::kCommand;
    while ((step = commands.Next(&words)) == AofCommands::Step::kCommand) {
      good->push_back(std::string(words.back()));
    }
    *sum_behind = commands.HasSumBehind();
    return step;
  }
};

TEST_F(AofDamageTest, NoChangedByteGoesUnnoticed) {
  Fill();
  std::vector<std::string> expected;
  bool sum_behind = false;
  ASSERT_EQ(Read(file_->bytes, &expected, &sum_behind), AofCommands::Step::kEnd);
  std::mt19937_64 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = file_->bytes;
    const size_t at = random() % damaged.size();
    if (i % 2 == 0) {
      damaged[at] ^= static_cast<char>(1 << (random() % 8));
    } else {
      const size_t size = std::min<size_t>(512, damaged.size() - at);
      damaged.replace(at, size, std::string(size, '\0'));
    }
    std::vector<std::string> found;
    const AofCommands::Step step = Read(damaged, &found, &sum_behind);
    // A sum itself may be what has changed: the data is what it was then.
    if (step == AofCommands::Step::kEnd) {
      EXPECT_EQ(found, expected) << at;
    } else if (step == AofCommands::Step::kCutShort) {
      // It would be mended by cutting it off: only where nothing was summed up behind.
      const bool last_piece = damaged.find("#SUM:", at) == std::string::npos;
      EXPECT_TRUE(sum_behind || last_piece) << at;
    }
  }
}

TEST_F(AofLogTest, ANewFileSaysItsDatabase) {
  log_.Use(file_);
  Write("a");
  ASSERT_TRUE(log_.SyncNow().ok());
  const auto next = std::make_shared<FakeFile>();
  log_.Use(next);
  Write("b");
  ASSERT_TRUE(log_.SyncNow().ok());
  EXPECT_TRUE(next->synced.starts_with(select_ + Wanted("b") + "#SUM:"));
}

TEST_F(AofLogTest, SomethingMayComeBeforeEachWrite) {
  log_.Use(file_);
  int calls = 0;
  log_.set_before_write([&] { calls += file_->bytes.empty() ? 1 : 10; });
  Write("a");
  EXPECT_TRUE(log_.Flush(now_ms_));
  EXPECT_EQ(calls, 1);
  Write("b");
  EXPECT_TRUE(log_.Flush(now_ms_));
  EXPECT_EQ(calls, 11);
  log_.set_before_write(nullptr);
  Write("c");
  EXPECT_TRUE(log_.Flush(now_ms_));
  EXPECT_EQ(calls, 11);
}

TEST_F(AofLogTest, WhatIsLoadedFromItIsNotWrittenAgain) {
  log_.Use(file_);
  const std::string_view words[] = {"DEL", "a"};
  journal_.Append({.database = 5, .origin = Origin::kAofLoad, .argv = words});
  Write("b");
  ASSERT_TRUE(log_.SyncNow().ok());
  EXPECT_TRUE(file_->bytes.starts_with(select_ + Wanted("b") + "#SUM:"));
}

}  // namespace
}  // namespace slotmesh::node
