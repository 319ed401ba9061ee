#include "node/commands/connection.h"

#include <algorithm>
#include <optional>
#include <string>

#include "node/command/access_control.h"
#include "node/command/command_context.h"
#include "node/command/server_observer.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using slots::KeySpec;

void Ping(CommandContext& ctx, Args args) {
  if (args.size() > 2) return ctx.reply().Error(WrongArity("ping"));
  if (ctx.client().subscriptions != nullptr && !ctx.reply().resp3()) {
    // In the form of a message: that is what a subscriber reads.
    const std::string_view words[] = {"pong", args.size() == 2 ? args[1] : ""};
    return ctx.reply().BulkStrings(words);
  }
  if (args.size() == 2) return ctx.reply().Bulk(args[1]);
  ctx.reply().Simple("PONG");
}

void Echo(CommandContext& ctx, Args args) { ctx.reply().Bulk(args[1]); }

void Select(CommandContext& ctx, Args args) {
  const std::optional<int64_t> index = ParseInt64(args[1]);
  if (!index.has_value()) return ctx.reply().Error(errors::kNotInteger);
  if (*index < INT32_MIN || *index > INT32_MAX) {
    return ctx.reply().Error(
        "ERR value is out of range, value must between -2147483648 and 2147483647");
  }
  if (*index < 0 || *index >= ctx.keyspace().database_count()) {
    return ctx.reply().Error(errors::kDbIndexOutOfRange);
  }
  ctx.client().database = static_cast<int>(*index);
  ctx.reply().Ok();
}

void Quit(CommandContext& ctx, Args) {
  ctx.reply().Ok();
  ctx.client().close_after_reply = true;
}

void Reset(CommandContext& ctx, Args) {
  Client& client = ctx.client();
  ctx.family<ConnectionFamily>().dispatcher.DiscardTransaction(client);
  ctx.engine().messages.Forget(client);
  client.database = 0;
  client.readonly = client.asking = client.no_evict = client.no_touch = false;
  client.reply_mode = ReplyMode::kOn;
  client.write_safety = SafetyChoice::kServers;
  client.name.clear();
  Tell(ctx.engine(), &ServerObserver::OnUserChange, client);
  ctx.engine().access.Welcome(client);
  client.reply().set_protocol(Protocol::kResp2);
  ctx.reply().Simple("RESET");
}

// Logs the client in, or writes why not. A module may take its time: the request then runs again.
bool Authenticate(CommandContext& ctx, Args args, std::string_view user,
                  std::string_view password) {
  std::string error;
  switch (ctx.engine().access.LogIn(ctx, args, user, password, &error)) {
    case Authenticator::Outcome::kDone:
      return true;
    case Authenticator::Outcome::kNotMine:
    case Authenticator::Outcome::kRefused:
      ctx.reply().Error(error);
      return false;
    case Authenticator::Outcome::kAnswered:
      return false;
  }
  return false;
}

void Auth(CommandContext& ctx, Args args) {
  for (size_t i = 1; i < args.size(); ++i) ctx.Redact(i);
  if (args.size() > 3) return ctx.reply().Error(errors::kSyntax);
  if (args.size() == 2 && ctx.engine().access.users().default_user().needs_no_password()) {
    return ctx.reply().Error(errors::kAuthWithoutPassword);
  }
  const std::string_view user = args.size() == 3 ? args[1] : kDefaultUserName;
  if (Authenticate(ctx, args, user, args.back())) ctx.reply().Ok();
}

struct HelloArgs {
  std::optional<Protocol> protocol;
  std::optional<std::pair<std::string_view, std::string_view>> login;
  std::optional<std::string_view> name;
};

