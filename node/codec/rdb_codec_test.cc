// RdbWriter and RdbReader: what one writes the other reads.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "node/codec/rdb_reader.h"
#include "node/codec/rdb_writer.h"

namespace slotmesh::node {
namespace {

std::string Hex(std::string_view bytes) {
  std::string text;
  char two[3];
  for (const char c : bytes) {
    std::snprintf(two, sizeof(two), "%02x", static_cast<unsigned char>(c));
    text += two;
  }
  return text;
}

std::string EncodedLength(uint64_t length) {
  std::string out;
  RdbWriter(&out).Length(length);
  return out;
}

std::string EncodedString(std::string_view value, bool compress = true) {
  std::string out;
  RdbWriter(&out, compress).String(value);
  return out;
}

TEST(RdbCodecTest, LengthsTakeTheShortestForm) {
  EXPECT_EQ(Hex(EncodedLength(0)), "00");
  EXPECT_EQ(Hex(EncodedLength(63)), "3f");
  EXPECT_EQ(Hex(EncodedLength(64)), "4040");
  EXPECT_EQ(Hex(EncodedLength(16383)), "7fff");
  EXPECT_EQ(Hex(EncodedLength(16384)), "8000004000");
  EXPECT_EQ(Hex(EncodedLength(0xffffffff)), "80ffffffff");
  EXPECT_EQ(Hex(EncodedLength(0x100000000)), "810000000100000000");
  for (int bits = 0; bits < 64; ++bits) {
    const uint64_t length = (uint64_t{1} << bits) - (bits % 2);
    const std::string bytes = EncodedLength(length);
    RdbReader reader(bytes);
    uint64_t read;
    ASSERT_TRUE(reader.Length(&read));
    EXPECT_EQ(read, length);
    EXPECT_TRUE(reader.at_end());
  }
}

TEST(RdbCodecTest, IntegersOfUpTo32BitsArePacked) {
  EXPECT_EQ(Hex(EncodedString("0")), "c000");
  EXPECT_EQ(Hex(EncodedString("-128")), "c080");
  EXPECT_EQ(Hex(EncodedString("128")), "c18000");
  EXPECT_EQ(Hex(EncodedString("-32769")), "c2ff7fffff");
  EXPECT_EQ(Hex(EncodedString("2147483647")), "c2ffffff7f");
  EXPECT_EQ(Hex(EncodedString("2147483648")), "0a32313437343833363438");
  EXPECT_EQ(Hex(EncodedString("01")), "023031");
  EXPECT_EQ(Hex(EncodedString("-0")), "022d30");
  for (const int64_t value : {int64_t{0}, int64_t{-129}, int64_t{70000}, int64_t{1} << 40,
                              std::numeric_limits<int64_t>::min()}) {
    std::string out;
    RdbWriter(&out).IntegerString(value);
    EXPECT_EQ(out, EncodedString(std::to_string(value)));
  }
}

TEST(RdbCodecTest, OnlyLongCompressibleStringsAreCompressed) {
  EXPECT_EQ(EncodedString(std::string(20, 'a'))[0], 20);
  EXPECT_EQ(Hex(EncodedString(std::string(21, 'a'))).substr(0, 2), "c3");
  EXPECT_EQ(EncodedString(std::string(21, 'a'), false)[0], 21);
}

TEST(RdbCodecTest, StringsComeBack) {
  std::mt19937 random(5);
  std::string scratch;
  for (int i = 0; i < 2000; ++i) {
    std::string value(random() % (i % 50 == 0 ? 100000 : 100), '\0');
    const unsigned alphabet = 1 + random() % 256;
    for (char& c : value) c = static_cast<char>('0' + random() % alphabet);
    const std::string bytes = EncodedString(value, i % 2 == 0);
    RdbReader reader(bytes);
    std::string_view read;
    ASSERT_TRUE(reader.String(&read, &scratch)) << reader.status();
    ASSERT_EQ(read, value);
    ASSERT_TRUE(reader.at_end());
    // Each proper beginning is an error, not a value.
    RdbReader cut(std::string_view(bytes).substr(0, random() % bytes.size()));
    ASSERT_FALSE(cut.String(&read, &scratch));
    ASSERT_FALSE(cut.status().ok());
  }
}

TEST(RdbCodecTest, DoublesAndTimesAreLittleEndian) {
  std::string out;
  RdbWriter writer(&out);
  writer.BinaryDouble(1.5);
  writer.Millis(0x0102);
  writer.BinaryDouble(-INFINITY);
  EXPECT_EQ(Hex(out).substr(0, 32), "000000000000f83f0201000000000000");
  RdbReader reader(out);
  double number;
  int64_t time;
  ASSERT_TRUE(reader.BinaryDouble(&number));
  EXPECT_EQ(number, 1.5);
  ASSERT_TRUE(reader.Millis(&time));
  EXPECT_EQ(time, 0x0102);
  ASSERT_TRUE(reader.BinaryDouble(&number));
  EXPECT_EQ(number, -INFINITY);
  EXPECT_FALSE(reader.Millis(&time));
  EXPECT_EQ(reader.status().message(), "unexpected end at byte 24");
}

TEST(RdbCodecTest, HostileBytesAreErrorsAndReserveNothing) {
  const std::string_view hostile[] = {
      std::string_view("\x81\xff\xff\xff\xff\xff\xff\xff\xff", 9),  // 2^64-1 bytes
      std::string_view("\x82", 1),
      std::string_view("\xc4", 1),
      std::string_view("\xc3\x01\x80\x7f\xff\xff\xff\x00", 8),  // 1 byte unpacks to 2 GB
      std::string_view("\xc3\x02\x02\x20\x00", 5),              // refers to before its start
      std::string_view("\xc3\x00\x00", 3),
  };
  for (const std::string_view bytes : hostile) {
    RdbReader reader(bytes);
    std::string scratch;
    std::string_view value;
    EXPECT_FALSE(reader.String(&value, &scratch)) << Hex(bytes);
    EXPECT_LT(scratch.capacity(), 1000u);
    uint8_t byte;
    EXPECT_FALSE(reader.Byte(&byte)) << "stays failed";
  }
}

}  // namespace
}  // namespace slotmesh::node
