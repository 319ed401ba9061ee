#include "node/codec/zipmap.h"

#include <cstdint>
#include <optional>

namespace slotmesh::node {
namespace {

constexpr uint8_t kLongLength = 254;
constexpr uint8_t kEnd = 255;

// Cuts a length off the front. Nothing if it is not there.
std::optional<size_t> TakeLength(std::string_view* rest) {
  if (rest->empty()) return std::nullopt;
  const auto first = static_cast<uint8_t>(rest->front());
  rest->remove_prefix(1);
  if (first < kLongLength) return first;
  if (first == kEnd || rest->size() < 4) return std::nullopt;
  size_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | static_cast<uint8_t>((*rest)[i]);
  rest->remove_prefix(4);
  return length;
}

bool TakeBytes(std::string_view* rest, size_t length, std::string_view* bytes) {
  if (rest->size() < length) return false;
  *bytes = rest->substr(0, length);
  rest->remove_prefix(length);
  return true;
}

}  // namespace

bool ReadZipmap(std::string_view bytes,
                absl::FunctionRef<bool(std::string_view field, std::string_view value)> visit) {
  if (bytes.empty()) return false;
  std::string_view rest = bytes.substr(1);
  while (!rest.empty() && static_cast<uint8_t>(rest.front()) != kEnd) {
    std::string_view field;
    std::string_view value;
    std::string_view unused;
    const std::optional<size_t> field_length = TakeLength(&rest);
    if (!field_length || !TakeBytes(&rest, *field_length, &field)) return false;
    const std::optional<size_t> value_length = TakeLength(&rest);
    if (!value_length || rest.empty()) return false;
    const auto free_bytes = static_cast<uint8_t>(rest.front());
    rest.remove_prefix(1);
    if (!TakeBytes(&rest, *value_length, &value) || !TakeBytes(&rest, free_bytes, &unused)) {
      return false;
    }
    if (!visit(field, value)) return false;
  }
  return rest.size() == 1;
}

}  // namespace slotmesh::node
