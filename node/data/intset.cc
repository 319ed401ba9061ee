#include "node/data/intset.h"

#include <cstdlib>
#include <cstring>

#include "node/data/size_class.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kEmptyBytes("\x02\0\0\0\0\0\0\0", Intset::kHeaderSize);

template <typename T>
T LoadAs(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

uint32_t WidthOf(int64_t value) {
  if (value == static_cast<int16_t>(value)) return 2;
  return value == static_cast<int32_t>(value) ? 4 : 8;
}

int64_t LoadInteger(const char* at, uint32_t width) {
  if (width == 2) return LoadAs<int16_t>(at);
  return width == 4 ? LoadAs<int32_t>(at) : LoadAs<int64_t>(at);
}

size_t BytesFor(uint32_t width, uint32_t size) {
  return Intset::kHeaderSize + size_t{width} * size;
}

}  // namespace

Intset::Intset(std::string_view valid_bytes) {
  if (valid_bytes.size() <= kHeaderSize) return;
  bytes_ = static_cast<char*>(std::malloc(RoundToSizeClass(valid_bytes.size())));
  CHECK(bytes_ != nullptr);
  std::memcpy(bytes_, valid_bytes.data(), valid_bytes.size());
}

Intset::~Intset() { std::free(bytes_); }

bool Intset::Valid(std::string_view bytes, bool deep) {
  if (bytes.size() < kHeaderSize) return false;
  const auto width = LoadAs<uint32_t>(bytes.data());
  const auto size = LoadAs<uint32_t>(bytes.data() + 4);
  if (width != 2 && width != 4 && width != 8) return false;
  if (size == 0 || size > kCountMax || bytes.size() != BytesFor(width, size)) return false;
  if (!deep) return true;
  const char* at = bytes.data() + kHeaderSize;
  int64_t before = LoadInteger(at, width);
  for (uint32_t i = 1; i < size; ++i) {
    const int64_t value = LoadInteger(at += width, width);
    if (value <= before) return false;
    before = value;
  }
  return true;
}

uint32_t Intset::width() const { return bytes_ == nullptr ? 2 : LoadAs<uint32_t>(bytes_); }

uint32_t Intset::size() const { return bytes_ == nullptr ? 0 : LoadAs<uint32_t>(bytes_ + 4); }

int64_t Intset::At(uint32_t index) const {
  return LoadInteger(bytes_ + BytesFor(width(), index), width());
}

void Intset::Store(uint32_t index, int64_t value) {
  char* at = bytes_ + BytesFor(width(), index);
  if (width() == 2) {
    const auto narrow = static_cast<int16_t>(value);
    std::memcpy(at, &narrow, sizeof(narrow));
  } else if (width() == 4) {
    const auto narrow = static_cast<int32_t>(value);
    std::memcpy(at, &narrow, sizeof(narrow));
  } else {
    std::memcpy(at, &value, sizeof(value));
  }
}

void Intset::SetHeader(uint32_t width, uint32_t size) {
  std::memcpy(bytes_, &width, sizeof(width));
  std::memcpy(bytes_ + 4, &size, sizeof(size));
}

void Intset::Reserve(uint32_t width, uint32_t size) {
  const size_t had = bytes_ == nullptr ? 0 : RoundToSizeClass(raw().size());
  const size_t wanted = RoundToSizeClass(BytesFor(width, size));
  if (had == wanted) return;
  bytes_ = static_cast<char*>(std::realloc(bytes_, wanted));
  CHECK(bytes_ != nullptr);
}

void Intset::Widen(uint32_t width) {
  const uint32_t old_width = this->width();
  const uint32_t n = size();
  // One more than there are: whoever widens adds.
  Reserve(width, n + 1);
  SetHeader(width, n);
  // From the back, so that nothing is overwritten before it is read.
  for (uint32_t i = n; i-- > 0;) Store(i, LoadInteger(bytes_ + BytesFor(old_width, i), old_width));
}

void Intset::Move(uint32_t from, uint32_t to, uint32_t n) {
  std::memmove(bytes_ + BytesFor(width(), to), bytes_ + BytesFor(width(), from),
               size_t{width()} * n);
}

uint32_t Intset::LowerBound(int64_t value) const {
  uint32_t low = 0;
  uint32_t high = size();
  if (high > 0 && At(high - 1) < value) return high;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (At(middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool Intset::Contains(int64_t value) const {
  if (WidthOf(value) > width()) return false;
  const uint32_t at = LowerBound(value);
  return at < size() && At(at) == value;
}

bool Intset::Add(int64_t value) {
  const uint32_t n = size();
  CHECK_LT(n, kCountMax);
  const uint32_t wanted = WidthOf(value);
  if (bytes_ != nullptr && wanted > width()) {
    // Beyond all others, on one side.
    Widen(wanted);
    const uint32_t at = value < 0 ? 0 : n;
    Move(at, at + 1, n - at);
    SetHeader(wanted, n + 1);
    Store(at, value);
    return true;
  }
  const uint32_t at = LowerBound(value);
  if (at < n && At(at) == value) return false;
  const uint32_t width = bytes_ == nullptr ? wanted : this->width();
  Reserve(width, n + 1);
  SetHeader(width, n + 1);
  Move(at, at + 1, n - at);
  Store(at, value);
  return true;
}

bool Intset::Remove(int64_t value) {
  if (!Contains(value)) return false;
  const uint32_t n = size();
  if (n == 1) {
    std::free(std::exchange(bytes_, nullptr));
    return true;
  }
  const uint32_t at = LowerBound(value);
  Move(at + 1, at, n - at - 1);
  Reserve(width(), n - 1);
  SetHeader(width(), n - 1);
  return true;
}

std::string_view Intset::raw() const {
  if (bytes_ == nullptr) return kEmptyBytes;
  return {bytes_, BytesFor(width(), size())};
}

size_t Intset::MemoryUsage() const {
  return bytes_ == nullptr ? 0 : RoundToSizeClass(raw().size());
}

void Intset::CheckInvariants() const { CHECK(bytes_ == nullptr || Valid(raw(), true)); }

}  // namespace slotmesh::node
