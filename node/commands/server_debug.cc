// DEBUG: what tests and people who look for faults need. Only where enable-debug-command allows it.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "node/commands/debug_bus.h"
#include "node/commands/debug_protocol.h"
#include "node/commands/digest.h"
#include "node/commands/help.h"
#include "node/commands/local_client.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/keyspace/access_clock.h"
#include "node/keyspace/entry_codec.h"
#include "node/resp/errors.h"
#include "node/resp/glob.h"
#include "node/resp/numbers.h"
#include "node/stats/memory.h"
#include "node/types/list.h"
#include "node/types/list_node.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNotAllowed =
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you "
    "can run it from a local connection, otherwise you need to set this option in the "
    "configuration file, and then restart the server.";
constexpr std::string_view kPackedThreshold =
    "ERR argument must be a memory value bigger than 1 and smaller than 4gb";
constexpr uint64_t kPackedThresholdMax = uint64_t{4} << 30;
constexpr double kMicrosPerSecond = 1e6;
constexpr double kSleepSecondsMax = 86400;
constexpr int64_t kGlobLengthMax = int64_t{1} << 30;

bool IsOn(std::string_view word) { return std::atoi(std::string(word).c_str()) != 0; }

// The entry, expired or not; null, with the error replied, if there is none.
const Entry* FindEntry(CommandContext& ctx, std::string_view key) {
  const Entry* entry = ctx.db().FindRaw(ctx.Hash(key));
  if (entry == nullptr) ctx.reply().Error(errors::kNoSuchKey);
  return entry;
}

void Sleep(CommandContext& ctx, Args args) {
  const double seconds =
      std::clamp(std::strtod(std::string(args[2]).c_str(), nullptr), 0.0, kSleepSecondsMax);
  ctx.family<ServerFamily>().control.Sleep(std::llround(seconds * kMicrosPerSecond));
  ctx.reply().Ok();
}

// Without the type byte and the footer.
size_t SerialisedLength(const Entry& entry) {
  return DumpEntry(entry, /*compress=*/true).size() - 1 - kDumpFooterSize;
}

// What DEBUG OBJECT says of a list that is a chain.
std::string DescribeChain(const List& list, const TypeSettings& settings) {
  size_t bytes = 0;
  for (const ListNode* node = list.head(); node != nullptr; node = node->next) {
    bytes += node->bytes();
  }
  return absl::StrFormat(
      " ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:%d ql_uncompressed_size:%d",
      list.node_count(), static_cast<double>(list.size()) / list.node_count(),
      settings.list_max_listpack_size, settings.list_compress_depth != 0 ? 1 : 0, bytes);
}

void DebugObject(CommandContext& ctx, Args args) {
  if (args.size() == 4 && !EqualsIgnoreCase(args[3], "fast")) {
    return ctx.reply().Error(SubcommandSyntax("debug", args[1]));
  }
  const Entry* entry = FindEntry(ctx, args[2]);
  if (entry == nullptr) return;
  std::string line = absl::StrFormat(
      "Value at:%p refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d", entry,
      std::string(EncodingName(entry->encoding())), SerialisedLength(*entry), entry->access_clock(),
      LruIdleSeconds(entry->access_clock(), ctx.now_ms()));
  if (entry->encoding() == Encoding::kQuicklist) {
    line += DescribeChain(static_cast<const List&>(*entry->object()), ctx.engine().type_settings);
  }
  ctx.reply().Simple(line);
}

void Mallctl(CommandContext& ctx, Args args) {
  std::optional<uint64_t> set;
  if (args.size() == 4) {
    const std::optional<int64_t> value = ParseInt64(args[3]);
    if (!value.has_value()) return ctx.reply().Error(errors::kNotInteger);
    set = static_cast<uint64_t>(*value);
  }
  const std::optional<uint64_t> value = AllocatorNumber(std::string(args[2]), set);
  if (!value.has_value()) return ctx.reply().Error("ERR the allocator has no such number");
  ctx.reply().Integer(static_cast<int64_t>(*value));
}

