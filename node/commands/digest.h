// DEBUG DIGEST and DIGEST-VALUE: 20 bytes that are equal where the data is equal, whatever its
// order. The same numbers as Redis gives for strings: SHA-1 of the parts, mixed and xored.
//
// Pure; thread-compatible. Linear in the data.
#ifndef SLOTMESH_NODE_COMMANDS_DIGEST_H_
#define SLOTMESH_NODE_COMMANDS_DIGEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/keyspace/entry.h"

namespace slotmesh::node {

class Digest {
 public:
  static constexpr size_t kSize = 20;

  // Takes part in any order.
  void Xor(std::string_view bytes);
  // Takes part in this order.
  void Mix(std::string_view bytes);

  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  std::string Hex() const;

 private:
  std::array<uint8_t, kSize> bytes_{};
};

// Adds type, value and whether there is an expiry.
void MixValue(const Entry& entry, Digest* digest, int database = -1);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_DIGEST_H_
