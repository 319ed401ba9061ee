// Where a value stands, or is going to stand: types of modules are told when they are asked for
// something. Borrows the key.
#ifndef SLOTMESH_NODE_CODEC_KEY_PLACE_H_
#define SLOTMESH_NODE_CODEC_KEY_PLACE_H_

#include <string_view>

namespace slotmesh::node {

struct KeyPlace {
  std::string_view key;  // No data: none is known.
  int database = -1;     // -1: not known.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CODEC_KEY_PLACE_H_
