// Strings of bytes as strings of bits: bit 0 is the highest bit of the first byte.
//
// Pure; no bounds are checked but those stated.
#ifndef SLOTMESH_NODE_DATA_BITS_H_
#define SLOTMESH_NODE_DATA_BITS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slotmesh::node {

// Bits that are 1. About 4 bytes a nanosecond.
uint64_t CountBits(std::string_view bytes);
// Those from bit `first` to bit `last`. REQUIRES: first <= last < 8 * bytes.size().
uint64_t CountBits(std::string_view bytes, uint64_t first, uint64_t last);
// The first bit from `first` to `last` that has the value. REQUIRES as above.
std::optional<uint64_t> FindBit(std::string_view bytes, bool value, uint64_t first, uint64_t last);

// Bit `at`; 0 behind the end.
inline bool BitAt(std::string_view bytes, uint64_t at) {
  return at / 8 < bytes.size() &&
         (static_cast<unsigned char>(bytes[at / 8]) >> (7 - at % 8) & 1) != 0;
}

// A number of 1 to 64 bits that begins at bit `at`, highest bit first; bits behind the end are 0.
uint64_t LoadBits(std::string_view bytes, uint64_t at, int bits);
// REQUIRES: the bytes are there.
void StoreBits(char* bytes, uint64_t at, int bits, uint64_t value);

// An integer of up to 64 bits, or up to 63 if it has no sign.
struct BitField {
  bool is_signed = false;
  int bits = 8;

  int64_t Load(std::string_view bytes, uint64_t at) const;
};

enum class BitOverflow : uint8_t { kWrap, kSaturate, kFail };

// `base` plus `increment` as the field can hold it; nothing for what it cannot if it is to fail.
// Without sign, numbers are read as unsigned: -1 is the greatest.
std::optional<int64_t> AddInField(BitField field, int64_t base, int64_t increment,
                                  BitOverflow overflow);
// `value` put into the field, in the same manner.
std::optional<int64_t> FitInField(BitField field, int64_t value, BitOverflow overflow);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_BITS_H_
