#include "node/commands/testing/reply_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

using testing::ElementsAre;

TEST(ReplyText, TellsEveryTypeApart) {
  EXPECT_THAT(ReplyText("+OK\r\n-ERR no\r\n:5\r\n$3\r\na\nb\r\n$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n"),
              ElementsAre("OK", "(error) ERR no", "(integer) 5", "\"a\\nb\"", "(nil)",
                          "(nil array)", "(null)", "(true)", "(double) 1.5"));
}

TEST(ReplyText, IndentsNestedAggregates) {
  EXPECT_THAT(ReplyText("*2\r\n*2\r\n:1\r\n:2\r\n*0\r\n"),
              ElementsAre("1) 1) (integer) 1", "   2) (integer) 2", "2) (empty array)"));
  EXPECT_THAT(ReplyText("%1\r\n+k\r\n~2\r\n:1\r\n:2\r\n"),
              ElementsAre("1# k =>", "   1~ (integer) 1", "   2~ (integer) 2"));
}

TEST(ReplyText, SaysWhereBytesAreNoReply) {
  EXPECT_THAT(ReplyText("$5\r\nab\r\n"), ElementsAre("(broken)"));
  EXPECT_THAT(ReplyText("*2\r\n:1\r\n"), ElementsAre("(broken)"));
  EXPECT_THAT(ReplyText("?\r\n"), ElementsAre("(broken)"));
}

}  // namespace
}  // namespace slotmesh::node
