#include "node/codec/rdb_reader.h"

#include <liblzf/lzf.h>

#include <cstring>
#include <limits>

#include "node/resp/numbers.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Three bytes of LZF stand for at most 264.
constexpr uint64_t kLzfRatioMax = 88;

}  // namespace

absl::Status RdbReader::status() const {
  if (failure_ == nullptr) return absl::OkStatus();
  return absl::DataLossError(StrCat(failure_, " at byte ", position_));
}

bool RdbReader::Fail(const char* what) {
  if (failure_ == nullptr) failure_ = what;
  return false;
}

bool RdbReader::FailEmpty(const char* what) {
  found_empty_ = found_empty_ || failure_ == nullptr;
  return Fail(what);
}

void RdbReader::PassOverEmpty() {
  CHECK(found_empty_);
  found_empty_ = false;
  failure_ = nullptr;
}

bool RdbReader::Raw(uint64_t n, std::string_view* bytes) {
  if (failure_ != nullptr) return false;
  if (n > remaining()) return Fail("unexpected end");
  *bytes = bytes_.substr(position_, n);
  position_ += n;
  return true;
}

bool RdbReader::Byte(uint8_t* byte) {
  std::string_view raw;
  if (!Raw(1, &raw)) return false;
  *byte = static_cast<uint8_t>(raw[0]);
  return true;
}

bool RdbReader::BigEndian(int bytes, uint64_t* value) {
  std::string_view raw;
  if (!Raw(static_cast<uint64_t>(bytes), &raw)) return false;
  *value = 0;
  for (const char c : raw) *value = (*value << 8) | static_cast<unsigned char>(c);
  return true;
}

bool RdbReader::LittleEndian(int bytes, uint64_t* value) {
  std::string_view raw;
  if (!Raw(static_cast<uint64_t>(bytes), &raw)) return false;
  *value = 0;
  for (int i = 0; i < bytes; ++i) {
    *value |= uint64_t{static_cast<unsigned char>(raw[static_cast<size_t>(i)])} << (8 * i);
  }
  return true;
}

bool RdbReader::LengthOrForm(uint64_t* length, bool* is_form) {
  uint8_t first;
  if (!Byte(&first)) return false;
  *is_form = false;
  switch (first >> 6) {
    case 0:
      *length = first;
      return true;
    case 1: {
      uint8_t second;
      if (!Byte(&second)) return false;
      *length = (uint64_t{first} & 0x3f) << 8 | second;
      return true;
    }
    case 2:
      if (first == 0x80) return BigEndian(4, length);
      if (first == 0x81) return BigEndian(8, length);
      return Fail("unknown length encoding");
    default:
      *is_form = true;
      *length = first & 0x3f;
      return true;
  }
}

bool RdbReader::Length(uint64_t* length) {
  bool is_form;
  if (!LengthOrForm(length, &is_form)) return false;
  return !is_form || Fail("a packed string where a length should be");
}

bool RdbReader::String(std::string_view* value, std::string* scratch) {
  uint64_t length;
  bool is_form;
  if (!LengthOrForm(&length, &is_form)) return false;
  return is_form ? PackedString(length, value, scratch) : Raw(length, value);
}

bool RdbReader::PackedString(uint64_t form, std::string_view* value, std::string* scratch) {
  bool good;
  if (form == static_cast<uint64_t>(RdbStringForm::kInt8)) {
    good = IntegerString(1, scratch);
  } else if (form == static_cast<uint64_t>(RdbStringForm::kInt16)) {
    good = IntegerString(2, scratch);
  } else if (form == static_cast<uint64_t>(RdbStringForm::kInt32)) {
    good = IntegerString(4, scratch);
  } else if (form == static_cast<uint64_t>(RdbStringForm::kLzf)) {
    good = LzfString(scratch);
  } else {
    return Fail("unknown string encoding");
  }
  *value = *scratch;
  return good;
}

bool RdbReader::IntegerString(int bytes, std::string* scratch) {
  uint64_t raw;
  if (!LittleEndian(bytes, &raw)) return false;
  const int unused = 64 - 8 * bytes;
  char text[kInt64TextMax];
  const int64_t value = static_cast<int64_t>(raw << unused) >> unused;
  scratch->assign(text, FormatInt64(value, text));
  return true;
}

bool RdbReader::LzfString(std::string* scratch) {
  uint64_t packed_size;
  uint64_t size;
  std::string_view packed;
  if (!Length(&packed_size) || !Length(&size) || !Raw(packed_size, &packed)) return false;
  constexpr uint64_t kMax = std::numeric_limits<unsigned int>::max();
  if (packed_size > kMax || size > kMax || size > packed_size * kLzfRatioMax || size == 0) {
    return Fail("impossible size of a compressed string");
  }
  scratch->resize(size);
  const unsigned int got = lzf_decompress(packed.data(), static_cast<unsigned int>(packed_size),
                                          scratch->data(), static_cast<unsigned int>(size));
  return got == size || Fail("bad compressed string");
}

bool RdbReader::BinaryDouble(double* value) {
  uint64_t bits;
  if (!LittleEndian(8, &bits)) return false;
  std::memcpy(value, &bits, sizeof(*value));
  return true;
}

bool RdbReader::Millis(int64_t* unix_ms) {
  uint64_t bits;
  if (!LittleEndian(8, &bits)) return false;
  *unix_ms = static_cast<int64_t>(bits);
  return true;
}

}  // namespace slotmesh::node
