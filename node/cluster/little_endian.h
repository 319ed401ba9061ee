// Numbers in the bytes of frames and records: fixed ones little-endian, the rest as varints (7 bits
// a byte, lowest first, high bit: more follows). Pure functions.
#ifndef SLOTMESH_NODE_CLUSTER_LITTLE_ENDIAN_H_
#define SLOTMESH_NODE_CLUSTER_LITTLE_ENDIAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slotmesh::node {

inline void AppendU64(std::string* out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) *out += static_cast<char>(value >> shift);
}

// REQUIRES: bytes.size() >= 8.
inline uint64_t LoadU64(std::string_view bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return value;
}

inline void AppendVarint(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out += static_cast<char>(value | 0x80);
  *out += static_cast<char>(value);
}

// Takes a varint off the front of `bytes`; nothing if they are not one (of 64 bits at most).
inline std::optional<uint64_t> TakeVarint(std::string_view* bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 10 && static_cast<size_t>(i) < bytes->size(); ++i) {
    const auto byte = static_cast<uint8_t>((*bytes)[i]);
    if (i == 9 && byte > 1) return std::nullopt;
    value |= uint64_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) == 0) {
      bytes->remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

// Takes a varint length and as many bytes.
inline std::optional<std::string_view> TakeBytes(std::string_view* bytes) {
  const std::optional<uint64_t> length = TakeVarint(bytes);
  if (!length || *length > bytes->size()) return std::nullopt;
  const std::string_view taken = bytes->substr(0, *length);
  bytes->remove_prefix(*length);
  return taken;
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_LITTLE_ENDIAN_H_
