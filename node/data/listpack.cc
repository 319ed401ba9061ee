#include "node/data/listpack.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "node/data/size_class.h"
#include "node/resp/numbers.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

// First bytes of elements. 0xxxxxxx: 7 bits, unsigned; 10xxxxxx: string of up to 63 bytes; 110xxxxx
// and a byte: 13 bits, signed; 1110xxxx and a byte: string of up to 4095 bytes.
constexpr uint8_t kString32 = 0xf0;
constexpr uint8_t kInt16 = 0xf1;
constexpr uint8_t kInt24 = 0xf2;
constexpr uint8_t kInt32 = 0xf3;
constexpr uint8_t kInt64 = 0xf4;

constexpr size_t kString6Max = 63;
constexpr size_t kString12Max = 4095;

// Length of the backward length of `size` bytes. The bounds are those of the format's first
// implementation, one below what 7 bits a byte could hold.
size_t BacklengthSize(uint64_t size) {
  if (size <= 127) return 1;
  if (size < 16383) return 2;
  if (size < 2097151) return 3;
  if (size < 268435455) return 4;
  return 5;
}

// Seven bits a byte, most significant first; all but the first have their top bit set.
uint8_t* EncodeBacklength(uint64_t size, uint8_t* out) {
  const size_t bytes = BacklengthSize(size);
  for (size_t i = bytes; i-- > 0;) {
    *out++ = static_cast<uint8_t>(((size >> (7 * i)) & 127) | (i + 1 == bytes ? 0 : 128));
  }
  return out;
}

// Reads backwards from the byte before `end`, not past `begin`; absent if it is not one.
std::optional<uint64_t> DecodeBacklength(const uint8_t* begin, const uint8_t* end) {
  uint64_t size = 0;
  for (int shift = 0; shift < 35 && end > begin; shift += 7) {
    --end;
    size |= uint64_t{*end & 127u} << shift;
    if ((*end & 128) == 0) return size;
  }
  return std::nullopt;
}

