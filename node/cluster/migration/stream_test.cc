// Frames, records and the queue of what is to be sent.
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node/cluster/migration/frames.h"
#include "node/cluster/migration/out_stream.h"
#include "node/cluster/migration/records.h"

namespace slotmesh::node {
namespace {

slots::PlanId SomePlan() {
  std::mt19937_64 random(1);
  return slots::PlanId::Random(random);
}

TEST(Frames, ComeBackAsTheyWent) {
  for (const FrameKind kind :
       {FrameKind::kBegin, FrameKind::kReady, FrameKind::kData, FrameKind::kAck,
        FrameKind::kComplete, FrameKind::kStop, FrameKind::kGive, FrameKind::kGiven}) {
    const std::string bytes = EncodeFrame({kind, SomePlan(), 0x0123456789abcdef, "some bytes"});
    EXPECT_EQ(bytes.size(), kFrameHeaderBytes + 10);
    const absl::StatusOr<MigrationFrame> frame = DecodeFrame(bytes);
    ASSERT_TRUE(frame.ok()) << frame.status();
    EXPECT_EQ(frame->kind, kind);
    EXPECT_EQ(frame->plan, SomePlan());
    EXPECT_EQ(frame->offset, 0x0123456789abcdef);
    EXPECT_EQ(frame->bytes, "some bytes");
  }
}

TEST(Frames, RefusesWhatIsNone) {
  const std::string good = EncodeFrame({FrameKind::kAck, SomePlan(), 7});
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(DecodeFrame(std::string_view(good).substr(0, length)).status()));
  }
  std::string other = good;
  other[0] = 2;
  EXPECT_TRUE(absl::IsUnimplemented(DecodeFrame(other).status()));
  other = good;
  other[1] = 0;
  EXPECT_TRUE(absl::IsUnimplemented(DecodeFrame(other).status()));
  other[1] = 9;
  EXPECT_TRUE(absl::IsUnimplemented(DecodeFrame(other).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(DecodeFrame(good + std::string(kStopReasonMax + 1, 'x')).status()));
}

// A stream of one record of each kind, with what is to be read from it.
std::string SomeStream() {
  std::string stream;
  AppendTime(&stream, 1'700'000'000'123);
  AppendEntry(&stream, {.database = 3,
                        .expiry = -5,
                        .access_clock = 0xffffff,
                        .key = "key",
                        .payload = std::string_view("\0payload", 8)});
  AppendEntry(&stream, {.key = "", .payload = ""});
  AppendValue(&stream, {.database = 4, .expiry = 7, .access_clock = 1, .key = "big"},
              RdbType::kHash);
  AppendPart(&stream, std::string_view("\0part", 5));
  AppendPart(&stream, "");
  AppendValueEnd(&stream, 0x0123456789abcdef);
  const std::string_view words[] = {"SET", "", std::string_view("\0\r\n", 3)};
  AppendEffect(&stream, 15, words);
  AppendFinal(&stream);
  return stream;
}

void ExpectSomeStream(RecordReader& reader, const std::string& stream, size_t piece) {
  std::vector<RecordKind> kinds;
  Record record;
  for (size_t at = 0; at < stream.size(); at += piece) {
    reader.Feed(std::string_view(stream).substr(at, piece));
    while (true) {
      const absl::StatusOr<bool> read = reader.Next(&record);
      ASSERT_TRUE(read.ok()) << read.status();
      if (!*read) break;
      kinds.push_back(record.kind);
      if (record.kind == RecordKind::kTime) {
        EXPECT_EQ(record.time, 1'700'000'000'123);
      }
      if (kinds.size() == 2) {
        EXPECT_EQ(record.entry.database, 3);
        EXPECT_EQ(record.entry.expiry, -5);
        EXPECT_EQ(record.entry.access_clock, 0xffffff);
        EXPECT_EQ(record.entry.key, "key");
        EXPECT_EQ(record.entry.payload, std::string_view("\0payload", 8));
      }
      if (kinds.size() == 3) {
        EXPECT_EQ(record.entry.expiry, kNoExpiry);
        EXPECT_EQ(record.entry.key, "");
      }
      if (record.kind == RecordKind::kValue) {
        EXPECT_EQ(record.entry.database, 4);
        EXPECT_EQ(record.entry.expiry, 7);
        EXPECT_EQ(record.entry.access_clock, 1);
        EXPECT_EQ(record.entry.key, "big");
        EXPECT_EQ(record.entry.payload, "");
        EXPECT_EQ(record.form, RdbType::kHash);
      }
      if (kinds.size() == 5) {
        EXPECT_EQ(record.part, std::string_view("\0part", 5));
      }
      if (record.kind == RecordKind::kValueEnd) {
        EXPECT_EQ(record.checksum, 0x0123456789abcdef);
      }
      if (record.kind == RecordKind::kEffect) {
        EXPECT_EQ(record.database, 15);
        EXPECT_EQ(record.words,
                  (std::vector<std::string_view>{"SET", "", std::string_view("\0\r\n", 3)}));
      }
    }
  }
  EXPECT_EQ(kinds, (std::vector<RecordKind>{
                       RecordKind::kTime, RecordKind::kEntry, RecordKind::kEntry,
                       RecordKind::kValue, RecordKind::kPart, RecordKind::kPart,
                       RecordKind::kValueEnd, RecordKind::kEffect, RecordKind::kFinal}));
  EXPECT_EQ(reader.unread(), 0);
}

TEST(Records, AreReadWhereverTheStreamIsCut) {
  const std::string stream = SomeStream();
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    RecordReader reader;
    ExpectSomeStream(reader, stream, piece);
  }
}

