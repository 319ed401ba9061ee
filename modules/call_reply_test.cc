#include "modules/call_reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using slotmesh::node::Protocol;

RedisModuleCallReply Parse(const char* text, Protocol protocol = Protocol::kResp2) {
  return RedisModuleCallReply(text, protocol);
}

TEST(CallReplyTest, ScalarsOfBothProtocols) {
  auto text = Parse("$5\r\nhello\r\n");
  EXPECT_EQ(text.type, REDISMODULE_REPLY_STRING);
  EXPECT_EQ(text.text, "hello");
  EXPECT_EQ(Parse("+OK\r\n").text, "OK");
  auto number = Parse(":-7\r\n");
  EXPECT_EQ(number.type, REDISMODULE_REPLY_INTEGER);
  EXPECT_EQ(number.integer, -7);
  EXPECT_EQ(Parse("-ERR no\r\n").text, "ERR no");
  EXPECT_EQ(Parse("$-1\r\n").type, REDISMODULE_REPLY_NULL);
  EXPECT_EQ(Parse("*-1\r\n").type, REDISMODULE_REPLY_NULL);
  EXPECT_EQ(Parse("_\r\n", Protocol::kResp3).type, REDISMODULE_REPLY_NULL);
  EXPECT_EQ(Parse("#t\r\n", Protocol::kResp3).integer, 1);
  EXPECT_EQ(Parse(",1.5\r\n", Protocol::kResp3).number, 1.5);
  EXPECT_EQ(Parse("(123456789012345678901\r\n", Protocol::kResp3).text, "123456789012345678901");
  auto verbatim = Parse("=7\r\ntxt:abc\r\n", Protocol::kResp3);
  EXPECT_EQ(verbatim.type, REDISMODULE_REPLY_VERBATIM_STRING);
  EXPECT_EQ(verbatim.format, "txt");
  EXPECT_EQ(verbatim.text, "abc");
}

TEST(CallReplyTest, ElementsAreReadInAnyOrderAndKeepTheirBytes) {
  auto reply = Parse("*3\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n+b\r\n");
  ASSERT_EQ(reply.size, 3u);
  ASSERT_NE(reply.Element(2), nullptr);
  EXPECT_EQ(reply.Element(2)->text, "b");
  RedisModuleCallReply* inner = reply.Element(1);
  EXPECT_EQ(inner->proto, "*2\r\n:1\r\n:2\r\n");
  EXPECT_EQ(inner->Element(1)->integer, 2);
  EXPECT_EQ(inner->Element(2), nullptr);
  EXPECT_FALSE(inner->is_root());
  EXPECT_EQ(reply.Element(1), inner);
}

TEST(CallReplyTest, MapsHavePairsAndAttributesStandBeside) {
  auto reply = Parse("|1\r\n+ttl\r\n:9\r\n%1\r\n+k\r\n#f\r\n", Protocol::kResp3);
  EXPECT_EQ(reply.type, REDISMODULE_REPLY_MAP);
  EXPECT_EQ(reply.proto, "%1\r\n+k\r\n#f\r\n");
  EXPECT_EQ(reply.Element(0)->text, "k");
  EXPECT_EQ(reply.Element(1)->integer, 0);
  ASSERT_NE(reply.Attribute(), nullptr);
  EXPECT_EQ(reply.Attribute()->size, 1u);
  EXPECT_EQ(reply.Attribute()->Element(1)->integer, 9);
}

TEST(CallReplyTest, BytesThatAreNoReplyAreUnknownAndNeverReadBeyond) {
  for (const char* text : {"", "hello", "$5\r\nhel", "$x\r\n", "*2\r\n:1\r\n", ":\r\n", "?\r\n",
                           "=2\r\nab\r\n", "$99999999999999999999\r\n"}) {
    auto reply = Parse(text);
    const bool cut_array = std::string_view(text).starts_with("*2");
    EXPECT_EQ(reply.type, cut_array ? REDISMODULE_REPLY_ARRAY : REDISMODULE_REPLY_UNKNOWN) << text;
    EXPECT_EQ(reply.Element(1), nullptr) << text;
  }
}

TEST(CallReplyTest, NestingBeyondAnyUseIsNotFollowed) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "*1\r\n";
  auto reply = Parse(deep.c_str());
  EXPECT_EQ(reply.Element(0), nullptr);
}

}  // namespace