void MallctlText(CommandContext& ctx, Args args) {
  const std::string name(args[2]);
  if (args.size() == 4 && args[3] == "VOID") {
    if (RunInAllocator(name)) return ctx.reply().Ok();
    return ctx.reply().Error("ERR the allocator does nothing under this name");
  }
  std::optional<std::string> set;
  if (args.size() == 4) set.emplace(args[3]);
  const std::optional<std::string> text = AllocatorText(name, std::move(set));
  if (!text.has_value()) return ctx.reply().Error("ERR the allocator has no such text");
  ctx.reply().Bulk(*text);
}

void RewriteAllSettings(CommandContext& ctx, Args) {
  const absl::Status status = ctx.family<ServerFamily>().settings.Rewrite(RewriteExtent::kAll);
  if (!status.ok()) return ctx.reply().Error(status);
  ctx.reply().Ok();
}

// The words go to files and replicas as a command, whatever they are.
void Replicate(CommandContext& ctx, Args args) {
  ctx.engine().journal.Append({.origin = Origin::kControl, .argv = args.subspan(2)});
  ctx.reply().Ok();
}

void ChangeReplicationId(CommandContext& ctx, Args) {
  ReplicationView* replication = ctx.family<ServerFamily>().replication;
  if (replication != nullptr) replication->ForgetHistory();
  ctx.reply().Ok();
}

// PEAK-RESET-TIME <ms>|NEVER|RESET, RESIZING 0|1.
void ReplyBuffer(CommandContext& ctx, Args args) {
  ServerControl& control = ctx.family<ServerFamily>().control;
  constexpr int64_t kNever = -1;
  if (EqualsIgnoreCase(args[2], "resizing")) {
    control.SetReplyIdle(IsOn(args[3]) ? std::nullopt : std::optional<int64_t>(kNever));
  } else if (!EqualsIgnoreCase(args[2], "peak-reset-time")) {
    return ctx.reply().Error(SubcommandSyntax("debug", args[1]));
  } else if (EqualsIgnoreCase(args[3], "never")) {
    control.SetReplyIdle(kNever);
  } else if (EqualsIgnoreCase(args[3], "reset")) {
    control.SetReplyIdle(std::nullopt);
  } else {
    const std::optional<int64_t> millis = ParseInt64(args[3]);
    if (!millis.has_value()) return ctx.reply().Error(errors::kNotInteger);
    control.SetReplyIdle(*millis);
  }
  ctx.reply().Ok();
}

void SetActiveExpire(CommandContext& ctx, Args args) {
  ctx.family<ServerFamily>().control.SetActiveExpiry(IsOn(args[2]));
  ctx.reply().Ok();
}

void SetScriptsUnrestricted(CommandContext& ctx, Args args) {
  ctx.engine().scripts_unrestricted = IsOn(args[2]);
  ctx.reply().Ok();
}

void SetSkipChecksum(CommandContext& ctx, Args args) {
  RestoreState* state = ctx.family<ServerFamily>().restore;
  if (state != nullptr) state->skip_checksum = IsOn(args[2]);
  ctx.reply().Ok();
}

void PauseCron(CommandContext& ctx, Args args) {
  ctx.family<ServerFamily>().control.SetTimerPaused(IsOn(args[2]));
  ctx.reply().Ok();
}

void DigestAll(CommandContext& ctx, Args) {
  Digest all;
  for (int i = 0; i < ctx.keyspace().database_count(); ++i) {
    const Database& db = ctx.keyspace().database(i);
    if (db.size() == 0) continue;
    const char index[4] = {0, 0, static_cast<char>(i >> 8), static_cast<char>(i)};
    all.Mix({index, sizeof(index)});
    db.ForEach([&](int, const Entry& entry) {
      Digest one;
      one.Mix(entry.key());
      MixValue(entry, &one, i);
      all.Xor(one.bytes());
    });
  }
  ctx.reply().Simple(all.Hex());
}

