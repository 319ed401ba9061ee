#include "node/app/metrics_source.h"

#include <sys/resource.h>

#include "node/app/version.h"
#include "node/stats/memory.h"

namespace slotmesh::node {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void AddCommand(const Command& command, admin::MetricsSnapshot* snapshot) {
  const CommandStats& stats = command.stats();
  if (stats.calls > 0 || stats.rejected > 0) {
    admin::CommandMetrics& out = snapshot->commands.emplace_back();
    out.name = command.full_name();
    out.rejected = stats.rejected;
    out.failed = stats.failed;
    if (stats.latency != nullptr) out.latency = admin::SnapshotOf(*stats.latency);
  }
  for (const auto& sub : command.subcommands()) AddCommand(*sub, snapshot);
}

}  // namespace

admin::MetricsSnapshot GatherMetrics(const Engine& engine, const ClientTable& clients,
                                     const ClusterPart* cluster, int64_t start_micros) {
  admin::MetricsSnapshot snapshot;
  snapshot.version = std::string(kVersion);
  snapshot.uptime_seconds = static_cast<double>(engine.clock.WallMicros() - start_micros) / 1e6;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  snapshot.cpu_user_seconds = Seconds(used.ru_utime);
  snapshot.cpu_system_seconds = Seconds(used.ru_stime);
  snapshot.connected_clients = clients.size();
  snapshot.blocked_clients = engine.blocked.with_connection() + engine.parking.size();
  snapshot.max_clients = static_cast<uint64_t>(engine.config.maxclients);
  const ServerStats& stats = engine.stats;
  snapshot.connections_received = stats.connections_received;
  snapshot.connections_rejected = stats.connections_rejected;
  snapshot.input_bytes = stats.net_input_bytes;
  snapshot.output_bytes = stats.net_output_bytes;
  snapshot.commands_processed = stats.commands_processed;
  snapshot.protocol_errors = stats.protocol_errors;
  for (const auto& command : engine.registry.commands()) AddCommand(*command, &snapshot);
  for (const auto& [code, count] : stats.errors) snapshot.errors.push_back({code, count});
  const ServerStats::AclDenials& denials = stats.acl_denials;
  snapshot.acl_denials = {{"auth", denials.auth},
                          {"command", denials.command},
                          {"key", denials.key},
                          {"channel", denials.channel}};
  snapshot.memory_used_bytes = engine.used_memory_bytes;
  snapshot.memory_peak_bytes = stats.peak_memory_bytes;
  snapshot.memory_resident_bytes = ProcessResidentBytes();
  snapshot.memory_max_bytes = engine.config.maxmemory;
  for (int i = 0; i < engine.keyspace.database_count(); ++i) {
    const Database& db = engine.keyspace.database(i);
    if (db.size() > 0 || i == 0) snapshot.databases.push_back({i, db.size(), db.expiring()});
  }
  const KeyspaceStats& keys = engine.keyspace.stats();
  snapshot.expired_keys = keys.expired;
  snapshot.evicted_keys = keys.evicted;
  snapshot.keyspace_hits = keys.hits;
  snapshot.keyspace_misses = keys.misses;
  if (cluster != nullptr) cluster->AddMetrics(&snapshot.cluster);
  return snapshot;
}

}  // namespace slotmesh::node
