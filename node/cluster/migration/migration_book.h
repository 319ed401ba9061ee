// What CLUSTER GETSLOTMIGRATIONS, administration and metrics show of this node's slot moves:
// running ones, those that ended lately, and totals since the start.
//
// Engine thread only. Owns plain records; at most kMigrationsRunningMax running and
// kMigrationsKeptMax ended ones.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_MIGRATION_BOOK_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_MIGRATION_BOOK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "node/stats/latency_histogram.h"
#include "slots/ids.h"
#include "slots/slot_set.h"

namespace slotmesh::node {

inline constexpr size_t kMigrationsKeptMax = 1000;
// The reason of aborts by CLUSTER CANCELSLOTMIGRATIONS.
inline constexpr std::string_view kCancelReason = "cancelled by CLUSTER CANCELSLOTMIGRATIONS";

// Where a move stands. The first four run, the others have ended.
enum class MoveStage : uint8_t {
  kWaiting = 0,  // For the other side.
  kCopying = 1,
  kFenced = 2,    // Writes wait; of an import: all has arrived.
  kAborting = 3,  // Given up, the ledger has not decided yet.
  kSuccess = 4,
  kFailed = 5,
  kCancelled = 6,
};
constexpr bool HasEnded(MoveStage stage) { return stage >= MoveStage::kSuccess; }
// "waiting", "copying", "fenced", "aborting", "success", "failed", "cancelled".
std::string_view MoveStageName(MoveStage stage);

struct MigrationRecord {
  slots::PlanId plan;
  bool exporting = false;  // From this node; else to it.
  slots::SlotSet slots;
  slots::NodeId source;
  slots::NodeId target;
  slots::ShardId source_shard;
  slots::ShardId target_shard;
  MoveStage stage = MoveStage::kWaiting;
  std::string message;      // Why it failed.
  int64_t created_ms = 0;   // Unix time.
  int64_t updated_ms = 0;   // Of the last change of stage.
  int64_t last_ack_ms = 0;  // Of an export: when the target was last heard of.
  uint64_t keys = 0;        // Sent or received so far.
  uint64_t bytes = 0;
  uint64_t remaining_bytes = 0;  // Of an export: not yet acknowledged.
};

struct MigrationTotals {
  LatencyHistogram fence;  // From the fence to its end, of each export that was fenced.
  uint64_t keys_sent = 0;
  uint64_t bytes_sent = 0;
  uint64_t keys_received = 0;
  uint64_t bytes_received = 0;
  uint64_t exports_succeeded = 0;
  uint64_t exports_failed = 0;  // Cancelled ones too.
  uint64_t imports_succeeded = 0;
  uint64_t imports_failed = 0;
};

class MigrationBook {
 public:
  // Newest first; running and ended ones.
  const std::deque<MigrationRecord>& records() const { return records_; }
  const MigrationTotals& totals() const { return totals_; }
  size_t running() const { return running_; }
  // Null if there is none (any more).
  const MigrationRecord* Find(const slots::PlanId& plan) const;

  // --- For the migration manager. ---

  // REQUIRES: no record of this plan; stage kWaiting.
  void Begin(MigrationRecord record);
  // What has moved in all, so far.
  struct Progress {
    MoveStage stage = MoveStage::kWaiting;
    uint64_t keys = 0;
    uint64_t bytes = 0;
    uint64_t remaining_bytes = 0;
    int64_t last_ack_ms = 0;
  };
  // REQUIRES: it runs.
  void Update(const slots::PlanId& plan, const Progress& progress, int64_t now_ms);
  // REQUIRES: it runs; HasEnded(stage).
  void End(const slots::PlanId& plan, MoveStage stage, std::string_view message, int64_t now_ms);
  void RecordFence(int64_t micros) { totals_.fence.Record(static_cast<uint64_t>(micros)); }

 private:
  MigrationRecord& Running(const slots::PlanId& plan);
  void CountEnd(const MigrationRecord& record);

  std::deque<MigrationRecord> records_;
  size_t running_ = 0;
  MigrationTotals totals_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_MIGRATION_BOOK_H_
