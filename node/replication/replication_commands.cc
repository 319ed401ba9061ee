// What clients and other nodes ask of replication.
#include <optional>

#include "node/command/command_context.h"
#include "node/command/script_run.h"
#include "node/replication/replication.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {

namespace {

constexpr int64_t kPortMax = 65535;
constexpr std::string_view kInCluster = "ERR REPLICAOF not allowed in cluster mode.";
constexpr std::string_view kNotOfReplica =
    "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a "
    "replica is configured to be writable (which is not the default) writes to replicas are just "
    "local and are not propagated.";
constexpr std::string_view kAofNotOfReplica =
    "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas "
    "are just local and are not propagated.";
constexpr std::string_view kNoLink = "NOMASTERLINK Can't SYNC while not connected with my master";

std::string_view LinkStateName(PrimaryLink::State state) {
  switch (state) {
    case PrimaryLink::State::kConnect:
      return "connect";
    case PrimaryLink::State::kConnecting:
      return "connecting";
    case PrimaryLink::State::kHandshake:
      return "handshake";
    case PrimaryLink::State::kReceiving:
    case PrimaryLink::State::kLoading:
      return "sync";
    case PrimaryLink::State::kConnected:
      return "connected";
  }
  return "unknown";
}

void Role(CommandContext& ctx, Args) {
  auto& replication = ctx.family<Replication>();
  Reply& reply = ctx.reply();
  const PrimaryLink* link = replication.link();
  if (link != nullptr) {
    reply.Array(5);
    reply.Bulk("slave");
    reply.Bulk(link->host());
    reply.Integer(link->port());
    reply.Bulk(LinkStateName(link->state()));
    return reply.Integer(link->connected() ? static_cast<int64_t>(ctx.engine().journal.offset())
                                           : -1);
  }
  const Replicas& replicas = replication.replicas();
  reply.Array(3);
  reply.Bulk("master");
  reply.Integer(replicas.streaming() ? static_cast<int64_t>(ctx.engine().journal.offset()) : 0);
  std::vector<const Replica*> online;
  for (const Replica* replica : replicas.List()) {
    if (replica->state() == Replica::State::kOnline) online.push_back(replica);
  }
  reply.Array(online.size());
  for (const Replica* replica : online) {
    reply.Array(3);
    reply.Bulk(AddressOfReplica(*replica).host);
    reply.Bulk(StrCat(replica->options().port));
    reply.Bulk(StrCat(replica->acknowledged()));
  }
}

void ReplicaOf(CommandContext& ctx, Args args) {
  if (ctx.engine().gate != nullptr) return ctx.reply().Error(kInCluster);
  auto& replication = ctx.family<Replication>();
  if (replication.failover().under_way()) {
    return ctx.reply().Error("ERR REPLICAOF not allowed while failing over.");
  }
  if (EqualsIgnoreCase(args[1], "no") && EqualsIgnoreCase(args[2], "one")) {
    replication.FollowNobodyBySetting();
    return ctx.reply().Ok();
  }
  if (ctx.client().is_replica) {
    return ctx.reply().Error("ERR Command is not valid when client is a replica.");
  }
  const std::optional<int64_t> port = ParseInt64(args[2]);
  if (!port.has_value() || *port < 0 || *port > kPortMax) {
    return ctx.reply().Error("ERR Invalid master port");
  }
  if (!replication.FollowBySetting(std::string(args[1]), static_cast<uint16_t>(*port))) {
    return ctx.reply().Simple("OK Already connected to specified master");
  }
  ctx.reply().Ok();
}

// The deadline in wall time, BlockedClients::kNoDeadline for 0; nothing, with the error replied.
std::optional<int64_t> Deadline(CommandContext& ctx, std::string_view word) {
  const std::optional<int64_t> millis = ParseInt64(word);
  int64_t deadline = 0;
  if (!millis.has_value()) {
    ctx.reply().Error(errors::kTimeoutNotInteger);
  } else if (*millis < 0) {
    ctx.reply().Error(errors::kTimeoutNegative);
  } else if (*millis == 0) {
    return BlockedClients::kNoDeadline;
  } else if (__builtin_add_overflow(*millis, ctx.now_ms(), &deadline)) {
    ctx.reply().Error("ERR timeout is out of range");
  } else {
    return deadline;
  }
  return std::nullopt;
}

void WaitFor(CommandContext& ctx, const AckWish& wish, int64_t deadline) {
  Replicas& replicas = ctx.family<Replication>().replicas();
  const AckCounts counts = replicas.waits().CountNow(wish);
  if (AckWaits::IsMet(wish, counts) || !ctx.may_block()) {
    return AckWaits::Reply(ctx.client(), wish, counts);
  }
  replicas.waits().Wait(ctx.client(), wish, deadline);
  replicas.AskForAcks();
}

// What the one who asks has written; a script asks for its caller.
uint64_t WrittenUpTo(CommandContext& ctx) {
  const ScriptRun* script = ctx.engine().script;
  return script != nullptr ? script->caller->write_offset : ctx.client().write_offset;
}

void Wait(CommandContext& ctx, Args args) {
  if (ctx.engine().replication.is_replica) return ctx.reply().Error(kNotOfReplica);
  const std::optional<int64_t> replicas = ParseInt64(args[1]);
  if (!replicas.has_value()) return ctx.reply().Error(errors::kNotInteger);
  const std::optional<int64_t> deadline = Deadline(ctx, args[2]);
  if (!deadline.has_value()) return;
  WaitFor(ctx, {.offset = WrittenUpTo(ctx), .replicas = *replicas}, *deadline);
}

void WaitAof(CommandContext& ctx, Args args) {
  const std::optional<int64_t> local = ParseInt64(args[1]);
  const std::optional<int64_t> replicas = ParseInt64(args[2]);
  if (!local.has_value() || *local < 0 || *local > 1) {
    return ctx.reply().Error("ERR value is out of range, value must between 0 and 1");
  }
  if (!replicas.has_value() || *replicas < 0) return ctx.reply().Error(errors::kMustBePositive);
  const std::optional<int64_t> deadline = Deadline(ctx, args[3]);
  if (!deadline.has_value()) return;
  if (ctx.engine().replication.is_replica) return ctx.reply().Error(kAofNotOfReplica);
  if (*local > 0 && !ctx.engine().config.appendonly) return ctx.reply().Error(AckWaits::kNoAof);
  WaitFor(
      ctx,
      {.offset = WrittenUpTo(ctx), .replicas = *replicas, .on_disk = true, .here_too = *local > 0},
      *deadline);
}

// One option that a replica states of itself. False, with the error replied, if it is wrong.
bool SetOption(CommandContext& ctx, Replica::Options& options, std::string_view name,
               std::string_view value) {
  if (EqualsIgnoreCase(name, "listening-port")) {
    const std::optional<int64_t> port = ParseInt64(value);
    if (!port.has_value()) {
      ctx.reply().Error(errors::kNotInteger);
      return false;
    }
    options.port = *port;
  } else if (EqualsIgnoreCase(name, "ip-address")) {
    constexpr size_t kAddressMax = 255;
    if (value.size() > kAddressMax) {
      ctx.reply().Error(StrCat("ERR REPLCONF ip-address provided by replica instance is too long: ",
                               value.size(), " bytes"));
      return false;
    }
    options.address = value;
  } else if (EqualsIgnoreCase(name, "capa")) {
    // Unknown ones are for newer primaries.
    if (EqualsIgnoreCase(value, "eof")) options.takes_stream = true;
    if (EqualsIgnoreCase(value, "psync2")) options.knows_psync2 = true;
  } else if (EqualsIgnoreCase(name, "rdb-only")) {
    const std::optional<int64_t> on = ParseInt64(value);
    if (!on.has_value() || *on < 0 || *on > 1) {
      ctx.reply().Error("ERR value is out of range, must be positive");
      return false;
    }
    options.only_file = *on == 1;
  } else if (!EqualsIgnoreCase(name, "version")) {
    ctx.reply().Error(StrCat("ERR Unrecognized REPLCONF option: ", name));
    return false;
  }
  return true;
}

// ACK <offset> [FACK <offset on disk>]: has no reply.
void Acknowledge(CommandContext& ctx, Args words) {
  auto& replication = ctx.family<Replication>();
  Replica* replica = replication.replicas().Find(ctx.client());
  if (replica == nullptr || !ctx.client().is_replica) return;
  const std::optional<int64_t> offset = ParseInt64(words[1]);
  if (!offset.has_value() || *offset < 0) return;
  std::optional<int64_t> synced;
  if (words.size() > 3 && EqualsIgnoreCase(words[2], "fack")) synced = ParseInt64(words[3]);
  const Failover& failover = replication.failover();
  replication.replicas().Acknowledge(
      *replica, static_cast<uint64_t>(*offset),
      static_cast<uint64_t>(std::max<int64_t>(0, synced.value_or(0))));
  if (failover.under_way()) replication.failover().Tick();
}

void MakeWay(CommandContext& ctx) {
  auto& replication = ctx.family<Replication>();
  const Replica* replica = replication.replicas().Find(ctx.client());
  if (replica == nullptr || !ctx.client().is_replica || ctx.engine().gate == nullptr) return;
  const std::string error = replication.failover().Begin(
      {.target = AddressOfReplica(*replica),
       .timeout_ms = ctx.engine().config.cluster_manual_failover_timeout});
  if (!error.empty()) replication.NoteRefusal(error);
}

void ReplConf(CommandContext& ctx, Args args) {
  auto& replication = ctx.family<Replication>();
  if (args.size() % 2 == 0) return ctx.reply().Error(errors::kSyntax);
  if (args.size() > 1 && EqualsIgnoreCase(args[1], "ack")) {
    return Acknowledge(ctx, args.subspan(1));
  }
  // Of this cluster's replicas only; like all that comes on a link, it has no reply.
  if (args.size() > 1 && EqualsIgnoreCase(args[1], "make-way")) return MakeWay(ctx);
  // A stream's: what this node would say to its own primary is said elsewhere.
  if (args.size() > 1 && EqualsIgnoreCase(args[1], "getack")) return;
  if (ctx.client().host() == nullptr) return ctx.reply().Ok();
  Replica& replica = replication.replicas().Of(ctx.client());
  for (size_t i = 1; i < args.size(); i += 2) {
    if (!SetOption(ctx, replica.options(), args[i], args[i + 1])) return;
  }
  ctx.reply().Ok();
}

// False, with the reply given, if this client or this node cannot.
bool MaySync(CommandContext& ctx) {
  if (ctx.client().is_replica) return false;
  auto& replication = ctx.family<Replication>();
  const bool waits = replication.link() != nullptr && !replication.link()->connected();
  if (waits || !replication.gives_copies()) {
    ctx.reply().Error(kNoLink);
    return false;
  }
  if (!ctx.client().output.empty()) {
    ctx.reply().Error("ERR SYNC and PSYNC are invalid with pending output");
    return false;
  }
  return true;
}

void Sync(CommandContext& ctx, Args) {
  if (!MaySync(ctx)) return;
  Replicas& replicas = ctx.family<Replication>().replicas();
  Replica& replica = replicas.Of(ctx.client());
  replica.options().old_style = true;
  replicas.Sync(replica, "", std::nullopt);
}

// PSYNC id offset FAILOVER: the primary makes way for this node. False, with the error replied, if
// it does not follow that one.
bool TakeOver(CommandContext& ctx, std::string_view history) {
  auto& replication = ctx.family<Replication>();
  if (replication.link() == nullptr || history != replication.replicas().history().id) {
    ctx.reply().Error("ERR PSYNC FAILOVER replid must match my replid.");
    return false;
  }
  replication.FollowNobodyBySetting();
  return true;
}

void Psync(CommandContext& ctx, Args args) {
  if (args.size() > 3 && EqualsIgnoreCase(args[3], "failover")) {
    if (!TakeOver(ctx, args[1])) return;
  }
  if (!MaySync(ctx)) return;
  const std::optional<int64_t> next = ParseInt64(args[2]);
  if (!next.has_value()) return ctx.reply().Error(errors::kNotInteger);
  Replicas& replicas = ctx.family<Replication>().replicas();
  std::optional<uint64_t> offset;
  if (args[1] != "?" && *next > 0) offset = static_cast<uint64_t>(*next - 1);
  replicas.Sync(replicas.Of(ctx.client()), args[1], offset);
}

// Nothing, with the error replied, if the words are not FAILOVER's.
std::optional<Failover::Request> ParseFailover(CommandContext& ctx, Args args) {
  Failover::Request request;
  for (size_t i = 1; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "timeout") && i + 1 < args.size() && request.timeout_ms == 0) {
      const std::optional<int64_t> timeout = ParseInt64(args[++i]);
      if (!timeout.has_value()) {
        ctx.reply().Error(errors::kNotInteger);
        return std::nullopt;
      }
      if (*timeout <= 0) {
        ctx.reply().Error("ERR FAILOVER timeout must be greater than 0");
        return std::nullopt;
      }
      request.timeout_ms = *timeout;
    } else if (EqualsIgnoreCase(args[i], "to") && i + 2 < args.size() &&
               !request.target.has_value()) {
      const std::optional<int64_t> port = ParseInt64(args[i + 2]);
      if (!port.has_value()) {
        ctx.reply().Error(errors::kNotInteger);
        return std::nullopt;
      }
      request.target = {std::string(args[i + 1]), static_cast<uint16_t>(*port)};
      i += 2;
    } else if (EqualsIgnoreCase(args[i], "force") && !request.force) {
      request.force = true;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return std::nullopt;
    }
  }
  return request;
}

