#include "node/resp/reply_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/resp/reply.h"

namespace slotmesh::node {
namespace {

// All replies in `bytes`, fed in pieces of `piece` bytes; an error as "error: ...".
std::vector<std::string> Read(std::string_view bytes, size_t piece,
                              const ReplyLimits& limits = {}) {
  ReplyReader reader(limits);
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    const size_t n = std::min(piece, bytes.size());
    reader.Feed(bytes.substr(0, n));
    bytes.remove_prefix(n);
    while (true) {
      const auto value = reader.Next();
      if (!value.ok()) {
        texts.push_back("error: " + std::string(value.status().message()));
        return texts;
      }
      if (!value->has_value()) break;
      texts.push_back((*value)->DebugString());
    }
  }
  return texts;
}

TEST(ReplyReaderTest, AllTypesInAnyPieces) {
  const std::string bytes =
      "+OK\r\n-ERR "
      "x\r\n:-5\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n_\r\n,1.5\r\n,inf\r\n#t\r\n#f\r\n(12345\r\n"
      "=6\r\ntxt:ab\r\n!5\r\nERR y\r\n*0\r\n*2\r\n:1\r\n*1\r\n+x\r\n%1\r\n+k\r\n~2\r\n:1\r\n:2\r\n"
      ">2\r\n+p\r\n:1\r\n|1\r\n+a\r\n:9\r\n*1\r\n:3\r\n";
  const std::vector<std::string> expected = {
      "OK",  "(error) ERR x", "-5",           "\"a\r\n\"", "nil",   "nil",    "nil",
      "1.5", "inf",           "true",         "false",     "12345", "\"ab\"", "(error) ERR y",
      "[]",  "[1, [x]]",      "{k: ~{1, 2}}", ">[p, 1]",   "[3]"};
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    ASSERT_EQ(Read(bytes, piece), expected) << piece;
  }
}

TEST(ReplyReaderTest, AttributesBelongToTheValueAfterThem) {
  ReplyReader reader;
  reader.Feed("*2\r\n|1\r\n+ttl\r\n:5\r\n$1\r\nv\r\n:2\r\n");
  const auto value = reader.Next();
  ASSERT_TRUE(value.ok() && value->has_value());
  ASSERT_EQ((*value)->elements.size(), 2u);
  ASSERT_EQ((*value)->elements[0].attributes.size(), 2u);
  EXPECT_EQ((*value)->elements[0].attributes[1].integer, 5);
  EXPECT_TRUE((*value)->elements[1].attributes.empty());
}

TEST(ReplyReaderTest, BadBytesAreErrors) {
  for (const char* bad :
       {"\r\n", "?x\r\n", ":x\r\n", "$x\r\n", "$-2\r\n", "$1\r\nabc", "*x\r\n", "*-2\r\n", ",x\r\n",
        "#x\r\n", "_x\r\n", "=2\r\nab\r\n", "%-1\r\n", "$?\r\n"}) {
    const std::vector<std::string> texts = Read(bad, 1);
    ASSERT_EQ(texts.size(), 1u) << bad;
    EXPECT_EQ(texts[0].substr(0, 17), "error: bad reply:") << bad;
  }
}

TEST(ReplyReaderTest, DepthAndSizesAreBounded) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "*1\r\n";
  EXPECT_EQ(Read(deep, 1000).back(), "error: bad reply: nested too deeply");
  ReplyLimits limits;
  limits.elements = 10;
  limits.bulk_bytes = 5;
  limits.line_bytes = 20;
  EXPECT_EQ(Read("*11\r\n", 100, limits).back(), "error: bad reply: invalid aggregate length");
  EXPECT_EQ(Read("*6\r\n*6\r\n", 100, limits).back(), "error: bad reply: invalid aggregate length");
  EXPECT_EQ(Read("$6\r\n", 100, limits).back(), "error: bad reply: invalid bulk length");
  EXPECT_EQ(Read("+" + std::string(30, 'x'), 1, limits).back(), "error: bad reply: line too long");
}

TEST(ReplyReaderTest, ReadsWhatReplyWrites) {
  for (const Protocol protocol : {Protocol::kResp2, Protocol::kResp3}) {
    OutputBuffer buffer;
    Reply reply(&buffer, protocol);
    reply.Map(1);
    reply.Bulk("key");
    reply.Array(3);
    reply.Double(0.5);
    reply.Null();
    reply.Bool(true);
    const std::vector<std::string> texts = Read(buffer.ToString(), 7);
    ASSERT_EQ(texts.size(), 1u);
    EXPECT_EQ(texts[0], protocol == Protocol::kResp2 ? "[\"key\", [\"0.5\", nil, 1]]"
                                                     : "{\"key\": [0.5, nil, true]}");
  }
}

}  // namespace
}  // namespace slotmesh::node