void DigestValue(CommandContext& ctx, Args args) {
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view key : args.subspan(2)) {
    Digest digest;
    const Entry* entry = ctx.db().FindRaw(ctx.Hash(key));
    if (entry != nullptr) MixValue(*entry, &digest, ctx.client().database);
    ctx.reply().Simple(digest.Hex());
  }
}

void WriteLog(CommandContext& ctx, Args args) {
  ctx.family<ServerFamily>().log.Warning(StrCat("DEBUG LOG: ", args[2]));
  ctx.reply().Ok();
}

void ReplyError(CommandContext& ctx, Args args) {
  // As it is, with its code; line ends would break the reply.
  std::string text = StrCat("-", args[2]);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  ctx.reply().Error(text);
}

// DEBUG POPULATE count [prefix [size]]: keys prefix:0 to prefix:<count - 1> that are not there yet.
void Populate(CommandContext& ctx, Args args) {
  const std::optional<int64_t> count = ParseInt64(args[2]);
  if (!count.has_value() || *count < 0) return ctx.reply().Error(errors::kMustBePositive);
  const std::string_view prefix = args.size() > 3 ? args[3] : "key";
  std::optional<int64_t> size;
  if (args.size() > 4) {
    size = ParseInt64(args[4]);
    if (!size.has_value() || *size < 0 || *size > ctx.engine().config.proto_max_bulk_len) {
      return ctx.reply().Error(errors::kMustBePositive);
    }
  }
  for (int64_t i = 0; i < *count; ++i) {
    const std::string name = StrCat(prefix, ":", i);
    const HashedKey key = ctx.Hash(name);
    if (ctx.db().ContainsRaw(key)) continue;
    std::string value = absl::StrCat("value:", i);
    if (size.has_value()) value.resize(static_cast<size_t>(*size), '\0');
    ctx.db().SetString(key, value, {}, ctx.now_ms());
  }
  ctx.reply().Ok();
}

void HashTableStats(CommandContext& ctx, Args args) {
  const std::optional<int64_t> index = ParseInt64(args[2]);
  if (!index.has_value()) return ctx.reply().Error(errors::kNotInteger);
  if (*index < 0 || *index >= ctx.keyspace().database_count()) {
    return ctx.reply().Error("ERR Out of range database");
  }
  const Database& db = ctx.keyspace().database(static_cast<int>(*index));
  ctx.reply().Verbatim(
      "txt", absl::StrFormat("[Dictionary HT]\n keys: %d\n expiring keys: %d\n"
                             " slots: %d\n table bytes: %d\n",
                             db.size(), db.expiring(), db.slot_count(), db.TableMemory()));
}

void HashTableStatsOfKey(CommandContext& ctx, Args args) {
  const Entry* entry = FindEntry(ctx, args[2]);
  if (entry == nullptr) return;
  ctx.reply().Error(
      "ERR The value stored at the specified key is not represented using an hash "
      "table");
}

// Matches a text of so many 'a' against the pattern: to see that it does not take for ever.
void StringMatch(CommandContext& ctx, Args args) {
  const std::optional<int64_t> length = ParseInt64(args[2]);
  if (!length.has_value() || *length < 0 || *length > kGlobLengthMax) {
    return ctx.reply().Error(errors::kMustBePositive);
  }
  ctx.reply().Integer(GlobMatches(args[3], std::string(static_cast<size_t>(*length), 'a')) ? 1 : 0);
}

void PackedThreshold(CommandContext& ctx, Args args) {
  const std::optional<uint64_t> bytes = ParseMemory(args[2]);
  if (!bytes.has_value() || *bytes >= kPackedThresholdMax) {
    return ctx.reply().Error(kPackedThreshold);
  }
  // Lists, which it would govern, are not here yet.
  ctx.reply().Ok();
}