void FailoverCommand(CommandContext& ctx, Args args) {
  if (ctx.engine().gate != nullptr) {
    return ctx.reply().Error("ERR FAILOVER not allowed in cluster mode.");
  }
  Failover& failover = ctx.family<Replication>().failover();
  if (args.size() == 2 && EqualsIgnoreCase(args[1], "abort")) {
    if (!failover.under_way()) return ctx.reply().Error("ERR No failover in progress.");
    failover.Abort("Failover manually aborted");
    return ctx.reply().Ok();
  }
  const std::optional<Failover::Request> request = ParseFailover(ctx, args);
  if (!request.has_value()) return;
  const std::string error = failover.Begin(*request);
  if (!error.empty()) return ctx.reply().Error(error);
  ctx.reply().Ok();
}

constexpr Flag kSyncFlags = Flag::kNoAsyncLoading | Flag::kAdmin | Flag::kNoMulti | Flag::kNoScript;
constexpr Flag kFollowFlags = Flag::kNoAsyncLoading | Flag::kAdmin | Flag::kNoScript | Flag::kStale;

constexpr CommandSpec kRows[] = {
    {
        .name = "failover",
        .handler = &FailoverCommand,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kAdmin | Flag::kNoScript | Flag::kStale,
        .group = "server",
        .since = "6.2.0",
        .summary = "Hands the role of the primary to a replica.",
        .complexity = "O(1)",
        .arguments = "[TO=target(host port:integer [!FORCE])] [!ABORT] "
                     "[TIMEOUT=milliseconds:integer]",
    },
    {
        .name = "psync",
        .handler = &Psync,
        .arity = Arity::AtLeast(3),
        .flags = kSyncFlags,
        .group = "server",
        .since = "2.8.0",
        .summary = "What replicas ask for: the stream, from where they are.",
        .complexity = "O(N) in the bytes that are missing, or in the data for a full copy",
        .arguments = "replicationid offset:integer",
    },
    {
        .name = "replconf",
        .handler = &ReplConf,
        .arity = Arity::AtLeast(1),
        .flags = Flag::kAdmin | Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kAllowBusy |
                 Flag::kSysCmd,
        .group = "server",
        .since = "3.0.0",
        .summary = "What replicas say of themselves.",
        .complexity = "O(1)",
    },
    {
        .name = "replicaof",
        .handler = &ReplicaOf,
        .arity = Arity::Exactly(3),
        .flags = kFollowFlags,
        .group = "server",
        .since = "5.0.0",
        .summary = "Makes the server a replica of another one, or a primary.",
        .complexity = "O(1)",
        .arguments = "args<host-port(host port:integer)|no-one(!NO !ONE)>",
    },
    {
        .name = "role",
        .handler = &Role,
        .arity = Arity::Exactly(1),
        .flags = Flag::kNoScript | Flag::kLoading | Flag::kStale | Flag::kFast,
        .acl = Acl::kAdmin | Acl::kDangerous,
        .group = "server",
        .since = "2.8.12",
        .summary = "What the server is in replication.",
        .complexity = "O(1)",
    },
    {
        .name = "slaveof",
        .handler = &ReplicaOf,
        .arity = Arity::Exactly(3),
        .flags = kFollowFlags | Flag::kDeprecated,
        .group = "server",
        .since = "1.0.0",
        .summary = "The old name of REPLICAOF.",
        .complexity = "O(1)",
        .deprecated_since = "5.0.0",
        .replaced_by = "`REPLICAOF`",
        .arguments = "args<host-port(host port:integer)|no-one(!NO !ONE)>",
    },
    {
        .name = "sync",
        .handler = &Sync,
        .arity = Arity::Exactly(1),
        .flags = kSyncFlags,
        .group = "server",
        .since = "1.0.0",
        .summary = "The old form of PSYNC: a full copy and then the stream.",
        .complexity = "O(N) where N is the number of keys",
    },
    {
        .name = "wait",
        .handler = &Wait,
        .arity = Arity::Exactly(3),
        .flags = Flag::kBlocking,
        .acl = Acl::kConnection,
        .tips = {"request_policy:all_shards", "response_policy:agg_min"},
        .group = "generic",
        .since = "3.0.0",
        .summary = "Waits until replicas have what this connection wrote.",
        .complexity = "O(1)",
        .arguments = "numreplicas:integer timeout:integer",
    },
    {
        .name = "waitaof",
        .handler = &WaitAof,
        .arity = Arity::Exactly(4),
        .flags = Flag::kBlocking,
        .acl = Acl::kConnection,
        .tips = {"request_policy:all_shards", "response_policy:agg_min"},
        .group = "generic",
        .since = "7.2.0",
        .summary = "Waits until what this connection wrote is on disk.",
        .complexity = "O(1)",
        .arguments = "numlocal:integer numreplicas:integer timeout:integer",
    },
};
static_assert(AllValid(kRows));

}  // namespace

absl::Span<const CommandSpec> ReplicationCommands() { return kRows; }

}  // namespace slotmesh::node
