// Whether a client is on this machine, as `local` settings mean it.
#ifndef SLOTMESH_NODE_COMMANDS_LOCAL_CLIENT_H_
#define SLOTMESH_NODE_COMMANDS_LOCAL_CLIENT_H_

#include "node/command/client.h"
#include "node/config/config.h"

namespace slotmesh::node {

// Connected over loopback or a unix socket.
inline bool IsLocalClient(const Client& client) {
  return client.unix_socket || client.address.starts_with("127.") ||
         client.address.starts_with("[::1]");
}

inline bool IsAllowed(ProtectedAction setting, const Client& client) {
  return setting == ProtectedAction::kYes ||
         (setting == ProtectedAction::kLocal && IsLocalClient(client));
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_LOCAL_CLIENT_H_
