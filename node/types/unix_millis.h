// Points in time as commands and files carry them. Time is always passed in.
#ifndef SLOTMESH_NODE_TYPES_UNIX_MILLIS_H_
#define SLOTMESH_NODE_TYPES_UNIX_MILLIS_H_

#include <cstdint>

namespace slotmesh::node {

// Milliseconds since the Unix epoch.
using UnixMillis = int64_t;
// "Never expires". Other values, negative ones too, are points in time.
inline constexpr UnixMillis kNoExpiry = INT64_MIN;

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_UNIX_MILLIS_H_
