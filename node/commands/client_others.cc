// CLIENT's subcommands that look at or act on all connections.
#include <algorithm>
#include <optional>
#include <string>

#include "node/command/access_control.h"
#include "node/command/expiry_role.h"
#include "node/commands/client.h"
#include "node/commands/client_filter.h"
#include "node/commands/client_handlers.h"
#include "node/commands/client_line.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kPauseMode = "ERR CLIENT PAUSE mode must be WRITE or ALL";
constexpr std::string_view kUnblockReason = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";

std::string LineOf(CommandContext& ctx, Client& client) {
  return ClientLine(client, ctx.engine().watches.CountOf(client), ctx.now_ms()) + "\n";
}

absl::StatusOr<ClientFilter> FilterOf(CommandContext& ctx, Args words) {
  const AclUsers& users = ctx.engine().access.users();
  return ClientFilter::Parse(words,
                             [&](std::string_view name) { return users.Find(name) != nullptr; });
}

void Close(CommandContext& ctx, Client& client) {
  if (client.host() == nullptr) return;
  // One's own reply is still sent.
  client.host()->Close(client, /*after_replies=*/&client == &ctx.client());
}

// CLIENT KILL ip:port, the form from before there were options.
void KillByAddress(CommandContext& ctx, std::string_view address) {
  bool found = false;
  ctx.family<ClientFamily>().clients.ForEach([&](Client& client) {
    if (client.address != address) return;
    Close(ctx, client);
    found = true;
  });
  if (!found) return ctx.reply().Error("ERR No such client");
  ctx.reply().Ok();
}

// The end of a pause in wall time; nothing, with the error replied.
std::optional<int64_t> PauseEnd(CommandContext& ctx, std::string_view word) {
  const std::optional<int64_t> millis = ParseInt64(word);
  int64_t end = 0;
  if (!millis.has_value()) {
    ctx.reply().Error(errors::kTimeoutNotInteger);
    return std::nullopt;
  }
  if (*millis < 0) {
    ctx.reply().Error(errors::kTimeoutNegative);
    return std::nullopt;
  }
  if (__builtin_add_overflow(*millis, ctx.now_ms(), &end)) {
    ctx.reply().Error("ERR timeout is out of range");
    return std::nullopt;
  }
  return end;
}

}  // namespace

void ClientInfo(CommandContext& ctx, Args) {
  // The line shows the command that is running, as in a list.
  ctx.client().last_command = &ctx.command();
  ctx.reply().Verbatim("txt", LineOf(ctx, ctx.client()));
}

void ClientList(CommandContext& ctx, Args args) {
  const absl::StatusOr<ClientFilter> filter = FilterOf(ctx, args.subspan(2));
  if (!filter.ok()) return ctx.reply().Error(filter.status());
  ctx.client().last_command = &ctx.command();
  std::string text;
  ctx.family<ClientFamily>().clients.ForEach([&](Client& client) {
    if (&client == &ctx.client() && filter->skip_me.value_or(false)) return;
    if (filter->Matches(client, ctx.now_ms())) text += LineOf(ctx, client);
  });
  ctx.reply().Verbatim("txt", text);
}

void ClientKill(CommandContext& ctx, Args args) {
  if (args.size() == 3) return KillByAddress(ctx, args[2]);
  const absl::StatusOr<ClientFilter> filter = FilterOf(ctx, args.subspan(2));
  if (!filter.ok()) return ctx.reply().Error(filter.status());
  int64_t killed = 0;
  ctx.family<ClientFamily>().clients.ForEach([&](Client& client) {
    if (&client == &ctx.client() && filter->skip_me.value_or(true)) return;
    if (!filter->Matches(client, ctx.now_ms())) return;
    Close(ctx, client);
    ++killed;
  });
  ctx.reply().Integer(killed);
}

void ClientPause(CommandContext& ctx, Args args) {
  Pause::Kind kind = Pause::Kind::kAll;
  if (args.size() > 4) return ctx.reply().Error(SubcommandSyntax("client", args[1]));
  if (args.size() == 4) {
    if (EqualsIgnoreCase(args[3], "write")) {
      kind = Pause::Kind::kWrite;
    } else if (!EqualsIgnoreCase(args[3], "all")) {
      return ctx.reply().Error(kPauseMode);
    }
  }
  const std::optional<int64_t> end = PauseEnd(ctx, args[2]);
  if (!end.has_value()) return;
  ctx.engine().pause.Start(Pause::Purpose::kClients, kind, *end, ctx.now_ms());
  FollowPause(ctx.engine());
  ctx.reply().Ok();
}

void ClientUnpause(CommandContext& ctx, Args) {
  ctx.engine().pause.Lift(Pause::Purpose::kClients);
  FollowPause(ctx.engine());
  ctx.engine().parking.Release(
      [](const ParkingLot::Place& place) { return place.reason == ParkReason::kPause; });
  ctx.reply().Ok();
}

void ClientUnblock(CommandContext& ctx, Args args) {
  bool with_error = false;
  if (args.size() > 4) return ctx.reply().Error(SubcommandSyntax("client", args[1]));
  if (args.size() == 4) {
    with_error = EqualsIgnoreCase(args[3], "error");
    if (!with_error && !EqualsIgnoreCase(args[3], "timeout")) {
      return ctx.reply().Error(kUnblockReason);
    }
  }
  const std::optional<int64_t> id = ParseInt64(args[2]);
  if (!id.has_value()) return ctx.reply().Error(errors::kNotInteger);
  Client* client = ctx.family<ClientFamily>().clients.Find(static_cast<uint64_t>(*id));
  const bool unblocked = client != nullptr && ctx.engine().blocked.Unblock(*client, with_error);
  ctx.reply().Integer(unblocked ? 1 : 0);
}

}  // namespace slotmesh::node
