#include "node/codec/crc64.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace slotmesh::node {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr size_t kSlices = 16;
// 0xad93d23594c935a9 with its bits in reverse order.
constexpr uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;

using Tables = std::array<std::array<uint64_t, 256>, kSlices>;

// tables[k][b]: what byte b does to the checksum k bytes later.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint64_t b = 0; b < 256; ++b) {
    uint64_t crc = b;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? kReflectedPolynomial : 0);
    }
    tables[0][b] = crc;
  }
  for (size_t k = 1; k < kSlices; ++k) {
    for (size_t b = 0; b < 256; ++b) {
      const uint64_t before = tables[k - 1][b];
      tables[k][b] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint64_t Load64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// The effect of 8 bytes that end `after` bytes before the checksum is taken.
uint64_t Slice8(uint64_t word, size_t after) {
  uint64_t crc = 0;
  for (size_t i = 0; i < 8; ++i) crc ^= kTables[after + 7 - i][(word >> (8 * i)) & 0xff];
  return crc;
}

}  // namespace

uint64_t Crc64(uint64_t crc, std::string_view bytes) {
  const char* p = bytes.data();
  size_t left = bytes.size();
  for (; left >= kSlices; left -= kSlices, p += kSlices) {
    crc = Slice8(Load64(p) ^ crc, 8) ^ Slice8(Load64(p + 8), 0);
  }
  for (; left > 0; --left, ++p) {
    crc = kTables[0][(crc ^ static_cast<unsigned char>(*p)) & 0xff] ^ (crc >> 8);
  }
  return crc;
}

}  // namespace slotmesh::node
