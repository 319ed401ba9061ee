// The stream against a map of its entries, its groups, and what loading accepts.
#include "node/types/stream.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "node/codec/rdb_writer.h"

namespace slotmesh::node {
namespace {

using Pairs = std::vector<std::string>;
using Model = std::map<StreamId, Pairs>;

void Add(Stream& stream, StreamId id, const Pairs& pairs, const TypeSettings& settings = {}) {
  const std::vector<std::string_view> words(pairs.begin(), pairs.end());
  stream.Add(id, words, settings);
}

std::vector<std::pair<StreamId, Pairs>> Entries(const Stream& stream, StreamId first = StreamId(),
                                                StreamId last = kStreamIdMax,
                                                bool backwards = false) {
  std::vector<std::pair<StreamId, Pairs>> entries;
  stream.Walk(first, last, backwards, [&](const StreamBlock& block, const StreamEntry& entry) {
    Pairs pairs;
    block.ForEachPair(entry, [&](const ListpackValue& field, const ListpackValue& value) {
      pairs.push_back(field.ToString());
      pairs.push_back(value.ToString());
    });
    entries.emplace_back(entry.id, pairs);
    return true;
  });
  return entries;
}

std::string Serialised(const Stream& stream) {
  std::string bytes;
  RdbWriter writer(&bytes);
  StreamType().Serialise(stream, writer);
  return bytes;
}

std::unique_ptr<Stream> Load(std::string_view bytes, RdbType form = RdbType::kStreamListpacks2) {
  RdbReader reader(bytes);
  const absl::StatusOr<Object*> loaded = LoadStream(form, reader, {});
  if (!loaded.ok()) return nullptr;
  return std::unique_ptr<Stream>(static_cast<Stream*>(*loaded));
}

// Two blocks, a removed entry, two groups.
std::unique_ptr<Stream> Sample() {
  auto stream = std::make_unique<Stream>();
  const TypeSettings settings = {.stream_node_max_entries = 3};
  for (uint64_t i = 1; i <= 5; ++i) {
    Add(*stream, {i, i % 2}, {"field", std::to_string(i), i == 4 ? "other" : "2", "value"},
        settings);
  }
  stream->Delete({2, 0});
  StreamGroup* const group = stream->AddGroup("group", {}, 0);
  StreamConsumer* const alice = group->AddConsumer("alice", 1000);
  StreamConsumer* const bob = group->AddConsumer("bob", 2000);
  for (const StreamId id : {StreamId{1, 1}, StreamId{3, 1}}) stream->Advance(*group, id);
  group->Assign({1, 1}, alice, 1500, 1);
  group->Assign({3, 1}, bob, 2500, 4);
  stream->AddGroup("idle", {4, 0}, StreamGroup::kReadUnknown);
  return stream;
}

TEST(StreamTest, BlocksAreFilledToTheirLimits) {
  Stream by_count;
  for (uint64_t i = 1; i <= 10; ++i) {
    Add(by_count, {i, 0}, {"f", "v"}, {.stream_node_max_entries = 4});
  }
  EXPECT_EQ(by_count.blocks().size(), 3u);
  Stream by_bytes;
  for (uint64_t i = 1; i <= 10; ++i) {
    Add(by_bytes, {i, 0}, {"f", std::string(100, 'v')}, {.stream_node_max_bytes = 300});
  }
  EXPECT_EQ(by_bytes.blocks().size(), 5u);
}

TEST(StreamTest, TheNextIdFollowsTheClockAndNeverGoesBack) {
  Stream stream;
  EXPECT_EQ(stream.NextId(7), (StreamId{7, 0}));
  Add(stream, {9, UINT64_MAX}, {"f", "v"});
  EXPECT_EQ(stream.NextId(7), (StreamId{10, 0}));
  stream.SetLastId(kStreamIdMax);
  EXPECT_EQ(stream.NextId(7), std::nullopt);
}

TEST(StreamTest, ApproximateTrimmingTakesWholeBlocks) {
  Stream stream;
  for (uint64_t i = 1; i <= 10; ++i) {
    Add(stream, {i, 0}, {"f", "v"}, {.stream_node_max_entries = 4});
  }
  StreamTrim trim = {.by = StreamTrim::By::kLength, .approximately = true, .length_max = 5};
  EXPECT_EQ(stream.Trim(trim), 4u);
  trim = {.by = StreamTrim::By::kId, .approximately = true, .id_min = {9, 0}, .limit = 3};
  EXPECT_EQ(stream.Trim(trim), 0u);
  trim.limit = 0;
  EXPECT_EQ(stream.Trim(trim), 4u);
  EXPECT_EQ(stream.first_id(), (StreamId{9, 0}));
  trim = {.by = StreamTrim::By::kId, .id_min = {100, 0}};
  EXPECT_EQ(stream.Trim(trim), 2u);
  EXPECT_TRUE(stream.blocks().empty());
  stream.CheckInvariants();
}

TEST(StreamTest, LagIsKnownUnlessEntriesWereRemovedAhead) {
  Stream stream;
  for (uint64_t i = 1; i <= 5; ++i) Add(stream, {i, 0}, {"f", "v"});
  StreamGroup* const group = stream.AddGroup("g", {}, StreamGroup::kReadUnknown);
  EXPECT_EQ(stream.Lag(*group), 5);
  for (const uint64_t ms : {1, 2}) stream.Advance(*group, {ms, 0});
  EXPECT_EQ(group->entries_read, 2);
  EXPECT_EQ(stream.Lag(*group), 3);
  stream.Delete({1, 0});
  EXPECT_EQ(stream.Lag(*group), 3);
  stream.Delete({4, 0});
  EXPECT_EQ(stream.Lag(*group), std::nullopt);
}

TEST(StreamTest, WhatIsWrittenIsReadAgain) {
  const auto stream = Sample();
  const auto copy = Load(Serialised(*stream));
  ASSERT_NE(copy, nullptr);
  copy->CheckInvariants();
  EXPECT_EQ(Serialised(*copy), Serialised(*stream));
  EXPECT_EQ(Entries(*copy), Entries(*stream));
  const std::unique_ptr<Stream> twin(stream->Copy());
  twin->CheckInvariants();
  EXPECT_EQ(Serialised(*twin), Serialised(*stream));
}

TEST(StreamTest, NoCutOrChangedByteIsMoreThanRefused) {
  const std::string bytes = Serialised(*Sample());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Load(std::string_view(bytes).substr(0, size)), nullptr);
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {1, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ change);
      for (const RdbType form :
           {RdbType::kStreamListpacks, RdbType::kStreamListpacks2, RdbType::kStreamListpacks3}) {
        const auto stream = Load(changed, form);
        if (stream == nullptr) continue;
        stream->CheckInvariants();
        Entries(*stream, {}, kStreamIdMax, /*backwards=*/true);
      }
    }
  }
}

