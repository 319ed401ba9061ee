#include "node/resp/output_buffer.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace slotmesh::node {
namespace {

std::string Peeked(const OutputBuffer& buffer) {
  std::string_view parts[OutputBuffer::kPartsMax];
  const size_t n = buffer.Peek(parts);
  std::string text;
  for (size_t i = 0; i < n; ++i) {
    EXPECT_FALSE(parts[i].empty());
    text.append(parts[i]);
  }
  return text;
}

TEST(OutputBufferTest, SmallRepliesShareOneChunk) {
  OutputBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.memory_bytes(), 0u);
  for (int i = 0; i < 1000; ++i) buffer.Append("+OK\r\n");
  EXPECT_EQ(buffer.part_count(), 1u);
  EXPECT_EQ(buffer.size(), 5000u);
  buffer.Consume(4999);
  EXPECT_EQ(Peeked(buffer), "\n");
  buffer.Consume(1);
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.part_count(), 0u);
  EXPECT_EQ(buffer.end_position(), 5000u);
  EXPECT_EQ(buffer.memory_bytes(), OutputBuffer::kChunkSize);
  buffer.Release();
  EXPECT_EQ(buffer.memory_bytes(), 0u);
  buffer.Append("x");
  EXPECT_EQ(buffer.ToString(), "x");
}

TEST(OutputBufferTest, LargePayloadsAreAttachedWithoutACopy) {
  OutputBuffer buffer;
  std::string text(100000, 's');
  const char* const text_data = text.data();
  OwnedBytes bytes = OwnedBytes::Copy(std::string(50000, 'b'));
  const char* const bytes_data = bytes.data();
  const auto shared = std::make_shared<const std::string>(30000, 'h');
  buffer.Append("<");
  buffer.AppendOwned(std::move(text));
  buffer.AppendOwned(std::move(bytes));
  buffer.AppendShared(shared, *shared);
  buffer.Append(">");
  std::string_view parts[OutputBuffer::kPartsMax];
  ASSERT_EQ(buffer.Peek(parts), 5u);
  EXPECT_EQ(parts[1].data(), text_data);
  EXPECT_EQ(parts[2].data(), bytes_data);
  EXPECT_EQ(parts[3].data(), shared->data());
  EXPECT_EQ(shared.use_count(), 2);
  buffer.Clear();
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_LE(buffer.memory_bytes(), OutputBuffer::kChunkSize);
}

TEST(OutputBufferTest, SmallPayloadsAreCopied) {
  OutputBuffer buffer;
  const auto shared = std::make_shared<const std::string>("short");
  buffer.AppendShared(shared, *shared);
  buffer.AppendOwned(std::string("text"));
  EXPECT_EQ(shared.use_count(), 1);
  EXPECT_EQ(buffer.part_count(), 1u);
  EXPECT_EQ(buffer.ToString(), "shorttext");
}

TEST(OutputBufferTest, LengthsAreFilledInLater) {
  OutputBuffer buffer;
  std::string expected = "head";
  buffer.Append("head");
  const OutputBuffer::LengthPlace outer = buffer.ReserveLength();
  std::string body;
  for (int i = 0; i < 3000; ++i) {  // Over several chunks.
    const OutputBuffer::LengthPlace inner = buffer.ReserveLength();
    buffer.Append("abc");
    if (i % 500 == 0) buffer.AppendOwned(std::string(20000, 'x'));
    const std::string header = "*" + std::to_string(i) + "\r\n";
    buffer.FillLength(inner, header);
    body += header + "abc" + (i % 500 == 0 ? std::string(20000, 'x') : "");
  }
  buffer.FillLength(outer, "*3000\r\n");
  expected += "*3000\r\n" + body;
  EXPECT_EQ(buffer.size(), expected.size());
  EXPECT_EQ(buffer.ToString(), expected);
}

TEST(OutputBufferTest, TruncateTakesBackWhatWasAppended) {
  OutputBuffer buffer;
  buffer.Append("keep");
  buffer.Consume(2);
  const uint64_t position = buffer.end_position();
  buffer.Append("drop");
  buffer.TruncateTo(position);
  EXPECT_EQ(buffer.ToString(), "ep");
  buffer.AppendOwned(std::string(50000, 'x'));
  buffer.Append("tail");
  buffer.TruncateTo(position);
  EXPECT_EQ(buffer.ToString(), "ep");
  buffer.Append("!");
  EXPECT_EQ(buffer.ToString(), "ep!");
  buffer.TruncateTo(2);
  EXPECT_TRUE(buffer.empty());
}

