// Saving and loading: what is written comes back, whatever happens while it is written.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "bazel/shared_data.h"
#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/lists.h"
#include "node/commands/sets.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/testing/test_engine.h"
#include "node/commands/zsets.h"
#include "node/keyspace/access_clock.h"
#include "node/keyspace/entry_codec.h"
#include "node/persist/aof_commands.h"
#include "node/persist/rdb_load.h"
#include "node/persist/rdb_save.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using Words = std::vector<std::string>;

std::vector<TestFamily> AllTypes() {
  std::vector<TestFamily> families = SessionFamilies();
  for (const auto& rows :
       {StringCommands(), GenericCommands(), ListCommands(), SetCommands(), HashCommands(),
        SortedSetReadCommands(), SortedSetWriteCommands(), StreamCommands()}) {
    families.push_back({rows});
  }
  return families;
}

class Writer {
 public:
  explicit Writer(TestEngine& engine) : engine_(engine) {}
  void Run(const Words& words) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    engine_.dispatcher().Execute(client_, args, RequestOrigin::kClient);
    client_.output.TruncateTo(0);
  }

 private:
  TestEngine& engine_;
  Client client_{1, nullptr};
};

using Contents = std::map<std::string, std::string>;

Contents ContentsOf(const Keyspace& keyspace) {
  Contents contents;
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keyspace.database(i).ForEach([&](int, const Entry& entry) {
      contents[StrCat(i, " ", entry.key())] =
          StrCat(entry.expiry(), " ", DumpEntry(entry, /*compress=*/false));
    });
  }
  return contents;
}

// Bytes in memory instead of a file; fails at the byte it is told.
class FakeFile : public OutputFile {
 public:
  FakeFile(std::string* bytes, size_t room) : bytes_(bytes), room_(room) {}
  absl::Status Write(std::string_view bytes) override {
    if (bytes_->size() + bytes.size() > room_) return absl::UnavailableError("no room");
    bytes_->append(bytes);
    return absl::OkStatus();
  }
  absl::Status Commit() override { return absl::OkStatus(); }

 private:
  std::string* bytes_;
  size_t room_;
};

constexpr size_t kPlenty = 1 << 30;

absl::StatusOr<RdbLoaded> Load(std::string_view bytes, TestEngine& engine) {
  return LoadRdb(bytes, engine.engine().keyspace,
                 {.type_settings = engine.engine().type_settings, .now = engine.engine().now_ms},
                 [](size_t) {});
}

void Fill(Writer& writer) {
  for (int i = 0; i < 300; ++i) {
    const std::string n = std::to_string(i);
    writer.Run({"SET", "string:" + n, std::string(static_cast<size_t>(i), 'x')});
    writer.Run({"SET", "number:" + n, std::to_string(i * 1000003LL), "EX", "100"});
    writer.Run({"RPUSH", "list", n, std::string(60, 'l')});
    writer.Run({"SADD", "set", "member" + n});
    writer.Run({"SADD", "intset", n});
    writer.Run({"HSET", "hash", "field" + n, n});
    writer.Run({"ZADD", "zset", n, "member" + n});
    writer.Run({"XADD", "stream", StrCat(i + 1, "-1"), "field", n});
  }
  writer.Run({"HSET", "fields", "a", "1", "b", "2"});
  writer.Run({"HPEXPIRE", "fields", "100000", "FIELDS", "1", "a"});
  writer.Run({"XGROUP", "CREATE", "stream", "group", "0"});
  writer.Run({"XREADGROUP", "GROUP", "group", "me", "COUNT", "5", "STREAMS", "stream", ">"});
  writer.Run({"SELECT", "3"});
  writer.Run({"SET", "elsewhere", "1"});
  writer.Run({"SELECT", "0"});
}

