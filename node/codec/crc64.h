// CRC-64 with the Jones polynomial 0xad93d23594c935a9, reflected, initial value and final xor 0:
// the checksum of RDB files and DUMP payloads. Check value of "123456789": 0xe9c6d914c4b8d9ca.
// Pure; safe from any thread. Cost: 16 bytes a step from tables of 32 KiB, at least 1 GB/s.
#ifndef SLOTMESH_NODE_CODEC_CRC64_H_
#define SLOTMESH_NODE_CODEC_CRC64_H_

#include <cstdint>
#include <string_view>

namespace slotmesh::node {

// Continues `crc` (0 to begin with) over `bytes`.
uint64_t Crc64(uint64_t crc, std::string_view bytes);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_CRC64_H_
