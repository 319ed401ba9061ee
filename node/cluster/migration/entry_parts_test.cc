// Big values in parts: what is staged is what was there, of every type, and nothing that is damaged
// is taken in.
#include "node/cluster/migration/entry_parts.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node/cluster/migration/staging.h"
#include "node/cluster/migration/testing/big_value_requests.h"
#include "node/cluster/migration/testing/move_world.h"
#include "node/keyspace/entry_codec.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kTag = "a";
const PartSizes kOfAnySize = {.big_effort = 0, .part_bytes = 1};

slots::SlotSet ItsSlot() {
  slots::SlotSet slots;
  slots.Add(slots::HashSlot(kTag));
  return slots;
}

// A node with values of every type, and the records of each.
class EntryPartsTest : public testing::TestWithParam<int> {
 protected:
  EntryPartsTest() : world_(static_cast<uint64_t>(GetParam())) {
    const std::unique_ptr<MoveClient> client = source().Connect();
    BigValueRequests requests(world_.random());
    for (int i = 0; i < 600; ++i) client->Run(requests.Next(kTag, source().engine().now_ms));
  }

  MoveNode& source() { return world_.node(1); }
  MoveNode& target() { return world_.node(2); }
  std::unique_ptr<Staging> NewStaging(Reclaimer* reclaimer = nullptr) {
    return std::make_unique<Staging>(target().engine(), ItsSlot(), reclaimer);
  }
  // The records of the entry, one string each.
  static std::vector<std::string> RecordsOf(const Entry& entry, size_t part_bytes) {
    EntryParts parts({.big_effort = 0, .part_bytes = part_bytes});
    std::vector<std::string> records;
    for (bool last = false; !last;) {
      last = parts.Append(0, entry, &records.emplace_back());
    }
    return records;
  }
  static absl::Status Feed(Staging& staging, std::string_view stream) {
    RecordReader reader;
    reader.Feed(stream);
    Record record;
    while (true) {
      const absl::StatusOr<bool> read = reader.Next(&record);
      if (!read.ok()) return read.status();
      if (!*read) return absl::OkStatus();
      if (const absl::Status status = staging.Apply(record); !status.ok()) return status;
    }
  }
  // All that comes in parts, from the first database.
  std::vector<const Entry*> BigOnes() {
    const EntryParts parts(kOfAnySize);
    std::vector<const Entry*> entries;
    source().keyspace().database(0).ForEach([&](int, const Entry& entry) {
      if (parts.Takes(entry)) entries.push_back(&entry);
    });
    return entries;
  }

  MoveWorld world_;
};

TEST_P(EntryPartsTest, WhatIsStagedIsWhatWasThere) {
  const std::unique_ptr<Staging> staging = NewStaging();
  std::map<ValueKind, int> seen;
  for (const Entry* entry : BigOnes()) {
    ++seen[entry->kind()];
    std::string stream;
    for (const std::string& part : RecordsOf(*entry, world_.Below(200))) stream += part;
    ASSERT_TRUE(Feed(*staging, stream).ok());
  }
  EXPECT_GE(seen.size(), 4);  // One or the other may have been deleted last.
  const Content expected = source().ContentOf(ItsSlot());
  staging->AdoptInto(target().keyspace());
  for (const auto& [key, content] : target().ContentOf(ItsSlot())) {
    EXPECT_EQ(content, expected.at(key)) << key.second;
  }
  size_t staged = 0;
  target().keyspace().database(0).ForEach([&](int, const Entry& entry) {
    ++staged;
    const HashedKey key = HashKey(source().keyspace(), entry.key());
    const Entry& original = *source().keyspace().database(0).FindRaw(key);
    EXPECT_EQ(entry.access_clock(), original.access_clock());
    // Its groups, too.
    if (entry.kind() != ValueKind::kStream) return;
    EXPECT_EQ(DumpEntry(entry, /*compress=*/false), DumpEntry(original, /*compress=*/false));
  });
  EXPECT_EQ(staged, BigOnes().size());
}