TEST(RdbTest, WhatIsSavedComesBack) {
  for (const bool compress : {true, false}) {
    TestEngine from({.families = AllTypes()});
    Writer writer(from);
    Fill(writer);
    std::string bytes;
    const RdbNotes notes{.aux = {{"redis-ver", "7.2.4"}}, .functions = {"#!lua name=x"}};
    ASSERT_TRUE(SaveRdb(from.engine().keyspace, std::make_unique<FakeFile>(&bytes, kPlenty), notes,
                        {.output = {.compress = compress}})
                    .ok());
    TestEngine to({.families = AllTypes()});
    const absl::StatusOr<RdbLoaded> loaded = Load(bytes, to);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->size, bytes.size());
    EXPECT_EQ(loaded->aux, notes.aux);
    EXPECT_EQ(loaded->functions, notes.functions);
    EXPECT_EQ(loaded->keys, from.engine().keyspace.size());
    EXPECT_EQ(ContentsOf(to.engine().keyspace), ContentsOf(from.engine().keyspace));
  }
}

// Runs what is in the bytes as a file's commands are run.
void RunAll(std::string_view bytes, TestEngine& engine) {
  AofCommands commands(bytes, 0);
  std::vector<std::string_view> words;
  Client client(2, nullptr);
  AofCommands::Step step = AofCommands::Step::kCommand;
  while ((step = commands.Next(&words)) == AofCommands::Step::kCommand) {
    engine.dispatcher().Execute(client, words, RequestOrigin::kAof);
  }
  ASSERT_EQ(step, AofCommands::Step::kEnd);
}

TEST(RdbTest, AsCommandsItComesBackToo) {
  TestEngine from({.families = AllTypes()});
  Writer writer(from);
  Fill(writer);
  writer.Run({"ZADD", "scores", "inf", "a", "-inf", "b", "0.1", "c", "1e300", "d"});
  std::string bytes;
  ASSERT_TRUE(SaveRdb(from.engine().keyspace, std::make_unique<FakeFile>(&bytes, kPlenty),
                      {.unix_seconds = 7}, {.form = SnapshotForm::kCommands})
                  .ok());
  EXPECT_TRUE(bytes.starts_with("#TS:7\r\n*2\r\n$6\r\nSELECT"));
  TestEngine to({.families = AllTypes()});
  RunAll(bytes, to);
  const Contents expected = ContentsOf(from.engine().keyspace);
  const Contents found = ContentsOf(to.engine().keyspace);
  EXPECT_EQ(found.size(), expected.size());
  for (const auto& [key, value] : expected) {
    // In what order a table has its members is no part of their value.
    if (value.size() < 2000) {
      EXPECT_EQ(found.at(key), value) << key;
    }
  }
}