void DelayAof(CommandContext& ctx, Args args) {
  const std::optional<int64_t> micros = ParseInt64(args[2]);
  if (!micros.has_value() || *micros < 0) return ctx.reply().Error(errors::kNotInteger);
  std::function<void()> sleep;
  if (*micros > 0) {
    ServerControl& control = ctx.family<ServerFamily>().control;
    const auto most = static_cast<int64_t>(kSleepSecondsMax * kMicrosPerSecond);
    sleep = [&control, micros = std::min(*micros, most)] { control.Sleep(micros); };
  }
  ctx.family<ServerFamily>().persistence.SetBeforeAofWrite(std::move(sleep));
  ctx.reply().Ok();
}

void Accept(CommandContext& ctx, Args) { ctx.reply().Ok(); }
void LoadAof(CommandContext& ctx, Args) {
  const absl::Status status = ctx.family<ServerFamily>().persistence.ReloadAof();
  if (status.ok()) return ctx.reply().Ok();
  ctx.reply().Error(StrCat("ERR Error trying to load the AOF files: ", ToStd(status.message())));
}

void Reload(CommandContext& ctx, Args args) {
  ReloadOptions options;
  for (const std::string_view word : args.subspan(2)) {
    if (EqualsIgnoreCase(word, "merge")) {
      options.replace = true;
    } else if (EqualsIgnoreCase(word, "noflush")) {
      options.flush = false;
    } else if (EqualsIgnoreCase(word, "nosave")) {
      options.save = false;
    } else {
      return ctx.reply().Error(
          "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
    }
  }
  const absl::Status status = ctx.family<ServerFamily>().persistence.Reload(options);
  if (status.ok()) return ctx.reply().Ok();
  ctx.reply().Error("ERR Error trying to load the RDB dump, check server logs.");
}

void Abort(CommandContext&, Args) { std::abort(); }

void SegmentationFault(CommandContext&, Args) { std::raise(SIGSEGV); }

void Help(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "AOF-FLUSH-SLEEP <microseconds>",
      "    Each write of the append-only file waits that long first.",
      "CLOSE-CLUSTER-LINK-ON-PACKET-DROP <0|1>",
      "    With 1, who sends what DROP-CLUSTER-PACKET-FILTER drops loses its connection.",
      "CLUSTERLINK KILL <TO|FROM|ALL> <node-id>",
      "    Closes the bus connections with a node, which are made again.",
      "CONFIG-REWRITE-FORCE-ALL",
      "    CONFIG REWRITE of all settings, those that have their default value, too.",
      "DELAY-RDB-CLIENT-FREE-SECONDS <seconds>",
      "    Accepted; a copy is sent on the replica's one connection.",
      "DIGEST",
      "    A signature of all data.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Signatures of the values of keys.",
      "DISABLE-CLUSTER-RANDOM-PING <0|1>",
      "    Accepted; no probe of the bus is without purpose.",
      "DROP-CLUSTER-PACKET-FILTER <type>",
      "    Drops what comes from other nodes and does that packet type's work; -1: nothing.",
      "ERROR <text>",
      "    Replies with that error.",
      "HTSTATS <dbid>",
      "    What the tables of a database look like.",
      "MALLCTL <name> [<value>]",
      "    A number that the memory allocator has under this name; with <value> it is set.",
      "MALLCTL-STR <name> [<value>|VOID]",
      "    The same for texts; with VOID, runs what the name stands for.",
      "LOG <message>",
      "    Writes the message to the server's log.",
      "OBJECT <key>",
      "    How a key's value is kept.",
      "LOADAOF",
      "    Forgets the data and loads the append-only file.",
      "PANIC",
      "    Crashes the server.",
      "PAUSE-AFTER-FORK <0|1>",
      "    Accepted; saving does not fork.",
      "PAUSE-CRON <0|1>",
      "    With 1, the server's timer does nothing.",
      "POPULATE <count> [<prefix>] [<size>]",
      "    Makes the keys <prefix>:0 and so on where they do not exist; nobody is told.",
      "PROTOCOL <type>",
      "    Replies with an example of the type: string, integer, double, bignum, null,",
      "    array, set, map, attrib, push, verbatim, true, false.",
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "    Accepted; list-max-listpack-size is what counts.",
      "RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
      "    Saves to the RDB file, flushes all and loads the file; words leave out steps, or let",
      "    what is loaded replace what is there.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    With 0, expired keys are removed only when somebody asks for them.",
      "SLEEP <seconds>",
      "    Stops the server for that long; decimals are allowed.",
      "STRINGMATCH-LEN <length> <pattern>",
      "    Whether the pattern matches a text of that many 'a'.",
  };
  ReplyHelp(ctx.reply(), "DEBUG", kLines);
}

