// CLIENT's subcommands about one's own connection.
#include "node/commands/client_handlers.h"
#include "node/commands/connection.h"
#include "node/commands/help.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// ON or OFF; nothing, with the error replied, for any other word.
std::optional<bool> OnOrOff(CommandContext& ctx, std::string_view word) {
  if (EqualsIgnoreCase(word, "on")) return true;
  if (EqualsIgnoreCase(word, "off")) return false;
  ctx.reply().Error(errors::kSyntax);
  return std::nullopt;
}

}  // namespace

void ClientId(CommandContext& ctx, Args) {
  ctx.reply().Integer(static_cast<int64_t>(ctx.client().id()));
}

void ClientGetName(CommandContext& ctx, Args) {
  if (ctx.client().name.empty()) return ctx.reply().Null();
  ctx.reply().Bulk(ctx.client().name);
}

void ClientSetName(CommandContext& ctx, Args args) {
  if (!IsClientName(args[2])) return ctx.reply().Error(errors::kClientNameInvalid);
  ctx.client().name = std::string(args[2]);
  ctx.reply().Ok();
}

void ClientSetInfo(CommandContext& ctx, Args args) {
  std::string* field = nullptr;
  if (EqualsIgnoreCase(args[2], "lib-name")) {
    field = &ctx.client().lib_name;
  } else if (EqualsIgnoreCase(args[2], "lib-ver")) {
    field = &ctx.client().lib_version;
  } else {
    return ctx.reply().Error(StrCat("ERR Unrecognized option '", args[2], "'"));
  }
  if (!IsClientName(args[3])) {
    return ctx.reply().Error(
        StrCat("ERR ", args[2], " cannot contain spaces, newlines or special characters."));
  }
  *field = std::string(args[3]);
  ctx.reply().Ok();
}

void ClientReplyMode(CommandContext& ctx, Args args) {
  Client& client = ctx.client();
  if (EqualsIgnoreCase(args[2], "on")) {
    client.reply_mode = ReplyMode::kOn;
    ctx.reply().Ok();
  } else if (EqualsIgnoreCase(args[2], "off")) {
    client.reply_mode = ReplyMode::kOff;
  } else if (EqualsIgnoreCase(args[2], "skip")) {
    if (client.reply_mode != ReplyMode::kOff) client.reply_mode = ReplyMode::kSkipNext;
  } else {
    ctx.reply().Error(errors::kSyntax);
  }
}

void ClientWriteSafety(CommandContext& ctx, Args args) {
  if (EqualsIgnoreCase(args[2], "async")) {
    ctx.client().write_safety = SafetyChoice::kAsync;
  } else if (!EqualsIgnoreCase(args[2], "synced")) {
    return ctx.reply().Error(errors::kSyntax);
  } else if (ctx.engine().gate == nullptr) {
    return ctx.reply().Error(errors::kSyncedNeedsCluster);
  } else {
    ctx.client().write_safety = SafetyChoice::kSynced;
  }
  ctx.reply().Ok();
}

void ClientNoEvict(CommandContext& ctx, Args args) {
  const std::optional<bool> on = OnOrOff(ctx, args[2]);
  if (!on.has_value()) return;
  ctx.client().no_evict = *on;
  ctx.reply().Ok();
}

void ClientNoTouch(CommandContext& ctx, Args args) {
  const std::optional<bool> on = OnOrOff(ctx, args[2]);
  if (!on.has_value()) return;
  ctx.client().no_touch = *on;
  ctx.reply().Ok();
}

void ClientCapa(CommandContext& ctx, Args args) {
  // Capabilities that are not known here are meant for newer servers.
  for (const std::string_view capability : args.subspan(2)) {
    if (EqualsIgnoreCase(capability, "redirect")) ctx.client().understands_redirect = true;
  }
  ctx.reply().Ok();
}

void ClientImportSource(CommandContext& ctx, Args args) {
  if (!ctx.engine().config.import_mode) {
    return ctx.reply().Error("ERR Server is not in import mode");
  }
  const std::optional<bool> on = OnOrOff(ctx, args[2]);
  if (!on.has_value()) return;
  ctx.client().import_source = *on;
  ctx.reply().Ok();
}

void ClientHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "CACHING (YES|NO)",
      "    Whether the next command's keys are tracked (OPTIN and OPTOUT modes).",
      "CAPA <option> [<option> ...]",
      "    Says what this client understands. 'redirect': it follows redirections.",
      "GETNAME",
      "    The name of this connection.",
      "GETREDIR",
      "    The client that tracking messages of this one go to; -1 without tracking.",
      "ID",
      "    The id of this connection.",
      "IMPORT-SOURCE (ON|OFF)",
      "    Marks this connection as the source of an import.",
      "INFO",
      "    This connection as CLIENT LIST shows it.",
      "KILL <ip:port>",
      "    Closes the connection from that address.",
      "KILL <option> <value> [<option> <value> [...]]",
      "    Closes the connections that match every option, and says how many:",
      "    ID <id> [<id> ...], TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB), USER <name>,",
      "    ADDR <ip:port>, LADDR <ip:port>, MAXAGE <seconds>; SKIPME (YES|NO) says",
      "    whether this connection is left alone (default: yes).",
      "LIST [<option> <value> ...]",
      "    All connections, or those that match every option (see KILL).",
      "NO-EVICT (ON|OFF)",
      "    Keeps this connection when memory is short.",
      "NO-TOUCH (ON|OFF)",
      "    With ON, this connection's commands do not count as uses of keys.",
      "PAUSE <timeout> [WRITE|ALL]",
      "    Lets all commands, or writes, wait for <timeout> milliseconds.",
      "REPLY (ON|OFF|SKIP)",
      "    Whether this connection gets replies.",
      "SETINFO <option> <value>",
      "    Names the client's library: lib-name, lib-ver.",
      "SETNAME <name>",
      "    Names this connection.",
      "TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
      "         [OPTIN] [OPTOUT] [NOLOOP]",
      "    Messages about keys that this connection may hold and that have changed.",
      "TRACKINGINFO",
      "    The state of tracking for this connection.",
      "UNBLOCK <client-id> [TIMEOUT|ERROR]",
      "    Ends the wait of a blocked client.",
      "UNPAUSE",
      "    Ends a pause at once.",
      "WRITE-SAFETY (ASYNC|SYNCED)",
      "    Whether this connection's replies wait for the in-sync replicas.",
  };
  ReplyHelp(ctx.reply(), "CLIENT", kLines);
}

}  // namespace slotmesh::node
