#include "node/data/bucket_array.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

// What empty rows share. Never written: HashTable allocates before its first insertion.
constinit const Bucket kEmptyBucket{};

Bucket* NewBuckets(size_t count) {
  void* memory = std::aligned_alloc(alignof(Bucket), count * sizeof(Bucket));
  CHECK(memory != nullptr);
  return static_cast<Bucket*>(memory);
}

// Capacities of the single segment follow the allocator's size classes: four per doubling.
uint32_t NextCapacity(uint32_t capacity) {
  return capacity < 8 ? capacity + 1 : capacity + std::bit_floor(capacity) / 4;
}

// Directories double; one that has shrunk may have more room than this.
uint32_t DirectoryCapacity(uint32_t segments) {
  return std::max<uint32_t>(8, std::bit_ceil(segments));
}

}  // namespace

BucketArray::BucketArray() : directory_(&first_), first_(const_cast<Bucket*>(&kEmptyBucket)) {}

int BucketArray::DepthOf(uint32_t index) const {
  const int deep = std::bit_width(mask_);
  if (std::has_single_bit(size_)) return deep;
  const uint32_t half = (mask_ >> 1) + 1;
  return index >= half || index < size_ - half ? deep : deep - 1;
}

void BucketArray::SetSize(uint32_t size) {
  size_ = size;
  mask_ = std::bit_ceil(size) - 1;
}

void BucketArray::Allocate() {
  if (!allocated()) ResizeLast(1);
}

// Gives the last segment another capacity, its buckets staying what they are.
void BucketArray::ResizeLast(uint32_t capacity) {
  Bucket*& last = directory_[segments() - 1];
  const uint32_t used = size_ - (segments() - 1) * kSegmentBuckets;
  Bucket* moved = NewBuckets(capacity);
  std::memcpy(static_cast<void*>(moved), last, used * sizeof(Bucket));
  if (allocated()) std::free(last);
  last = moved;
  capacity_ = capacity;
}

// REQUIRES: all segments are full.
void BucketArray::AddSegment() {
  const uint32_t count = segments();
  if (!is_directory() || count == DirectoryCapacity(count)) {
    auto** moved =
        static_cast<Bucket**>(std::malloc(DirectoryCapacity(count + 1) * sizeof(Bucket*)));
    CHECK(moved != nullptr);
    std::memcpy(moved, directory_, count * sizeof(Bucket*));
    if (is_directory()) std::free(directory_);
    directory_ = moved;
  }
  // Of a long row a whole segment is a small part; its pages are touched as its buckets come into
  // use.
  capacity_ = count < kWholeSegmentsFrom ? kSegmentStep : kSegmentBuckets;
  directory_[count] = NewBuckets(capacity_);
}

void BucketArray::Grow() {
  CHECK(allocated() && size_ < UINT32_MAX / 2);
  if (size_ % kSegmentBuckets == 0) {
    AddSegment();
  } else if (size_ == (segments() - 1) * kSegmentBuckets + capacity_) {
    ResizeLast(is_directory() ? capacity_ + kSegmentStep : NextCapacity(capacity_));
  }
  SetSize(size_ + 1);
  std::memset(static_cast<void*>(At(size_ - 1)), 0, sizeof(Bucket));
}

void BucketArray::Shrink() {
  CHECK_GT(size_, 1u);
  SetSize(size_ - 1);
  if (!is_directory()) {
    if (size_ * 4 <= capacity_ * 3) ResizeLast(size_);
    return;
  }
  const uint32_t used = size_ % kSegmentBuckets;
  if (used == 0) {
    std::free(directory_[segments()]);
    capacity_ = kSegmentBuckets;
    if (segments() > 1) return;
    first_ = directory_[0];
    std::free(directory_);
    directory_ = &first_;
  } else if (segments() <= kWholeSegmentsFrom && used + 2 * kSegmentStep <= capacity_) {
    ResizeLast(capacity_ - kSegmentStep);
  }
}

void BucketArray::Reset() {
  if (allocated()) {
    for (uint32_t i = 0; i < segments(); ++i) std::free(directory_[i]);
    if (is_directory()) std::free(directory_);
  }
  directory_ = &first_;
  first_ = const_cast<Bucket*>(&kEmptyBucket);
  capacity_ = 0;
  SetSize(1);
}

Bucket* BucketArray::NewOverflow() {
  ++overflow_;
  Bucket* bucket = NewBuckets(1);
  std::memset(static_cast<void*>(bucket), 0, sizeof(Bucket));
  return bucket;
}

void BucketArray::FreeOverflow(Bucket* bucket) {
  --overflow_;
  std::free(bucket);
}

size_t BucketArray::MemoryUsage() const {
  if (!allocated()) return 0;
  const size_t buckets = size_t{segments() - 1} * kSegmentBuckets + capacity_ + overflow_;
  return buckets * sizeof(Bucket) +
         (is_directory() ? DirectoryCapacity(segments()) * sizeof(Bucket*) : 0);
}

void BucketArray::CheckInvariants() const {
  CHECK_GE(size_, 1u);
  CHECK_EQ(mask_, std::bit_ceil(size_) - 1);
  CHECK_EQ(is_directory(), size_ > kSegmentBuckets);
  if (allocated()) {
    CHECK_LE(capacity_, kSegmentBuckets);
    CHECK_LE(size_, (segments() - 1) * kSegmentBuckets + capacity_);
  } else {
    CHECK_EQ(size_, 1u);
    CHECK_EQ(overflow_, 0u);
  }
}

}  // namespace slotmesh::node
