// What the programs that check files say, and what they cut off.
#include "node/persist/check_tools.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "node/codec/crc64.h"
#include "node/persist/aof_commands.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class CheckToolsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = StrCat(testing::TempDir(), "/", name);
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return (std::stringstream() << file.rdbuf()).str();
  }
  // The exit code; what was said is in said_.
  int Run(CheckTool tool, const std::vector<std::string>& words) {
    said_.clear();
    return RunCheckTool(tool, "redis-check", words,
                        {.now = 1000,
                         .print = [this](const std::string& text) { said_ += text; },
                         .read_line = [this] { return answer_; }});
  }
  bool Said(std::string_view text) const { return said_.find(text) != std::string::npos; }

  std::string said_;
  std::string answer_ = "y";
  const std::string set_a_ = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
  const std::string set_b_ = "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n";
};

TEST_F(CheckToolsTest, ToolsGoByTheirNames) {
  EXPECT_EQ(CheckToolNamed("/usr/bin/redis-check-rdb"), CheckTool::kRdb);
  EXPECT_EQ(CheckToolNamed("valkey-check-aof"), CheckTool::kAof);
  EXPECT_EQ(CheckToolNamed("slotmesh-node"), CheckTool::kNone);
}

TEST_F(CheckToolsTest, WordsThatMakeNoSenseGiveTheUsage) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{},
        {"--fix"},
        {"--what", "file"},
        {"--truncate-to-timestamp", "x", "file"},
        {"--fix", "--truncate-to-timestamp", "1", "file"}}) {
    EXPECT_EQ(Run(CheckTool::kAof, words), 1);
    EXPECT_TRUE(Said("Usage: redis-check [--fix|")) << said_;
  }
  EXPECT_EQ(Run(CheckTool::kRdb, {}), 1);
  EXPECT_TRUE(Said("Usage: "));
}

TEST_F(CheckToolsTest, AnRdbFileIsDescribed) {
  // Without a checksum: it is 0.
  const std::string bytes =
      std::string("REDIS0010\xfa\x01x\x01y\xfe\x00\x00\x01k\x01v\xff", 22) + std::string(8, '\0');
  EXPECT_EQ(Run(CheckTool::kRdb, {Write("good.rdb", bytes)}), 0);
  for (const std::string_view line :
       {"[offset 0] Checking RDB file ", "[offset 14] AUX FIELD x = 'y'",
        "[offset 16] Selecting DB ID 0",
        "RDB file was saved with checksum disabled: no check performed.",
        "[offset 30] \\o/ RDB looks OK! \\o/", "[info] 1 keys read", "[info] 0 expires",
        "[info] 0 already expired"}) {
    EXPECT_TRUE(Said(line)) << line << "\n" << said_;
  }
  EXPECT_EQ(Run(CheckTool::kRdb, {Write("long.rdb", bytes + "x")}), 1);
  EXPECT_TRUE(Said("There are 1 bytes behind the end")) << said_;
}

TEST_F(CheckToolsTest, WhatIsWrongWithAnRdbFileIsNamedWithItsPlace) {
  EXPECT_EQ(Run(CheckTool::kRdb, {Write("cut.rdb", std::string("REDIS0010\x00\x01k\x05v", 14))}),
            1);
  EXPECT_TRUE(Said("--- RDB ERROR DETECTED ---\n[offset ")) << said_;
  EXPECT_TRUE(Said("[additional info] While doing: read-object-value")) << said_;
  EXPECT_TRUE(Said("[additional info] Reading key 'k'")) << said_;
  EXPECT_TRUE(Said("[additional info] Reading type 0 (string)")) << said_;
  EXPECT_EQ(Run(CheckTool::kRdb, {"/nowhere.rdb"}), 1);
}

TEST_F(CheckToolsTest, AnAppendOnlyFileIsMeasured) {
  const std::string path = Write("good.aof", set_a_ + set_b_);
  EXPECT_EQ(Run(CheckTool::kAof, {path}), 0);
  EXPECT_EQ(said_,
            StrCat("Start checking Old-Style AOF\nAOF analyzed: filename=", path,
                   ", size=54, ok_up_to=54, ok_up_to_line=15, diff=0\nAOF ", path, " is valid\n"));
  EXPECT_EQ(Run(CheckTool::kAof, {Write("empty.aof", "")}), 0);
  EXPECT_TRUE(Said(" is empty"));
  EXPECT_EQ(Run(CheckTool::kAof, {"/nowhere.aof"}), 1);
}

