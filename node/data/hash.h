// The engine's hash of byte strings: XXH3 with a seed that is random per process, so that nobody
// outside can choose keys that collide. Pure. About 3 ns for 16 bytes.
#ifndef SLOTMESH_NODE_DATA_HASH_H_
#define SLOTMESH_NODE_DATA_HASH_H_

#include <cstdint>
#include <string_view>

namespace slotmesh::node {

uint64_t HashBytes(std::string_view bytes, uint64_t seed);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_HASH_H_