TEST(RdbTest, HowKeysWereUsedIsInTheFileUnderThePoliciesThatGoByIt) {
  for (const bool lfu : {false, true}) {
    TestEngine from({.families = AllTypes()});
    from.engine().keyspace.set_access_policy(lfu ? AccessPolicy::kLfu : AccessPolicy::kLru);
    Writer writer(from);
    writer.Run({"SET", "a", "1"});
    writer.Run({"RPUSH", "b", "1"});
    from.AdvanceMillis(50'000);
    const SaveOptions options{
        .access = {.kind = lfu ? AccessNotes::Kind::kFrequency : AccessNotes::Kind::kIdle,
                   .now = from.engine().now_ms,
                   .lfu = {.decay_minutes = 0}}};
    std::string bytes;
    ASSERT_TRUE(
        SaveRdb(from.engine().keyspace, std::make_unique<FakeFile>(&bytes, kPlenty), {}, options)
            .ok());
    TestEngine to({.families = AllTypes()});
    to.engine().keyspace.set_access_policy(lfu ? AccessPolicy::kLfu : AccessPolicy::kLru);
    to.AdvanceMillis(70'000);
    ASSERT_TRUE(Load(bytes, to).ok());
    to.engine().keyspace.database(0).ForEach([&](int, const Entry& entry) {
      const uint32_t clock = entry.access_clock();
      if (lfu) {
        EXPECT_EQ(LfuCounter(clock, to.engine().now_ms, {.decay_minutes = 0}), kLfuInitial);
      } else {
        EXPECT_EQ(LruIdleSeconds(clock, to.engine().now_ms), 50u) << entry.key();
      }
    });
    // Under another policy it says nothing.
    TestEngine other({.families = AllTypes()});
    other.engine().keyspace.set_access_policy(lfu ? AccessPolicy::kLru : AccessPolicy::kLfu);
    ASSERT_TRUE(Load(bytes, other).ok());
  }
}

TEST(RdbTest, KeysWhoseTimeHasPassedStayOut) {
  TestEngine from({.families = AllTypes()});
  Writer writer(from);
  writer.Run({"SET", "a", "1", "PX", "10"});
  writer.Run({"SET", "b", "1"});
  std::string bytes;
  ASSERT_TRUE(
      SaveRdb(from.engine().keyspace, std::make_unique<FakeFile>(&bytes, kPlenty), {}, {}).ok());
  TestEngine to({.families = AllTypes()});
  to.AdvanceMillis(11);
  const absl::StatusOr<RdbLoaded> loaded = Load(bytes, to);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->keys, 1u);
  EXPECT_EQ(loaded->expired, 1u);
}

TEST(RdbTest, KeysWhoseTimeHasPassedStayForTheCopiesButAreCounted) {
  TestEngine from({.families = AllTypes()});
  Writer writer(from);
  writer.Run({"SET", "a", "1", "PX", "10"});
  writer.Run({"SET", "b", "1"});
  std::string bytes;
  ASSERT_TRUE(SaveRdb(from.engine().keyspace, std::make_unique<FakeFile>(&bytes, kPlenty),
                      {.aux = {{"note", "x"}}}, {})
                  .ok());
  TestEngine to({.families = AllTypes()});
  to.AdvanceMillis(11);
  const auto load = [&](bool keep) {
    to.engine().keyspace.Flush();
    return LoadRdb(bytes, to.engine().keyspace,
                   {.type_settings = to.engine().type_settings,
                    .now = to.engine().now_ms,
                    .keep_expired = keep,
                    .keep_expired_with = "note"},
                   [](size_t) {});
  };
  absl::StatusOr<RdbLoaded> loaded = load(/*keep=*/false);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(to.engine().keyspace.size(), 2u);
  EXPECT_EQ(loaded->keys, 1u);
  EXPECT_EQ(loaded->expired, 1u);
  // A replica's.
  loaded = load(/*keep=*/true);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->keys, 2u);
  EXPECT_EQ(loaded->expired, 0u);
}

TEST(RdbTest, DamageIsFoundAndNamed) {
  TestEngine from({.families = AllTypes()});
  Writer writer(from);
  Fill(writer);
  std::string bytes;
  ASSERT_TRUE(
      SaveRdb(from.engine().keyspace, std::make_unique<FakeFile>(&bytes, kPlenty), {}, {}).ok());
  std::mt19937_64 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string damaged = bytes;
    if (i % 3 == 0) {
      damaged.resize(random() % bytes.size());
    } else if (i % 3 == 1) {
      // A block that never reached the disk.
      constexpr size_t kBlock = 512;
      const size_t at = random() % (bytes.size() / kBlock) * kBlock;
      damaged.replace(at, kBlock, std::string(kBlock, '\0'));
    } else {
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << (random() % 8));
    }
    TestEngine to({.families = AllTypes()});
    const absl::StatusOr<RdbLoaded> loaded = Load(damaged, to);
    ASSERT_FALSE(loaded.ok()) << i;
    EXPECT_NE(loaded.status().message().find("at byte"), absl::string_view::npos);
  }
}

TEST(RdbTest, AKeyThatIsThereTwiceIsAnErrorOrReplaced) {
  TestEngine engine({.families = AllTypes()});
  Writer writer(engine);
  writer.Run({"SET", "a", "1"});
  std::string bytes;
  ASSERT_TRUE(
      SaveRdb(engine.engine().keyspace, std::make_unique<FakeFile>(&bytes, kPlenty), {}, {}).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Load(bytes, engine).status()));
  const RdbLoadOptions options{.type_settings = engine.engine().type_settings, .replace = true};
  EXPECT_TRUE(LoadRdb(bytes, engine.engine().keyspace, options, [](size_t) {}).ok());
}

