// What an engine sends to clients besides replies, in one place: pub/sub, client side caching,
// MONITOR.
//
// Engine thread only. Borrows the client table.
#ifndef SLOTMESH_NODE_COMMAND_MESSAGES_H_
#define SLOTMESH_NODE_COMMAND_MESSAGES_H_

#include "node/command/client_table.h"
#include "node/command/monitors.h"
#include "node/command/pubsub.h"
#include "node/command/pushes.h"
#include "node/command/tracking.h"

namespace slotmesh::node {

struct Messages {
  explicit Messages(const ClientTable& clients)
      : pubsub(pushes), tracking(pushes, clients), monitors(pushes) {}

  // The client is going away, or starts afresh (RESET).
  void Forget(Client& client) {
    pubsub.Forget(client);
    tracking.Forget(client);
    monitors.Forget(client);
  }

  Pushes pushes;
  PubSub pubsub;
  Tracking tracking;
  Monitors monitors;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_MESSAGES_H_
