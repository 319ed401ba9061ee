// A key with what is computed from it once per request: its hash and its slot.
#ifndef SLOTMESH_NODE_KEYSPACE_HASHED_KEY_H_
#define SLOTMESH_NODE_KEYSPACE_HASHED_KEY_H_

#include <cstdint>
#include <string_view>

namespace slotmesh::node {

// Borrows the key's bytes. Made by Keyspace::Hash, which knows the seed.
struct HashedKey {
  std::string_view bytes;
  uint64_t hash = 0;
  int slot = 0;  // The key's hash slot in cluster mode, 0 otherwise.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_HASHED_KEY_H_
