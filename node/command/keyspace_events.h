// Keyspace notifications as messages: on `__keyspace@<db>__:<key>` the event, on
// `__keyevent@<db>__:<event>` the key, as `notify-keyspace-events` says.
//
// They stay on the node where they arise. Engine thread only; borrows both.
#ifndef SLOTMESH_NODE_COMMAND_KEYSPACE_EVENTS_H_
#define SLOTMESH_NODE_COMMAND_KEYSPACE_EVENTS_H_

#include <string_view>

#include "node/command/notify.h"
#include "node/command/pubsub.h"
#include "node/config/config.h"

namespace slotmesh::node {

class KeyspaceEvents : public NotifyListener {
 public:
  KeyspaceEvents(PubSub& pubsub, const Config& config) : pubsub_(pubsub), config_(config) {}

  void OnEvent(NotifyFlag kind, std::string_view event, std::string_view key,
               int database) override;

 private:
  PubSub& pubsub_;
  const Config& config_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_KEYSPACE_EVENTS_H_
