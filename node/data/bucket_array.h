// BucketArray: the memory of a HashTable: a growing row of cache-line buckets, each the head of a
// chain.
//
// A bucket has seven places: a one-byte tag (0: free) and a word of 48 bits of pointer and 16 bits
// of note. In a chained bucket the last place holds the next bucket of the chain instead. The row
// grows and shrinks one bucket at a time at its end. Up to kSegmentBuckets buckets stand in one
// allocation that grows by a quarter at a time; longer rows are a directory of segments of that
// size. The worst step therefore moves 256 KiB, or the directory: 8 bytes per 18,000 elements.
//
// Thread-compatible. Owns buckets, not what they point to. An empty row owns nothing: it shares one
// constant bucket that is never written. Not movable (short rows point into themselves, which saves
// a branch).
#ifndef SLOTMESH_NODE_DATA_BUCKET_ARRAY_H_
#define SLOTMESH_NODE_DATA_BUCKET_ARRAY_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace slotmesh::node {

struct alignas(64) Bucket {
  static constexpr int kPlaces = 7;
  static constexpr uint8_t kChained = 0x80;
  static constexpr uint8_t kMarkMask = 0x7f;
  static constexpr int kNoteShift = 48;
  static constexpr uint64_t kPointerMask = (uint64_t{1} << kNoteShift) - 1;

  bool chained() const { return (meta & kChained) != 0; }
  uint8_t mark() const { return meta & kMarkMask; }
  void set_mark(uint8_t mark) { meta = (meta & kChained) | mark; }
  // REQUIRES: chained().
  Bucket* next() const { return reinterpret_cast<Bucket*>(words[kPlaces - 1]); }
  // REQUIRES: the last place is free.
  void Chain(Bucket* bucket) {
    words[kPlaces - 1] = reinterpret_cast<uint64_t>(bucket);
    meta |= kChained;
  }
  void Unchain() {
    words[kPlaces - 1] = 0;
    meta &= kMarkMask;
  }

  // Bit i: place i has this tag. tag 0 asks for free places (and the chain pointer's).
  uint32_t Match(uint8_t tag) const {
#ifdef __SSE2__
    const __m128i all = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(tags));
    const __m128i equal = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<uint32_t>(_mm_movemask_epi8(equal)) & 0x7f;
#else
    uint32_t mask = 0;
    for (int i = 0; i < kPlaces; ++i) mask |= static_cast<uint32_t>(tags[i] == tag) << i;
    return mask;
#endif
  }
  uint32_t Used() const { return ~Match(0) & 0x7f; }
  uint32_t Free() const { return Match(0) & (chained() ? 0x3f : 0x7f); }

  uint8_t tags[kPlaces];
  uint8_t meta;  // Bit 7: chained. Bits 0-6: the mark (heads of chains only).
  uint64_t words[kPlaces];
};
static_assert(sizeof(Bucket) == 64);

class BucketArray {
 public:
  static constexpr int kSegmentShift = 11;
  static constexpr uint32_t kSegmentBuckets = 1u << kSegmentShift;
  static constexpr uint32_t kSegmentStep = kSegmentBuckets / 8;
  static constexpr uint32_t kWholeSegmentsFrom = 8;

  BucketArray();
  ~BucketArray() { Reset(); }
  BucketArray(const BucketArray&) = delete;
  BucketArray& operator=(const BucketArray&) = delete;

  // At least 1. The first bucket may be written only if allocated().
  uint32_t size() const { return size_; }
  bool allocated() const { return capacity_ != 0; }

  // The head of the chain where an element of this hash belongs (linear hashing on the low bits).
  Bucket* ForHash(uint64_t hash) const { return At(IndexOf(hash)); }
  uint32_t IndexOf(uint64_t hash) const {
    const uint32_t index = static_cast<uint32_t>(hash) & mask_;
    // Without a branch: it would be mispredicted every third time.
    const uint32_t beyond = -static_cast<uint32_t>(index >= size_);
    return index - (((mask_ >> 1) + 1) & beyond);
  }
  // How many low bits of the hash all elements of this bucket share.
  int DepthOf(uint32_t index) const;
  Bucket* At(uint32_t index) const {
    return directory_[index >> kSegmentShift] + (index & (kSegmentBuckets - 1));
  }

  // Makes the first bucket writable.
  void Allocate();
  // Appends an empty bucket. Invalidates Bucket pointers. REQUIRES: allocated().
  void Grow();
  // Drops the last bucket. REQUIRES: size() > 1 and it is empty and unchained. Invalidates Bucket
  // pointers.
  void Shrink();
  // Back to the empty row. Chains must have been freed.
  void Reset();

  // Further buckets of chains.
  Bucket* NewOverflow();
  void FreeOverflow(Bucket* bucket);

  // Bytes allocated, chains included.
  size_t MemoryUsage() const;
  void CheckInvariants() const;

 private:
  uint32_t segments() const { return (size_ + kSegmentBuckets - 1) >> kSegmentShift; }
  bool is_directory() const { return directory_ != &first_; }
  void ResizeLast(uint32_t capacity);
  void AddSegment();
  void SetSize(uint32_t size);

  Bucket** directory_;  // &first_, or an array of `capacity_` segments.
  Bucket* first_;       // The only segment, while there is one.
  uint32_t size_ = 1;
  uint32_t mask_ = 0;      // The smallest power of two that is not below size_, minus one.
  uint32_t capacity_ = 0;  // Buckets that the last segment has room for. 0: not allocated.
  uint32_t overflow_ = 0;  // Chained buckets.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_BUCKET_ARRAY_H_
