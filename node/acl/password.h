// Passwords are kept as the SHA-256 of their bytes, in 64 lower-case hexadecimal digits.
//
// Pure; safe from any thread. Comparing takes the same time wherever two hashes differ.
#ifndef SLOTMESH_NODE_ACL_PASSWORD_H_
#define SLOTMESH_NODE_ACL_PASSWORD_H_

#include <string>
#include <string_view>

namespace slotmesh::node {

inline constexpr size_t kPasswordHashSize = 64;

std::string HashOfPassword(std::string_view password);
bool IsPasswordHash(std::string_view text);
// REQUIRES: both are hashes.
bool HashesEqual(std::string_view a, std::string_view b);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_ACL_PASSWORD_H_