TEST_P(EntryPartsTest, NothingDamagedOrIncompleteIsTakenIn) {
  for (const Entry* entry : BigOnes()) {
    const std::vector<std::string> records = RecordsOf(*entry, 60);
    std::string stream;
    for (const std::string& part : records) stream += part;
    // Behind the first record's header and key all that is not summed up has a meaning.
    for (int i = 0; i < 20; ++i) {
      std::string bad = stream;
      const size_t at = records[0].size() + world_.Below(bad.size() - records[0].size() + 1) - 1;
      bad[at] = static_cast<char>(bad[at] ^ (1 << world_.Below(8)));
      const std::unique_ptr<Staging> staging = NewStaging();
      (void)Feed(*staging, bad);
      EXPECT_EQ(staging->entries(), 0) << entry->key() << " at " << at;
    }
    // Without one of its parts.
    if (records.size() < 3) continue;
    const size_t missing = 1 + world_.Below(records.size() - 2);
    std::string bad;
    for (size_t i = 0; i < records.size(); ++i) bad += i == missing ? "" : records[i];
    const std::unique_ptr<Staging> staging = NewStaging();
    EXPECT_FALSE(Feed(*staging, bad).ok()) << entry->key();
    EXPECT_EQ(staging->entries(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EntryPartsTest, testing::Range(1, 11));

class StagedPartsTest : public EntryPartsTest {
 protected:
  static std::string Value(RdbType form, std::string_view key = "{a}k") {
    std::string stream;
    AppendValue(&stream, {.key = key}, form);
    return stream;
  }
  static std::string Part(std::string_view elements) {
    std::string stream;
    AppendPart(&stream, elements);
    return stream;
  }
  absl::Status Feed(std::string_view stream) {
    const std::unique_ptr<Staging> staging = NewStaging();
    return EntryPartsTest::Feed(*staging, stream);
  }
};

TEST_P(StagedPartsTest, RefusesWhatTheSourceNeverSends) {
  EXPECT_TRUE(Feed(Value(RdbType::kHash)).ok());
  EXPECT_TRUE(Feed(Value(RdbType::kHash) + Part("\x01\x01")).message().find("unexpected end") !=
              std::string_view::npos);
  for (const RdbType form : {RdbType::kString, RdbType::kHashListpack, RdbType::kModule2,
                             RdbType::kModulePreGa, static_cast<RdbType>(200)}) {
    EXPECT_FALSE(Feed(Value(form)).ok());
  }
  EXPECT_FALSE(Feed(Value(RdbType::kHash, "{b}k")).ok());  // Of another slot.
  EXPECT_TRUE(Feed(Value(RdbType::kSet) + Part("\x01\x01m")).ok());
  EXPECT_FALSE(Feed(Value(RdbType::kSet) + Part("\x01\x01m") + Part("\x01n")).ok());
  EXPECT_FALSE(Feed(Value(RdbType::kSet) + Part("\x02\x01m") + Part("\x01m")).ok());
  EXPECT_FALSE(Feed(Value(RdbType::kSet) + Part(std::string(1, '\0'))).ok());
}

// Freeing it at once could take as long as loading it would.
TEST_P(StagedPartsTest, WhatIsDroppedMidwayIsFreedInTheBackground) {
  SlicedReclaimer reclaimer;
  std::unique_ptr<Staging> staging = NewStaging(&reclaimer);
  ASSERT_TRUE(EntryPartsTest::Feed(*staging, Value(RdbType::kSet) + Part("\x02\x01m")).ok());
  EXPECT_EQ(reclaimer.pending(), 0);
  staging.reset();
  EXPECT_EQ(reclaimer.pending(), 1);
}

INSTANTIATE_TEST_SUITE_P(One, StagedPartsTest, testing::Values(1));

}  // namespace
}  // namespace slotmesh::node
