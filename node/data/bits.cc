#include "node/data/bits.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace slotmesh::node {
namespace {

uint64_t Load64(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

uint64_t CountIn(uint64_t word) {
  constexpr uint64_t kPairs = 0x5555555555555555;
  constexpr uint64_t kNibbles = 0x3333333333333333;
  constexpr uint64_t kBytes = 0x0f0f0f0f0f0f0f0f;
  constexpr uint64_t kOnes = 0x0101010101010101;
  word -= word >> 1 & kPairs;
  word = (word & kNibbles) + (word >> 2 & kNibbles);
  return ((word + (word >> 4)) & kBytes) * kOnes >> 56;
}

// Of the byte, bits `first` to `last`; the others are 0.
uint8_t Masked(char byte, uint64_t first, uint64_t last) {
  const unsigned mask = (0xffu >> first) & (0xffu << (7 - last));
  return static_cast<uint8_t>(static_cast<unsigned char>(byte) & mask);
}

// The first bit of the byte with the value, from `first` on; 8 if there is none.
uint64_t FindInByte(char byte, bool value, uint64_t first) {
  const auto bits = static_cast<uint8_t>(value ? byte : ~byte);
  return static_cast<uint64_t>(std::countl_zero(static_cast<uint8_t>(bits & (0xff >> first))));
}

using Wide = __int128;

Wide HighestOf(BitField field) { return (Wide{1} << (field.bits - (field.is_signed ? 1 : 0))) - 1; }
Wide LowestOf(BitField field) { return field.is_signed ? -(Wide{1} << (field.bits - 1)) : Wide{0}; }

int64_t Extended(BitField field, uint64_t bits) {
  const int unused = 64 - field.bits;
  if (field.is_signed) return static_cast<int64_t>(bits << unused) >> unused;
  return static_cast<int64_t>(bits << unused >> unused);
}

std::optional<int64_t> Fit(BitField field, Wide value, BitOverflow overflow) {
  const bool above = value > HighestOf(field);
  if (!above && value >= LowestOf(field)) return static_cast<int64_t>(value);
  switch (overflow) {
    case BitOverflow::kWrap:
      return Extended(field, static_cast<uint64_t>(value));
    case BitOverflow::kSaturate:
      return static_cast<int64_t>(above ? HighestOf(field) : LowestOf(field));
    case BitOverflow::kFail:
      break;
  }
  return std::nullopt;
}

Wide Widened(BitField field, int64_t value) {
  return field.is_signed ? Wide{value} : Wide{static_cast<uint64_t>(value)};
}

}  // namespace

uint64_t CountBits(std::string_view bytes) {
  uint64_t count = 0;
  while (bytes.size() >= sizeof(uint64_t)) {
    count += CountIn(Load64(bytes.data()));
    bytes.remove_prefix(sizeof(uint64_t));
  }
  for (const char byte : bytes) count += CountIn(static_cast<unsigned char>(byte));
  return count;
}

uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last) {
  const uint64_t begin = first / 8;
  const uint64_t end = last / 8;
  if (begin == end) return CountIn(Masked(bytes[begin], first % 8, last % 8));
  return CountIn(Masked(bytes[begin], first % 8, 7)) + CountIn(Masked(bytes[end], 0, last % 8)) +
         CountBits(bytes.substr(begin + 1, end - begin - 1));
}

std::optional<uint64_t> FindBit(std::string_view bytes, bool value, uint64_t first, uint64_t last) {
  uint64_t byte = first / 8;
  uint64_t bit = FindInByte(bytes[byte], value, first % 8);
  const uint64_t nothing = value ? 0 : ~uint64_t{0};
  while (bit == 8 && ++byte <= last / 8) {
    while (byte + 8 <= last / 8 && Load64(bytes.data() + byte) == nothing) byte += 8;
    bit = FindInByte(bytes[byte], value, 0);
  }
  const uint64_t found = byte * 8 + bit;
  if (bit == 8 || found > last) return std::nullopt;
  return found;
}

uint64_t LoadBits(std::string_view bytes, uint64_t at, int bits) {
  uint64_t value = 0;
  for (int left = bits; left > 0;) {
    const int here = std::min<int>(left, static_cast<int>(8 - at % 8));
    const unsigned byte = at / 8 < bytes.size() ? static_cast<unsigned char>(bytes[at / 8]) : 0u;
    const unsigned part = (byte >> (8 - at % 8 - here)) & ((1u << here) - 1);
    value = value << here | part;
    at += here;
    left -= here;
  }
  return value;
}

void StoreBits(char* bytes, uint64_t at, int bits, uint64_t value) {
  for (int left = bits; left > 0;) {
    const int here = std::min<int>(left, static_cast<int>(8 - at % 8));
    const int shift = static_cast<int>(8 - at % 8) - here;
    const unsigned mask = ((1u << here) - 1) << shift;
    const auto part = static_cast<unsigned>(value >> (left - here)) << shift;
    const auto old = static_cast<unsigned char>(bytes[at / 8]);
    bytes[at / 8] = static_cast<char>((old & ~mask) | (part & mask));
    at += here;
    left -= here;
  }
}

int64_t BitField::Load(std::string_view bytes, uint64_t at) const {
  return Extended(*this, LoadBits(bytes, at, bits));
}

std::optional<int64_t> AddInField(BitField field, int64_t base, int64_t increment,
                                  BitOverflow overflow) {
  return Fit(field, Widened(field, base) + Wide{increment}, overflow);
}

std::optional<int64_t> FitInField(BitField field, int64_t value, BitOverflow overflow) {
  return Fit(field, Widened(field, value), overflow);
}

}  // namespace slotmesh::node
