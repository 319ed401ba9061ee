// Entry: one key with its value, in one allocation.
//
//   header 8 | [expiry 8] | [long key's length 8] | [int64, StringBuffer* or Object* 8] | key |
//   [value bytes]
//
// The header holds kind (4 bits), encoding (4), flags (8), embedded value's length (16), access
// clock (24) and the key's length (8; longer keys have the extra word). A 16-byte key with an
// 8-byte value takes 32 bytes, a 32-byte value with an expiry 64. Allocations are rounded to the
// allocator's size classes, so that "does the new value fit where the old one was" needs no
// question to the allocator.
//
// A string is kept as an int64 when it is the canonical decimal form of one, inside the entry up to
// kEmbeddedValueMax bytes, else in a StringBuffer of its own with room to grow. What OBJECT
// ENCODING says is independent of that: int, embstr up to 44 bytes, raw above or after a change in
// place.
//
// Ownership: whoever holds the Entry* (a Database's table) owns it, its buffer and its object; Free
// releases all. Functions that may move an entry take it by pointer and return where it is now; the
// old pointer is dead. Engine thread only, apart from Free of an unreachable entry. No invariants
// tie entries to each other.
#ifndef SLOTMESH_NODE_KEYSPACE_ENTRY_H_
#define SLOTMESH_NODE_KEYSPACE_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "node/data/size_class.h"
#include "node/types/unix_millis.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

// Longest string that is reported as embstr.
inline constexpr size_t kEmbstrMax = 44;
// Longest string that is kept inside its entry.
inline constexpr size_t kEmbeddedValueMax = 1024;

// Text of an int64 for callers that need a string's bytes: "-9223372036854775808" is the longest.
struct IntText {
  char bytes[24];
};

// A string of its own, able to grow. `bytes` has room for `capacity`.
struct StringBuffer {
  size_t length;
  size_t capacity;
  char bytes[];
};

// The int64 that `text` is the canonical form of ("0", "-1", "12"; not "+1", "01", "-0", " 1"), if
// any.
std::optional<int64_t> ParseCanonicalInt(std::string_view text);
// Canonical text of `value`, in `scratch`.
std::string_view FormatInt(int64_t value, IntText& scratch);

class Entry {
 public:
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  // New entries. A string gets encoding int, embstr or raw as SET gives it. The key is shorter than
  // 4 GiB.
  static Entry* NewString(std::string_view key, std::string_view value, UnixMillis expiry);
  static Entry* NewInteger(std::string_view key, int64_t value, UnixMillis expiry);
  // Takes ownership of `object`.
  static Entry* NewObject(std::string_view key, Object* object, UnixMillis expiry);
  // Same value under another key; `entry` is left without value and freed (RENAME).
  static Entry* MoveToKey(Entry* entry, std::string_view key);
  // Deep copy under another key (COPY); null if the value's type cannot be copied.
  static Entry* CopyToKey(const Entry& entry, std::string_view key, int from_database = -1,
                          int to_database = -1);
  // Frees entry and value. Null is allowed.
  static void Free(Entry* entry);

  std::string_view key() const { return {base() + key_offset(), key_size()}; }
  ValueKind kind() const { return static_cast<ValueKind>(kind_); }
  bool is_string() const { return kind() == ValueKind::kString; }
  // What OBJECT ENCODING says.
  Encoding encoding() const {
    return placement() == Placement::kObject ? object()->type->EncodingOf(*object())
                                             : static_cast<Encoding>(encoding_);
  }
  // What TYPE says.
  std::string_view type_name() const {
    return placement() == Placement::kObject ? object()->type->name() : KindName(kind());
  }

  bool has_expiry() const { return (flags_ & kHasExpiry) != 0; }
  // kNoExpiry if there is none.
  UnixMillis expiry() const { return has_expiry() ? Load<UnixMillis>(sizeof(Entry)) : kNoExpiry; }
  // A key is gone at the millisecond after its expiry.
  bool IsExpired(UnixMillis now) const { return has_expiry() && now > expiry(); }
  // Adds, changes or (kNoExpiry) removes the expiry.
  static Entry* WithExpiry(Entry* entry, UnixMillis expiry);

