#include "node/types/list_node.h"

#include <liblzf/lzf.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "node/data/size_class.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

// Smaller ones are not worth compressing; nor is a gain below this.
constexpr size_t kCompressMin = 48;
constexpr size_t kCompressGainMin = 8;
// Up to here buffers grow by size classes, above by half.
constexpr size_t kExactMax = 128;

uint8_t* Allocate(size_t bytes) {
  void* const buffer = std::malloc(bytes);
  if (buffer == nullptr) throw std::bad_alloc();
  return static_cast<uint8_t*>(buffer);
}

}  // namespace

ListNode::~ListNode() { std::free(buffer_); }

ListpackView ListNode::View(std::string& scratch) const {
  if (!compressed()) return view();
  scratch.resize(bytes_);
  CHECK_EQ(lzf_decompress(buffer_, packed_, scratch.data(), bytes_), bytes_);
  return ListpackView(reinterpret_cast<const uint8_t*>(scratch.data()));
}

void ListNode::WriteHeader() {
  uint8_t* const header = buffer_ + front_;
  std::memcpy(header, &bytes_, sizeof(bytes_));
  const auto count = static_cast<uint16_t>(std::min(count_, kListpackCountUnknown));
  std::memcpy(header + sizeof(bytes_), &count, sizeof(count));
}

// The first bytes of a node that has none.
void ListNode::Start(size_t room) {
  capacity_ = static_cast<uint32_t>(RoundToSizeClass(kListpackEmptySize + room));
  buffer_ = Allocate(capacity_);
  front_ = 0;
  buffer_[kListpackEmptySize - 1] = ListpackView::kEnd;
  WriteHeader();
}

void ListNode::Reallocate(size_t capacity, size_t front) {
  uint8_t* const buffer = Allocate(capacity);
  std::memcpy(buffer + front, buffer_ + front_, bytes_);
  std::free(buffer_);
  buffer_ = buffer;
  capacity_ = static_cast<uint32_t>(capacity);
  front_ = static_cast<uint32_t>(front);
}

void ListNode::MakeRoom(size_t bytes, bool at_front, size_t limit) {
  if (buffer_ == nullptr) {
    Start(bytes);
    if (at_front) {
      std::memmove(buffer_ + capacity_ - bytes_, buffer_, bytes_);
      front_ = capacity_ - bytes_;
    }
    return;
  }
  const size_t spare = capacity_ - bytes_;
  if (spare >= std::max<size_t>(bytes, capacity_ / 4)) {
    // There is much room at the other end: each end gets half of what this change leaves.
    const size_t front = (spare - bytes) / 2 + (at_front ? bytes : 0);
    std::memmove(buffer_ + front, buffer_ + front_, bytes_);
    front_ = static_cast<uint32_t>(front);
    return;
  }
  const size_t needed = bytes_ + bytes;
  size_t capacity = needed;
  if (needed > kExactMax) capacity = std::max(needed, std::min(needed + needed / 2, limit));
  capacity = RoundToSizeClass(capacity);
  Reallocate(capacity, at_front ? capacity - bytes_ : 0);
}

void ListNode::PushFront(const ListpackItem& item, size_t limit) {
  const size_t size = item.EncodedSize();
  if (buffer_ == nullptr || front_ < size) MakeRoom(size, /*at_front=*/true, limit);
  front_ -= static_cast<uint32_t>(size);
  bytes_ += static_cast<uint32_t>(size);
  ++count_;
  item.Encode(buffer_ + front_ + kListpackHeaderSize);
  WriteHeader();
}

void ListNode::PushBack(const ListpackItem& item, size_t limit) {
  const size_t size = item.EncodedSize();
  if (buffer_ == nullptr || capacity_ - front_ - bytes_ < size) {
    MakeRoom(size, /*at_front=*/false, limit);
  }
  *item.Encode(buffer_ + front_ + bytes_ - 1) = ListpackView::kEnd;
  bytes_ += static_cast<uint32_t>(size);
  ++count_;
  WriteHeader();
}

void ListNode::DropFront() {
  const auto size = static_cast<uint32_t>(ListpackView::ElementSize(view().First()));
  front_ += size;
  bytes_ -= size;
  --count_;
  WriteHeader();
}

void ListNode::DropBack() {
  const ListpackPos last = view().Last();
  bytes_ = static_cast<uint32_t>(last + 1 - (buffer_ + front_));
  buffer_[front_ + bytes_ - 1] = ListpackView::kEnd;
  --count_;
  WriteHeader();
}

