#include "node/keyspace/entry.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "slots/check.h"

namespace slotmesh::node {
namespace {

// Strings grow by doubling up to this step.
constexpr size_t kGrowthStepMax = size_t{1} << 20;

StringBuffer* NewBuffer(size_t capacity) {
  const size_t bytes = RoundToSizeClass(sizeof(StringBuffer) + capacity);
  auto* buffer = static_cast<StringBuffer*>(std::malloc(bytes));
  CHECK(buffer != nullptr);
  buffer->capacity = bytes - sizeof(StringBuffer);
  return buffer;
}

}  // namespace

std::optional<int64_t> ParseCanonicalInt(std::string_view text) {
  constexpr size_t kLongest = 20;  // "-9223372036854775808"
  if (text.empty() || text.size() > kLongest) return std::nullopt;
  const bool negative = text[0] == '-';
  const char first = text[negative ? 1 : 0];  // text[1] of "-" is checked below.
  if (negative && text.size() == 1) return std::nullopt;
  if (first < '0' || first > '9' || (first == '0' && text.size() > 1)) return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view FormatInt(int64_t value, IntText& scratch) {
  const auto [end, error] =
      std::to_chars(scratch.bytes, scratch.bytes + sizeof(scratch.bytes), value);
  return {scratch.bytes, static_cast<size_t>(end - scratch.bytes)};
}

struct Entry::Shape {
  size_t key = 0;
  bool expires = false;
  Placement placement = Placement::kEmbedded;
  size_t embedded = 0;  // Bytes of an embedded value.

  bool long_key() const { return key > 255; }
  size_t Bytes() const {
    return RoundToSizeClass(sizeof(Entry) + 8 * expires + 8 * long_key() +
                            (placement == Placement::kEmbedded ? embedded : 8) + key);
  }
  uint8_t Flags() const {
    return static_cast<uint8_t>(placement) | (expires ? kHasExpiry : 0) |
           (long_key() ? kLongKey : 0);
  }
};

Entry::Shape Entry::shape() const {
  return {.key = key_size(),
          .expires = has_expiry(),
          .placement = placement(),
          .embedded = placement() == Placement::kEmbedded ? size_t{value_length_} : 0};
}

// A new entry with header and key; expiry and value are the caller's to write.
Entry* Entry::Allocate(const Shape& shape, std::string_view key) {
  CHECK_LE(key.size(), UINT32_MAX);
  auto* entry = static_cast<Entry*>(std::malloc(shape.Bytes()));
  CHECK(entry != nullptr);
  entry->kind_ = 0;
  entry->encoding_ = 0;
  entry->flags_ = shape.Flags();
  entry->value_length_ = static_cast<uint16_t>(shape.embedded);
  entry->clock_ = 0;
  entry->key_length_ = shape.long_key() ? 0 : key.size();
  if (shape.long_key()) entry->Store<uint64_t>(entry->key_length_offset(), key.size());
  std::memcpy(entry->base() + entry->key_offset(), key.data(), key.size());
  return entry;
}

// The entry with another shape (same key length): header, key and expiry are kept, the value is
// lost. In place where the size class is the same.
Entry* Entry::Reshape(Entry* entry, const Shape& shape) {
  const Shape old = entry->shape();
  const uint32_t clock = entry->clock_;
  const UnixMillis expiry = entry->expiry();
  const auto kind = entry->kind_;
  const auto encoding = entry->encoding_;
  if (old.Bytes() != shape.Bytes()) {
    Entry* moved = Allocate(shape, entry->key());
    std::free(entry);
    entry = moved;
  } else {
    const size_t from = entry->key_offset();
    entry->flags_ = shape.Flags();
    entry->value_length_ = static_cast<uint16_t>(shape.embedded);
    if (entry->key_offset() != from) {
      std::memmove(entry->base() + entry->key_offset(), entry->base() + from, shape.key);
    }
    if (shape.long_key()) entry->Store<uint64_t>(entry->key_length_offset(), shape.key);
  }
  entry->clock_ = clock;
  entry->kind_ = kind;
  entry->encoding_ = encoding;
  if (shape.expires && old.expires) entry->Store(sizeof(Entry), expiry);
  return entry;
}

namespace {

// What a string of these bytes becomes when SET stores it.
struct StringForm {
  std::optional<int64_t> integer;
  bool embedded;
};
StringForm FormOf(std::string_view value) {
  return {ParseCanonicalInt(value), value.size() <= kEmbeddedValueMax};
}

}  // namespace

// Writes a string value into an entry whose shape has been made for it.
void Entry::SetString(std::string_view value) {
  kind_ = static_cast<uint8_t>(ValueKind::kString);
  encoding_ = static_cast<uint8_t>(value.size() <= kEmbstrMax ? Encoding::kEmbstr : Encoding::kRaw);
  if (placement() == Placement::kEmbedded) {
    std::memcpy(base() + key_offset() + key_size(), value.data(), value.size());
    return;
  }
  StringBuffer* buffer = NewBuffer(value.size());
  buffer->length = value.size();
  std::memcpy(buffer->bytes, value.data(), value.size());
  Store(word_offset(), buffer);
}

Entry* Entry::NewString(std::string_view key, std::string_view value, UnixMillis expiry) {
  const StringForm form = FormOf(value);
  if (form.integer) return NewInteger(key, *form.integer, expiry);
  const Shape shape = {
      .key = key.size(),
      .expires = expiry != kNoExpiry,
      .placement = form.embedded ? Placement::kEmbedded : Placement::kBuffer,
      .embedded = form.embedded ? value.size() : 0,
  };
  Entry* entry = Allocate(shape, key);
  if (shape.expires) entry->Store(sizeof(Entry), expiry);
  entry->SetString(value);
  return entry;
}

Entry* Entry::NewInteger(std::string_view key, int64_t value, UnixMillis expiry) {
  Entry* entry = Allocate(
      {.key = key.size(), .expires = expiry != kNoExpiry, .placement = Placement::kInteger}, key);
  if (expiry != kNoExpiry) entry->Store(sizeof(Entry), expiry);
  entry->kind_ = static_cast<uint8_t>(ValueKind::kString);
  entry->encoding_ = static_cast<uint8_t>(Encoding::kInt);
  entry->set_integer(value);
  return entry;
}

Entry* Entry::NewObject(std::string_view key, Object* object, UnixMillis expiry) {
  Entry* entry = Allocate(
      {.key = key.size(), .expires = expiry != kNoExpiry, .placement = Placement::kObject}, key);
  if (expiry != kNoExpiry) entry->Store(sizeof(Entry), expiry);
  entry->kind_ = static_cast<uint8_t>(object->type->kind());
  entry->Store(entry->word_offset(), object);
  return entry;
}

Entry* Entry::MoveToKey(Entry* entry, std::string_view key) {
  Shape shape = entry->shape();
  shape.key = key.size();
  Entry* moved = Allocate(shape, key);
  moved->kind_ = entry->kind_;
  moved->encoding_ = entry->encoding_;
  moved->clock_ = entry->clock_;
  if (shape.expires) moved->Store(sizeof(Entry), entry->expiry());
  if (shape.placement == Placement::kEmbedded) {
    std::memcpy(moved->base() + moved->key_offset() + shape.key,
                entry->base() + entry->key_offset() + entry->key_size(), shape.embedded);
  } else {
    moved->Store(moved->word_offset(), entry->Load<uint64_t>(entry->word_offset()));
  }
  std::free(entry);
  return moved;
}

Entry* Entry::CopyToKey(const Entry& entry, std::string_view key, int from_database,
                        int to_database) {
  Entry* copy = nullptr;
  if (entry.placement() == Placement::kObject) {
    Object* object = entry.object()->type->CopyTo(*entry.object(), {entry.key(), from_database},
                                                  {key, to_database});
    if (object == nullptr) return nullptr;
    copy = NewObject(key, object, entry.expiry());
  } else if (entry.is_integer()) {
    copy = NewInteger(key, entry.integer(), entry.expiry());
  } else {
    IntText scratch;
    const std::string_view value = entry.string_bytes(scratch);
    const bool embedded = value.size() <= kEmbeddedValueMax;
    copy = Allocate({.key = key.size(),
                     .expires = entry.has_expiry(),
                     .placement = embedded ? Placement::kEmbedded : Placement::kBuffer,
                     .embedded = embedded ? value.size() : 0},
                    key);
    if (entry.has_expiry()) copy->Store(sizeof(Entry), entry.expiry());
    copy->SetString(value);
    copy->encoding_ = entry.encoding_;
  }
  copy->clock_ = entry.clock_;
  return copy;
}

void Entry::ReleaseValue() {
  if (placement() == Placement::kBuffer) std::free(buffer());
  if (placement() == Placement::kObject) object()->type->Free(object());
}

void Entry::Free(Entry* entry) {
  if (entry == nullptr) return;
  entry->ReleaseValue();
  std::free(entry);
}

Entry* Entry::WithExpiry(Entry* entry, UnixMillis expiry) {
  const bool expires = expiry != kNoExpiry;
  if (expires != entry->has_expiry()) {
    Shape shape = entry->shape();
    shape.expires = expires;
    // The value moves along with the key: the parts behind the expiry are one run of bytes.
    const size_t from = entry->key_length_offset();
    const size_t to = expires ? from + sizeof(UnixMillis) : from - sizeof(UnixMillis);
    const size_t tail = entry->key_offset() + shape.key + shape.embedded - from;
    Entry* moved = entry;
    if (shape.Bytes() != entry->shape().Bytes()) {
      moved = static_cast<Entry*>(std::malloc(shape.Bytes()));
      CHECK(moved != nullptr);
      std::memcpy(moved->base(), entry->base(), sizeof(Entry));
    }
    std::memmove(moved->base() + to, entry->base() + from, tail);
    if (moved != entry) std::free(entry);
    entry = moved;
    entry->flags_ = shape.Flags();
  }
  if (expires) entry->Store(sizeof(Entry), expiry);
  return entry;
}

size_t Entry::string_length() const {
  switch (placement()) {
    case Placement::kEmbedded:
      return value_length_;
    case Placement::kInteger: {
      IntText scratch;
      return FormatInt(integer(), scratch).size();
    }
    case Placement::kBuffer:
      return buffer()->length;
    case Placement::kObject:
      break;
  }
  CHECK(is_string());
  return 0;
}

std::string_view Entry::string_bytes(IntText& scratch) const {
  switch (placement()) {
    case Placement::kEmbedded:
      return {base() + key_offset() + key_size(), value_length_};
    case Placement::kInteger:
      return FormatInt(integer(), scratch);
    case Placement::kBuffer:
      return {buffer()->bytes, buffer()->length};
    case Placement::kObject:
      break;
  }
  CHECK(is_string());
  return {};
}

Entry* Entry::WithString(Entry* entry, std::string_view value, UnixMillis expiry) {
  const StringForm form = FormOf(value);
  // The usual case: a value like the one before.
  if (!form.integer && entry->placement() == Placement::kEmbedded &&
      entry->value_length_ == value.size() && entry->has_expiry() == (expiry != kNoExpiry)) {
    if (entry->has_expiry()) entry->Store(sizeof(Entry), expiry);
    entry->SetString(value);
    return entry;
  }
  const Shape shape = {
      .key = entry->key_size(),
      .expires = expiry != kNoExpiry,
      .placement = form.integer    ? Placement::kInteger
                   : form.embedded ? Placement::kEmbedded
                                   : Placement::kBuffer,
      .embedded = form.embedded && !form.integer ? value.size() : 0,
  };
  entry->ReleaseValue();
  entry = Reshape(entry, shape);
  if (shape.expires) entry->Store(sizeof(Entry), expiry);
  if (form.integer) {
    entry->kind_ = static_cast<uint8_t>(ValueKind::kString);
    entry->encoding_ = static_cast<uint8_t>(Encoding::kInt);
    entry->set_integer(*form.integer);
  } else {
    entry->SetString(value);
  }
  return entry;
}

Entry* Entry::WithInteger(Entry* entry, int64_t value) {
  if (!entry->is_integer()) {
    entry->ReleaseValue();
    entry = Reshape(entry, {.key = entry->key_size(),
                            .expires = entry->has_expiry(),
                            .placement = Placement::kInteger});
    entry->encoding_ = static_cast<uint8_t>(Encoding::kInt);
  }
  entry->set_integer(value);
  return entry;
}

Entry* Entry::WithLength(Entry* entry, size_t length) {
  IntText scratch;
  const std::string_view old = entry->string_bytes(scratch);
  Shape shape = entry->shape();
  if (shape.placement == Placement::kBuffer && length <= entry->buffer()->capacity) {
    if (length > old.size()) {
      std::memset(entry->buffer()->bytes + old.size(), 0, length - old.size());
    }
    entry->buffer()->length = length;
    return entry;
  }
  if (shape.placement == Placement::kEmbedded && length <= UINT16_MAX) {
    Shape longer = shape;
    longer.embedded = length;
    if (longer.Bytes() == shape.Bytes()) {
      if (length > old.size())
        std::memset(entry->mutable_bytes() + old.size(), 0, length - old.size());
      entry->value_length_ = static_cast<uint16_t>(length);
      entry->encoding_ = static_cast<uint8_t>(Encoding::kRaw);
      return entry;
    }
  }
  // What outgrows its place will probably grow again: leave room, unless it is only being made.
  const size_t room = old.empty() ? 0 : std::min(length, kGrowthStepMax);
  StringBuffer* buffer = NewBuffer(length + room);
  const size_t kept = std::min(old.size(), length);
  std::memcpy(buffer->bytes, old.data(), kept);
  std::memset(buffer->bytes + kept, 0, length - kept);
  buffer->length = length;
  entry->ReleaseValue();
  shape.placement = Placement::kBuffer;
  shape.embedded = 0;
  entry = Reshape(entry, shape);
  entry->encoding_ = static_cast<uint8_t>(Encoding::kRaw);
  entry->Store(entry->word_offset(), buffer);
  return entry;
}

char* Entry::mutable_bytes() {
  CHECK(placement() == Placement::kEmbedded || placement() == Placement::kBuffer);
  return placement() == Placement::kBuffer ? buffer()->bytes : base() + key_offset() + key_size();
}

size_t Entry::MemoryUsage(size_t samples, int database) const {
  size_t bytes = shape().Bytes();
  if (placement() == Placement::kBuffer) bytes += sizeof(StringBuffer) + buffer()->capacity;
  if (placement() == Placement::kObject) {
    bytes += object()->type->MemoryUsageAt(*object(), samples, {key(), database});
  }
  return bytes;
}

size_t Entry::FreeEffort(int database) const {
  if (placement() != Placement::kObject) return 1;
  return object()->type->FreeEffortAt(*object(), {key(), database});
}

void Entry::CheckInvariants() const {
  CHECK_EQ(is_string(), placement() != Placement::kObject);
  CHECK_EQ((flags_ & kLongKey) != 0, key_size() > 255);
  if (placement() == Placement::kBuffer) CHECK_LE(buffer()->length, buffer()->capacity);
  if (is_string()) CHECK_EQ(is_integer(), encoding() == Encoding::kInt);
}

}  // namespace slotmesh::node