TEST(Records, RefusesWhatIsNone) {
  std::mt19937_64 random(2);
  const std::string good = SomeStream();
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(random());
    RecordReader reader;
    reader.Feed(bad);
    Record record;
    for (int records = 0; records < 10; ++records) {
      const absl::StatusOr<bool> read = reader.Next(&record);
      if (!read.ok()) ++refused;
      if (!read.ok() || !*read) break;
      EXPECT_LT(record.words.size(), good.size());
    }
  }
  EXPECT_GT(refused, 1000);
}

// v: a value begins, p: a part, e: its end, x: an effect, f: the final record.
bool AreReadInThisOrder(std::string_view order) {
  std::string stream;
  const std::string_view words[] = {"SET", "k", "v"};
  for (const char one : order) {
    if (one == 'v') AppendValue(&stream, {.key = "k"}, RdbType::kSet);
    if (one == 'p') AppendPart(&stream, "elements");
    if (one == 'e') AppendValueEnd(&stream, 1);
    if (one == 'x') AppendEffect(&stream, 0, words);
    if (one == 'f') AppendFinal(&stream);
  }
  RecordReader reader;
  reader.Feed(stream);
  Record record;
  for (size_t i = 0; i < order.size(); ++i) {
    if (!reader.Next(&record).ok()) return false;
  }
  return true;
}

TEST(Records, PartsStandWithinTheirValueAndOneValueWithinAnother) {
  for (const char* good : {"vpef", "vppef", "vef", "vpxpexf", "vpvppepef", "vevef"}) {
    EXPECT_TRUE(AreReadInThisOrder(good)) << good;
  }
  for (const char* bad : {"p", "e", "vf", "vpf", "vpep", "vpee", "vvv", "vpvef"}) {
    EXPECT_FALSE(AreReadInThisOrder(bad)) << bad;
  }
}

TEST(Records, RefusesALengthAboveTheBound) {
  std::string bytes(1, static_cast<char>(RecordKind::kEntry));
  bytes += std::string("\x01\x00\x00\x40\x00\x00\x00\x00", 8);  // 1 GiB and 1.
  RecordReader reader;
  reader.Feed(bytes);
  Record record;
  EXPECT_TRUE(absl::IsInvalidArgument(reader.Next(&record).status()));
}

TEST(OutStream, CutsChunksAndKeepsTheWindow) {
  std::mt19937_64 random(3);
  OutStream stream;
  std::string written;
  std::string sent;
  for (int i = 0; i < 3000; ++i) {
    const std::string piece(random() % 5000, static_cast<char>(random()));
    stream.Append(piece);
    written += piece;
    while (const std::optional<std::string> chunk = stream.TakeChunk()) {
      ASSERT_LE(chunk->size(), kStreamChunkBytes);
      sent += *chunk;
    }
    ASSERT_LT(stream.sent() - stream.acknowledged(), kStreamWindowBytes + kStreamChunkBytes);
    ASSERT_EQ(stream.sent(), sent.size());
    if (random() % 1000 == 0) {
      ASSERT_TRUE(stream.Acknowledge(stream.acknowledged() +
                                     random() % (stream.sent() - stream.acknowledged() + 1)));
    }
  }
  EXPECT_LT(sent.size(), written.size());
  while (sent.size() < written.size()) {
    ASSERT_TRUE(stream.Acknowledge(stream.sent()));
    while (const std::optional<std::string> chunk = stream.TakeChunk()) sent += *chunk;
  }
  EXPECT_EQ(sent, written);
  EXPECT_EQ(stream.lag(), stream.sent() - stream.acknowledged());
}

TEST(OutStream, RefusesAcknowledgementsOfWhatWasNotSent) {
  OutStream stream;
  stream.Append("0123456789");
  EXPECT_FALSE(stream.Acknowledge(1));
  EXPECT_TRUE(stream.TakeChunk().has_value());
  EXPECT_TRUE(stream.Acknowledge(4));
  EXPECT_FALSE(stream.Acknowledge(3));
  EXPECT_FALSE(stream.Acknowledge(11));
  stream.Append("more");
  stream.Clear();
  EXPECT_EQ(stream.end(), 10);
  EXPECT_FALSE(stream.TakeChunk().has_value());
}

}  // namespace
}  // namespace slotmesh::node