// Redis before 6.2 could leave such keys behind, and its successors leave them out.
TEST(RdbTest, KeysWhoseValueHoldsNothingAreLeftOut) {
  const auto opcode = [](RdbOpcode code) { return std::string(1, static_cast<char>(code)); };
  const auto value = [](RdbType type, std::string_view key, std::string_view rest) {
    return StrCat(std::string(1, static_cast<char>(type)),
                  std::string(1, static_cast<char>(key.size())), key, rest);
  };
  const std::string none(1, '\0');
  const std::string ziplist("\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff", 12);
  const std::string listpack("\x07\x07\0\0\0\0\0\xff", 8);
  const std::string file =
      StrCat("REDIS0010", value(RdbType::kSet, "set", none), value(RdbType::kHash, "hash", none),
             value(RdbType::kZset2, "zset", none), value(RdbType::kList, "list", none),
             value(RdbType::kListQuicklist, "quicklist", StrCat("\x01", ziplist)),
             value(RdbType::kListZiplist, "list2", ziplist),
             value(RdbType::kHashZiplist, "hash2", ziplist),
             value(RdbType::kHashListpack, "hash3", listpack),
             value(RdbType::kZsetZiplist, "zset2", ziplist),
             value(RdbType::kZsetListpack, "zset3", listpack),
             // The expiry is its own, not that of the key behind it.
             opcode(RdbOpcode::kExpireMillis), std::string("\x01\0\0\0\0\0\0\0", 8),
             value(RdbType::kSetListpack, "set2", listpack),
             value(RdbType::kString, "full",
                   "\x01"
                   "v"),
             opcode(RdbOpcode::kEof), std::string(8, '\0'));
  TestEngine engine({.families = AllTypes()});
  std::vector<std::string> told;
  const RdbLoadOptions options{.type_settings = engine.engine().type_settings,
                               .now = 1000,
                               .on_empty = [&](std::string_view key) { told.emplace_back(key); }};
  const absl::StatusOr<RdbLoaded> loaded =
      LoadRdb(file, engine.engine().keyspace, options, [](size_t) {});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->keys, 1);
  EXPECT_EQ(loaded->expired, 0);
  EXPECT_EQ(loaded->empty, 11);
  ASSERT_EQ(told.size(), kEmptyToldMax);
  EXPECT_EQ(told.front(), "set");
  EXPECT_EQ(told.back(), "zset3");
  EXPECT_EQ(ContentsOf(engine.engine().keyspace).size(), 1);
}

TEST(RdbTest, AFullDiskIsAnError) {
  TestEngine engine({.families = AllTypes()});
  Writer writer(engine);
  Fill(writer);
  std::string bytes;
  const absl::Status status =
      SaveRdb(engine.engine().keyspace, std::make_unique<FakeFile>(&bytes, 1000), {}, {});
  EXPECT_EQ(status.message(), "no room");
}

TEST(RdbTest, AFileIsThereCompleteOrNotAtAll) {
  const std::string path = testing::TempDir() + "/out.rdb";
  const auto text_of = [&] {
    std::ifstream file(path);
    return (std::stringstream() << file.rdbuf()).str();
  };
  std::ofstream(path) << "old";
  {
    auto given_up = CreateOutputFile(path, path + ".tmp", true);
    ASSERT_TRUE(given_up.ok());
    ASSERT_TRUE((*given_up)->Write("new").ok());
    EXPECT_EQ(text_of(), "old");
  }
  EXPECT_NE(access((path + ".tmp").c_str(), F_OK), 0);
  auto file = CreateOutputFile(path, path + ".tmp", true);
  ASSERT_TRUE((*file)->Write("new").ok());
  ASSERT_TRUE((*file)->Commit().ok());
  EXPECT_EQ(text_of(), "new");
  EXPECT_FALSE(CreateOutputFile(path, "/nowhere/at/all", true).ok());
}

