// Intset: a sorted run of integers in one allocation, byte for byte as Redis keeps it. What small
// sets of integers are made of.
//
//   bytes per integer (4, little-endian: 2, 4 or 8) | how many (4) | the integers, ascending
//
// All integers have the width that the widest needs; adding a wider one widens all of them,
// removing it narrows nothing.
//
// Thread-compatible. Owns its bytes (a handle of 8 bytes; an empty set owns nothing). Reading
// trusts the order: bytes from outside go through Valid first. Cost: Contains O(log n); Add and
// Remove O(n); At O(1).
#ifndef SLOTMESH_NODE_DATA_INTSET_H_
#define SLOTMESH_NODE_DATA_INTSET_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace slotmesh::node {

class Intset {
 public:
  static constexpr size_t kHeaderSize = 8;
  // More would not fit the header's count with room to spare.
  static constexpr uint32_t kCountMax = uint32_t{1} << 30;

  Intset() = default;
  // A copy of bytes that are valid.
  explicit Intset(std::string_view valid_bytes);
  Intset(const Intset&) = delete;
  Intset(Intset&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  Intset& operator=(const Intset&) = delete;
  Intset& operator=(Intset&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Intset();

  // Whether the bytes are an intset of at least one integer. Not deep: widths and sizes only, which
  // is enough for reading safely; deep: the order too. O(1), O(n).
  static bool Valid(std::string_view bytes, bool deep);

  uint32_t size() const;
  bool Contains(int64_t value) const;
  // False if it was there. REQUIRES: size() < kCountMax.
  bool Add(int64_t value);
  // False if it was not there.
  bool Remove(int64_t value);
  // The integer with this rank. REQUIRES: index < size().
  int64_t At(uint32_t index) const;
  // REQUIRES: not empty.
  int64_t Min() const { return At(0); }
  int64_t Max() const { return At(size() - 1); }

  // All of it, as it is written to files. Valid until the next change.
  std::string_view raw() const;
  // Bytes allocated.
  size_t MemoryUsage() const;
  void CheckInvariants() const;

 private:
  uint32_t width() const;
  // Where `value` is or belongs.
  uint32_t LowerBound(int64_t value) const;
  void Store(uint32_t index, int64_t value);
  void SetHeader(uint32_t width, uint32_t size);
  // Room for exactly these; what was there stays.
  void Reserve(uint32_t width, uint32_t size);
  void Widen(uint32_t width);
  void Move(uint32_t from, uint32_t to, uint32_t n);

  char* bytes_ = nullptr;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_INTSET_H_
