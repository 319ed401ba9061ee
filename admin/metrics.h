// The /metrics page: a snapshot of a node's numbers as Prometheus text (exposition format 0.0.4).
//
// A snapshot is plain data that the engine's thread fills in; rendering is a pure function that may
// run on any thread. Names follow Prometheus' conventions: slotmesh_, base units, _total for
// counters.
#ifndef SLOTMESH_ADMIN_METRICS_H_
#define SLOTMESH_ADMIN_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gossip/bus/transport.h"

namespace slotmesh::admin {

// The upper ends of the latency buckets, in microseconds.
inline constexpr std::array<uint64_t, 14> kLatencyBoundsMicros = {
    10, 25, 50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 50'000, 100'000, 1'000'000};

struct LatencySnapshot {
  std::array<uint64_t, kLatencyBoundsMicros.size()>
      up_to{};  // Cumulative, by kLatencyBoundsMicros.
  uint64_t count = 0;
  uint64_t sum_micros = 0;
};

// From a histogram with CountUpTo(micros), count() and sum_micros(), such as
// node::LatencyHistogram.
template <typename Histogram>
LatencySnapshot SnapshotOf(const Histogram& histogram) {
  LatencySnapshot snapshot;
  for (size_t i = 0; i < kLatencyBoundsMicros.size(); ++i) {
    snapshot.up_to[i] = histogram.CountUpTo(kLatencyBoundsMicros[i]);
  }
  snapshot.count = histogram.count();
  snapshot.sum_micros = histogram.sum_micros();
  return snapshot;
}

struct CommandMetrics {
  std::string name;  // "set", "config|get"
  uint64_t rejected = 0;
  uint64_t failed = 0;
  LatencySnapshot latency;  // Its count is the number of calls.
};

struct DatabaseMetrics {
  int database = 0;
  uint64_t keys = 0;
  uint64_t expiring_keys = 0;
};

struct ErrorMetrics {
  std::string code;  // "ERR", "MOVED"
  uint64_t count = 0;
};

struct ClusterMetrics {
  bool enabled = false;  // Everything else here is left out if it is not.
  bool ok = false;
  uint64_t nodes_online = 0;
  uint64_t nodes_suspected = 0;
  uint64_t nodes_failed = 0;
  uint64_t shards = 0;
  uint64_t slots_assigned = 0;
  uint64_t slots_owned = 0;  // By this node.
  uint64_t current_epoch = 0;
  uint64_t map_sequence = 0;
  bool holds_lease = false;
  uint64_t redirects = 0;  // MOVED and ASK replies.

  uint64_t ledger_term = 0;
  uint64_t ledger_index = 0;  // Committed.
  uint64_t ledger_applied_index = 0;
  bool ledger_leader = false;
  bool ledger_voter = false;
  uint64_t ledger_elections = 0;

  uint64_t migrations_running = 0;
  uint64_t migrations_committed = 0;
  uint64_t migrations_aborted = 0;
  uint64_t migration_keys_sent = 0;
  uint64_t migration_bytes_sent = 0;
  uint64_t migration_keys_received = 0;
  uint64_t migration_bytes_received = 0;
  LatencySnapshot fence;

  bus::TransportStats bus;
};

struct MetricsSnapshot {
  std::string version;
  std::string node_id;
  double uptime_seconds = 0;
  double cpu_user_seconds = 0;
  double cpu_system_seconds = 0;

  uint64_t connected_clients = 0;
  uint64_t blocked_clients = 0;
  uint64_t max_clients = 0;
  uint64_t connections_received = 0;
  uint64_t connections_rejected = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
  uint64_t commands_processed = 0;
  std::vector<CommandMetrics> commands;
  std::vector<ErrorMetrics> errors;
  uint64_t protocol_errors = 0;
  std::vector<ErrorMetrics> acl_denials;  // By what was refused to a user: "auth", "key", ...

  uint64_t memory_used_bytes = 0;
  uint64_t memory_peak_bytes = 0;
  uint64_t memory_resident_bytes = 0;
  uint64_t memory_max_bytes = 0;  // 0: no limit.

  std::vector<DatabaseMetrics> databases;
  uint64_t expired_keys = 0;
  uint64_t evicted_keys = 0;
  uint64_t keyspace_hits = 0;
  uint64_t keyspace_misses = 0;
  // Of this node's own data, given up since its new primary's history does not have it.
  uint64_t discarded_bytes = 0;
  uint64_t discarded_commands = 0;

  ClusterMetrics cluster;
};

std::string RenderMetrics(const MetricsSnapshot& snapshot);

// The content type of what RenderMetrics() gives.
inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_METRICS_H_
