// MEMORY.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "node/commands/help.h"
#include "node/commands/info_text.h"
#include "node/commands/memory_report.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/keyspace/database.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kDefaultSamples = 5;
// Below this much memory the doctor has nothing to judge by.
constexpr uint64_t kWorthALook = 5 << 20;
constexpr double kHighPeak = 1.5;
constexpr double kHighFragmentation = 1.4;
constexpr uint64_t kFragmentationBytes = 10 << 20;
constexpr uint64_t kBigClient = 200 << 10;

// How many elements of a big value are looked at, 0 for all; nothing, with the error replied.
std::optional<size_t> Samples(CommandContext& ctx, Args args) {
  size_t samples = kDefaultSamples;
  for (size_t i = 3; i < args.size(); i += 2) {
    if (!EqualsIgnoreCase(args[i], "samples") || i + 1 >= args.size()) {
      ctx.reply().Error(errors::kSyntax);
      return std::nullopt;
    }
    const std::optional<int64_t> count = ParseInt64(args[i + 1]);
    if (!count.has_value() || *count < 0) {
      ctx.reply().Error(count.has_value() ? errors::kSyntax : errors::kNotInteger);
      return std::nullopt;
    }
    samples = static_cast<size_t>(*count);
  }
  return samples;
}

void Pair(Reply& reply, std::string_view name, uint64_t value) {
  reply.Bulk(name);
  reply.Integer(static_cast<int64_t>(value));
}

void RatioPair(Reply& reply, std::string_view name, double value) {
  reply.Bulk(name);
  reply.Double(value);
}

void Difference(Reply& reply, std::string_view name, uint64_t a, uint64_t b) {
  reply.Bulk(name);
  reply.Integer(static_cast<int64_t>(a) - static_cast<int64_t>(b));
}

// "<name>.ratio" and "<name>.bytes" of what a has more than b.
void ExcessPairs(Reply& reply, std::string_view name, uint64_t a, uint64_t b) {
  RatioPair(reply, StrCat(name, ".ratio"), Ratio(a, b));
  Difference(reply, StrCat(name, ".bytes"), a, b);
}

void ReplyDatabases(CommandContext& ctx) {
  for (int i = 0; i < ctx.keyspace().database_count(); ++i) {
    const Database& db = ctx.keyspace().database(i);
    if (db.size() == 0) continue;
    ctx.reply().Bulk(absl::StrCat("db.", i));
    ctx.reply().Map(2);
    Pair(ctx.reply(), "overhead.hashtable.main", db.TableMemory());
    // Expiries stand in the entries themselves.
    Pair(ctx.reply(), "overhead.hashtable.expires", 0);
  }
}

size_t UsedDatabases(const Keyspace& keyspace) {
  size_t used = 0;
  for (int i = 0; i < keyspace.database_count(); ++i) used += keyspace.database(i).size() > 0;
  return used;
}

// What the doctor says of the use, one finding a line.
std::string Findings(const MemoryReport& report, size_t clients) {
  std::string text;
  if (Ratio(report.peak, report.used()) > kHighPeak) {
    text += absl::StrFormat(
        " * High peak: the most that was ever in use is %.2f times what is in use now. Pages of "
        "that time may still be resident; MEMORY PURGE gives back what can be given.\n",
        Ratio(report.peak, report.used()));
  }
  const uint64_t unused = Above(report.resident, report.used());
  if (Ratio(report.resident, report.used()) > kHighFragmentation && unused > kFragmentationBytes) {
    text += absl::StrFormat(
        " * High fragmentation: %.2f bytes are resident for each byte in use (%s more).\n",
        Ratio(report.resident, report.used()), HumanBytes(unused));
  }
  if (clients > 0 && report.clients / clients > kBigClient) {
    text += absl::StrFormat(
        " * Big clients: a client takes %s on average. CLIENT LIST shows which of them take most "
        "(tot-mem); maxmemory-clients bounds them all, client-output-buffer-limit each.\n",
        HumanBytes(report.clients / clients));
  }
  return text;
}

}  // namespace

