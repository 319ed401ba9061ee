#include "node/commands/client_line.h"

#include <algorithm>

#include "node/command/access_control.h"
#include "node/command/client_limit.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kNoTransaction = -1;
constexpr int64_t kNoRedirection = -1;

int64_t SecondsSince(int64_t then_ms, int64_t now_ms) {
  return std::max<int64_t>(0, now_ms - then_ms) / kMillisPerSecond;
}

int64_t QueuedCommands(const Client& client) {
  if (!client.transaction.active) return kNoTransaction;
  return static_cast<int64_t>(client.transaction.queued.size());
}

int64_t Redirection(const Client& client) {
  if (client.tracking == nullptr) return kNoRedirection;
  return static_cast<int64_t>(client.tracking->redirect);
}

}  // namespace

std::string ClientFlagLetters(const Client& client) {
  std::string letters;
  const auto add = [&](bool on, char letter) {
    if (on) letters += letter;
  };
  const TrackingMode* tracking = client.tracking.get();
  add(client.is_replica, 'S');
  add(client.is_primary, 'M');
  add(client.monitor, 'O');
  add(client.subscriptions != nullptr, 'P');
  add(client.transaction.active, 'x');
  add(client.blocked != 0 || !client.parked.empty(), 'b');
  add(tracking != nullptr, 't');
  add(tracking != nullptr && tracking->broken_redirect, 'R');
  add(tracking != nullptr && tracking->broadcast, 'B');
  add(client.watch_broken, 'd');
  add(client.close_after_reply && !client.close_now, 'c');
  add(client.close_now, 'A');
  add(client.unix_socket, 'U');
  add(client.readonly, 'r');
  add(client.no_evict, 'e');
  add(client.no_touch, 'T');
  add(client.import_source, 'I');
  return letters.empty() ? "N" : letters;
}

std::string ClientLine(Client& client, size_t watched_keys, int64_t now_ms) {
  if (client.host() != nullptr) client.host()->MeasureBuffers(client);
  const size_t output = client.output.size();
  std::string line = StrCat("id=", client.id(), " addr=", client.address,
                            " laddr=", client.local_address, " fd=", client.socket,
                            " name=", client.name, " age=", SecondsSince(client.created_ms, now_ms),
                            " idle=", SecondsSince(client.last_interaction_ms, now_ms),
                            " flags=", ClientFlagLetters(client), " db=", client.database);
  const Subscriptions none;
  const Subscriptions& subscriptions =
      client.subscriptions == nullptr ? none : *client.subscriptions;
  line += StrCat(" sub=", subscriptions.names[0].size(), " psub=", subscriptions.names[1].size(),
                 " ssub=", subscriptions.names[2].size(), " multi=", QueuedCommands(client));
  line +=
      StrCat(" watch=", watched_keys, " qbuf=", client.query_buffer_bytes,
             " qbuf-free=", client.query_buffer_free_bytes,
             " argv-mem=", client.argument_bytes + client.parked.memory_bytes(),
             " multi-mem=", client.transaction.memory_bytes, " rbs=", client.output.chunk_bytes(),
             " rbp=", client.output.chunk_bytes(), " obl=", output,
             " oll=", client.output.part_count(), " omem=", client.output.limited_bytes(),
             " tot-mem=", ClientMemory(client, watched_keys), " events=", output == 0 ? "r" : "rw");
  line +=
      StrCat(" cmd=", client.last_command == nullptr ? "NULL" : client.last_command->full_name(),
             " user=", AccessControl::NameOf(client), " redir=", Redirection(client),
             " resp=", static_cast<int>(client.reply().protocol()), " lib-name=", client.lib_name,
             " lib-ver=", client.lib_version, " tot-net-in=", client.input_bytes,
             " tot-net-out=", client.output_bytes, " tot-cmds=", client.commands,
             " capa=", client.understands_redirect ? "r" : "");
  return line;
}

}  // namespace slotmesh::node