TEST(OutputBufferTest, MovedFromBufferIsEmptyAndUsable) {
  OutputBuffer a;
  a.Append("abc");
  OutputBuffer b = std::move(a);
  EXPECT_TRUE(a.empty());
  a.Append("x");
  b.AppendBuffer(std::move(a));
  EXPECT_EQ(b.ToString(), "abcx");
  EXPECT_EQ(a.size(), 0u);
}

// Goal: whatever is appended, consumed and truncated, the content is a string's.
TEST(OutputBufferTest, BehavesAsAString) {
  std::mt19937 random(11);
  for (int round = 0; round < 20; ++round) {
    OutputBuffer buffer;
    std::string model;
    uint64_t consumed = 0;
    for (int step = 0; step < 500; ++step) {
      std::string text(random() % (random() % 10 == 0 ? 60000 : 300),
                       static_cast<char>('a' + random() % 26));
      switch (random() % 8) {
        case 0: {
          const size_t n = random() % (model.size() + 1);
          buffer.Consume(n);
          model.erase(0, n);
          consumed += n;
          break;
        }
        case 1: {
          const size_t keep = random() % (model.size() + 1);
          buffer.TruncateTo(consumed + keep);
          model.resize(keep);
          break;
        }
        case 2: {
          model += text;
          buffer.AppendOwned(std::move(text));
          break;
        }
        case 3: {
          OutputBuffer other;
          other.Append(text);
          other.AppendOwned(std::string(text));
          model += text + text;
          buffer.AppendBuffer(std::move(other));
          break;
        }
        case 4: {
          const auto place = buffer.ReserveLength();
          buffer.Append(text);
          buffer.FillLength(place, "*7\r\n");
          model += "*7\r\n" + text;
          break;
        }
        default:
          buffer.Append(text);
          model += text;
      }
      ASSERT_EQ(buffer.size(), model.size());
      ASSERT_EQ(buffer.end_position(), consumed + model.size());
    }
    ASSERT_EQ(buffer.ToString(), model);
    buffer.Clear();
    buffer.Release();
    EXPECT_EQ(buffer.memory_bytes(), 0u);
  }
}

TEST(OutputBufferTest, PastItsLimitItKeepsNothingWhateverIsAppended) {
  OutputBuffer buffer;
  buffer.set_limit(100'000);
  const std::string text(1000, 'x');
  for (int i = 0; i < 90; ++i) buffer.Append(text);
  EXPECT_FALSE(buffer.overflowed());
  const uint64_t before = buffer.end_position();
  const auto place = buffer.ReserveLength();
  for (int i = 0; i < 100'000; ++i) buffer.Append(text);
  buffer.FillLength(place, "*1\r\n");
  buffer.AppendOwned(std::string(1'000'000, 'y'));
  EXPECT_TRUE(buffer.overflowed());
  EXPECT_LT(buffer.memory_bytes(), 2'000'000u);
  EXPECT_EQ(buffer.end_position(), before + OutputBuffer::kLengthReserve + 101'000'000);
  buffer.TruncateTo(before);
  EXPECT_TRUE(buffer.overflowed());
}

TEST(OutputBufferTest, RepliesOfAChunkAreWithinAnyLimit) {
  OutputBuffer buffer;
  buffer.set_limit(10);
  buffer.Append(std::string(OutputBuffer::kChunkSize, 'x'));
  EXPECT_FALSE(buffer.overflowed());
  buffer.Append("x");
  EXPECT_TRUE(buffer.overflowed());
}

TEST(OutputBufferTest, APayloadThatIsAttachedMayPassTheLimitToo) {
  OutputBuffer buffer;
  buffer.set_limit(100'000);
  buffer.AppendOwned(std::string(200'000, 'y'));
  EXPECT_TRUE(buffer.overflowed());
}

TEST(OutputBufferTest, WithoutTooMuchTheLimitChangesNothing) {
  OutputBuffer buffer;
  buffer.set_limit(100'000);
  for (int i = 0; i < 1000; ++i) {
    buffer.Append(std::string(50'000, 'x'));
    buffer.Consume(50'000);
  }
  EXPECT_FALSE(buffer.overflowed());
}

TEST(OutputBufferTest, AQuietClientStartsSmallAgainAndGrowsWithNeed) {
  OutputBuffer buffer;
  buffer.Append("x");
  EXPECT_EQ(buffer.chunk_bytes(), OutputBuffer::kChunkSize);
  buffer.Clear();
  buffer.Release();
  EXPECT_EQ(buffer.chunk_bytes(), OutputBuffer::kSmallChunkSize);
  buffer.Append("x");
  EXPECT_EQ(buffer.memory_bytes(), OutputBuffer::kSmallChunkSize);
  for (int i = 0; i < 3000; ++i) buffer.Append("x");
  EXPECT_EQ(buffer.chunk_bytes(), OutputBuffer::kChunkSize);
}

}  // namespace
}  // namespace slotmesh::node
