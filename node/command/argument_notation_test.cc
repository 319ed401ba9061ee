#include "node/command/argument_notation.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

std::vector<Argument> Parsed(std::string_view notation) {
  auto arguments = ParseArguments(notation);
  EXPECT_TRUE(arguments.has_value()) << notation;
  return std::move(arguments).value_or(std::vector<Argument>(10));
}

TEST(ArgumentNotation, NamesOfTypesAreTypes) {
  const auto arguments = Parsed("key#0 value count:integer");
  ASSERT_EQ(arguments.size(), 3u);
  EXPECT_EQ(arguments[0].type, "key");
  EXPECT_EQ(arguments[0].key_spec, 0);
  EXPECT_EQ(arguments[1].type, "string");
  EXPECT_EQ(arguments[1].key_spec, -1);
  EXPECT_EQ(arguments[2].name, "count");
  EXPECT_EQ(arguments[2].type, "integer");
}

TEST(ArgumentNotation, PureTokensAreNamedAfterThemselves) {
  const auto arguments = Parsed("[!GET@6.2.0] !'*'=all");
  EXPECT_EQ(arguments[0].name, "get");
  EXPECT_EQ(arguments[0].token, "GET");
  EXPECT_EQ(arguments[0].since, "6.2.0");
  EXPECT_TRUE(arguments[0].optional);
  EXPECT_EQ(arguments[1].name, "all");
  EXPECT_EQ(arguments[1].token, "*");
  EXPECT_EQ(arguments[1].type, "pure-token");
}

TEST(ArgumentNotation, NestsOneofsAndBlocks) {
  const auto arguments = Parsed("[LIMIT=limit(offset:integer [order<!ASC|x(a b)>+])@3.0.0]");
  ASSERT_EQ(arguments.size(), 1u);
  EXPECT_EQ(arguments[0].token, "LIMIT");
  EXPECT_EQ(arguments[0].type, "block");
  EXPECT_EQ(arguments[0].since, "3.0.0");
  ASSERT_EQ(arguments[0].arguments.size(), 2u);
  const Argument& order = arguments[0].arguments[1];
  EXPECT_EQ(order.type, "oneof");
  EXPECT_TRUE(order.optional && order.multiple && !order.multiple_token);
  EXPECT_EQ(order.arguments[1].arguments[1].name, "b");
}

TEST(ArgumentNotation, KeepsAllMarks) {
  const Argument argument = Parsed("[GET=get-pattern:pattern#1{pattern}@1.0.0~2.0.0++]")[0];
  EXPECT_EQ(argument.display, "pattern");
  EXPECT_EQ(argument.since, "1.0.0");
  EXPECT_EQ(argument.deprecated_since, "2.0.0");
  EXPECT_TRUE(argument.multiple_token);
}

TEST(ArgumentNotation, RefusesWhatItIsNot) {
  for (const char* text : {" ", "a ", "a  b", "[a", "a]", "a:nothing", "a<b", "a<>", "a()", "!",
                           "a#", "a#x", "a{b", "a@", "'x'", "'x", "TOKEN=", "a+++", "a|b"}) {
    EXPECT_FALSE(ParseArguments(text).has_value()) << text;
  }
  EXPECT_FALSE(ParseArguments("a(" + std::string(100000, '(')).has_value());
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "a(";
  EXPECT_FALSE(ParseArguments(deep).has_value());
}

}  // namespace
}  // namespace slotmesh::node
