#include "slots/ids.h"

#include <cstring>

#include "absl/random/distributions.h"
#include "slots/check.h"

namespace slotmesh::slots {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

template <typename Tag>
Id160<Tag> Id160<Tag>::Random(absl::BitGenRef random) {
  Id160 id;
  do {
    for (unsigned char& byte : id.bytes_) byte = absl::Uniform<uint8_t>(random);
  } while (id.is_zero());
  return id;
}

template <typename Tag>
std::optional<Id160<Tag>> Id160<Tag>::FromHex(std::string_view hex) {
  if (hex.size() != kHexLength) return std::nullopt;
  Id160 id;
  for (size_t i = 0; i < id.bytes_.size(); ++i) {
    const int high = HexValue(hex[2 * i]);
    const int low = HexValue(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes_[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return id;
}

template <typename Tag>
Id160<Tag> Id160<Tag>::FromBytes(std::string_view bytes) {
  Id160 id;
  CHECK_EQ(bytes.size(), id.bytes_.size());
  std::memcpy(id.bytes_.data(), bytes.data(), bytes.size());
  return id;
}

template <typename Tag>
std::string Id160<Tag>::ToHex() const {
  std::string hex;
  hex.reserve(kHexLength);
  for (unsigned char byte : bytes_) {
    hex.push_back(kHexDigits[byte >> 4]);
    hex.push_back(kHexDigits[byte & 15]);
  }
  return hex;
}

template class Id160<NodeTag>;
template class Id160<ShardTag>;
template class Id160<LogTag>;
template class Id160<PlanTag>;
template class Id160<LibraryTag>;

}  // namespace slotmesh::slots
