#include "node/config/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace slotmesh::node {
namespace {

std::string Text(const std::vector<std::string>& args) { return ReadArguments(args).text; }

TEST(ArgumentsTest, FileComesFirstAndOptionsBecomeLines) {
  const Arguments arguments = ReadArguments({"a.conf", "--port", "7000", "--save", "900", "1"});
  EXPECT_EQ(arguments.file, "a.conf");
  EXPECT_FALSE(arguments.standard_input);
  EXPECT_EQ(arguments.text, "port \"7000\" \nsave \"900\" \"1\" ");
  EXPECT_EQ(ReadArguments({}).text, "");
}

TEST(ArgumentsTest, NameAndValueMayShareAnArgument) {
  EXPECT_EQ(Text({"--port 7000", "--hz 20"}), "port 7000 \nhz 20 ");
}

TEST(ArgumentsTest, ValueRightAfterANameMayLookLikeAnOption) {
  EXPECT_EQ(Text({"--loglevel", "--foo"}), "loglevel \"--foo\" ");
  EXPECT_EQ(Text({"--a", "x", "--b", "--c", "--d", "y"}), "a \"x\" \nb \"--c\" \nd \"y\" ");
}

TEST(ArgumentsTest, SaveWithoutValueMeansNone) {
  EXPECT_EQ(Text({"--save", "--hz", "1"}), "save \"\"\nhz \"1\" ");
  EXPECT_EQ(Text({"--save"}), "save \"\"");
  EXPECT_EQ(Text({"--arbiter", "--hz", "1"}), "arbiter yes\nhz \"1\" ");
  EXPECT_EQ(Text({"--arbiter", "no"}), "arbiter \"no\" ");
}

TEST(ArgumentsTest, DashMeansStandardInputInTheFirstOrLastPlace) {
  EXPECT_TRUE(ReadArguments({"-"}).standard_input);
  EXPECT_TRUE(ReadArguments({"-", "--hz", "1"}).standard_input);
  EXPECT_TRUE(ReadArguments({"a.conf", "-"}).standard_input);
  EXPECT_TRUE(ReadArguments({"--hz", "1", "-"}).standard_input);
  EXPECT_FALSE(ReadArguments({"--bind", "-", "x"}).standard_input);
}

TEST(ArgumentsTest, ValuesAreQuoted) {
  EXPECT_EQ(Text({"--requirepass", "a \"b\"\n"}), "requirepass \"a \\\"b\\\"\\n\" ");
}

}  // namespace
}  // namespace slotmesh::node
