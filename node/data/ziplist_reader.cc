#include "node/data/ziplist_reader.h"

#include <cstring>

namespace slotmesh::node {
namespace {

constexpr size_t kZiplistHeader = 10;  // Bytes, offset of the last element, elements (65535: many).
constexpr uint8_t kZiplistEnd = 0xff;
constexpr uint8_t kLongPrevious = 0xfe;  // Four bytes follow with the length of the one before.
constexpr uint32_t kZiplistCountUnknown = 65535;

// Reads on from a place, never past the end.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  bool Take(size_t n, std::string_view* taken) {
    if (n > rest_.size()) return false;
    *taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return true;
  }
  bool Byte(uint8_t* byte) {
    if (rest_.empty()) return false;
    *byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return true;
  }
  bool LittleEndian(int bytes, uint64_t* value) {
    std::string_view taken;
    if (!Take(bytes, &taken)) return false;
    *value = 0;
    std::memcpy(value, taken.data(), bytes);
    return true;
  }
  bool BigEndian(int bytes, uint64_t* value) {
    std::string_view taken;
    if (!Take(bytes, &taken)) return false;
    *value = 0;
    for (const char c : taken) *value = *value << 8 | static_cast<uint8_t>(c);
    return true;
  }
  size_t remaining() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

bool ReadInteger(Cursor& cursor, int bytes, ListpackValue* value) {
  uint64_t raw;
  if (!cursor.LittleEndian(bytes, &raw)) return false;
  const int unused = 64 - 8 * bytes;
  *value = {nullptr, 0, static_cast<int64_t>(raw << unused) >> unused};
  return true;
}

// The element behind the length of the one before.
bool ReadElement(Cursor& cursor, ListpackValue* value) {
  uint8_t head;
  if (!cursor.Byte(&head)) return false;
  uint64_t length = head & 0x3f;
  switch (head >> 6) {
    case 0:
      break;
    case 1: {
      uint8_t low;
      if (!cursor.Byte(&low)) return false;
      length = length << 8 | low;
      break;
    }
    case 2:
      if (head != 0x80 || !cursor.BigEndian(4, &length)) return false;
      break;
    default:
      switch (head) {
        case 0xc0:
          return ReadInteger(cursor, 2, value);
        case 0xd0:
          return ReadInteger(cursor, 4, value);
        case 0xe0:
          return ReadInteger(cursor, 8, value);
        case 0xf0:
          return ReadInteger(cursor, 3, value);
        case 0xfe:
          return ReadInteger(cursor, 1, value);
      }
      if (head < 0xf1 || head > 0xfd) return false;
      *value = {nullptr, 0, (head & 0x0f) - 1};
      return true;
  }
  std::string_view text;
  if (length >= kListpackBytesMax || !cursor.Take(length, &text)) return false;
  *value = {text.data(), static_cast<uint32_t>(length), 0};
  return true;
}

bool ReadPreviousLength(Cursor& cursor, uint64_t* length) {
  uint8_t first;
  if (!cursor.Byte(&first) || first == kZiplistEnd) return false;
  *length = first;
  return first != kLongPrevious || cursor.LittleEndian(4, length);
}

}  // namespace

bool ReadZiplist(std::string_view bytes, absl::FunctionRef<bool(const ListpackValue&)> visit) {
  Cursor cursor(bytes);
  uint64_t total, last, told;
  if (!cursor.LittleEndian(4, &total) || !cursor.LittleEndian(4, &last) ||
      !cursor.LittleEndian(2, &told) || total != bytes.size() || bytes.size() <= kZiplistHeader ||
      static_cast<uint8_t>(bytes.back()) != kZiplistEnd) {
    return false;
  }
  uint64_t count = 0;
  size_t previous_at = kZiplistHeader;
  uint64_t previous_size = 0;
  while (cursor.remaining() > 1) {
    const size_t at = bytes.size() - cursor.remaining();
    uint64_t told_previous;
    ListpackValue value;
    if (!ReadPreviousLength(cursor, &told_previous) || told_previous != previous_size ||
        !ReadElement(cursor, &value) || cursor.remaining() == 0) {
      return false;
    }
    if (!visit(value)) return false;
    previous_at = at;
    previous_size = bytes.size() - cursor.remaining() - at;
    ++count;
  }
  return last == previous_at && (told == kZiplistCountUnknown || told == count);
}

}  // namespace slotmesh::node