struct DebugCommand {
  std::string_view name;
  size_t words_min;
  size_t words_max;
  Handler handler;
  bool touches_data = false;  // All or any key: not while the data is loaded.
};
constexpr size_t kAnyNumber = SIZE_MAX;

constexpr DebugCommand kCommands[] = {
    {"aof-flush-sleep", 3, 3, &DelayAof},
    {"assert", 2, 2, &Abort},
    {"change-repl-id", 2, 2, &ChangeReplicationId},
    {"close-cluster-link-on-packet-drop", 3, 3, &DebugCloseLinksOnDrop},
    {"clusterlink", 5, 5, &DebugClusterLink},
    {"config-rewrite-force-all", 2, 2, &RewriteAllSettings},
    {"delay-rdb-client-free-seconds", 3, 3, &Accept},
    {"dict-resizing", 3, 3, &Accept},
    {"digest", 2, 2, &DigestAll, /*touches_data=*/true},
    {"digest-value", 2, kAnyNumber, &DigestValue, /*touches_data=*/true},
    {"disable-cluster-random-ping", 3, 3, &Accept},
    {"drop-cluster-packet-filter", 3, 3, &DebugDropPackets},
    {"error", 3, 3, &ReplyError},
    {"help", 2, 2, &Help},
    {"htstats", 3, 4, &HashTableStats},
    {"htstats-key", 3, 4, &HashTableStatsOfKey, /*touches_data=*/true},
    {"loadaof", 2, 2, &LoadAof, /*touches_data=*/true},
    {"log", 3, 3, &WriteLog},
    {"mallctl", 3, 4, &Mallctl},
    {"mallctl-str", 3, 4, &MallctlText},
    {"object", 3, 4, &DebugObject, /*touches_data=*/true},
    {"panic", 2, 2, &Abort},
    {"pause-after-fork", 3, 3, &Accept},
    {"pause-cron", 3, 3, &PauseCron},
    {"populate", 3, 5, &Populate, /*touches_data=*/true},
    {"protocol", 3, 3, &DebugProtocol},
    {"quicklist-packed-threshold", 3, 3, &PackedThreshold},
    {"reload", 2, kAnyNumber, &Reload, /*touches_data=*/true},
    {"replicate", 3, kAnyNumber, &Replicate},
    {"replybuffer", 4, 4, &ReplyBuffer},
    {"segfault", 2, 2, &SegmentationFault},
    {"set-active-expire", 3, 3, &SetActiveExpire},
    {"set-disable-deny-scripts", 3, 3, &SetScriptsUnrestricted},
    {"set-skip-checksum-validation", 3, 3, &SetSkipChecksum},
    {"sleep", 3, 3, &Sleep},
    {"stringmatch-len", 4, 4, &StringMatch},
};

}  // namespace

void Debug(CommandContext& ctx, Args args) {
  if (!IsAllowed(ctx.engine().config.enable_debug_command, ctx.client())) {
    return ctx.reply().Error(kNotAllowed);
  }
  for (const DebugCommand& command : kCommands) {
    if (!EqualsIgnoreCase(command.name, args[1])) continue;
    if (args.size() < command.words_min || args.size() > command.words_max) break;
    if (command.touches_data && ctx.engine().loading.active) {
      return ctx.reply().Error(errors::kLoading);
    }
    return command.handler(ctx, args);
  }
  ctx.reply().Error(SubcommandSyntax("debug", args[1]));
}

}  // namespace slotmesh::node