// Absent when the refusal is in the reply.
std::optional<HelloArgs> ParseHello(CommandContext& ctx, Args args) {
  HelloArgs hello;
  if (args.size() < 2) return hello;
  const std::optional<int64_t> version = ParseInt64(args[1]);
  if (!version.has_value()) {
    ctx.reply().Error(errors::kProtocolNotInteger);
    return std::nullopt;
  }
  if (*version != 2 && *version != 3) {
    ctx.reply().Error(errors::kNoProto);
    return std::nullopt;
  }
  hello.protocol = static_cast<Protocol>(*version);
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t left = args.size() - i - 1;
    if (EqualsIgnoreCase(args[i], "AUTH") && left >= 2) {
      hello.login.emplace(args[i + 1], args[i + 2]);
      ctx.Redact(i + 1);
      ctx.Redact(i + 2);
      i += 2;
    } else if (EqualsIgnoreCase(args[i], "SETNAME") && left >= 1) {
      hello.name = args[++i];
      if (!IsClientName(*hello.name)) {
        ctx.reply().Error(errors::kClientNameInvalid);
        return std::nullopt;
      }
    } else {
      ctx.reply().Error(StrCat("Syntax error in HELLO option '", args[i], "'"));
      return std::nullopt;
    }
  }
  return hello;
}

void Hello(CommandContext& ctx, Args args) {
  const std::optional<HelloArgs> hello = ParseHello(ctx, args);
  if (!hello.has_value()) return;
  if (hello->login.has_value() &&
      !Authenticate(ctx, args, hello->login->first, hello->login->second)) {
    return;
  }
  Client& client = ctx.client();
  if (!client.authenticated && ctx.engine().access.default_needs_login())
    return ctx.reply().Error(errors::kHelloNoAuth);
  if (hello->name.has_value()) client.name = std::string(*hello->name);
  Reply& reply = ctx.reply();
  if (hello->protocol.has_value()) reply.set_protocol(*hello->protocol);
  const std::string_view zone = ctx.engine().config.availability_zone;
  reply.Map(zone.empty() ? 7 : 8);
  reply.Bulk("server");
  reply.Bulk("redis");
  reply.Bulk("version");
  reply.Bulk(kCompatibleVersion);
  reply.Bulk("proto");
  reply.Integer(static_cast<int>(reply.protocol()));
  reply.Bulk("id");
  reply.Integer(static_cast<int64_t>(client.id()));
  reply.Bulk("mode");
  reply.Bulk(ctx.engine().gate != nullptr ? "cluster" : "standalone");
  reply.Bulk("role");
  reply.Bulk(ctx.engine().replication.is_replica ? "replica" : "master");
  reply.Bulk("modules");
  reply.EmptyArray();
  if (zone.empty()) return;
  reply.Bulk("availability_zone");
  reply.Bulk(zone);
}

// ASKING, READONLY and READWRITE mean something in a cluster only.
bool RefusedOutsideCluster(CommandContext& ctx) {
  if (ctx.engine().gate != nullptr) return false;
  ctx.reply().Error(errors::kClusterDisabled);
  return true;
}

void Asking(CommandContext& ctx, Args) {
  if (RefusedOutsideCluster(ctx)) return;
  ctx.client().asking = ctx.client().asking_fresh = true;
  ctx.reply().Ok();
}

// Who understands REDIRECT has something to say with it outside of a cluster, too.
bool RefusedWithoutRedirect(CommandContext& ctx) {
  return !ctx.client().understands_redirect && RefusedOutsideCluster(ctx);
}

void ReadOnly(CommandContext& ctx, Args) {
  if (RefusedWithoutRedirect(ctx)) return;
  ctx.client().readonly = true;
  ctx.reply().Ok();
}

void ReadWrite(CommandContext& ctx, Args) {
  if (RefusedWithoutRedirect(ctx)) return;
  ctx.client().readonly = false;
  ctx.reply().Ok();
}

constexpr Flag kAnytime = Flag::kLoading | Flag::kStale | Flag::kFast;
constexpr Flag kBeforeAuth = kAnytime | Flag::kNoScript | Flag::kNoAuth | Flag::kAllowBusy;

