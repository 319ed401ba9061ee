#include <gtest/gtest.h>

#include <memory>
#include <string>
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
  manifest.base = manifest.NextBase("a b.aof");
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
  const std::string grammar = "is not 'file <name> seq <number> type <b|h|i>'";
  EXPECT_EQ(error(""), "names no file");
  EXPECT_EQ(error("# only a note\n"), "names no file");
  EXPECT_EQ(error("file a seq 1 type b"), "line 1 has no end");
  EXPECT_EQ(error("file a seq 1 type b\nfile b seq x type i\n"), "line 2 " + grammar);
  EXPECT_EQ(error("file ../a seq 1 type b\n"), "line 1 " + grammar);
  EXPECT_EQ(error("file a seq 1\n"), "line 1 does not fit with those before it");
  EXPECT_EQ(error("file a seq 1 type b\nfile b seq 2 type b\n"),
            "line 2 does not fit with those before it");
  EXPECT_EQ(error("file a seq 2 type i\nfile b seq 2 type i\n"),
            "line 2 does not fit with those before it");
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
  AofLog log_{journal_, config_};
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

TEST_F(AofLogTest, ANewFileSaysItsDatabase) {
  log_.Use(file_);
  Write("a");
  ASSERT_TRUE(log_.SyncNow().ok());
  const auto next = std::make_shared<FakeFile>();
  log_.Use(next);
  Write("b");
  ASSERT_TRUE(log_.SyncNow().ok());
  EXPECT_EQ(next->synced, select_ + Wanted("b"));
}

TEST_F(AofLogTest, WhatIsLoadedFromItIsNotWrittenAgain) {
  log_.Use(file_);
  const std::string_view words[] = {"DEL", "a"};
  journal_.Append({.database = 5, .origin = Origin::kAofLoad, .argv = words});
  Write("b");
  ASSERT_TRUE(log_.SyncNow().ok());
  EXPECT_EQ(file_->bytes, select_ + Wanted("b"));
}

}  // namespace
}  // namespace slotmesh::node