  // 24 bits of LRU time or LFU minutes and counter; what they mean is the keyspace's affair.
  uint32_t access_clock() const { return clock_; }
  void set_access_clock(uint32_t clock) { clock_ = clock & 0xffffff; }

  // --- Strings. REQUIRES: is_string(). ---
  bool is_integer() const { return placement() == Placement::kInteger; }
  // REQUIRES: is_integer().
  int64_t integer() const { return Load<int64_t>(word_offset()); }
  void set_integer(int64_t value) { Store(word_offset(), value); }
  // STRLEN.
  size_t string_length() const;
  // The bytes of the string; an integer is written to `scratch`. Valid until the entry changes.
  std::string_view string_bytes(IntText& scratch) const;
  // Replaces value and expiry, in place if the allocation fits. Any kind of value may be replaced.
  static Entry* WithString(Entry* entry, std::string_view value, UnixMillis expiry);
  static Entry* WithInteger(Entry* entry, int64_t value);
  // Makes the string `length` bytes long (new bytes are zero), encoding raw, so that
  // mutable_bytes() may be written. Growth is amortised (the buffer doubles up to 1 MiB at a time).
  static Entry* WithLength(Entry* entry, size_t length);
  // REQUIRES: the last change was WithLength (the string is not an integer).
  char* mutable_bytes();

  // --- Other kinds. REQUIRES: !is_string(). ---
  Object* object() const { return Load<Object*>(word_offset()); }

  // No part of the value expires before (ValueType::NextDue); kNoExpiry for any string.
  UnixMillis PartsDue() const {
    if (placement() != Placement::kObject) return kNoExpiry;
    return object()->type->NextDue(*object());
  }

  // Bytes allocated: entry, buffer, object (see ValueType::MemoryUsage for `samples`).
  size_t MemoryUsage(size_t samples, int database = -1) const;
  // About how many allocations Free releases.
  size_t FreeEffort(int database = -1) const;
  // Its value is leaving the keyspace.
  void TellUnlinked(int database) const {
    if (placement() == Placement::kObject) {
      object()->type->OnUnlinked(*object(), {key(), database});
    }
  }
  void CheckInvariants() const;

 private:
  enum class Placement : uint8_t { kEmbedded = 0, kInteger = 1, kBuffer = 2, kObject = 3 };
  static constexpr uint8_t kPlacementMask = 3;
  static constexpr uint8_t kHasExpiry = 4;
  static constexpr uint8_t kLongKey = 8;

  struct Shape;  // What determines the size of an entry.

  Entry() = default;
  static Entry* Allocate(const Shape& shape, std::string_view key);
  static Entry* Reshape(Entry* entry, const Shape& shape);
  Shape shape() const;
  void ReleaseValue();
  void SetString(std::string_view value);

  Placement placement() const { return static_cast<Placement>(flags_ & kPlacementMask); }
  char* base() { return reinterpret_cast<char*>(this); }
  const char* base() const { return reinterpret_cast<const char*>(this); }
  template <typename T>
  T Load(size_t offset) const {
    T value;
    std::memcpy(&value, base() + offset, sizeof(T));
    return value;
  }
  template <typename T>
  void Store(size_t offset, T value) {
    std::memcpy(base() + offset, &value, sizeof(T));
  }

  // Offsets of the parts; kHasExpiry is worth 8 bytes, kLongKey too.
  size_t key_length_offset() const { return sizeof(Entry) + 2 * (flags_ & kHasExpiry); }
  size_t word_offset() const { return key_length_offset() + (flags_ & kLongKey); }
  size_t key_offset() const {
    return word_offset() + ((flags_ & kPlacementMask) != 0 ? sizeof(int64_t) : 0);
  }
  size_t key_size() const {
    return (flags_ & kLongKey) == 0 ? key_length_ : Load<uint64_t>(key_length_offset());
  }
  StringBuffer* buffer() const { return Load<StringBuffer*>(word_offset()); }

  uint8_t kind_ : 4;
  uint8_t encoding_ : 4;
  uint8_t flags_;
  uint16_t value_length_;  // Of an embedded value.
  uint32_t clock_ : 24;
  uint32_t key_length_ : 8;  // 0 for long keys.
};
static_assert(sizeof(Entry) == 8);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_ENTRY_H_
