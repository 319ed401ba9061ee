#include "node/replication/ack_waits.h"

#include <utility>

namespace slotmesh::node {

void AckWaits::Reply(Client& client, const AckWish& wish, const AckCounts& counts) {
  if (!wish.on_disk) return client.reply().Integer(counts.replicas);
  client.reply().Array(2);
  client.reply().Integer(counts.here ? 1 : 0);
  client.reply().Integer(counts.replicas);
}

void AckWaits::Wait(Client& client, const AckWish& wish, int64_t deadline_ms) {
  const BlockedClients::Ticket ticket = blocked_.Block(
      client, deadline_ms, [this, wish](Client& waiter) { Reply(waiter, wish, count_(wish)); });
  waits_.push_back({wish, ticket});
}

void AckWaits::OnNews() {
  for (const Waiting& one : std::exchange(waits_, {})) {
    const AckCounts counts = count_(one.wish);
    if (!IsMet(one.wish, counts)) {
      if (blocked_.Contains(one.ticket)) waits_.push_back(one);
      continue;
    }
    blocked_.Complete(one.ticket, [&](Client& client) { Reply(client, one.wish, counts); });
  }
}

void AckWaits::EndLocal() {
  const auto local = [](const Waiting& waiting) { return waiting.wish.here_too; };
  for (const Waiting& waiting : waits_) {
    if (!local(waiting)) continue;
    (void)blocked_.Complete(waiting.ticket, [&](Client& client) { client.reply().Error(kNoAof); });
  }
  std::erase_if(waits_, local);
}

}  // namespace slotmesh::node