void MemoryUsage(CommandContext& ctx, Args args) {
  const std::optional<size_t> samples = Samples(ctx, args);
  if (!samples.has_value()) return;
  const Entry* entry = ctx.db().FindRead(ctx.Key(2), ctx.now_ms(), {.touch = false, .count = true});
  if (entry == nullptr) return ctx.reply().Null();
  ctx.reply().Integer(static_cast<int64_t>(entry->MemoryUsage(*samples, ctx.client().database)));
}

void MemoryStats(CommandContext& ctx, Args) {
  const MemoryReport report = MeasureMemory(ctx.engine(), ctx.family<ServerFamily>());
  const MemoryUse& memory = report.allocator;
  constexpr size_t kPairs = 31;  // Without those of databases.
  Reply& reply = ctx.reply();
  reply.Map(kPairs + UsedDatabases(ctx.keyspace()));
  Pair(reply, "peak.allocated", report.peak);
  Pair(reply, "total.allocated", report.used());
  Pair(reply, "startup.allocated", report.startup);
  Pair(reply, "replication.backlog", 0);
  Pair(reply, "clients.slaves", 0);
  Pair(reply, "clients.normal", report.clients);
  Pair(reply, "cluster.links", 0);
  Pair(reply, "aof.buffer", 0);
  Pair(reply, "lua.caches", 0);
  Pair(reply, "functions.caches", 0);
  ReplyDatabases(ctx);
  Pair(reply, "overhead.db.hashtable.lut", report.tables);
  // Tables grow bucket by bucket: there is never a second one.
  Pair(reply, "overhead.db.hashtable.rehashing", 0);
  Pair(reply, "db.dict.rehashing.count", 0);
  Pair(reply, "overhead.total", report.overhead());
  Pair(reply, "keys.count", report.keys);
  Pair(reply, "keys.bytes-per-key", report.keys == 0 ? 0 : report.net() / report.keys);
  Pair(reply, "dataset.bytes", report.dataset());
  RatioPair(reply, "dataset.percentage", report.dataset_percent());
  RatioPair(reply, "peak.percentage", report.peak_percent());
  Pair(reply, "allocator.allocated", memory.allocated_bytes);
  Pair(reply, "allocator.active", memory.active_bytes);
  Pair(reply, "allocator.resident", memory.resident_bytes);
  Pair(reply, "allocator.muzzy", memory.muzzy_bytes);
  ExcessPairs(reply, "allocator-fragmentation", memory.active_bytes, memory.allocated_bytes);
  ExcessPairs(reply, "allocator-rss", memory.resident_bytes, memory.active_bytes);
  ExcessPairs(reply, "rss-overhead", report.resident, memory.resident_bytes);
  RatioPair(reply, "fragmentation", Ratio(report.resident, report.used()));
  Difference(reply, "fragmentation.bytes", report.resident, report.used());
}

void MemoryDoctor(CommandContext& ctx, Args) {
  const ServerFamily& family = ctx.family<ServerFamily>();
  const MemoryReport report = MeasureMemory(ctx.engine(), family);
  std::string text;
  if (report.used() < kWorthALook) {
    text = "This instance is empty or uses very little memory: there is nothing to examine yet.\n";
  } else if (text = Findings(report, family.clients.size()); text.empty()) {
    text = "No memory problem was found.\n";
  } else {
    text = "These memory problems were found:\n\n" + text;
  }
  ctx.reply().Verbatim("txt", text);
}

void MemoryMallocStats(CommandContext& ctx, Args) {
  ctx.reply().Verbatim("txt", AllocatorReport());
}

void MemoryPurge(CommandContext& ctx, Args) {
  PurgeMemory();
  ctx.reply().Ok();
}

void MemoryHelp(CommandContext& ctx, Args) {
  constexpr std::string_view kLines[] = {
      "DOCTOR",
      "    What looks wrong with the use of memory.",
      "MALLOC-STATS",
      "    The allocator's own report.",
      "PURGE",
      "    Gives unused pages back to the system.",
      "STATS",
      "    The use of memory in numbers.",
      "USAGE <key> [SAMPLES <count>]",
      "    The bytes that a key and its value take. Of values with many elements,",
      "    <count> are looked at (default: 5; 0: all).",
  };
  ReplyHelp(ctx.reply(), "MEMORY", kLines);
}

}  // namespace slotmesh::node
