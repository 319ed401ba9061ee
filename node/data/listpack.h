// Listpack: a sequence of strings and integers in one run of bytes, byte for byte as Redis keeps
// it, so that it can be dumped and restored as it is. What small lists, hashes, sets and sorted
// sets are made of, the nodes of big lists and the blocks of streams.
//
//   total bytes (4, little-endian) | elements (2; 65535: not known) | element ... | 0xff
//   element: encoding and data | length of these, readable backwards (1 to 5 bytes)
//
// A string that is the canonical decimal text of an int64 is kept as an integer; whoever reads gets
// either form (ListpackValue) and can ask for the text.
//
// Three parts: ListpackItem (what goes in), ListpackView (reading, borrows the bytes) and Listpack
// (owns its bytes in one allocation of the next size class, 8 bytes of handle). Positions are
// pointers to an element; null is "no element". A change makes all positions of that listpack
// invalid, apart from the one it returns.
//
// Thread-compatible. Reading trusts the bytes: whatever comes from outside goes through
// Valid(bytes, deep = true) first. Cost: Next, Previous, First, Last and count (below 65535) O(1);
// At and Find O(n); changes O(bytes behind the place). A listpack is shorter than 1 GiB
// (kListpackBytesMax): callers ask CanGrow before they add.
#ifndef SLOTMESH_NODE_DATA_LISTPACK_H_
#define SLOTMESH_NODE_DATA_LISTPACK_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "node/data/prefetch.h"

namespace slotmesh::node {

inline constexpr size_t kListpackHeaderSize = 6;
// Header and end mark.
inline constexpr size_t kListpackEmptySize = 7;
// From here on the header does not tell how many there are.
inline constexpr uint32_t kListpackCountUnknown = 65535;
inline constexpr size_t kListpackBytesMax = size_t{1} << 30;
// Most bytes of an element beyond the string's own.
inline constexpr size_t kListpackOverheadMax = 10;

using ListpackPos = const uint8_t*;

// Room for the text of an integer element.
struct ListpackText {
  char bytes[24];
};

// An element as it is read: a string of the listpack, or an integer.
struct ListpackValue {
  const char* text;  // Null for an integer.
  uint32_t length;   // Of `text`.
  int64_t integer;   // REQUIRES: is_integer().

  bool is_integer() const { return text == nullptr; }
  // The string, in `scratch` if it is an integer.
  std::string_view Text(ListpackText& scratch) const;
  std::string ToString() const;
};

// An element to be put in or looked for. Borrows the text. Making one finds out whether the text is
// an integer.
class ListpackItem {
 public:
  ListpackItem() : ListpackItem(std::string_view()) {}
  ListpackItem(std::string_view text);  // NOLINT: meant as a conversion.
  ListpackItem(const char* text) : ListpackItem(std::string_view(text)) {}         // NOLINT
  ListpackItem(const std::string& text) : ListpackItem(std::string_view(text)) {}  // NOLINT
  ListpackItem(int64_t value) : integer_(value), is_integer_(true) {}              // NOLINT
  // The same element as `value`, whose listpack must not be changed by what takes this item.
  ListpackItem(const ListpackValue& value);  // NOLINT

  bool is_integer() const { return is_integer_; }
  int64_t integer() const { return integer_; }
  // REQUIRES: made from a text.
  std::string_view text() const { return text_; }

  // Bytes in a listpack, all included.
  size_t EncodedSize() const;
  // Writes them and returns the end. REQUIRES: room for EncodedSize() bytes at `out`.
  uint8_t* Encode(uint8_t* out) const;
  // The element has the same text.
  bool Matches(const ListpackValue& value) const;

 private:
  std::string_view text_;
  int64_t integer_ = 0;
  bool is_integer_ = false;
};

class ListpackView {
 public:
  ListpackView() = default;
  // `bytes`: a valid listpack, which stays where it is for the life of the view.
  explicit ListpackView(const uint8_t* bytes) : bytes_(bytes) {}

  // Whether the bytes are a listpack. Not deep: header, total and end mark only, which does not
  // make it safe to read the elements; deep: every element too. O(1), O(n).
  static bool Valid(std::string_view bytes, bool deep);

