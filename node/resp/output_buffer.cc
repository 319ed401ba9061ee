#include "node/resp/output_buffer.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

// As limited_bytes() of a buffer that holds so much.
size_t Limited(size_t memory) { return memory > OutputBuffer::kChunkSize ? memory : 0; }

// Spent parts are cut off the vector's front in bulk.
constexpr size_t kSpentPartsMax = 32;

}  // namespace

OutputBuffer::OutputBuffer(OutputBuffer&& other) noexcept { *this = std::move(other); }

OutputBuffer& OutputBuffer::operator=(OutputBuffer&& other) noexcept {
  if (this == &other) return *this;
  parts_ = std::exchange(other.parts_, std::vector<Part>());
  first_ = std::exchange(other.first_, 0);
  tail_begin_ = std::exchange(other.tail_begin_, nullptr);
  cursor_ = std::exchange(other.cursor_, nullptr);
  end_ = std::exchange(other.end_, nullptr);
  sealed_size_ = std::exchange(other.sealed_size_, 0);
  memory_ = std::exchange(other.memory_, 0);
  consumed_ = std::exchange(other.consumed_, 0);
  next_chunk_ = other.next_chunk_;
  limit_ = other.limit_;
  overflowed_ = std::exchange(other.overflowed_, false);
  return *this;
}

// Makes the tail an ordinary part. An empty one is dropped.
void OutputBuffer::SealTail() {
  if (cursor_ == nullptr) return;
  Part& tail = parts_.back();
  tail.data = tail_begin_;
  tail.size = static_cast<size_t>(cursor_ - tail_begin_);
  tail_begin_ = cursor_ = end_ = nullptr;
  sealed_size_ += tail.size;
  if (tail.size == 0) {
    memory_ -= tail.memory;
    parts_.pop_back();
  }
}

// The content is as if it had been consumed: positions in the stream stay what they were.
void OutputBuffer::Overflow() {
  overflowed_ = true;
  SealTail();
  consumed_ += sealed_size_;
  sealed_size_ = memory_ = 0;
  parts_.clear();
  first_ = 0;
}

void OutputBuffer::NewChunk(size_t min) {
  if (cursor_ != nullptr) next_chunk_ = kChunkSize;
  SealTail();
  if (overflowed_ || (limit_ != 0 && Limited(memory_ + min) > limit_)) Overflow();
  const bool after_attached = parts_.size() > first_ && parts_.back().attached;
  const size_t capacity = std::max(min, after_attached ? kSmallChunkSize : next_chunk_);
  Part& part = parts_.emplace_back();
  part.chunk = OwnedBytes::Allocate(capacity);
  part.memory = capacity;
  memory_ += capacity;
  tail_begin_ = cursor_ = part.chunk.data();
  end_ = cursor_ + capacity;
}

void OutputBuffer::AppendSlow(std::string_view bytes) {
  const size_t fits = static_cast<size_t>(end_ - cursor_);
  if (fits != 0) std::memcpy(cursor_, bytes.data(), fits);
  cursor_ += fits;
  bytes.remove_prefix(fits);
  std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
  cursor_ += bytes.size();
}

OutputBuffer::Part& OutputBuffer::Attach(const char* data, size_t size) {
  SealTail();
  if (overflowed_ || (limit_ != 0 && Limited(memory_ + size) > limit_)) Overflow();
  Part& part = parts_.emplace_back();
  part.data = const_cast<char*>(data);
  part.size = size;
  part.attached = true;
  part.memory = size;
  sealed_size_ += size;
  memory_ += size;
  return part;
}

void OutputBuffer::AppendOwned(std::string&& bytes) {
  if (bytes.size() < kAttachMin) return Append(bytes);
  auto owner = std::make_shared<const std::string>(std::move(bytes));
  const std::string_view view = *owner;
  Attach(view.data(), view.size()).owner = std::move(owner);
}

void OutputBuffer::AppendOwned(OwnedBytes&& bytes) {
  if (bytes.size() < kAttachMin) return Append(bytes.view());
  const std::string_view view = bytes.view();
  Attach(view.data(), view.size()).chunk = std::move(bytes);
}

void OutputBuffer::AppendShared(std::shared_ptr<const void> owner, std::string_view bytes) {
  if (bytes.size() < kAttachMin) return Append(bytes);
  Attach(bytes.data(), bytes.size()).owner = std::move(owner);
}

