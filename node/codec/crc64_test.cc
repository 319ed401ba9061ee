#include "node/codec/crc64.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace slotmesh::node {
namespace {

// Bit by bit, as the definition goes.
uint64_t Slow(std::string_view bytes) {
  uint64_t crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x95ac9329ac4bc9b5u : 0);
    }
  }
  return crc;
}

TEST(Crc64Test, CheckValue) {
  EXPECT_EQ(Crc64(0, "123456789"), 0xe9c6d914c4b8d9cau);
  EXPECT_EQ(Crc64(0, ""), 0u);
}

TEST(Crc64Test, AllLengthsAndCutsAgreeWithTheDefinition) {
  std::mt19937 random(1);
  std::string bytes(200, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  for (size_t n = 0; n <= bytes.size(); ++n) {
    const std::string_view head = std::string_view(bytes).substr(0, n);
    ASSERT_EQ(Crc64(0, head), Slow(head));
    ASSERT_EQ(Crc64(Crc64(0, head), std::string_view(bytes).substr(n)), Slow(bytes));
  }
}

}  // namespace
}  // namespace slotmesh::node
