// HashField: one field of a big hash with its value, in one allocation:
//
//   1 byte: length of the field (127: 8 bytes of length follow), top bit: it expires |
//   [expiry 8] | length of the value: 1 byte (255: 8 bytes follow) | field | value
//
// A field of 14 bytes with a value of 16 takes 32. Whoever holds the pointer owns it. A change may
// move it: functions that change take the pointer and return where the field is now. FieldTable is
// the table of them; its notes say roughly when fields expire (expiry_note.h).
#ifndef SLOTMESH_NODE_TYPES_HASH_FIELD_H_
#define SLOTMESH_NODE_TYPES_HASH_FIELD_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "node/data/hash.h"
#include "node/data/hash_table.h"
#include "node/types/unix_millis.h"

namespace slotmesh::node {

class HashField {
 public:
  HashField() = delete;

  static HashField* New(std::string_view name, std::string_view value, UnixMillis expiry);
  static void Free(HashField* field);
  // Another value and expiry; in place if the allocation fits. `value` may be the field's own.
  static HashField* With(HashField* field, std::string_view value, UnixMillis expiry);

  std::string_view name() const {
    const Parts parts = this->parts();
    return {parts.text, parts.name};
  }
  std::string_view value() const {
    const Parts parts = this->parts();
    return {parts.text + parts.name, parts.value};
  }
  bool expires() const { return (base()[0] & kExpires) != 0; }
  // kNoExpiry if it does not expire.
  UnixMillis expiry() const;
  bool IsExpired(UnixMillis now) const { return expires() && now > expiry(); }
  // Bytes allocated.
  size_t MemoryUsage() const;

 private:
  static constexpr uint8_t kExpires = 0x80;
  static constexpr uint8_t kLongName = 0x7f;
  static constexpr uint8_t kLongValue = 0xff;

  struct Parts {
    const char* text;  // The name, behind it the value.
    size_t name;
    size_t value;
  };
  struct Shape;

  const uint8_t* base() const { return reinterpret_cast<const uint8_t*>(this); }
  uint8_t* base() { return reinterpret_cast<uint8_t*>(this); }
  static size_t Load(const uint8_t* from) {
    uint64_t length;
    __builtin_memcpy(&length, from, sizeof(length));
    return length;
  }
  Parts parts() const {
    const uint8_t* at = base();
    const uint8_t first = *at++;
    size_t name = first & ~kExpires;
    if (name == kLongName) {
      name = Load(at);
      at += sizeof(uint64_t);
    }
    if ((first & kExpires) != 0) at += sizeof(UnixMillis);
    size_t value = *at++;
    if (value == kLongValue) {
      value = Load(at);
      at += sizeof(uint64_t);
    }
    return {reinterpret_cast<const char*>(at), name, value};
  }
  Shape shape() const;
};

struct HashFieldPolicy {
  using Element = HashField;
  static uint64_t Hash(const HashField& field, uint64_t seed) {
    return HashBytes(field.name(), seed);
  }
  static bool Matches(const HashField& field, std::string_view name) {
    return field.name() == name;
  }
};
using FieldTable = HashTable<HashFieldPolicy>;

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_HASH_FIELD_H_
