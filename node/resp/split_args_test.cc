#include "node/resp/split_args.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

using Words = std::vector<std::string>;

TEST(SplitArgsTest, WordsAreSeparatedByWhiteSpace) {
  EXPECT_EQ(SplitArgs(""), Words{});
  EXPECT_EQ(SplitArgs("  \t\r\n"), Words{});
  EXPECT_EQ(SplitArgs(" a\tbc \v d "), (Words{"a", "bc", "d"}));
  EXPECT_EQ(SplitArgs(std::string_view("a\0b", 3)), Words{"a"});
}

TEST(SplitArgsTest, DoubleQuotesTakeEscapes) {
  EXPECT_EQ(SplitArgs(R"("" "a b" "\x41\xfF\x4")"), (Words{"", "a b", "A\xffx4"}));
  EXPECT_EQ(SplitArgs(R"("\n\r\t\b\a\\\"\q")"), Words{"\n\r\t\b\a\\\"q"});
  EXPECT_EQ(SplitArgs(R"(foo"bar" x)"), (Words{"foobar", "x"}));
}

TEST(SplitArgsTest, SingleQuotesTakeOnlyTheQuote) {
  EXPECT_EQ(SplitArgs(R"('a\n' 'it\'s' '"')"), (Words{"a\\n", "it's", "\""}));
}

TEST(SplitArgsTest, UnbalancedQuotesAreAbsent) {
  for (const char* line :
       {"\"", "'", "\"a", "a 'b", "\"a\"b", "'a''b'", "\"a\\\"", "\"a\\", "a\""}) {
    EXPECT_EQ(SplitArgs(line), std::nullopt) << line;
  }
}

TEST(SplitArgsTest, QuotedWordComesBack) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(SplitArgs(QuoteArg(all)), Words{all});
  EXPECT_EQ(QuoteArg("a\"\x01\n"), R"("a\"\x01\n")");
}

}  // namespace
}  // namespace slotmesh::node
