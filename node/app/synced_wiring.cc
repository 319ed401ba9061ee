#include "node/app/synced_wiring.h"

namespace slotmesh::node {

void WireSyncedWrites(SyncedWrites& writes, Replication& replication, Server& server,
                      ConfigStore& settings) {
  Replicas& replicas = replication.replicas();
  replicas.set_watcher(&writes);
  writes.SetHooks({.ask = [&replicas] { replicas.AskForAcks(); },
                   .ask_now =
                       [&replicas] {
                         replicas.AskForAcks();
                         replicas.BeforeReplies();
                       },
                   .on_safe = [&server] { server.SendSafe(); },
                   .on_lost = [&server] { server.CloseHeld(); },
                   .holds_replies = [&server] { return server.holds_replies(); },
                   .hands_over =
                       [&replication] {
                         return replication.failover().state() == Failover::State::kInProgress;
                       }});
  settings.OnChange({"write-safety"}, [&writes](const Config& changed) {
    if (changed.write_safety == WriteSafety::kAsync) writes.AllowAsync();
    return absl::OkStatus();
  });
}

}  // namespace slotmesh::node