constexpr CommandSpec kRows[] = {
    {.name = "ping",
     .handler = &Ping,
     .arity = Arity::AtLeast(1),
     .flags = Flag::kFast | Flag::kSentinel | Flag::kWhileSubscribed,
     .acl = Acl::kConnection,
     .tips = {"request_policy:all_shards", "response_policy:all_succeeded"},
     .group = "connection",
     .since = "1.0.0",
     .summary = "Answers, to show that the server is there.",
     .complexity = "O(1)",
     .arguments = "[message]"},
    {.name = "echo",
     .handler = &Echo,
     .arity = Arity::Exactly(2),
     .flags = kAnytime,
     .acl = Acl::kConnection,
     .group = "connection",
     .since = "1.0.0",
     .summary = "Gives back what it was given.",
     .complexity = "O(1)",
     .arguments = "message"},
    {.name = "select",
     .handler = &Select,
     .arity = Arity::Exactly(2),
     .flags = kAnytime,
     .acl = Acl::kConnection,
     .group = "connection",
     .since = "1.0.0",
     .summary = "Chooses the database that this connection works on.",
     .complexity = "O(1)",
     .arguments = "index:integer"},
    {.name = "quit",
     .handler = &Quit,
     .arity = Arity::AtLeast(1),
     .flags = kBeforeAuth | Flag::kDeprecated | Flag::kWhileSubscribed,
     .acl = Acl::kConnection,
     .group = "connection",
     .since = "1.0.0",
     .summary = "Ends the connection once everything before is answered.",
     .complexity = "O(1)",
     .deprecated_since = "7.2.0",
     .replaced_by = "just closing the connection"},
    {.name = "reset",
     .handler = &Reset,
     .arity = Arity::Exactly(1),
     .flags = kBeforeAuth | Flag::kTransactionControl | Flag::kWhileSubscribed,
     .acl = Acl::kConnection,
     .group = "connection",
     .since = "6.2.0",
     .summary = "Brings the connection back to how it was when it was new.",
     .complexity = "O(1)"},
    {.name = "hello",
     .handler = &Hello,
     .arity = Arity::AtLeast(1),
     .flags = kBeforeAuth | Flag::kSentinel,
     .acl = Acl::kConnection,
     .group = "connection",
     .since = "6.0.0",
     .summary = "Agrees on the protocol version, logs in and names the connection.",
     .complexity = "O(1)",
     .history = {{"8.1.0", "The reply may name the availability zone."},
                 {"6.2.0", "The protocol version may be left out to ask for the state only."}},
     .arguments = "[arguments(protover:integer [AUTH=auth(username password)] "
                  "[SETNAME=clientname])]"},
    {.name = "auth",
     .handler = &Auth,
     .arity = Arity::AtLeast(2),
     .flags = kBeforeAuth | Flag::kSentinel,
     .acl = Acl::kConnection,
     .group = "connection",
     .since = "1.0.0",
     .summary = "Logs the connection in.",
     .complexity = "O(N) where N is the number of passwords defined for the user",
     .history = {{"6.0.0", "Takes a user name before the password."}},
     .arguments = "[username@6.0.0] password"},
    {.name = "asking",
     .handler = &Asking,
     .arity = Arity::Exactly(1),
     .flags = Flag::kFast,
     .acl = Acl::kConnection,
     .group = "cluster",
     .since = "3.0.0",
     .summary = "Says that the next command follows an ASK redirect.",
     .complexity = "O(1)"},
    {.name = "readonly",
     .handler = &ReadOnly,
     .arity = Arity::Exactly(1),
     .flags = kAnytime,
     .acl = Acl::kConnection,
     .group = "cluster",
     .since = "3.0.0",
     .summary = "Lets a replica answer this connection's reads.",
     .complexity = "O(1)"},
    {.name = "readwrite",
     .handler = &ReadWrite,
     .arity = Arity::Exactly(1),
     .flags = kAnytime,
     .acl = Acl::kConnection,
     .group = "cluster",
     .since = "3.0.0",
     .summary = "Ends READONLY: a replica redirects this connection's reads again.",
     .complexity = "O(1)"},
};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> ConnectionCommands() { return kRows; }

bool IsClientName(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace slotmesh::node