void ListNode::Splice(ListpackPos at, uint32_t erase, std::span<const ListpackItem> items,
                      size_t limit) {
  size_t added = 0;
  for (const ListpackItem& item : items) added += item.EncodedSize();
  const uint8_t* behind = at;
  uint32_t erased = 0;
  for (; erased < erase && *behind != ListpackView::kEnd; ++erased) {
    behind += ListpackView::ElementSize(behind);
  }
  const size_t removed = behind - at;
  const size_t offset = at - (buffer_ + front_);
  const size_t rest = bytes_ - offset - removed;
  if (added > removed && capacity_ - front_ - bytes_ < added - removed) {
    MakeRoom(added - removed, /*at_front=*/false, limit);
  }
  uint8_t* out = buffer_ + front_ + offset;
  std::memmove(out + added, out + removed, rest);
  for (const ListpackItem& item : items) out = item.Encode(out);
  bytes_ = static_cast<uint32_t>(bytes_ + added - removed);
  count_ = static_cast<uint32_t>(count_ + items.size() - erased);
  WriteHeader();
}

void ListNode::Assign(std::string_view listpack, uint32_t count) {
  Clear();
  bytes_ = static_cast<uint32_t>(listpack.size());
  count_ = count;
  capacity_ = static_cast<uint32_t>(RoundToSizeClass(bytes_));
  buffer_ = Allocate(capacity_);
  std::memcpy(buffer_, listpack.data(), bytes_);
  WriteHeader();
}

void ListNode::MoveTail(ListpackPos at, ListNode& other, size_t limit) {
  const uint8_t* const end = view().end();
  const size_t moved = end - at;
  uint32_t elements = 0;
  for (const uint8_t* element = at; element != end; ++elements) {
    element += ListpackView::ElementSize(element);
  }
  if (other.buffer_ == nullptr || other.capacity_ - other.front_ - other.bytes_ < moved) {
    other.MakeRoom(moved, /*at_front=*/false, limit);
  }
  uint8_t* const out = other.buffer_ + other.front_ + other.bytes_ - 1;
  std::memcpy(out, at, moved);
  out[moved] = ListpackView::kEnd;
  other.bytes_ += static_cast<uint32_t>(moved);
  other.count_ += elements;
  other.WriteHeader();

  bytes_ -= static_cast<uint32_t>(moved);
  count_ -= elements;
  buffer_[front_ + bytes_ - 1] = ListpackView::kEnd;
  WriteHeader();
}

void ListNode::Clear() {
  std::free(buffer_);
  buffer_ = nullptr;
  front_ = capacity_ = count_ = packed_ = 0;
  bytes_ = kListpackEmptySize;
}

void ListNode::Trim() {
  if (buffer_ == nullptr || compressed()) return;
  const size_t wanted = RoundToSizeClass(bytes_);
  if (capacity_ - wanted > capacity_ / 8) Reallocate(wanted, 0);
}

void ListNode::Compress() {
  if (compressed() || bytes_ < kCompressMin) return;
  const size_t room = bytes_ - kCompressGainMin;
  const std::unique_ptr<uint8_t[]> packed = std::make_unique<uint8_t[]>(room);
  const unsigned size = lzf_compress(buffer_ + front_, bytes_, packed.get(), room);
  if (size == 0) return;
  std::free(buffer_);
  capacity_ = static_cast<uint32_t>(RoundToSizeClass(size));
  buffer_ = Allocate(capacity_);
  std::memcpy(buffer_, packed.get(), size);
  front_ = 0;
  packed_ = size;
}

void ListNode::Decompress() {
  if (!compressed()) return;
  const size_t capacity = RoundToSizeClass(bytes_);
  uint8_t* const buffer = Allocate(capacity);
  CHECK_EQ(lzf_decompress(buffer_, packed_, buffer, bytes_), bytes_);
  std::free(buffer_);
  buffer_ = buffer;
  capacity_ = static_cast<uint32_t>(capacity);
  front_ = packed_ = 0;
}

void ListNode::CheckInvariants() const {
  CHECK(buffer_ != nullptr);
  CHECK_LE(compressed() ? packed_ : front_ + bytes_, capacity_);
  std::string scratch;
  const ListpackView pack = View(scratch);
  CHECK_EQ(pack.size_bytes(), bytes_);
  pack.CheckInvariants();
  CHECK_EQ(pack.count(), count_);
}

}  // namespace slotmesh::node
