// What a command means for others: those who cache what they read, those who monitor.
#include <vector>

#include "node/command/dispatcher.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::node {

void Dispatcher::TellReadersAndMonitors(CommandContext& ctx, Args args, bool first_run) {
  Messages& messages = engine_.messages;
  if (messages.tracking.active()) {
    RememberRead(ctx, args);
    messages.tracking.Limit(engine_.config.tracking_table_max_keys, engine_.random);
  }
  const bool shown = !Has(ctx.command().flags(), Flag::kSkipMonitor | Flag::kAdmin);
  if (shown && first_run) TellMonitors(ctx, args);
}

void Dispatcher::TellMonitors(CommandContext& ctx, Args args) {
  if (engine_.messages.monitors.empty()) return;
  std::vector<std::string_view> words(args.begin(), args.end());
  for (size_t i = 0; i < words.size(); ++i) {
    if (ctx.IsRedacted(i)) words[i] = "(redacted)";
  }
  const Client& client = ctx.client();
  const bool script =
      ctx.origin() == RequestOrigin::kScript || ctx.origin() == RequestOrigin::kModule;
  const std::string path = client.unix_socket ? StrCat("unix:", engine_.config.unixsocket) : "";
  const std::string_view address = client.unix_socket ? path : client.address;
  engine_.messages.monitors.Show(engine_.clock.WallMicros(),
                                 {client.database, script ? "lua" : address}, words);
}

void Dispatcher::RememberRead(CommandContext& ctx, Args args) {
  // A script's or module's reads are those of whoever runs it.
  Client* reader = engine_.messages.pushes.running();
  if (reader == nullptr || reader->tracking == nullptr) return;
  const Command& command = ctx.command();
  if (!Has(command.flags(), Flag::kReadOnly) || !command.has_keys()) return;
  // What runs a script reads nothing itself.
  if (command.spec().request_flags != nullptr) return;
  slots::KeyRefs found;
  if (slots::FindKeys(command.spec().keys, command.spec().get_keys, slots::KeyDetail::kPositions,
                      args, &found) != slots::KeyStatus::kOk) {
    return;
  }
  std::vector<std::string_view> keys;
  for (const slots::KeyRef& key : found) keys.push_back(args[key.word]);
  engine_.messages.tracking.Remember(*reader, keys);
}

void Dispatcher::EndPushes(Client& client, const Command& command) {
  engine_.messages.pushes.End();
  if (engine_.messages.tracking.flush_waits()) [[unlikely]] {
    engine_.messages.tracking.SendFlush();
  }
  if (client.tracking == nullptr) [[likely]]
    return;
  TrackingMode& mode = *client.tracking;
  if (mode.caching && !client.transaction.active && command.parent() != mode.caching_said_by) {
    mode.caching = false;
  }
}

}  // namespace slotmesh::node
