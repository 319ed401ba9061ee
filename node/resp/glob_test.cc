#include "node/resp/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace slotmesh::node {
namespace {

TEST(Glob, WildcardsTakeAnyBytes) {
  EXPECT_TRUE(GlobMatches("*", "anything"));
  EXPECT_TRUE(GlobMatches("h?llo", "hello"));
  EXPECT_FALSE(GlobMatches("h?llo", "hllo"));
  EXPECT_TRUE(GlobMatches("h*llo", "hllo"));
  EXPECT_TRUE(GlobMatches("*a*b*c", "xxaxxbxxbc"));
  EXPECT_FALSE(GlobMatches("*a*b*c", "xxaxxbxxcb"));
  EXPECT_TRUE(GlobMatches("a**", "a"));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches(std::string("a\0*", 3), std::string("a\0b", 3)));
}

TEST(Glob, ClassesTakeOneByte) {
  EXPECT_TRUE(GlobMatches("h[ae]llo", "hallo"));
  EXPECT_FALSE(GlobMatches("h[ae]llo", "hillo"));
  EXPECT_TRUE(GlobMatches("h[^e]llo", "hallo"));
  EXPECT_FALSE(GlobMatches("h[^e]llo", "hello"));
  EXPECT_TRUE(GlobMatches("[a-c]x", "bx"));
  EXPECT_TRUE(GlobMatches("[c-a]x", "bx"));  // Ends in the wrong order are swapped.
  EXPECT_TRUE(GlobMatches("[\\]]", "]"));
  EXPECT_FALSE(GlobMatches("[a-]", "-"));  // A range up to the bracket, and not closed.
  EXPECT_TRUE(GlobMatches("[ab", "b"));    // Not closed.
  EXPECT_FALSE(GlobMatches("[]", "]"));
  EXPECT_TRUE(GlobMatches("[^]", "a"));
}

TEST(Glob, BackslashQuotes) {
  EXPECT_TRUE(GlobMatches("a\\*c", "a*c"));
  EXPECT_FALSE(GlobMatches("a\\*c", "abc"));
  EXPECT_TRUE(GlobMatches("a\\", "a\\"));  // The last one stands for itself.
}

TEST(Glob, IgnoresCaseOnlyWhenAsked) {
  EXPECT_FALSE(GlobMatches("ABC", "abc"));
  EXPECT_TRUE(GlobMatchesIgnoreCase("ABC", "abc"));
  EXPECT_TRUE(GlobMatchesIgnoreCase("[A-C]*", "bZ"));
}

// Recursion over each '*' would take longer than the universe has.
TEST(Glob, HostilePatternsTakeBoundedTime) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(GlobMatches(pattern + "b", std::string(5000, 'a')));
  EXPECT_TRUE(GlobMatches(std::string(100000, '*'), "x"));
}

TEST(Glob, MoreThanSoManyStarsMatchNothing) {
  std::string pattern;
  for (size_t i = 0; i < kGlobStarsMax; ++i) pattern += "*?";
  const std::string text(50000, 'a');
  EXPECT_TRUE(GlobMatches(pattern, text));
  EXPECT_FALSE(GlobMatches(pattern + "*?", text));
}

}  // namespace
}  // namespace slotmesh::node
