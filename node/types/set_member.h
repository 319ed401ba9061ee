// SetMember: one member of a big set, in one allocation: its length (1 byte, 9 from 255 on) and its
// bytes. A member of 14 bytes takes 16.
//
// Immutable; whoever holds the pointer owns it. SetTable is the table of them, denser than other
// tables: members are small, and a set is mostly its table.
#ifndef SLOTMESH_NODE_TYPES_SET_MEMBER_H_
#define SLOTMESH_NODE_TYPES_SET_MEMBER_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "node/data/hash.h"
#include "node/data/hash_table.h"
#include "node/data/size_class.h"
#include "slots/check.h"

namespace slotmesh::node {

class SetMember {
 public:
  SetMember() = delete;

  static SetMember* New(std::string_view text) {
    char* bytes = static_cast<char*>(std::malloc(HeaderOf(text.size()) + text.size()));
    CHECK(bytes != nullptr);
    if (text.size() < kLong) {
      bytes[0] = static_cast<char>(text.size());
    } else {
      const uint64_t length = text.size();
      bytes[0] = static_cast<char>(kLong);
      std::memcpy(bytes + 1, &length, sizeof(length));
    }
    std::memcpy(bytes + HeaderOf(text.size()), text.data(), text.size());
    return reinterpret_cast<SetMember*>(bytes);
  }
  static void Free(SetMember* member) { std::free(member); }

  std::string_view text() const {
    const size_t length = this->length();
    return {bytes() + HeaderOf(length), length};
  }
  // Bytes allocated.
  size_t MemoryUsage() const {
    const size_t bytes = HeaderOf(length()) + length();
    return bytes <= 8 ? 8 : RoundToSizeClass(bytes);
  }

 private:
  static constexpr size_t kLong = 255;
  static size_t HeaderOf(size_t length) { return length < kLong ? 1 : 1 + sizeof(uint64_t); }
  const char* bytes() const { return reinterpret_cast<const char*>(this); }
  size_t length() const {
    const auto first = static_cast<uint8_t>(bytes()[0]);
    if (first < kLong) return first;
    uint64_t length;
    std::memcpy(&length, bytes() + 1, sizeof(length));
    return length;
  }
};

struct SetMemberPolicy {
  using Element = SetMember;
  static constexpr uint64_t kGrowHalves = 13;
  static uint64_t Hash(const SetMember& member, uint64_t seed) {
    return HashBytes(member.text(), seed);
  }
  static bool Matches(const SetMember& member, std::string_view text) {
    return member.text() == text;
  }
};
using SetTable = HashTable<SetMemberPolicy>;

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_SET_MEMBER_H_
