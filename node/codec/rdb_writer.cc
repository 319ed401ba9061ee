#include "node/codec/rdb_writer.h"

#include <liblzf/lzf.h>

#include <cstring>
#include <limits>
#include <memory>
#include <optional>

#include "node/resp/numbers.h"

namespace slotmesh::node {
namespace {

constexpr uint8_t kLength14 = 0x40;
constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;
constexpr uint8_t kForm = 0xc0;
// Text of a 32-bit integer, with its sign.
constexpr size_t kSmallIntegerText = 11;
constexpr size_t kCompressMin = 20;
constexpr size_t kSavedMin = 4;

}  // namespace

void PackStrings(std::string_view bytes, absl::Span<const RdbPlainString> strings,
                 std::string* out) {
  RdbWriter writer(out, /*compress=*/true);
  size_t done = 0;
  for (const RdbPlainString& string : strings) {
    writer.Raw(bytes.substr(done, string.begin - done));
    writer.String(bytes.substr(string.body, string.size));
    done = string.body + string.size;
  }
  writer.Raw(bytes.substr(done));
}

void RdbWriter::LittleEndian(uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) Byte(static_cast<uint8_t>(value >> (8 * i)));
}

void RdbWriter::Length(uint64_t length) {
  if (length < (1 << 6)) {
    Byte(static_cast<uint8_t>(length));
    return;
  }
  if (length < (1 << 14)) {
    Byte(static_cast<uint8_t>(kLength14 | (length >> 8)));
    Byte(static_cast<uint8_t>(length));
    return;
  }
  const bool small = length <= std::numeric_limits<uint32_t>::max();
  Byte(small ? kLength32 : kLength64);
  for (int shift = small ? 24 : 56; shift >= 0; shift -= 8) {
    Byte(static_cast<uint8_t>(length >> shift));
  }
}

bool RdbWriter::SmallInteger(int64_t value) {
  const auto form = [this](RdbStringForm f) {
    Byte(static_cast<uint8_t>(kForm | static_cast<uint8_t>(f)));
  };
  if (value >= std::numeric_limits<int8_t>::min() && value <= std::numeric_limits<int8_t>::max()) {
    form(RdbStringForm::kInt8);
    LittleEndian(static_cast<uint64_t>(value), 1);
  } else if (value >= std::numeric_limits<int16_t>::min() &&
             value <= std::numeric_limits<int16_t>::max()) {
    form(RdbStringForm::kInt16);
    LittleEndian(static_cast<uint64_t>(value), 2);
  } else if (value >= std::numeric_limits<int32_t>::min() &&
             value <= std::numeric_limits<int32_t>::max()) {
    form(RdbStringForm::kInt32);
    LittleEndian(static_cast<uint64_t>(value), 4);
  } else {
    return false;
  }
  return true;
}

bool RdbWriter::Compressed(std::string_view bytes) {
  // LZF's lengths are unsigned int.
  if (!compress_ || bytes.size() <= kCompressMin ||
      bytes.size() > std::numeric_limits<unsigned int>::max()) {
    return false;
  }
  const size_t room = bytes.size() - kSavedMin;
  const auto packed = std::make_unique_for_overwrite<char[]>(room);
  const unsigned int size = lzf_compress(bytes.data(), static_cast<unsigned int>(bytes.size()),
                                         packed.get(), static_cast<unsigned int>(room));
  if (size == 0) return false;
  Byte(static_cast<uint8_t>(kForm | static_cast<uint8_t>(RdbStringForm::kLzf)));
  Length(size);
  Length(bytes.size());
  out_->append(packed.get(), size);
  return true;
}

void RdbWriter::String(std::string_view bytes) {
  if (bytes.size() <= kSmallIntegerText) {
    const std::optional<int64_t> value = ParseInt64(bytes);
    if (value.has_value() && SmallInteger(*value)) return;
  }
  if (Compressed(bytes)) return;
  const size_t begin = out_->size();
  Length(bytes.size());
  if (later_ != nullptr && bytes.size() > kCompressMin) {
    later_->push_back({begin, out_->size(), bytes.size()});
  }
  out_->append(bytes);
}

void RdbWriter::IntegerString(int64_t value) {
  if (SmallInteger(value)) return;
  char text[kInt64TextMax];
  const size_t size = FormatInt64(value, text);
  Length(size);
  out_->append(text, size);
}

void RdbWriter::BinaryDouble(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  LittleEndian(bits, 8);
}

void RdbWriter::Millis(int64_t unix_ms) { LittleEndian(static_cast<uint64_t>(unix_ms), 8); }

}  // namespace slotmesh::node