void OutputBuffer::AppendBuffer(OutputBuffer&& other) {
  other.SealTail();
  for (size_t i = other.first_; i < other.parts_.size(); ++i) {
    Part& from = other.parts_[i];
    if (from.size < kAttachMin) {
      Append({from.data, from.size});
      continue;
    }
    Part& part = Attach(from.data, from.size);
    part.chunk = std::move(from.chunk);
    part.owner = std::move(from.owner);
  }
  other.consumed_ += other.sealed_size_;
  other.sealed_size_ = other.memory_ = 0;
  other.parts_.clear();
  other.first_ = 0;
}

OutputBuffer::LengthPlace OutputBuffer::ReserveLength() {
  char* place = Reserve(kLengthReserve);
  Advance(kLengthReserve);
  return {parts_.size() - 1, static_cast<size_t>(place - parts_.back().chunk.data())};
}

void OutputBuffer::FillLength(LengthPlace place, std::string_view header) {
  if (overflowed_) return;
  CHECK_LE(header.size(), kLengthReserve);
  CHECK_LT(place.part, parts_.size());
  Part& part = parts_[place.part];
  const bool is_tail = cursor_ != nullptr && place.part + 1 == parts_.size();
  char* to = part.chunk.data() + place.offset;
  char* const content_end = is_tail ? cursor_ : part.data + part.size;
  CHECK_LE(to + kLengthReserve, content_end);
  std::memcpy(to, header.data(), header.size());
  const char* from = to + kLengthReserve;
  std::memmove(to + header.size(), from, static_cast<size_t>(content_end - from));
  const size_t cut = kLengthReserve - header.size();
  if (is_tail) {
    cursor_ -= cut;
  } else {
    part.size -= cut;
    sealed_size_ -= cut;
  }
}

size_t OutputBuffer::part_count() const {
  return parts_.size() - first_ - (cursor_ != nullptr && cursor_ == tail_begin_ ? 1 : 0);
}

size_t OutputBuffer::Peek(absl::Span<std::string_view> parts) const {
  const size_t n = std::min(part_count(), parts.size());
  for (size_t i = 0; i < n; ++i) {
    const Part& part = parts_[first_ + i];
    const bool is_tail = cursor_ != nullptr && first_ + i + 1 == parts_.size();
    parts[i] = is_tail ? std::string_view(tail_begin_, static_cast<size_t>(cursor_ - tail_begin_))
                       : std::string_view(part.data, part.size);
  }
  return n;
}

void OutputBuffer::Consume(size_t n) {
  CHECK_LE(n, size());
  consumed_ += n;
  while (n > 0) {
    if (cursor_ != nullptr && first_ + 1 == parts_.size()) {
      tail_begin_ += n;
      break;
    }
    Part& part = parts_[first_];
    const size_t taken = std::min(n, part.size);
    part.data += taken;
    part.size -= taken;
    sealed_size_ -= taken;
    n -= taken;
    if (part.size > 0) break;
    memory_ -= part.memory;
    part = Part();
    ++first_;
  }
  if (cursor_ != nullptr && tail_begin_ == cursor_) RewindTail();
  if (first_ == parts_.size() || first_ > kSpentPartsMax) {
    parts_.erase(parts_.begin(), parts_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
}

// The tail is empty: its chunk serves again from the start, unless it is larger than usual.
void OutputBuffer::RewindTail() {
  if (parts_.back().chunk.capacity() > kChunkSize) {
    SealTail();
  } else {
    tail_begin_ = cursor_ = parts_.back().chunk.data();
  }
}

void OutputBuffer::TruncateTo(uint64_t position) {
  if (overflowed_) return;
  CHECK_GE(position, consumed_);
  CHECK_LE(position, end_position());
  const size_t keep = static_cast<size_t>(position - consumed_);
  if (cursor_ != nullptr && keep >= sealed_size_) {
    cursor_ = tail_begin_ + (keep - sealed_size_);
    return;
  }
  SealTail();
  while (sealed_size_ > keep) {
    Part& part = parts_.back();
    const size_t dropped = std::min(part.size, sealed_size_ - keep);
    part.size -= dropped;
    sealed_size_ -= dropped;
    if (part.size > 0) break;
    memory_ -= part.memory;
    parts_.pop_back();
  }
}

void OutputBuffer::Release() {
  if (!empty()) return;
  parts_ = std::vector<Part>();
  first_ = 0;
  tail_begin_ = cursor_ = end_ = nullptr;
  sealed_size_ = memory_ = 0;
  next_chunk_ = kSmallChunkSize;
}

std::string OutputBuffer::ToString() const {
  std::string text;
  text.reserve(size());
  std::vector<std::string_view> parts(part_count());
  Peek(absl::MakeSpan(parts));
  for (const std::string_view part : parts) text.append(part);
  return text;
}

}  // namespace slotmesh::node
