// The name of a script: SHA-1 of its text, in 40 hexadecimal digits. Pure; safe from any thread.
#ifndef SLOTMESH_FUNCTIONS_SHA1_HEX_H_
#define SLOTMESH_FUNCTIONS_SHA1_HEX_H_

#include <array>
#include <string_view>

namespace slotmesh::functions {

inline constexpr size_t kSha1HexSize = 40;
using Sha1Text = std::array<char, kSha1HexSize>;

Sha1Text Sha1Hex(std::string_view bytes);

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_SHA1_HEX_H_