TEST_F(CheckToolsTest, AnUnfinishedEndIsCutOffIfThatIsWanted) {
  const std::string torn = set_a_ + set_b_.substr(0, 20);
  const std::string path = Write("torn.aof", torn);
  EXPECT_EQ(Run(CheckTool::kAof, {path}), 1);
  EXPECT_TRUE(Said("is not valid. Use the --fix option to try fixing it.")) << said_;
  answer_ = "n";
  EXPECT_EQ(Run(CheckTool::kAof, {"--fix", path}), 1);
  EXPECT_EQ(Read(path), torn);
  answer_ = "y";
  EXPECT_EQ(Run(CheckTool::kAof, {"--fix", path}), 0);
  EXPECT_TRUE(Said("from 47 bytes, with 20 bytes, to 27 bytes")) << said_;
  EXPECT_TRUE(Said("Successfully truncated AOF"));
  EXPECT_EQ(Read(path), set_a_);
}

TEST_F(CheckToolsTest, HalfATransactionIsNotInOrder) {
  const std::string path = Write("multi.aof", set_a_ + "*1\r\n$5\r\nMULTI\r\n" + set_b_);
  EXPECT_EQ(Run(CheckTool::kAof, {path}), 1);
  EXPECT_TRUE(Said("Reached EOF before reading EXEC for MULTI")) << said_;
  EXPECT_EQ(Run(CheckTool::kAof, {"--fix", path}), 0);
  EXPECT_EQ(Read(path), set_a_);
}

TEST_F(CheckToolsTest, AFlippedByteThatIsSummedUpIsFound) {
  const std::string head = set_a_ + AofSumNote(set_a_.size(), Crc64(0, set_a_));
  std::string bytes = head + set_b_ + AofSumNote(set_b_.size(), Crc64(0, set_b_)) + set_a_;
  EXPECT_EQ(Run(CheckTool::kAof, {Write("sum.aof", bytes)}), 0);
  bytes[bytes.find("2\r\n#SUM")] = '3';
  const std::string path = Write("flipped.aof", bytes);
  EXPECT_EQ(Run(CheckTool::kAof, {path}), 1);
  EXPECT_TRUE(Said("do not match the checksum")) << said_;
  EXPECT_TRUE(Said(StrCat("ok_up_to=", head.size(), ","))) << said_;
  EXPECT_EQ(Run(CheckTool::kAof, {"--fix", path}), 0);
  EXPECT_EQ(Read(path), head);
}

TEST_F(CheckToolsTest, AFileGoesBackToATime) {
  const std::string early = "#TS:100\r\n" + set_a_;
  const std::string path = Write("time.aof", early + "#TS:200\r\n" + set_b_);
  EXPECT_EQ(Run(CheckTool::kAof, {"--truncate-to-timestamp", "50", path}), 1);
  EXPECT_TRUE(Said("has nothing before timestamp 50, aborting...")) << said_;
  EXPECT_EQ(Run(CheckTool::kAof, {"--truncate-to-timestamp", "300", path}), 0);
  EXPECT_TRUE(Said("Truncate nothing in AOF")) << said_;
  EXPECT_EQ(Run(CheckTool::kAof, {"--truncate-to-timestamp", "150", path}), 0);
  EXPECT_TRUE(Said("to timestamp 150")) << said_;
  EXPECT_EQ(Read(path), early);
}

TEST_F(CheckToolsTest, AManifestNamesAllThatIsChecked) {
  Write("m.1.base.aof", set_a_);
  Write("m.1.incr.aof", set_a_ + set_b_.substr(0, 10));
  Write("m.2.incr.aof", set_b_);
  const std::string base = "file m.1.base.aof seq 1 type b\n";
  const std::string first = "file m.1.incr.aof seq 1 type i\n";
  const std::string path = Write("m.manifest", base + first);
  EXPECT_EQ(Run(CheckTool::kAof, {path}), 1);
  EXPECT_TRUE(Said("Start to check BASE AOF (RESP format).")) << said_;
  EXPECT_TRUE(Said("BASE AOF m.1.base.aof is valid")) << said_;
  Write("m.manifest", base + first + "file m.2.incr.aof seq 2 type i\n");
  EXPECT_EQ(Run(CheckTool::kAof, {"--fix", path}), 1);
  EXPECT_TRUE(Said("because it is not the last file")) << said_;
  Write("m.manifest", base + first);
  EXPECT_EQ(Run(CheckTool::kAof, {"--fix", path}), 0);
  EXPECT_EQ(Run(CheckTool::kAof, {path}), 0);
  EXPECT_TRUE(Said("All AOF files and manifest are valid")) << said_;
  Write("m.manifest", "file x\n");
  EXPECT_EQ(Run(CheckTool::kAof, {path}), 1);
  EXPECT_TRUE(Said("Invalid AOF manifest file format")) << said_;
}

}  // namespace
}  // namespace slotmesh::node
