// Big values are saved in parts: the file holds what they were when the save began, and who changes
// one waits, if it can.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "node/commands/digest.h"
#include "node/commands/generic.h"
#include "node/commands/hashes.h"
#include "node/commands/lists.h"
#include "node/commands/sets.h"
#include "node/commands/streams.h"
#include "node/commands/strings.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/testing/test_engine.h"
#include "node/commands/zsets.h"
#include "node/keyspace/entry_codec.h"
#include "node/persist/command_file_writer.h"
#include "node/persist/rdb_file_writer.h"
#include "node/persist/rdb_load.h"
#include "node/persist/rdb_save.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using Words = std::vector<std::string>;

// Values of a few elements are big ones, of some parts, then.
constexpr char kSmallForms[] =
    "hash-max-listpack-entries 2\nset-max-listpack-entries 2\nset-max-intset-entries 2\n"
    "zset-max-listpack-entries 2\nlist-max-listpack-size 2\nstream-node-max-entries 2\n";

TestEngine::Options Options(uint64_t seed) {
  TestEngine::Options options{
      .families = SessionFamilies(), .hash_seed = seed, .config = kSmallForms};
  for (const auto& rows :
       {StringCommands(), GenericCommands(), ListCommands(), SetCommands(), HashCommands(),
        SortedSetReadCommands(), SortedSetWriteCommands(), StreamCommands()}) {
    options.families.push_back({rows});
  }
  return options;
}

class StringFile : public OutputFile {
 public:
  explicit StringFile(std::string* bytes) : bytes_(bytes) {}
  absl::Status Write(std::string_view bytes) override {
    bytes_->append(bytes);
    return absl::OkStatus();
  }
  absl::Status Commit() override { return absl::OkStatus(); }

 private:
  std::string* bytes_;
};

// A client that waits where it has to; or one that cannot, without a host.
class Person : private ClientHost {
 public:
  Person(TestEngine& engine, uint64_t id, bool can_wait)
      : engine_(engine), client_(id, can_wait ? this : nullptr) {}
  ~Person() override { engine_.Forget(client_); }

  // Nothing while it waits. True if it begins to.
  bool Run(const Words& words) {
    if (client_.waits()) return false;
    const std::vector<std::string_view> args(words.begin(), words.end());
    engine_.dispatcher().Execute(client_, args, RequestOrigin::kClient);
    client_.output.Clear();
    return client_.waits();
  }
  void GoOn() {
    if (!std::exchange(resumed_, false)) return;
    engine_.dispatcher().ExecuteParked(client_);
    client_.output.Clear();
  }
  bool waits() const { return client_.waits(); }

 private:
  void Resume(Client&) override { resumed_ = true; }
  void Flush(Client&) override {}
  void Close(Client&, bool) override {}

  TestEngine& engine_;
  Client client_;
  bool resumed_ = false;
};

