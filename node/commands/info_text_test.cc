#include "node/commands/info_text.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

TEST(InfoText, HumanBytesTakesTheLargestUnitThatLeavesOne) {
  EXPECT_EQ(HumanBytes(0), "0B");
  EXPECT_EQ(HumanBytes(1023), "1023B");
  EXPECT_EQ(HumanBytes(1024), "1.00K");
  EXPECT_EQ(HumanBytes(916256), "894.78K");
  EXPECT_EQ(HumanBytes(1024ull * 1024), "1.00M");
  EXPECT_EQ(HumanBytes(25276502016), "23.54G");
  EXPECT_EQ(HumanBytes(3ull << 40), "3.00T");
  EXPECT_EQ(HumanBytes(UINT64_MAX), "16384.00P");
}

TEST(InfoText, NumbersHaveTheDigitsAskedFor) {
  EXPECT_EQ(FixedPoint(1.2345, 2), "1.23");
  EXPECT_EQ(FixedPoint(0, 2), "0.00");
  EXPECT_EQ(SecondsOfMicros(1'234'567), "1.234567");
  EXPECT_EQ(SecondsOfMicros(9'044), "0.009044");
}

TEST(InfoText, AnEmptyLineStandsBetweenSectionsOnly) {
  InfoText text;
  text.Section("One");
  text.Add("a", 1);
  text.Add("b", true);
  text.Section("Two");
  text.AddBytes("c", 2048);
  text.Add("d", 0.5, 2);
  EXPECT_EQ(text.text(),
            "# One\r\na:1\r\nb:1\r\n\r\n# Two\r\nc:2048\r\nc_human:2.00K\r\nd:0.50\r\n");
}

}  // namespace
}  // namespace slotmesh::node
