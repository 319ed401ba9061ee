#include "slots/crc16.h"

#include <string>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace slotmesh::slots {
namespace {

// The definition, a bit at a time.
uint16_t SlowCrc(std::string_view data, uint16_t crc = 0) {
  for (unsigned char byte : data) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool out = ((crc >> 15) ^ (byte >> bit)) & 1;
      crc = static_cast<uint16_t>(crc << 1);
      if (out) crc ^= 0x1021;
    }
  }
  return crc;
}

TEST(Crc16, KnownValues) {
  EXPECT_EQ(Crc16(""), 0);
  EXPECT_EQ(Crc16("123456789"), 0x31c3);
  EXPECT_EQ(Crc16("A"), 0x58e5);
  EXPECT_EQ(Crc16("foo"), 44950);  // CLUSTER KEYSLOT foo is 12182.
}

TEST(Crc16, EveryLengthAndAlignmentMatchesTheDefinition) {
  std::string data;
  uint32_t state = 1;
  for (int i = 0; i < 200; ++i) {
    state = state * 1664525 + 1013904223;
    data.push_back(static_cast<char>(state >> 24));
  }
  const std::string_view view = data;
  for (size_t start = 0; start < 17; ++start) {
    for (size_t length = 0; start + length <= data.size(); ++length) {
      ASSERT_EQ(Crc16(view.substr(start, length)), SlowCrc(view.substr(start, length)))
          << start << "+" << length;
    }
  }
}

TEST(Crc16, EveryByteInEveryPlaceOfABlock) {
  for (size_t place = 0; place < 33; ++place) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string data(33, '\0');
      data[place] = static_cast<char>(byte);
      ASSERT_EQ(Crc16(data), SlowCrc(data)) << place << " " << byte;
    }
  }
}

RC_GTEST_PROP(Crc16Property, MatchesTheDefinitionFromAnyState, (std::string data, uint16_t crc)) {
  RC_ASSERT(Crc16(data, crc) == SlowCrc(data, crc));
}

RC_GTEST_PROP(Crc16Property, InTwoPiecesIsTheSame, (const std::string& a, const std::string& b)) {
  RC_ASSERT(Crc16(b, Crc16(a)) == Crc16(a + b));
}

}  // namespace
}  // namespace slotmesh::slots
