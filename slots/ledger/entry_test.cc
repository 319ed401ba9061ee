#include "slots/ledger/entry.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

#include "slots/ledger/map_codec.h"
#include "slots/ledger/random_entries.h"
#include "slots/ledger/state.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

using testing::RandomEntries;

// `body` with the checksum that fits it.
std::string WithChecksum(std::string_view body) {
  std::string bytes(body);
  Writer writer;
  writer.PutFixed32(static_cast<uint32_t>(Checksum(body)));
  return bytes + writer.bytes();
}

std::string_view BodyOf(const std::string& bytes) {
  return std::string_view(bytes).substr(0, bytes.size() - 4);
}

TEST(EntryTest, EveryKindComesBackAsItWas) {
  std::set<size_t> kinds;
  RandomEntries random(1);
  for (int i = 0; i < 3000; ++i) {
    const Entry entry = random.Any();
    const absl::StatusOr<Entry> back = DecodeEntry(EncodeEntry(entry));
    ASSERT_TRUE(back.ok()) << back.status();
    ASSERT_EQ(*back, entry) << ChangeName(entry.change);
    kinds.insert(entry.change.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<Change>);
}

TEST(EntryTest, EncodingIsWhatFilesHold) {
  // Changing this breaks logs on disk: a new layout is a new tag.
  const Entry entry{{testing::Node(7), 300, 2}, SlotsAssigned{testing::Shard(9), 1, {}}};
  const std::string bytes = EncodeEntry(entry);
  std::string expected = {1, 7};  // Version, tag.
  expected += testing::Node(7).bytes();
  expected += {'\xac', 2, 2};  // Boot, counter.
  expected += testing::Shard(9).bytes();
  expected += {1, 0};  // Epoch, no ranges of slots.
  EXPECT_EQ(BodyOf(bytes), expected);
  EXPECT_EQ(bytes, WithChecksum(expected));
}

TEST(EntryTest, AnyChangedByteIsFound) {
  rc::check([](uint64_t seed) {
    RandomEntries random(seed);
    std::string bytes = EncodeEntry(random.Any());
    bytes[random.Below(bytes.size())] ^= static_cast<char>(1 + random.Below(255));
    RC_ASSERT(!DecodeEntry(bytes).ok());
  });
}

TEST(EntryTest, CutOrExtendedIsFound) {
  RandomEntries random(3);
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = EncodeEntry(random.Any());
    const std::string_view body = BodyOf(bytes);
    EXPECT_FALSE(DecodeEntry(bytes + "x").ok());
    EXPECT_FALSE(DecodeEntry(WithChecksum(std::string(body) + '\0')).ok());
    const size_t cut = random.Below(body.size());
    EXPECT_FALSE(DecodeEntry(bytes.substr(0, cut)).ok());
    EXPECT_FALSE(DecodeEntry(WithChecksum(body.substr(0, cut))).ok()) << cut;
  }
  EXPECT_FALSE(DecodeEntry("").ok());
}

TEST(EntryTest, MalformedContentUnderAGoodChecksumIsRefusedOrHasOneEncoding) {
  rc::check([](uint64_t seed) {
    RandomEntries random(seed);
    const std::string bytes = EncodeEntry(random.Any());
    std::string body(BodyOf(bytes));
    for (uint64_t i = 1 + random.Below(4); i > 0; --i) {
      body[random.Below(body.size())] = static_cast<char>(random.Next());
    }
    const std::string changed = WithChecksum(body);
    const absl::StatusOr<Entry> entry = DecodeEntry(changed);
    if (entry.ok()) RC_ASSERT(EncodeEntry(*entry) == changed);
  });
}

