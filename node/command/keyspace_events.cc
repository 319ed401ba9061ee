#include "node/command/keyspace_events.h"

#include "slots/strings.h"

namespace slotmesh::node {

void KeyspaceEvents::OnEvent(NotifyFlag kind, std::string_view event, std::string_view key,
                             int database) {
  const uint32_t wanted = config_.notify_keyspace_events;
  if ((wanted & kind) == 0 || pubsub_.quiet()) return;
  if ((wanted & kNotifyKeyspace) != 0) {
    pubsub_.Deliver(ChannelKind::kChannel, StrCat("__keyspace@", database, "__:", key), event);
  }
  if ((wanted & kNotifyKeyevent) != 0) {
    pubsub_.Deliver(ChannelKind::kChannel, StrCat("__keyevent@", database, "__:", event), key);
  }
}

}  // namespace slotmesh::node
