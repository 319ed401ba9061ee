// This build's version.
#ifndef SLOTMESH_NODE_APP_VERSION_H_
#define SLOTMESH_NODE_APP_VERSION_H_

#include <string_view>

namespace slotmesh::node {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_VERSION_H_
