// The process's limit of open files, which bounds maxclients.
#ifndef SLOTMESH_NODE_APP_OPEN_FILES_H_
#define SLOTMESH_NODE_APP_OPEN_FILES_H_

#include <cstdint>

namespace slotmesh::node {

// Descriptors that are not clients: listeners, files, the bus.
inline constexpr int64_t kReservedFiles = 128;

// Raises the limit so that `clients` fit, as far as the system lets. How many fit then: `clients`
// or fewer.
int64_t MakeRoomForClients(int64_t clients);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_APP_OPEN_FILES_H_