template <typename T>
T LoadLittleEndian(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

uint8_t* StoreLittleEndian(uint64_t value, int bytes, uint8_t* out) {
  std::memcpy(out, &value, bytes);
  return out + bytes;
}

size_t IntegerSize(int64_t value) {
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  if (value >= INT16_MIN && value <= INT16_MAX) return 3;
  if (value >= -(1 << 23) && value < (1 << 23)) return 4;
  if (value >= INT32_MIN && value <= INT32_MAX) return 5;
  return 9;
}

uint8_t* EncodeInteger(int64_t value, uint8_t* out) {
  const size_t size = IntegerSize(value);
  switch (size) {
    case 1:
      *out++ = static_cast<uint8_t>(value);
      return out;
    case 2:
      *out++ = static_cast<uint8_t>(0xc0 | ((value >> 8) & 0x1f));
      *out++ = static_cast<uint8_t>(value);
      return out;
    case 3:
      *out++ = kInt16;
      break;
    case 4:
      *out++ = kInt24;
      break;
    case 5:
      *out++ = kInt32;
      break;
    case 9:
      *out++ = kInt64;
      break;
  }
  return StoreLittleEndian(static_cast<uint64_t>(value), static_cast<int>(size) - 1, out);
}

size_t StringSize(size_t length) {
  if (length <= kString6Max) return 1 + length;
  if (length <= kString12Max) return 2 + length;
  return 5 + length;
}

uint8_t* EncodeString(std::string_view text, uint8_t* out) {
  if (text.size() <= kString6Max) {
    *out++ = static_cast<uint8_t>(0x80 | text.size());
  } else if (text.size() <= kString12Max) {
    *out++ = static_cast<uint8_t>(0xe0 | (text.size() >> 8));
    *out++ = static_cast<uint8_t>(text.size());
  } else {
    *out++ = kString32;
    out = StoreLittleEndian(text.size(), 4, out);
  }
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// Bytes of encoding and data of the element at `at`, without its backward length. 0 if the first
// byte starts none. REQUIRES: HeadSize() bytes are there.
size_t BodySize(const uint8_t* at) {
  const uint8_t head = *at;
  if (head < 0x80) return 1;
  if (head < 0xc0) return 1 + (head & 0x3f);
  if (head < 0xe0) return 2;
  if (head < 0xf0) return 2 + ((head & 0x0f) << 8 | at[1]);
  switch (head) {
    case kString32:
      return size_t{5} + LoadLittleEndian<uint32_t>(at + 1);
    case kInt16:
      return 3;
    case kInt24:
      return 4;
    case kInt32:
      return 5;
    case kInt64:
      return 9;
  }
  return 0;
}

// How many bytes tell BodySize.
size_t HeadSize(uint8_t head) {
  if (head >= 0xe0 && head < 0xf0) return 2;
  return head == kString32 ? 5 : 1;
}

// Bytes of the element that starts at `at`, all included, if it is a whole and consistent one that
// ends before `end`; else 0.
size_t ValidElementSize(const uint8_t* at, const uint8_t* end) {
  const size_t room = end - at;
  if (room < HeadSize(*at)) return 0;
  const size_t body = BodySize(at);
  if (body == 0) return 0;
  const size_t size = body + BacklengthSize(body);
  if (size > room || DecodeBacklength(at + body, at + size) != body) return 0;
  // The backward length must also begin where the body ends.
  uint8_t expected[5];
  EncodeBacklength(body, expected);
  return std::memcmp(expected, at + body, size - body) == 0 ? size : 0;
}

bool MayBeInteger(std::string_view text) {
  if (text.empty() || text.size() > kInt64TextMax) return false;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return digit(text.back()) && (digit(text.front()) || text.front() == '-');
}

}  // namespace

std::string_view ListpackValue::Text(ListpackText& scratch) const {
  if (text != nullptr) return {text, length};
  return {scratch.bytes, FormatInt64(integer, scratch.bytes)};
}

std::string ListpackValue::ToString() const {
  ListpackText scratch;
  return std::string(Text(scratch));
}

ListpackItem::ListpackItem(std::string_view text) : text_(text) {
  if (!MayBeInteger(text)) return;
  if (const std::optional<int64_t> value = ParseInt64(text); value.has_value()) {
    integer_ = *value;
    is_integer_ = true;
  }
}

ListpackItem::ListpackItem(const ListpackValue& value)
    : text_(value.text, value.is_integer() ? 0 : value.length),
      integer_(value.integer),
      is_integer_(value.is_integer()) {}

size_t ListpackItem::EncodedSize() const {
  const size_t body = is_integer_ ? IntegerSize(integer_) : StringSize(text_.size());
  return body + BacklengthSize(body);
}

uint8_t* ListpackItem::Encode(uint8_t* out) const {
  uint8_t* const end = is_integer_ ? EncodeInteger(integer_, out) : EncodeString(text_, out);
  return EncodeBacklength(end - out, end);
}

bool ListpackItem::Matches(const ListpackValue& value) const {
  if (value.is_integer()) return is_integer_ && integer_ == value.integer;
  if (!is_integer_ || text_.data() != nullptr) {
    return std::string_view(value.text, value.length) == text_;
  }
  // A foreign listpack may hold a number as a string.
  ListpackText scratch;
  return std::string_view(value.text, value.length) ==
         std::string_view(scratch.bytes, FormatInt64(integer_, scratch.bytes));
}

bool ListpackView::Valid(std::string_view raw, bool deep) {
  if (raw.size() < kListpackEmptySize || raw.size() >= kListpackBytesMax) return false;
  const auto* const begin = reinterpret_cast<const uint8_t*>(raw.data());
  const uint8_t* const end = begin + raw.size() - 1;
  if (LoadLittleEndian<uint32_t>(begin) != raw.size() || *end != kEnd) return false;
  if (!deep) return true;
  uint32_t elements = 0;
  for (const uint8_t* at = begin + kListpackHeaderSize; at != end; ++elements) {
    const size_t size = ValidElementSize(at, end);
    if (size == 0) return false;
    at += size;
  }
  const uint32_t told = LoadLittleEndian<uint16_t>(begin + 4);
  return told == kListpackCountUnknown || told == elements;
}

size_t ListpackView::ElementSize(ListpackPos at) {
  const size_t body = BodySize(at);
  return body + BacklengthSize(body);
}

size_t ListpackView::SizeBefore(ListpackPos at) {
  if (at[-1] < 128) return at[-1] + size_t{1};
  uint64_t body = 0;
  int shift = 0;
  const uint8_t* from = at;
  do {
    --from;
    body |= uint64_t{*from & 127u} << shift;
    shift += 7;
  } while ((*from & 128) != 0);
  return body + (at - from);
}

ListpackValue ListpackView::Get(ListpackPos at) {
  const uint8_t head = *at;
  const auto string = [at](size_t offset, size_t length) {
    return ListpackValue{reinterpret_cast<const char*>(at + offset), static_cast<uint32_t>(length),
                         0};
  };
  const auto integer = [](int64_t value) { return ListpackValue{nullptr, 0, value}; };
  if (head < 0x80) return integer(head);
  if (head < 0xc0) return string(1, head & 0x3f);
  if (head < 0xe0) {
    const int value = (head & 0x1f) << 8 | at[1];
    return integer(value >= 4096 ? value - 8192 : value);
  }
  if (head < 0xf0) return string(2, (head & 0x0f) << 8 | at[1]);
  switch (head) {
    case kString32:
      return string(5, LoadLittleEndian<uint32_t>(at + 1));
    case kInt16:
      return integer(LoadLittleEndian<int16_t>(at + 1));
    case kInt24: {
      const uint32_t low = at[1] | at[2] << 8 | at[3] << 16;
      return integer(static_cast<int32_t>(low << 8) >> 8);
    }
    case kInt32:
      return integer(LoadLittleEndian<int32_t>(at + 1));
    default:
      return integer(LoadLittleEndian<int64_t>(at + 1));
  }
}

ListpackPos ListpackView::Skip(ListpackPos at, uint32_t n) const {
  for (; n > 0; --n) {
    if (at == nullptr) return nullptr;
    at = Next(at);
  }
  return at;
}

ListpackPos ListpackView::At(int64_t index) const {
  const uint32_t told = HeaderCount();
  if (told != kListpackCountUnknown) {
    if (index < 0) index += told;
    if (index < 0 || index >= told) return nullptr;
    // From the nearer end.
    if (index > told / 2) index -= told;
  }
  if (index >= 0) {
    ListpackPos at = First();
    for (; index > 0 && at != nullptr; --index) at = Next(at);
    return at;
  }
  ListpackPos at = Last();
  for (++index; index < 0 && at != nullptr; ++index) at = Previous(at);
  return at;
}

uint32_t ListpackView::CountElements() const {
  uint32_t elements = 0;
  for (ListpackPos at = First(); at != nullptr; at = Next(at)) ++elements;
  return elements;
}

ListpackPos ListpackView::Find(const ListpackItem& item, ListpackPos from, uint32_t skip) const {
  if (from == nullptr) return nullptr;
  const uint8_t* at = from;
  // Short strings, the common case, are compared by their first byte before anything else.
  const bool shortish = !item.is_integer() && item.text().size() <= kString6Max;
  const uint8_t head = static_cast<uint8_t>(0x80 | item.text().size());
  while (*at != kEnd) {
    if (shortish) {
      if (*at == head && std::memcmp(at + 1, item.text().data(), item.text().size()) == 0) {
        return at;
      }
      if (*at >= 0xe0 && item.Matches(Get(at))) return at;
    } else if (item.Matches(Get(at))) {
      return at;
    }
    at += ElementSize(at);
    for (uint32_t i = 0; i < skip && *at != kEnd; ++i) at += ElementSize(at);
  }
  return nullptr;
}

void ListpackView::CheckInvariants() const { CHECK(Valid(raw(), true)); }

Listpack::Listpack() : Listpack(std::string_view("\7\0\0\0\0\0\xff", kListpackEmptySize)) {}

Listpack::Listpack(std::string_view valid_bytes) {
  void* const bytes = std::malloc(RoundToSizeClass(valid_bytes.size()));
  if (bytes == nullptr) throw std::bad_alloc();
  std::memcpy(bytes, valid_bytes.data(), valid_bytes.size());
  bytes_ = static_cast<uint8_t*>(bytes);
}

Listpack::~Listpack() { std::free(mutable_bytes()); }

size_t Listpack::MemoryUsage() const { return RoundToSizeClass(size_bytes()); }

void Listpack::Clear() { *this = Listpack(); }

uint8_t* Listpack::Resize(size_t offset, size_t old_bytes, size_t new_bytes) {
  const size_t old_total = size_bytes();
  const size_t new_total = old_total - old_bytes + new_bytes;
  CHECK_LT(new_total, kListpackBytesMax);
  const size_t behind = old_total - offset - old_bytes;
  const size_t capacity = RoundToSizeClass(new_total);
  const bool moves = capacity != RoundToSizeClass(old_total);
  uint8_t* bytes = mutable_bytes();
  if (new_bytes < old_bytes) {
    std::memmove(bytes + offset + new_bytes, bytes + offset + old_bytes, behind);
  }
  if (moves) {
    bytes = static_cast<uint8_t*>(std::realloc(bytes, capacity));
    if (bytes == nullptr) throw std::bad_alloc();
    bytes_ = bytes;
  }
  if (new_bytes > old_bytes) {
    std::memmove(bytes + offset + new_bytes, bytes + offset + old_bytes, behind);
  }
  StoreLittleEndian(new_total, 4, bytes);
  return bytes + offset;
}

ListpackPos Listpack::Splice(ListpackPos at, uint32_t erase, std::span<const ListpackItem> items) {
  size_t added = 0;
  for (const ListpackItem& item : items) added += item.EncodedSize();
  uint32_t erased = 0;
  const uint8_t* behind = at;
  for (; erased < erase && *behind != kEnd; ++erased) behind += ElementSize(behind);

  const uint32_t told = HeaderCount();
  uint8_t* const place = Resize(at - bytes_, behind - at, added);
  uint8_t* out = place;
  for (const ListpackItem& item : items) out = item.Encode(out);
  if (told != kListpackCountUnknown) {
    const uint64_t count = uint64_t{told} - erased + items.size();
    StoreLittleEndian(std::min<uint64_t>(count, kListpackCountUnknown), 2, mutable_bytes() + 4);
  }
  return OrNull(place);
}

}  // namespace slotmesh::node