TEST(EntryTest, UnknownVersionAndTagSaySo) {
  const std::string bytes = EncodeEntry(Entry{});
  std::string body(BodyOf(bytes));
  body[0] = 9;
  EXPECT_EQ(DecodeEntry(WithChecksum(body)).status().code(), absl::StatusCode::kUnimplemented);
  body[0] = kEntryVersion;
  body[1] = 99;
  const absl::Status status = DecodeEntry(WithChecksum(body)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(status.message(), "ledger entry: tag 99 is not known to this build");
  body[1] = 19;
  EXPECT_EQ(DecodeEntry(WithChecksum(body)).status().message(),
            "ledger entry: it was written by an older version of slotmesh (tag 19)");
}

TEST(EntryTest, ALongListInAShortEntryTakesNoMemory) {
  Writer writer;
  writer(kEntryVersion, VotersChanged::kTag, ProposalId{}.node, uint64_t{0}, uint64_t{0});
  writer.PutVarint(uint64_t{1} << 60);
  EXPECT_FALSE(DecodeEntry(WithChecksum(writer.bytes())).ok());
}

TEST(EntryTest, OverlongTextIsRefused) {
  Entry entry{.change = MoveAborted{{}, std::string(kWireStringMax + 1, 'x')}};
  EXPECT_FALSE(DecodeEntry(EncodeEntry(entry)).ok());
}

// A state with a bit of everything in it.
State Grown(uint64_t seed) {
  RandomEntries random(seed);
  State state;
  for (uint64_t i = 1; i <= 300; ++i) {
    state.Apply({{testing::Node(random.Below(3)), 5, i}, random.Sensible(state.view(), 6)});
  }
  return state;
}

TEST(MapCodecTest, MapsAndViewsComeBackAsTheyWere) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const State state = Grown(seed);
    const auto map = DecodeMap(EncodeMap(state.view().map));
    ASSERT_TRUE(map.ok()) << map.status();
    EXPECT_EQ(*map, state.view().map);
    const auto view = DecodeView(EncodeView(state.view()));
    ASSERT_TRUE(view.ok()) << view.status();
    EXPECT_EQ(*view, state.view());
    EXPECT_FALSE(DecodeMap(EncodeView(state.view())).ok());
  }
}

TEST(MapCodecTest, AnOlderVersionIsNamedSo) {
  std::string body(BodyOf(EncodeView(View{})));
  body[0] = 3;
  EXPECT_EQ(
      DecodeView(WithChecksum(body)).status().message(),
      "view: it was written by an older version of slotmesh (format 3, this one reads 4 and 5)");
  body[0] = 6;
  EXPECT_EQ(DecodeView(WithChecksum(body)).status().message(),
            "view: format version 6 is not known to this build");
}

TEST(MapCodecTest, LabelsAreBehindWhatBuildsWithoutThemRead) {
  State state = Grown(4);
  ASSERT_FALSE(state.view().map.nodes.empty());
  View view = state.view();
  for (slots::NodeInfo& node : view.map.nodes) node.labels = {};
  const std::string without = EncodeView(view);
  EXPECT_EQ(without[0], 4);
  view.map.nodes.back().labels = {.human_name = "blue", .client_ipv6 = "::7", .no_failover = true};
  const std::string with = EncodeView(view);
  EXPECT_EQ(with[0], 5);
  EXPECT_EQ(BodyOf(with).substr(1, BodyOf(without).size() - 1), BodyOf(without).substr(1));
  EXPECT_EQ(DecodeView(with).value(), view);
  std::string none(BodyOf(without));
  none[0] = 5;
  none.push_back(0);
  EXPECT_EQ(DecodeView(WithChecksum(none)).status().message(),
            "view: its version has labels, and it has none");
}

TEST(MapCodecTest, MalformedViewsAreRefusedOrHaveOneEncoding) {
  const std::string bytes = EncodeView(Grown(4).view());
  rc::check([&bytes](uint64_t seed) {
    RandomEntries random(seed);
    std::string body(BodyOf(bytes));
    if (random.Percent(30)) body.resize(random.Below(body.size()));
    for (uint64_t i = 1 + random.Below(3); i > 0 && !body.empty(); --i) {
      body[random.Below(body.size())] = static_cast<char>(random.Next());
    }
    const std::string changed = WithChecksum(body);
    const absl::StatusOr<View> view = DecodeView(changed);
    if (view.ok()) RC_ASSERT(EncodeView(*view) == changed);
  });
}

}  // namespace
}  // namespace slotmesh::ledger