  const uint8_t* bytes() const { return bytes_; }
  // Asks for the memory of the first elements: all of them, in most listpacks.
  void Prefetch() const {
    constexpr size_t kLines = 3;
    constexpr size_t kCacheLine = 64;
    for (size_t line = 0; line < kLines; ++line) node::Prefetch(bytes_ + line * kCacheLine);
  }
  size_t size_bytes() const {
    uint32_t total;
    std::memcpy(&total, bytes_, sizeof(total));
    return total;
  }
  std::string_view raw() const { return {reinterpret_cast<const char*>(bytes_), size_bytes()}; }
  bool empty() const { return bytes_[kListpackHeaderSize] == kEnd; }
  // O(n) from 65535 elements on.
  uint32_t count() const {
    const uint32_t count = HeaderCount();
    return count != kListpackCountUnknown ? count : CountElements();
  }

  // Null if there is none.
  ListpackPos First() const { return OrNull(bytes_ + kListpackHeaderSize); }
  ListpackPos Last() const { return Previous(bytes_ + size_bytes() - 1); }
  ListpackPos Next(ListpackPos at) const { return OrNull(at + ElementSize(at)); }
  // `at` may also be end().
  ListpackPos Previous(ListpackPos at) const {
    return at == bytes_ + kListpackHeaderSize ? nullptr : at - SizeBefore(at);
  }
  // Where the end mark stands: a place to insert before.
  ListpackPos end() const { return bytes_ + size_bytes() - 1; }
  // The element with this index, from the end if negative; null outside.
  ListpackPos At(int64_t index) const;
  // The element `n` behind `at`; null past the end.
  ListpackPos Skip(ListpackPos at, uint32_t n) const;

  static ListpackValue Get(ListpackPos at);
  // Bytes of the element, all included.
  static size_t ElementSize(ListpackPos at);

  // First element that matches, from `from` (null: none) on; after each comparison `skip` elements
  // are passed by. Find(field, First(), 1) looks at the first of every pair.
  ListpackPos Find(const ListpackItem& item, ListpackPos from, uint32_t skip = 0) const;
  ListpackPos Find(const ListpackItem& item) const { return Find(item, First(), 0); }

  // Aborts unless Valid(raw(), true).
  void CheckInvariants() const;

  static constexpr uint8_t kEnd = 0xff;

 protected:
  static ListpackPos OrNull(ListpackPos at) { return *at == kEnd ? nullptr : at; }
  // Of the element that ends at `at`.
  static size_t SizeBefore(ListpackPos at);
  uint32_t HeaderCount() const {
    uint16_t count;
    std::memcpy(&count, bytes_ + 4, sizeof(count));
    return count;
  }
  uint32_t CountElements() const;

  const uint8_t* bytes_ = nullptr;
};

class Listpack : public ListpackView {
 public:
  // Empty. Moved-from objects may only be assigned to or destroyed.
  Listpack();
  // A copy of bytes that are a valid listpack.
  explicit Listpack(std::string_view valid_bytes);
  Listpack(const Listpack&) = delete;
  Listpack(Listpack&& other) noexcept : ListpackView(std::exchange(other.bytes_, nullptr)) {}
  Listpack& operator=(const Listpack&) = delete;
  Listpack& operator=(Listpack&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Listpack();

  // Bytes allocated.
  size_t MemoryUsage() const;
  // Whether `bytes` more (ListpackItem::EncodedSize) stay below kListpackBytesMax.
  bool CanGrow(size_t bytes) const { return size_bytes() + bytes < kListpackBytesMax; }

  // Removes `erase` elements from `at` on (all that are there, if fewer) and puts the items there.
  // `at` may be end(). Returns the first item's position, without items that of the element behind
  // the gap (null at the end). The items may not borrow from this listpack. O(bytes behind `at`).
  ListpackPos Splice(ListpackPos at, uint32_t erase, std::span<const ListpackItem> items);

  void Append(const ListpackItem& item) { InsertBefore(end(), item); }
  void Prepend(const ListpackItem& item) { InsertBefore(bytes_ + kListpackHeaderSize, item); }
  ListpackPos InsertBefore(ListpackPos at, const ListpackItem& item) {
    return Splice(at, 0, {&item, 1});
  }
  ListpackPos InsertAfter(ListpackPos at, const ListpackItem& item) {
    return Splice(at + ElementSize(at), 0, {&item, 1});
  }
  ListpackPos Replace(ListpackPos at, const ListpackItem& item) {
    return Splice(at, 1, {&item, 1});
  }
  // Position of the element behind the removed ones; null at the end.
  ListpackPos Erase(ListpackPos at, uint32_t n = 1) { return Splice(at, n, {}); }
  void Clear();

 private:
  uint8_t* mutable_bytes() { return const_cast<uint8_t*>(bytes_); }
  // Makes old_bytes at `offset` new_bytes long, whatever they then contain.
  uint8_t* Resize(size_t offset, size_t old_bytes, size_t new_bytes);
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_LISTPACK_H_