Words RandomCommand(std::mt19937_64& random) {
  const auto pick = [&](uint64_t n) { return random() % n; };
  const auto word = [&](uint64_t n) { return std::to_string(pick(n)); };
  const std::string k = word(4);
  switch (pick(25)) {
    case 0:
    case 1:
      return {"RPUSH", "l" + k, word(1000), std::string(pick(90), 'l')};
    case 2:
      return {"LPOP", "l" + k};
    case 3:
      return {"LREM", "l" + k, "1", word(1000)};
    case 4:
    case 5:
      return {"SADD", "s" + k, "m" + word(100), word(1000)};
    case 6:
      return {"SPOP", "s" + k};
    case 7:
    case 8:
      return {"HSET", "h" + k, "f" + word(50), word(1000)};
    case 9:
      return {"HDEL", "h" + k, "f" + word(50)};
    case 10:
      return {"HPEXPIRE", "h" + k, "100000", "FIELDS", "1", "f" + word(50)};
    case 11:
    case 12:
      return {"ZADD", "z" + k, word(100), "m" + word(80)};
    case 13:
      return {"ZREM", "z" + k, "m" + word(80)};
    case 14:
    case 15:
      return {"XADD", "x" + k, "*", "f", word(1000)};
    case 16:
      return {"XTRIM", "x" + k, "MAXLEN", "20"};
    case 17:
      return {"XGROUP", "CREATE", "x" + k, "g" + word(3), "0"};
    case 18:
      return {"XREADGROUP", "GROUP", "g" + word(3), "me" + word(5), "COUNT", word(20), "STREAMS",
              "x" + k,      ">"};
    case 19:
      return {"EXPIRE", std::string(1, "lshzx"[pick(5)]) + k, "1000"};
    case 20:
      return {"COPY", "z" + k, "z" + word(4), "REPLACE"};
    case 21:
      return {"SET", "str" + word(30), std::string(pick(100), 's')};
    case 22:
      return {"SETRANGE", "str" + word(30), word(60), word(1000)};
    case 23:
      return pick(4) == 0 ? Words{"DEL", std::string(1, "lshzx"[pick(5)]) + k}
                          : Words{"SELECT", word(2)};
    default:
      return pick(10) == 0 ? Words{"FLUSHDB"} : Words{"SWAPDB", "0", "1"};
  }
}

std::map<std::string, std::string> ContentsOf(const Keyspace& keyspace) {
  std::map<std::string, std::string> contents;
  for (int i = 0; i < keyspace.database_count(); ++i) {
    keyspace.database(i).ForEach([&](int, const Entry& entry) {
      Digest digest;
      MixValue(entry, &digest);
      std::string& content = contents[StrCat(i, " ", entry.key())];
      content = StrCat(entry.expiry(), " ", digest.Hex());
      // The digest knows nothing of groups, whose order is one.
      if (entry.kind() == ValueKind::kStream) content += DumpEntry(entry, /*compress=*/false);
    });
  }
  return contents;
}

class BigValuesTest : public ::testing::TestWithParam<int> {};

// SAFETY 26.
TEST_P(BigValuesTest, Safety26TheFileIsTheStateAtItsStartWhoeverWrites) {
  int waits = 0;
  for (int i = 0; i < 25; ++i) {
    const uint64_t seed = static_cast<uint64_t>(GetParam() * 1000 + i);
    SCOPED_TRACE(testing::Message() << "seed=" << seed);
    std::mt19937_64 random(seed);
    TestEngine from(Options(random()));
    Snapshots snapshots(from.engine().keyspace, from.engine().journal);
    from.engine().big_values = &snapshots;
    snapshots.set_on_released([&] {
      from.engine().parking.Release(
          [](const ParkingLot::Place& place) { return place.reason == ParkReason::kSavedValue; });
    });
    Person hasty(from, 1, /*can_wait=*/false);
    Person patient(from, 2, /*can_wait=*/true);
    for (uint64_t n = random() % 1500; n > 0; --n) hasty.Run(RandomCommand(random));
    const auto expected = ContentsOf(from.engine().keyspace);
    std::string bytes;
    std::unique_ptr<OutputFile> file = std::make_unique<StringFile>(&bytes);
    auto save = RdbSave::Start(
        snapshots, file, {},
        {.big_effort = 4, .big_string_bytes = 40, .part_bytes = 1 + random() % 100}, [] {});
    ASSERT_TRUE(save.ok());
    const uint64_t hasty_ones = random() % 4;
    while (!(*save)->Step([] { return true; })) {
      patient.GoOn();
      for (uint64_t n = random() % 4; n > 0; --n) waits += patient.Run(RandomCommand(random));
      for (uint64_t n = random() % (hasty_ones + 1); n > 0; --n) hasty.Run(RandomCommand(random));
    }
    ASSERT_TRUE((*save)->status().ok());
    patient.GoOn();
    EXPECT_FALSE(patient.waits());
    TestEngine to(Options(7));
    const absl::StatusOr<RdbLoaded> loaded = LoadRdb(
        bytes, to.engine().keyspace,
        {.type_settings = to.engine().type_settings, .now = to.engine().now_ms}, [](size_t) {});
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    ASSERT_EQ(ContentsOf(to.engine().keyspace), expected);
  }
  EXPECT_GT(waits, 0);
}

