// CLUSTER SLOT-STATS: what the slots of this node's shard hold and cost.
//
// Keys are always known. The rest is counted while cluster-slot-stats-enabled is on (SlotStats),
// but for memory, which is estimated from some of a slot's keys when it is asked for.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "node/cluster/cluster_family.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node::cluster_commands {
namespace {

constexpr std::string_view kUnknownMetric = "Unrecognized sort metric for ORDERBY.";
constexpr std::string_view kBadLimit =
    "Limit has to lie in between 1 and 16384 (maximum number of slots).";
constexpr std::string_view kTwice = "Multiple filters of the same type are disallowed.";

// In the order of the reply.
enum class Metric : uint8_t { kKeys = 0, kCpu = 1, kBytesIn = 2, kBytesOut = 3, kMemory = 4 };
constexpr std::string_view kMetricNames[] = {"key-count", "cpu-usec", "network-bytes-in",
                                             "network-bytes-out", "memory-bytes"};
constexpr size_t kMetrics = std::size(kMetricNames);

struct Row {
  int slot = 0;
  std::array<uint64_t, kMetrics> values = {};

  uint64_t& operator[](Metric metric) { return values[static_cast<size_t>(metric)]; }
};

// Keys looked at for the memory of all slots asked for, and of one.
constexpr size_t kSampledKeysMax = 32 * 1024;
constexpr size_t kSampledKeysOfSlotMin = 2;
constexpr size_t kSampledPartsOfKey = 5;  // MEMORY USAGE's default.

// Of the slot in one database.
uint64_t EstimateMemory(const Database& db, int slot, size_t samples) {
  const SlotTable* table = db.table(slot);
  if (table == nullptr) return 0;
  uint64_t seen = 0;
  uint64_t bytes = 0;
  uint64_t cursor = 0;
  do {
    cursor = table->Scan(cursor, [&](const Entry& entry) {
      if (seen == samples) return;  // The rest of a bucket.
      ++seen;
      bytes += entry.MemoryUsage(kSampledPartsOfKey, db.index());
    });
  } while (cursor != 0 && seen < samples);
  const uint64_t own = sizeof(SlotTable) + table->MemoryUsage();
  if (seen == 0) return own;
  const double mean = static_cast<double>(bytes) / static_cast<double>(seen);
  return own + static_cast<uint64_t>(mean * static_cast<double>(db.slot_size(slot)));
}

class Report {
 public:
  explicit Report(CommandContext& ctx)
      : ctx_(ctx),
        counts_(ctx.engine().slot_stats != nullptr && ctx.engine().slot_stats->active()) {}

  // Only keys are known while nothing is counted.
  size_t metrics() const { return counts_ ? kMetrics : 1; }

  Row Of(int slot, size_t samples) const {
    Row row = {.slot = slot};
    for (int database = 0; database < ctx_.keyspace().database_count(); ++database) {
      const Database& db = ctx_.keyspace().database(database);
      row[Metric::kKeys] += db.slot_size(slot);
      if (counts_) row[Metric::kMemory] += EstimateMemory(db, slot, samples);
    }
    if (!counts_) return row;
    const SlotUsage usage = ctx_.engine().slot_stats->of(slot);
    row[Metric::kCpu] =
        static_cast<uint64_t>(static_cast<double>(usage.ticks) * ctx_.engine().micros_per_tick);
    row[Metric::kBytesIn] = usage.bytes_in;
    row[Metric::kBytesOut] = usage.bytes_out;
    return row;
  }

  // Of those slots in the range that this node's shard owns.
  std::vector<Row> OfRange(const ClusterState& state, int first, int last) const {
    std::vector<int> mine;
    for (int slot = first; slot <= last; ++slot) {
      if (state.IsMine(static_cast<slots::Slot>(slot))) mine.push_back(slot);
    }
    const size_t samples =
        std::max(kSampledKeysOfSlotMin, kSampledKeysMax / std::max<size_t>(1, mine.size()));
    std::vector<Row> rows;
    rows.reserve(mine.size());
    for (const int slot : mine) rows.push_back(Of(slot, samples));
    return rows;
  }

  void Reply(absl::Span<const Row> rows) const {
    auto& reply = ctx_.reply();
    reply.Array(rows.size());
    for (const Row& row : rows) {
      reply.Array(2);
      reply.Integer(row.slot);
      reply.Map(metrics());
      for (size_t i = 0; i < metrics(); ++i) {
        reply.Bulk(kMetricNames[i]);
        reply.Integer(static_cast<int64_t>(row.values[i]));
      }
    }
  }

 private:
  CommandContext& ctx_;
  const bool counts_;
};

struct Order {
  size_t metric = 0;
  size_t limit = slots::kSlotCount;
  bool descending = true;
};

// Of the words after ORDERBY; nothing with the refusal in the reply.
std::optional<Order> ParseOrder(CommandContext& ctx, Args words, size_t metrics) {
  const auto refuse = [&](std::string_view error) {
    ctx.reply().Error(error);
    return std::nullopt;
  };
  Order order;
  while (order.metric < metrics && !EqualsIgnoreCase(words[0], kMetricNames[order.metric])) {
    ++order.metric;
  }
  if (order.metric == metrics) return refuse(kUnknownMetric);
  int limits = 0;
  int directions = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], "LIMIT") && i + 1 < words.size()) {
      const std::optional<int64_t> limit = ParseInt64(words[++i]);
      if (!limit.has_value() || *limit < 1 || *limit > slots::kSlotCount) return refuse(kBadLimit);
      order.limit = static_cast<size_t>(*limit);
      ++limits;
    } else if (EqualsIgnoreCase(words[i], "ASC") || EqualsIgnoreCase(words[i], "DESC")) {
      order.descending = EqualsIgnoreCase(words[i], "DESC");
      ++directions;
    } else {
      return refuse(errors::kSyntax);
    }
    if (limits > 1 || directions > 1) return refuse(kTwice);
  }
  return order;
}

void ReplyRange(CommandContext& ctx, const ClusterState& state, Args args) {
  const std::optional<slots::Slot> first = ParseSlot(ctx, args[3]);
  if (!first.has_value()) return;
  const std::optional<slots::Slot> last = ParseSlot(ctx, args[4]);
  if (!last.has_value()) return;
  if (*first > *last) {
    return ctx.reply().Error(
        StrCat("Start slot number ", *first, " is greater than end slot number ", *last));
  }
  const Report report(ctx);
  report.Reply(report.OfRange(state, *first, *last));
}

void ReplyOrdered(CommandContext& ctx, const ClusterState& state, Args args) {
  const Report report(ctx);
  const std::optional<Order> order = ParseOrder(ctx, args.subspan(3), report.metrics());
  if (!order.has_value()) return;
  std::vector<Row> rows = report.OfRange(state, 0, slots::kSlotCount - 1);
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) {
    const uint64_t left = a.values[order->metric];
    const uint64_t right = b.values[order->metric];
    return order->descending ? left > right : left < right;
  });
  report.Reply(absl::MakeConstSpan(rows).subspan(0, order->limit));
}

}  // namespace

void SlotStatistics(CommandContext& ctx, Args args) {
  const ClusterState* state = StateOrRefuse(ctx);
  if (state == nullptr) return;
  if (args.size() == 5 && EqualsIgnoreCase(args[2], "SLOTSRANGE")) {
    return ReplyRange(ctx, *state, args);
  }
  if (EqualsIgnoreCase(args[2], "ORDERBY")) return ReplyOrdered(ctx, *state, args);
  ctx.reply().Error(SubcommandSyntax("cluster", args[1]));
}

}  // namespace slotmesh::node::cluster_commands
