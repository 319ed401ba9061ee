// Zipmap: the form of small hashes in files of Redis before 2.6, read only.
//
//   fields (1 byte, not reliable) | (length, field, length, free byte, value, free bytes) ... |
//   0xff length: 1 byte up to 253; 254: 4 bytes little-endian follow
//
// Pure; linear. Never reads beyond the bytes.
#ifndef SLOTMESH_NODE_CODEC_ZIPMAP_H_
#define SLOTMESH_NODE_CODEC_ZIPMAP_H_

#include <string_view>

#include "absl/functional/function_ref.h"

namespace slotmesh::node {

// Calls visit(field, value) for each pair; false where the bytes are not a zipmap (some pairs may
// have been visited) or a visit returned false.
bool ReadZipmap(std::string_view bytes,
                absl::FunctionRef<bool(std::string_view field, std::string_view value)> visit);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_ZIPMAP_H_
