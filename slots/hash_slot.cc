#include "slots/hash_slot.h"

#include <cstdint>
#include <cstring>

#include "slots/crc16.h"

namespace slotmesh::slots {
namespace {

// Non-zero if one of the eight bytes at `p` is '{'.
uint64_t OpenBraces(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  word ^= uint64_t{'{'} * 0x0101010101010101;
  return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

// False if `key` has no '{'. Keys of 8 to 32 bytes are what servers mostly see: for them a call of
// memchr costs more than the search.
bool MayHaveTag(std::string_view key) {
  const char* const p = key.data();
  const size_t n = key.size();
  if (n < 8) {
    bool found = false;
    for (char c : key) found |= c == '{';
    return found;
  }
  if (n <= 16) return (OpenBraces(p) | OpenBraces(p + n - 8)) != 0;
  if (n <= 32) {
    return (OpenBraces(p) | OpenBraces(p + 8) | OpenBraces(p + n - 16) | OpenBraces(p + n - 8)) !=
           0;
  }
  return true;
}

}  // namespace

std::string_view HashedPart(std::string_view key) {
  if (!MayHaveTag(key)) return key;
  const size_t open = key.find('{');
  if (open == key.npos) return key;
  const size_t close = key.find('}', open + 1);
  if (close == key.npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

Slot HashSlot(std::string_view key) { return Crc16(HashedPart(key)) % kSlotCount; }

}  // namespace slotmesh::slots
