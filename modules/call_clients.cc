#include "modules/call_clients.h"

#include <utility>

namespace slotmesh::modules {

std::unique_ptr<node::Client> CallClients::Take() {
  if (free_.empty()) return std::make_unique<node::Client>(0, nullptr);
  std::unique_ptr<node::Client> client = std::move(free_.back());
  free_.pop_back();
  return client;
}

void CallClients::GiveBack(std::unique_ptr<node::Client> client) {
  client->output.Clear();
  client->reply().ClearErrors();
  // What a command may have left in a client (a transaction, subscriptions) goes with it.
  const bool clean = !client->transaction.active && !client->watching &&
                     client->subscriptions == nullptr && client->tracking == nullptr &&
                     !client->close_now && !client->close_after_reply && !client->waits();
  if (!clean || free_.size() == kKeptMax) return;
  client->has_unsent_write = false;
  client->last_command = nullptr;
  client->user = nullptr;
  free_.push_back(std::move(client));
}

}  // namespace slotmesh::modules