TEST(StreamTest, OlderAndNewerFormsAreRead) {
  // One block with the entry 1-1 {f: v}; the group g at 1-1, nothing pending, consumer c.
  const std::string id("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 16);
  const std::vector<std::string_view> pairs = {"f", "v"};
  const StreamBlock made({1, 1}, pairs);
  const std::string block(made.pack().raw());
  const auto body = [&](RdbType form) {
    std::string bytes;
    RdbWriter writer(&bytes);
    writer.Length(1);
    writer.String(id);
    writer.String(block);
    for (const uint64_t number : {1, 1, 1}) writer.Length(number);  // Length and last id.
    if (form != RdbType::kStreamListpacks) {
      for (const uint64_t number : {1, 1, 0, 0, 1}) writer.Length(number);
    }
    writer.Length(1);
    writer.String("g");
    for (const uint64_t number : {1, 1}) writer.Length(number);
    if (form != RdbType::kStreamListpacks) writer.Length(1);
    writer.Length(0);
    writer.Length(1);
    writer.String("c");
    writer.Millis(1000);
    if (form == RdbType::kStreamListpacks3) writer.Millis(500);
    writer.Length(0);
    return bytes;
  };
  for (const RdbType form :
       {RdbType::kStreamListpacks, RdbType::kStreamListpacks2, RdbType::kStreamListpacks3}) {
    const auto stream = Load(body(form), form);
    ASSERT_NE(stream, nullptr);
    EXPECT_EQ(stream->entries_added(), 1u);
    const StreamGroup* group = stream->FindGroup("g");
    EXPECT_EQ(group->entries_read, 1);
    EXPECT_EQ(group->FindConsumer("c")->active_ms, form == RdbType::kStreamListpacks3 ? 500 : 1000);
  }
}

// A stream and what it should be, changed alike.
struct Pair {
  TypeSettings settings;
  Stream stream;
  Model model;

  void Check(std::mt19937_64& random) {
    stream.CheckInvariants();
    ASSERT_EQ(stream.size(), model.size());
    const StreamId first = {random() % 40, random() % 3};
    const StreamId last = {first.ms + random() % 40, random() % 3};
    std::vector<std::pair<StreamId, Pairs>> expected;
    if (first <= last) expected.assign(model.lower_bound(first), model.upper_bound(last));
    ASSERT_EQ(Entries(stream, first, last), expected);
    std::reverse(expected.begin(), expected.end());
    ASSERT_EQ(Entries(stream, first, last, /*backwards=*/true), expected);
    ASSERT_EQ(stream.LastEntryId(), model.empty() ? StreamId{} : model.rbegin()->first);
  }

  void AddOne(std::mt19937_64& random) {
    StreamId id = stream.last_id();
    id = random() % 2 == 0 ? StreamId{id.ms + 1 + random() % 3, random() % 3}
                           : StreamId{id.ms, id.seq + 1};
    Pairs pairs = {"field", std::to_string(random() % 1000)};
    if (random() % 3 == 0) pairs[0] = "7";
    if (random() % 4 == 0) pairs.insert(pairs.end(), {"more", std::string(random() % 200, 'x')});
    Add(stream, id, pairs, settings);
    model[id] = pairs;
  }

  void TrimSome(std::mt19937_64& random) {
    StreamTrim trim = {.by = StreamTrim::By::kLength, .length_max = random() % 60};
    if (random() % 2 == 0) {
      trim.by = StreamTrim::By::kId;
      trim.id_min = {stream.first_id().ms + random() % 5, random() % 3};
    }
    trim.approximately = random() % 3 == 0;
    const uint64_t removed = stream.Trim(trim);
    for (uint64_t i = 0; i < removed; ++i) model.erase(model.begin());
    if (trim.approximately) return;
    if (trim.by == StreamTrim::By::kLength) {
      ASSERT_LE(model.size(), trim.length_max);
    } else if (!model.empty()) {
      ASSERT_GE(model.begin()->first, trim.id_min);
    }
  }
};

RC_GTEST_PROP(StreamProperty, BehavesAsAMap, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  Pair pair = {.settings = {.stream_node_max_bytes = 100 + random() % 400,
                            .stream_node_max_entries = static_cast<int64_t>(random() % 8)}};
  for (int step = 0; step < 300; ++step) {
    const uint64_t choice = random() % 20;
    if (choice < 14) {
      pair.AddOne(random);
    } else if (choice < 18) {
      const StreamId id = pair.model.empty()
                              ? StreamId{3, 3}
                              : std::next(pair.model.begin(), random() % pair.model.size())->first;
      RC_ASSERT(pair.stream.Contains(id) == (pair.model.count(id) == 1));
      RC_ASSERT(pair.stream.Delete(id) == (pair.model.erase(id) == 1));
      RC_ASSERT(!pair.stream.Delete(id));
    } else {
      pair.TrimSome(random);
    }
    if (step % 10 == 0) pair.Check(random);
    RC_ASSERT(!testing::Test::HasFatalFailure());
  }
  const auto loaded = Load(Serialised(pair.stream));
  RC_ASSERT(loaded != nullptr);
  RC_ASSERT(Serialised(*loaded) == Serialised(pair.stream));
}

RC_GTEST_PROP(StreamProperty, GroupsAgreeWithWhoWasGivenWhat, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  StreamGroup group({}, 0);
  std::map<StreamId, std::string> model;
  for (int step = 0; step < 200; ++step) {
    const std::string name(1, static_cast<char>('a' + random() % 4));
    const StreamId id = {random() % 30, random() % 2};
    StreamConsumer* consumer = group.FindConsumer(name);
    if (consumer == nullptr) consumer = group.AddConsumer(name, step);
    const uint64_t choice = random() % 10;
    if (choice < 6) {
      group.Assign(id, consumer, step, 1);
      model[id] = name;
    } else if (choice < 9) {
      RC_ASSERT(group.RemovePending(id) == (model.erase(id) == 1));
    } else {
      const size_t mine = std::erase_if(model, [&](const auto& e) { return e.second == name; });
      RC_ASSERT(group.RemoveConsumer(consumer) == mine);
    }
    group.CheckInvariants();
    RC_ASSERT(group.pending().size() == model.size());
    for (const auto& [pending, owner] : model) {
      RC_ASSERT(group.FindPending(pending)->consumer->name == owner);
    }
  }
}

TEST(StreamIdTest, WordsAreReadAsRedisReadsThem) {
  const auto parse = [](std::string_view word, StreamIdForm form) -> std::optional<StreamId> {
    ParsedStreamId parsed;
    if (!ParseStreamId(word, form, 9, &parsed)) return std::nullopt;
    return parsed.id;
  };
  EXPECT_EQ(parse("5", StreamIdForm::kStrict), (StreamId{5, 9}));
  EXPECT_EQ(parse("05-007", StreamIdForm::kStrict), (StreamId{5, 7}));
  EXPECT_EQ(parse("18446744073709551615-1", StreamIdForm::kStrict), (StreamId{UINT64_MAX, 1}));
  EXPECT_EQ(parse("+", StreamIdForm::kWithEnds), kStreamIdMax);
  EXPECT_EQ(parse("3-*", StreamIdForm::kAnySeq), (StreamId{3, 0}));
  for (const std::string_view word :
       {"", "-", "+", "x", "1-", "1-x", "-1", "3-*", "1--1", "18446744073709551616", "1-2-3"}) {
    EXPECT_EQ(parse(word, StreamIdForm::kStrict), std::nullopt) << word;
  }
}

}  // namespace
}  // namespace slotmesh::node