// As bytes of about the size that a part has, whatever the value consists of.
TEST(BigValuesTest, NoPartIsMuchMoreThanItsSize) {
  TestEngine from(Options(1));
  Person person(from, 1, /*can_wait=*/false);
  person.Run({"SET", "string", std::string(10'000, 's'), "EX", "1000"});
  for (int i = 0; i < 3000; ++i) person.Run({"XADD", "stream", StrCat(i + 1, "-1"), "f", "v"});
  for (const char* group : {"few", "many"}) person.Run({"XGROUP", "CREATE", "stream", group, "0"});
  person.Run({"XREADGROUP", "GROUP", "few", "me", "STREAMS", "stream", ">"});
  for (int i = 0; i < 1000; ++i) {
    person.Run({"XREADGROUP", "GROUP", "many", StrCat("consumer:", i), "COUNT", "1", "STREAMS",
                "stream", ">"});
  }
  constexpr size_t kPart = 500;
  RdbFileWriter rdb({}, kPart);
  CommandFileWriter commands(kPart);
  const auto write = [&](SnapshotWriter& writer, const Entry& entry) {
    for (bool whole = false; !whole;) {
      whole = writer.Part(0, entry);
      EXPECT_LT(writer.Take().bytes.size(), kPart + 100);
    }
  };
  from.engine().keyspace.database(0).ForEach([&](int, const Entry& entry) {
    write(rdb, entry);
    if (commands.takes_parts(entry)) write(commands, entry);
  });
}

TEST(BigValuesTest, ABigStringInCommandsIsOneOfThem) {
  TestEngine from(Options(1));
  Snapshots snapshots(from.engine().keyspace, from.engine().journal);
  Person person(from, 1, /*can_wait=*/false);
  person.Run({"SET", "k", std::string(100, 's'), "PXAT", "99999999999999"});
  std::string bytes;
  std::unique_ptr<OutputFile> file = std::make_unique<StringFile>(&bytes);
  auto save = RdbSave::Start(
      snapshots, file, {},
      {.form = SnapshotForm::kCommands, .big_string_bytes = 40, .part_bytes = 7}, [] {});
  ASSERT_TRUE(save.ok());
  while (!(*save)->Step([] { return true; })) continue;
  EXPECT_EQ(bytes, StrCat("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\n",
                          std::string(100, 's'),
                          "\r\n*3\r\n$9\r\nPEXPIREAT\r\n$1\r\nk\r\n$14\r\n99999999999999\r\n"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, BigValuesTest, ::testing::Range(0, 20));

TEST(BigValuesTest, WhoReadsABigValueDoesNotWait) {
  TestEngine from(Options(1));
  Snapshots snapshots(from.engine().keyspace, from.engine().journal);
  from.engine().big_values = &snapshots;
  Person person(from, 1, /*can_wait=*/true);
  for (int i = 0; i < 1000; ++i) person.Run({"HSET", "h", StrCat("f", i), "v"});
  std::string bytes;
  std::unique_ptr<OutputFile> file = std::make_unique<StringFile>(&bytes);
  auto save = RdbSave::Start(snapshots, file, {}, {.big_effort = 100, .part_bytes = 16}, [] {});
  ASSERT_TRUE(save.ok());
  EXPECT_FALSE(person.Run({"HGET", "h", "f1"}));
  EXPECT_FALSE(person.Run({"HSET", "other", "f", "v"}));
  EXPECT_FALSE(person.Run({"MULTI"}));
  EXPECT_FALSE(person.Run({"HSET", "h", "f1", "new"}));
  EXPECT_TRUE(person.Run({"EXEC"}));
}

}  // namespace
}  // namespace slotmesh::node
