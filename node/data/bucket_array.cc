#include "node/data/bucket_array.h"

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
  if (!allocated()) ResizeFirst(1);
}

void BucketArray::ResizeFirst(uint32_t capacity) {
  Bucket* moved = NewBuckets(capacity);
  std::memcpy(static_cast<void*>(moved), first_, size_ * sizeof(Bucket));
  if (allocated()) std::free(first_);
  first_ = moved;
  capacity_ = capacity;
}

void BucketArray::GrowDirectory() {
  const uint32_t capacity = is_directory() ? capacity_ * 2 : 8;
  auto** moved = static_cast<Bucket**>(std::malloc(capacity * sizeof(Bucket*)));
  CHECK(moved != nullptr);
  std::memcpy(moved, directory_, segments() * sizeof(Bucket*));
  if (is_directory()) std::free(directory_);
  directory_ = moved;
  capacity_ = capacity;
}

void BucketArray::Grow() {
  CHECK(allocated() && size_ < UINT32_MAX / 2);
  if (size_ < kSegmentBuckets) {
    if (size_ == capacity_) ResizeFirst(NextCapacity(capacity_));
  } else if (size_ % kSegmentBuckets == 0) {
    if (!is_directory() || segments() == capacity_) GrowDirectory();
    directory_[segments()] = NewBuckets(kSegmentBuckets);
  }
  std::memset(static_cast<void*>(At(size_)), 0, sizeof(Bucket));
  SetSize(size_ + 1);
}

void BucketArray::Shrink() {
  CHECK_GT(size_, 1u);
  SetSize(size_ - 1);
  if (is_directory()) {
    if (size_ % kSegmentBuckets != 0) return;
    std::free(directory_[segments()]);
    if (size_ > kSegmentBuckets) return;
    first_ = directory_[0];
    std::free(directory_);
    directory_ = &first_;
    capacity_ = kSegmentBuckets;
  } else if (size_ * 2 <= capacity_) {
    ResizeFirst(size_);
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
  const size_t chains = size_t{overflow_} * sizeof(Bucket);
  if (!is_directory()) return chains + size_t{capacity_} * sizeof(Bucket);
  return chains + size_t{segments()} * kSegmentBuckets * sizeof(Bucket) +
         capacity_ * sizeof(Bucket*);
}

void BucketArray::CheckInvariants() const {
  CHECK_GE(size_, 1u);
  CHECK_EQ(mask_, std::bit_ceil(size_) - 1);
  if (!allocated()) {
    CHECK_EQ(size_, 1u);
    CHECK_EQ(overflow_, 0u);
  } else if (is_directory()) {
    CHECK(size_ > kSegmentBuckets && segments() <= capacity_);
  } else {
    CHECK(size_ <= capacity_ && capacity_ <= kSegmentBuckets);
  }
}

}  // namespace slotmesh::node
