#include "node/resp/reply.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "node/resp/errors.h"

namespace slotmesh::node {
namespace {

std::string Written(Protocol protocol, const std::function<void(Reply&)>& write) {
  OutputBuffer buffer;
  Reply reply(&buffer, protocol);
  write(reply);
  return buffer.ToString();
}

struct Case {
  const char* name;
  std::function<void(Reply&)> write;
  std::string resp2;
  std::string resp3;
};

TEST(ReplyTest, OneCallServesBothProtocols) {
  const Case cases[] = {
      {"ok", [](Reply& r) { r.Ok(); }, "+OK\r\n", "+OK\r\n"},
      {"queued", [](Reply& r) { r.Queued(); }, "+QUEUED\r\n", "+QUEUED\r\n"},
      {"simple", [](Reply& r) { r.Simple("a\r\nb"); }, "+a  b\r\n", "+a  b\r\n"},
      {"integer", [](Reply& r) { r.Integer(-42); }, ":-42\r\n", ":-42\r\n"},
      {"bulk", [](Reply& r) { r.Bulk("a\r\n"); }, "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n"},
      {"empty bulk", [](Reply& r) { r.Bulk(""); }, "$0\r\n\r\n", "$0\r\n\r\n"},
      {"bulk int", [](Reply& r) { r.BulkInt(-100); }, "$4\r\n-100\r\n", "$4\r\n-100\r\n"},
      {"bulk double", [](Reply& r) { r.BulkDouble(0.1); }, "$19\r\n0.10000000000000001\r\n",
       "$19\r\n0.10000000000000001\r\n"},
      {"bulk long double", [](Reply& r) { r.BulkLongDouble(10.6L); }, "$4\r\n10.6\r\n",
       "$4\r\n10.6\r\n"},
      {"null", [](Reply& r) { r.Null(); }, "$-1\r\n", "_\r\n"},
      {"null array", [](Reply& r) { r.NullArray(); }, "*-1\r\n", "_\r\n"},
      {"array", [](Reply& r) { r.Array(12); }, "*12\r\n", "*12\r\n"},
      {"empty array", [](Reply& r) { r.EmptyArray(); }, "*0\r\n", "*0\r\n"},
      {"map", [](Reply& r) { r.Map(2); }, "*4\r\n", "%2\r\n"},
      {"set", [](Reply& r) { r.Set(2); }, "*2\r\n", "~2\r\n"},
      {"push", [](Reply& r) { r.Push(3); }, "*3\r\n", ">3\r\n"},
      {"double", [](Reply& r) { r.Double(3.1); }, "$18\r\n3.1000000000000001\r\n",
       ",3.1000000000000001\r\n"},
      {"whole double", [](Reply& r) { r.Double(5); }, "$1\r\n5\r\n", ",5\r\n"},
      {"infinity", [](Reply& r) { r.Double(-INFINITY); }, "$4\r\n-inf\r\n", ",-inf\r\n"},
      {"human double", [](Reply& r) { r.HumanDouble(0.1L); }, "$3\r\n0.1\r\n", ",0.1\r\n"},
      {"true", [](Reply& r) { r.Bool(true); }, ":1\r\n", "#t\r\n"},
      {"false", [](Reply& r) { r.Bool(false); }, ":0\r\n", "#f\r\n"},
      {"big number", [](Reply& r) { r.BigNumber("123"); }, "$3\r\n123\r\n", "(123\r\n"},
      {"verbatim", [](Reply& r) { r.Verbatim("txt", "ab"); }, "$2\r\nab\r\n", "=6\r\ntxt:ab\r\n"},
      {"raw", [](Reply& r) { r.Raw(":1\r\n"); }, ":1\r\n", ":1\r\n"},
      {"attribute",
       [](Reply& r) {
         if (r.Attribute(1)) r.BulkStrings({"k", "v"});
         r.Integer(1);
       },
       ":1\r\n", "|1\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n:1\r\n"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Written(Protocol::kResp2, c.write), c.resp2) << c.name;
    EXPECT_EQ(Written(Protocol::kResp3, c.write), c.resp3) << c.name;
  }
}

TEST(ReplyTest, IntegersOfAllLengths) {
  for (int64_t value : {int64_t{0}, int64_t{9}, int64_t{10}, std::numeric_limits<int64_t>::max(),
                        std::numeric_limits<int64_t>::min()}) {
    EXPECT_EQ(Written(Protocol::kResp2, [&](Reply& r) { r.Integer(value); }),
              ":" + std::to_string(value) + "\r\n");
  }
}

TEST(ReplyTest, ErrorsHaveACodeAndOneLine) {
  const auto error = [](std::string_view text) {
    return Written(Protocol::kResp3, [&](Reply& r) { r.Error(text); });
  };
  EXPECT_EQ(error(errors::kWrongType),
            "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n");
  EXPECT_EQ(error("something odd"), "-ERR something odd\r\n");
  EXPECT_EQ(error("-Mine odd"), "-Mine odd\r\n");
  EXPECT_EQ(error("ERR a\r\nb\nc\r\n\r\n"), "-ERR a  b c\r\n");
  EXPECT_EQ(Written(Protocol::kResp2, [](Reply& r) { r.Error(WireStatus(errors::kOom)); }),
            "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_EQ(Written(Protocol::kResp2, [](Reply& r) { r.Error(absl::InternalError("x")); }),
            "-ERR x\r\n");
}

TEST(ReplyTest, ErrorsAreRememberedUntilCleared) {
  OutputBuffer buffer;
  Reply reply(&buffer);
  reply.Ok();
  EXPECT_EQ(reply.error_count(), 0u);
  reply.Error("syntax error");
  reply.Error(errors::kNoAuth);
  EXPECT_EQ(reply.error_count(), 2u);
  EXPECT_EQ(reply.last_error_code(), "NOAUTH");
  reply.ClearErrors();
  EXPECT_EQ(reply.error_count(), 0u);
  reply.Error("-" + std::string(100, 'X') + " y");
  EXPECT_EQ(reply.last_error_code(), std::string(31, 'X'));
}

TEST(ReplyTest, DeferredLengthsNestAndMapsCountTwiceInResp2) {
  const auto write = [](Reply& r) {
    const Reply::Deferred outer = r.DeferMap();
    r.Bulk("k");
    const Reply::Deferred inner = r.DeferSet();
    r.Integer(1);
    r.Integer(2);
    r.Finish(inner, 2);
    r.Finish(outer, 1);
    const Reply::Deferred empty = r.DeferArray();
    r.Finish(empty, 0);
    const Reply::Deferred push = r.DeferPush();
    r.Ok();
    r.Finish(push, 1);
  };
  EXPECT_EQ(Written(Protocol::kResp2, write),
            "*2\r\n$1\r\nk\r\n*2\r\n:1\r\n:2\r\n*0\r\n*1\r\n+OK\r\n");
  EXPECT_EQ(Written(Protocol::kResp3, write),
            "%1\r\n$1\r\nk\r\n~2\r\n:1\r\n:2\r\n*0\r\n>1\r\n+OK\r\n");
}

TEST(ReplyTest, LargeBulkStringsInEveryWay) {
  for (const size_t size : {8 * 1024, 16 * 1024, 100 * 1000}) {
    const std::string value(size, 'v');
    const std::string expected = "$" + std::to_string(size) + "\r\n" + value + "\r\n";
    const auto shared = std::make_shared<const std::string>(value);
    EXPECT_EQ(Written(Protocol::kResp2, [&](Reply& r) { r.Bulk(value); }), expected);
    EXPECT_EQ(Written(Protocol::kResp2, [&](Reply& r) { r.BulkOwned(std::string(value)); }),
              expected);
    EXPECT_EQ(Written(Protocol::kResp2, [&](Reply& r) { r.BulkOwned(OwnedBytes::Copy(value)); }),
              expected);
    EXPECT_EQ(Written(Protocol::kResp2, [&](Reply& r) { r.BulkShared(shared, *shared); }),
              expected);
  }
}

}  // namespace
}  // namespace slotmesh::node
