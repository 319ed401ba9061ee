// MEMORY.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "node/commands/client_line.h"
#include "node/commands/help.h"
#include "node/commands/info_text.h"
#include "node/commands/server.h"
#include "node/commands/server_handlers.h"
#include "node/keyspace/database.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "node/stats/memory.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kDefaultSamples = 5;
// Below this much memory the doctor has nothing to judge by.
constexpr uint64_t kWorthALook = 5 << 20;
constexpr double kHighPeak = 1.5;
constexpr double kHighFragmentation = 1.4;
constexpr uint64_t kFragmentationBytes = 10 << 20;

double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

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

struct Use {
  MemoryUse memory;
  uint64_t resident = 0;
  uint64_t peak = 0;
  uint64_t startup = 0;
  uint64_t clients = 0;
  uint64_t tables = 0;
  uint64_t keys = 0;

  uint64_t overhead() const { return startup + clients + tables; }
  uint64_t dataset() const {
    return memory.allocated_bytes - std::min(memory.allocated_bytes, overhead());
  }
};

Use Measure(CommandContext& ctx) {
  Use use;
  use.memory = ReadMemoryUse();
  use.resident = ProcessResidentBytes();
  use.peak = std::max(ctx.engine().stats.peak_memory_bytes, use.memory.allocated_bytes);
  use.startup = ctx.engine().stats.startup_memory_bytes;
  ctx.family<ServerFamily>().clients.ForEach([&](Client& client) {
    if (client.host() != nullptr) client.host()->MeasureBuffers(client);
    use.clients += ClientMemory(client);
  });
  for (int i = 0; i < ctx.keyspace().database_count(); ++i) {
    use.tables += ctx.keyspace().database(i).TableMemory();
  }
  use.keys = ctx.keyspace().size();
  return use;
}

void Pair(Reply& reply, std::string_view name, uint64_t value) {
  reply.Bulk(name);
  reply.Integer(static_cast<int64_t>(value));
}

void RatioPair(Reply& reply, std::string_view name, double value) {
  reply.Bulk(name);
  reply.Double(value);
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
std::string Findings(const Use& use) {
  std::string text;
  if (Ratio(use.peak, use.memory.allocated_bytes) > kHighPeak) {
    text += absl::StrFormat(
        " * High peak: the most that was ever in use is %.2f times what is in use now. Pages of "
        "that time may still be resident; MEMORY PURGE gives back what can be given.\n",
        Ratio(use.peak, use.memory.allocated_bytes));
  }
  const uint64_t unused = use.resident - std::min(use.resident, use.memory.allocated_bytes);
  if (Ratio(use.resident, use.memory.allocated_bytes) > kHighFragmentation &&
      unused > kFragmentationBytes) {
    text += absl::StrFormat(
        " * High fragmentation: %.2f bytes are resident for each byte in use (%s more).\n",
        Ratio(use.resident, use.memory.allocated_bytes), HumanBytes(unused));
  }
  return text;
}

}  // namespace

void MemoryUsage(CommandContext& ctx, Args args) {
  const std::optional<size_t> samples = Samples(ctx, args);
  if (!samples.has_value()) return;
  const Entry* entry = ctx.db().FindRead(ctx.Key(2), ctx.now_ms(), {.touch = false, .count = true});
  if (entry == nullptr) return ctx.reply().Null();
  ctx.reply().Integer(static_cast<int64_t>(entry->MemoryUsage(*samples)));
}

void MemoryStats(CommandContext& ctx, Args) {
  const Use use = Measure(ctx);
  const MemoryUse& memory = use.memory;
  const uint64_t net = memory.allocated_bytes - std::min(memory.allocated_bytes, use.startup);
  Reply& reply = ctx.reply();
  reply.Map(25 + UsedDatabases(ctx.keyspace()));
  Pair(reply, "peak.allocated", use.peak);
  Pair(reply, "total.allocated", memory.allocated_bytes);
  Pair(reply, "startup.allocated", use.startup);
  Pair(reply, "replication.backlog", 0);
  Pair(reply, "clients.slaves", 0);
  Pair(reply, "clients.normal", use.clients);
  Pair(reply, "cluster.links", 0);
  Pair(reply, "aof.buffer", 0);
  Pair(reply, "lua.caches", 0);
  Pair(reply, "functions.caches", 0);
  ReplyDatabases(ctx);
  Pair(reply, "overhead.total", use.overhead());
  Pair(reply, "keys.count", use.keys);
  Pair(reply, "keys.bytes-per-key", use.keys == 0 ? 0 : net / use.keys);
  Pair(reply, "dataset.bytes", use.dataset());
  RatioPair(reply, "dataset.percentage", 100 * Ratio(use.dataset(), net));
  RatioPair(reply, "peak.percentage", 100 * Ratio(memory.allocated_bytes, use.peak));
  Pair(reply, "allocator.allocated", memory.allocated_bytes);
  Pair(reply, "allocator.active", memory.active_bytes);
  Pair(reply, "allocator.resident", memory.resident_bytes);
  RatioPair(reply, "allocator-fragmentation.ratio",
            Ratio(memory.active_bytes, memory.allocated_bytes));
  Pair(reply, "allocator-fragmentation.bytes",
       memory.active_bytes - std::min(memory.active_bytes, memory.allocated_bytes));
  RatioPair(reply, "allocator-rss.ratio", Ratio(memory.resident_bytes, memory.active_bytes));
  Pair(reply, "allocator-rss.bytes",
       memory.resident_bytes - std::min(memory.resident_bytes, memory.active_bytes));
  RatioPair(reply, "fragmentation", Ratio(use.resident, memory.allocated_bytes));
  Pair(reply, "fragmentation.bytes", use.resident - std::min(use.resident, memory.allocated_bytes));
}

void MemoryDoctor(CommandContext& ctx, Args) {
  const Use use = Measure(ctx);
  std::string text;
  if (use.memory.allocated_bytes < kWorthALook) {
    text = "This instance is empty or uses very little memory: there is nothing to examine yet.\n";
  } else if (text = Findings(use); text.empty()) {
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
