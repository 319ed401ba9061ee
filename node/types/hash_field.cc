#include "node/types/hash_field.h"

#include <cstdlib>
#include <cstring>

#include "node/data/size_class.h"
#include "slots/check.h"

namespace slotmesh::node {

// What determines where the parts of a field stand.
struct HashField::Shape {
  size_t name = 0;
  size_t value = 0;
  bool expires = false;

  bool long_name() const { return name >= kLongName; }
  bool long_value() const { return value >= kLongValue; }
  size_t expiry_offset() const { return 1 + 8 * long_name(); }
  size_t value_length_offset() const { return expiry_offset() + 8 * expires; }
  size_t text_offset() const { return value_length_offset() + 1 + 8 * long_value(); }
  size_t Bytes() const { return RoundToSizeClass(text_offset() + name + value); }

  void WriteHeader(uint8_t* base) const {
    base[0] = static_cast<uint8_t>((long_name() ? kLongName : name) | (expires ? kExpires : 0));
    if (long_name()) Store(base + 1, name);
    WriteValueLength(base);
  }
  void WriteValueLength(uint8_t* base) const {
    base[value_length_offset()] = static_cast<uint8_t>(long_value() ? kLongValue : value);
    if (long_value()) Store(base + value_length_offset() + 1, value);
  }
  void WriteExpiry(uint8_t* base, UnixMillis expiry) const {
    if (expires) std::memcpy(base + expiry_offset(), &expiry, sizeof(expiry));
  }

 private:
  static void Store(uint8_t* to, uint64_t length) { std::memcpy(to, &length, sizeof(length)); }
};

HashField* HashField::New(std::string_view name, std::string_view value, UnixMillis expiry) {
  const Shape shape = {name.size(), value.size(), expiry != kNoExpiry};
  auto* base = static_cast<uint8_t*>(std::malloc(shape.Bytes()));
  CHECK(base != nullptr);
  shape.WriteHeader(base);
  shape.WriteExpiry(base, expiry);
  uint8_t* text = base + shape.text_offset();
  std::memcpy(text, name.data(), name.size());
  std::memcpy(text + name.size(), value.data(), value.size());
  return reinterpret_cast<HashField*>(base);
}

void HashField::Free(HashField* field) { std::free(field); }

HashField::Shape HashField::shape() const {
  const Parts parts = this->parts();
  return {parts.name, parts.value, expires()};
}

HashField* HashField::With(HashField* field, std::string_view value, UnixMillis expiry) {
  const Shape old = field->shape();
  const Shape wanted = {old.name, value.size(), expiry != kNoExpiry};
  if (old.Bytes() == wanted.Bytes() && old.text_offset() == wanted.text_offset() &&
      old.expires == wanted.expires) {
    std::memmove(field->base() + wanted.text_offset() + old.name, value.data(), value.size());
    wanted.WriteValueLength(field->base());
    wanted.WriteExpiry(field->base(), expiry);
    return field;
  }
  HashField* moved = New(field->name(), value, expiry);
  Free(field);
  return moved;
}

UnixMillis HashField::expiry() const {
  if (!expires()) return kNoExpiry;
  UnixMillis expiry;
  const size_t offset = (base()[0] & kLongName) == kLongName ? 1 + sizeof(uint64_t) : 1;
  std::memcpy(&expiry, base() + offset, sizeof(expiry));
  return expiry;
}

size_t HashField::MemoryUsage() const { return shape().Bytes(); }

}  // namespace slotmesh::node