// One of many commands on few keys.
Words RandomCommand(std::mt19937_64& random) {
  const auto pick = [&](uint64_t n) { return random() % n; };
  const auto word = [&](uint64_t n) { return std::to_string(pick(n)); };
  const std::string k = "k" + word(40);
  switch (pick(18)) {
    case 0:
      return {"SET", k, std::string(pick(200), 'v')};
    case 1:
      return {"INCR", k};
    case 2:
      return {"APPEND", k, "more"};
    case 3:
      return {"DEL", k};
    case 4:
      return {"RPUSH", "l" + k, word(1000), word(9)};
    case 5:
      return {"LPOP", "l" + k};
    case 6:
      return {"SADD", "s" + k, word(1000), "m" + word(100)};
    case 7:
      return {"SREM", "s" + k, word(1000)};
    case 8:
      return {"HSET", "h" + k, "f" + word(50), word(1000)};
    case 9:
      return {"HDEL", "h" + k, "f" + word(50)};
    case 10:
      return {"ZADD", "z" + k, word(100), "m" + word(50)};
    case 11:
      return {"ZREM", "z" + k, "m" + word(50)};
    case 12:
      return {"XADD", "x" + k, "*", "f", word(1000)};
    case 13:
      return {"EXPIRE", k, "1000"};
    case 14:
      return {"PERSIST", k};
    case 15:
      return {"RENAME", k, "k" + word(40)};
    case 16:
      return pick(40) == 0 ? Words{"FLUSHDB"} : Words{"SELECT", word(3)};
    default:
      return pick(20) == 0 ? Words{"SWAPDB", word(3), word(3)} : Words{"LSET", "l" + k, "0", "z"};
  }
}

class RdbSnapshotTest : public ::testing::TestWithParam<int> {};

TEST_P(RdbSnapshotTest, IsTheStateAtItsStartWhateverIsWrittenMeanwhile) {
  for (int i = 0; i < 25; ++i) {
    std::mt19937_64 random(static_cast<uint64_t>(GetParam() * 1000 + i));
    TestEngine from({.families = AllTypes(), .hash_seed = random()});
    Snapshots snapshots(from.engine().keyspace, from.engine().journal);
    Writer writer(from);
    const uint64_t before = random() % 1000;
    for (uint64_t n = 0; n < before; ++n) writer.Run(RandomCommand(random));
    const Contents expected = ContentsOf(from.engine().keyspace);
    std::string bytes;
    std::unique_ptr<OutputFile> file = std::make_unique<FakeFile>(&bytes, kPlenty);
    auto save = RdbSave::Start(snapshots, file, {}, {}, [] {});
    ASSERT_TRUE(save.ok());
    while (!(*save)->Step([&] { return random() % 4 == 0; })) {
      for (uint64_t n = random() % 20; n > 0; --n) writer.Run(RandomCommand(random));
    }
    ASSERT_TRUE((*save)->status().ok());
    TestEngine to({.families = AllTypes()});
    ASSERT_TRUE(Load(bytes, to).ok());
    ASSERT_EQ(ContentsOf(to.engine().keyspace), expected) << "seed " << GetParam() << " " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RdbSnapshotTest, ::testing::Range(0, 40));

TEST(RdbTest, FilesOfOthersLoad) {
  for (const std::string_view name :
       {"rdb/encodings.rdb", "rdb/hash-ziplist.rdb", "rdb/hash-zipmap.rdb",
        "rdb/list-quicklist.rdb", "rdb/zset-ziplist.rdb", "rdb/redis70.rdb"}) {
    const std::optional<std::string> path = SharedFile(name);
    if (!path) return;
    TestEngine engine({.families = AllTypes()});
    const absl::StatusOr<RdbLoaded> loaded =
        LoadRdbFile(*path, engine.engine().keyspace,
                    {.type_settings = engine.engine().type_settings}, [](size_t) {});
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_GT(engine.engine().keyspace.size(), 0u) << name;
  }
  const auto load = [](std::string_view name) {
    TestEngine engine({.families = AllTypes()});
    return LoadRdbFile(*SharedFile(name), engine.engine().keyspace,
                       {.type_settings = engine.engine().type_settings}, [](size_t) {});
  };
  EXPECT_TRUE(absl::IsDataLoss(load("rdb/corrupt_ziplist.rdb").status()));
  const absl::StatusOr<RdbLoaded> empty = load("rdb/corrupt_empty_keys.rdb");
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_EQ(empty->keys, 0);
  EXPECT_EQ(empty->empty, 9);
}

}  // namespace
}  // namespace slotmesh::node
