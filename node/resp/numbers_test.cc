#include "node/resp/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace slotmesh::node {
namespace {

std::string IntText(int64_t value) {
  char text[kInt64TextMax];
  return std::string(text, FormatInt64(value, text));
}

TEST(NumbersTest, Int64IsCanonicalDecimalOnly) {
  EXPECT_EQ(ParseInt64("0"), 0);
  EXPECT_EQ(ParseInt64("-1"), -1);
  EXPECT_EQ(ParseInt64("9223372036854775807"), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(ParseInt64("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  for (const char* bad : {"", "-", "+1", "-0", "00", "01", " 1", "1 ", "1a", "0x1", "1.0", "--1",
                          "9223372036854775808", "-9223372036854775809", "99999999999999999999",
                          "184467440737095516160", "1\n"}) {
    EXPECT_EQ(ParseInt64(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseUint64("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(ParseUint64("18446744073709551616"), std::nullopt);
  EXPECT_EQ(ParseUint64("-1"), std::nullopt);
}

TEST(NumbersTest, Int64TextIsWhatPrintfGives) {
  std::mt19937_64 random(3);
  std::vector<int64_t> values = {
      0, 9, 10, 99, 100, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()};
  for (int64_t power = 1, i = 0; i < 18; ++i, power *= 10) {
    for (const int64_t d : {-1, 0, 1}) values.push_back(power + d);
  }
  for (int i = 0; i < 2000; ++i)
    values.push_back(static_cast<int64_t>(random() >> (random() % 64)));
  for (const int64_t value : values) {
    for (const int64_t v : {value, value == INT64_MIN ? value : -value}) {
      EXPECT_EQ(IntText(v), std::to_string(v));
      EXPECT_EQ(ParseInt64(IntText(v)), v);
    }
  }
  EXPECT_EQ(DigitCount(std::numeric_limits<uint64_t>::max()), 20);
}

TEST(NumbersTest, DoubleTakesWhatStrtodTakes) {
  EXPECT_EQ(ParseDouble("1.5"), 1.5);
  EXPECT_EQ(ParseDouble("+1e3"), 1000);
  EXPECT_EQ(ParseDouble("0x10"), 16);
  EXPECT_EQ(ParseDouble(".5"), 0.5);
  EXPECT_EQ(ParseDouble("5."), 5);
  EXPECT_EQ(ParseDouble("inf"), INFINITY);
  EXPECT_EQ(ParseDouble("-Infinity"), -INFINITY);
  EXPECT_EQ(ParseDouble("+inf"), INFINITY);
  EXPECT_EQ(ParseDouble("4.9e-324"), 4.9e-324);
  for (const char* bad : {"", " 1", "1 ", "nan", "-nan", "nan(1)", "1e400", "-1e400", "1e-400",
                          "abc", "1.5x", "--1", "1,5", "e5"}) {
    EXPECT_EQ(ParseDouble(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseDouble(std::string_view("1\0", 2)), std::nullopt);
  EXPECT_EQ(ParseLongDouble("3.25"), 3.25L);
  EXPECT_EQ(ParseLongDouble("nan"), std::nullopt);
}

TEST(NumbersTest, DoubleTextIsPercent17g) {
  std::mt19937_64 random(5);
  std::vector<double> values = {0,
                                -0.0,
                                1,
                                -1,
                                0.1,
                                3.1,
                                1e16,
                                1e17,
                                -1e17,
                                123456789012345678.0,
                                1e21,
                                5e-324,
                                1.7976931348623157e308,
                                99999999999999999.0,
                                1e-5};
  for (int i = 0; i < 5000; ++i) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    if (std::isfinite(value)) values.push_back(value);
    values.push_back(static_cast<double>(static_cast<int64_t>(bits) >> (bits % 60)));
  }
  for (const double value : values) {
    char expected[64];
    std::snprintf(expected, sizeof(expected), "%.17g", value);
    EXPECT_EQ(DoubleText(value), expected);
  }
  EXPECT_EQ(DoubleText(INFINITY), "inf");
  EXPECT_EQ(DoubleText(-INFINITY), "-inf");
  EXPECT_EQ(DoubleText(NAN), "nan");
  char text[kDoubleTextMax];
  EXPECT_EQ(std::string(text, FormatDoubleShortest(0.1, text)), "0.1");
}

TEST(NumbersTest, LongDoubleTextHasNoTrailingZeros) {
  EXPECT_EQ(LongDoubleText(10.6L), "10.6");
  EXPECT_EQ(LongDoubleText(5000), "5000");
  EXPECT_EQ(LongDoubleText(-0.0L), "0");
  EXPECT_EQ(LongDoubleText(0.1L + 0.2L), "0.3");
  EXPECT_EQ(LongDoubleText(1e27L), "1000000000000000000000000000");
  EXPECT_EQ(LongDoubleText(-INFINITY), "-inf");
  EXPECT_EQ(LongDoubleText(3.0e3L), "3000");
  EXPECT_GT(LongDoubleText(std::numeric_limits<long double>::max()).size(), 4900u);
}

TEST(NumbersTest, MemoryUnits) {
  EXPECT_EQ(ParseMemory("0"), 0u);
  EXPECT_EQ(ParseMemory("100b"), 100u);
  EXPECT_EQ(ParseMemory("1k"), 1000u);
  EXPECT_EQ(ParseMemory("1KB"), 1024u);
  EXPECT_EQ(ParseMemory("2mb"), 2u << 20);
  EXPECT_EQ(ParseMemory("3Gb"), 3ull << 30);
  EXPECT_EQ(ParseMemory("1g"), 1000000000u);
  for (const char* bad : {"", "mb", "-1", "1 mb", "1tb", "1kbb", "1.5gb", "99999999999999999999",
                          "18446744073709551615kb"}) {
    EXPECT_EQ(ParseMemory(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace slotmesh::node
