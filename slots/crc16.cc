#include "slots/crc16.h"

#include <array>
#include <cstddef>

namespace slotmesh::slots {
namespace {

constexpr uint16_t kPolynomial = 0x1021;
constexpr size_t kStride = 16;

// tables[z][b] is the CRC of byte b followed by z zero bytes. As the CRC is linear over XOR, the
// CRC of up to kStride bytes is the XOR of one entry per byte, and those look-ups do not wait for
// each other.
using Tables = std::array<std::array<uint16_t, 256>, kStride>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (int byte = 0; byte < 256; ++byte) {
    uint16_t crc = static_cast<uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc << 1) ^ ((crc & 0x8000) != 0 ? kPolynomial : 0));
    }
    tables[0][byte] = crc;
  }
  for (size_t zeros = 1; zeros < kStride; ++zeros) {
    for (int byte = 0; byte < 256; ++byte) {
      const uint16_t crc = tables[zeros - 1][byte];
      tables[zeros][byte] = static_cast<uint16_t>((crc << 8) ^ tables[0][crc >> 8]);
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

// The XOR of the entries of `n` bytes at `p`, the last of which has `zeros` bytes behind it.
template <size_t n>
uint16_t Fold(const unsigned char* p, size_t zeros) {
  uint16_t crc = 0;
#pragma GCC unroll 16
  for (size_t i = 0; i < n; ++i) crc ^= kTables[zeros + n - 1 - i][p[i]];
  return crc;
}

// The entries of the first two bytes of a block, into which the CRC so far is mixed.
uint16_t FoldHead(const unsigned char* p, uint16_t crc, size_t zeros) {
  return kTables[zeros + 1][p[0] ^ (crc >> 8)] ^ kTables[zeros][p[1] ^ (crc & 0xff)];
}

}  // namespace

uint16_t Crc16(std::string_view data, uint16_t crc) {
  const unsigned char* p = reinterpret_cast<const unsigned char*>(data.data());
  size_t left = data.size();
  for (; left >= kStride; left -= kStride, p += kStride) {
    crc = FoldHead(p, crc, kStride - 2) ^ Fold<kStride - 2>(p + 2, 0);
  }
  if (left >= 8) {
    crc = FoldHead(p, crc, 6) ^ Fold<6>(p + 2, 0);
    left -= 8;
    p += 8;
  }
  if (left >= 4) {
    crc = FoldHead(p, crc, 2) ^ Fold<2>(p + 2, 0);
    left -= 4;
    p += 4;
  }
  for (; left > 0; --left, ++p) {
    crc = static_cast<uint16_t>((crc << 8) ^ kTables[0][(crc >> 8) ^ *p]);
  }
  return crc;
}

}  // namespace slotmesh::slots
