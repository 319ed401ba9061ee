#include "admin/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <utility>

namespace slotmesh::admin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Collects families in the order in which they are first named.
class Page {
 public:
  void Gauge(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric& metric = Add(name, help, MetricType::Gauge, std::move(labels));
    metric.gauge.value = value;
  }
  void Counter(const char* name, const char* help, double value, Labels labels = {}) {
    ClientMetric& metric = Add(name, help, MetricType::Counter, std::move(labels));
    metric.counter.value = value;
  }
  void Latency(const char* name, const char* help, const LatencySnapshot& latency,
               Labels labels = {}) {
    ClientMetric& metric = Add(name, help, MetricType::Histogram, std::move(labels));
    metric.histogram.sample_count = latency.count;
    metric.histogram.sample_sum = static_cast<double>(latency.sum_micros) / 1e6;
    for (size_t i = 0; i < kLatencyBoundsMicros.size(); ++i) {
      metric.histogram.bucket.push_back(
          {latency.up_to[i], static_cast<double>(kLatencyBoundsMicros[i]) / 1e6});
    }
    metric.histogram.bucket.push_back({latency.count, std::numeric_limits<double>::infinity()});
  }
  std::string Render() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  ClientMetric& Add(const char* name, const char* help, MetricType type, Labels labels) {
    if (families_.empty() || families_.back().name != name)
      families_.push_back({name, help, type, {}});
    families_.back().metric.emplace_back();
    families_.back().metric.back().label = std::move(labels);
    return families_.back().metric.back();
  }

  std::vector<MetricFamily> families_;
};

void AddProcess(const MetricsSnapshot& s, Page* page) {
  page->Gauge("slotmesh_build_info", "Always 1; the labels say which version and node this is.", 1,
              {{"version", s.version}, {"node", s.node_id}});
  page->Gauge("slotmesh_uptime_seconds", "Seconds since the process was started.",
              s.uptime_seconds);
  page->Counter("slotmesh_cpu_seconds_total", "Processor time used by the process.",
                s.cpu_user_seconds, {{"mode", "user"}});
  page->Counter("slotmesh_cpu_seconds_total", "", s.cpu_system_seconds, {{"mode", "system"}});
  page->Gauge("slotmesh_memory_used_bytes", "Memory that the allocator has given out.",
              s.memory_used_bytes);
  page->Gauge("slotmesh_memory_peak_bytes", "The highest memory use since the start.",
              s.memory_peak_bytes);
  page->Gauge("slotmesh_memory_resident_bytes", "Memory that the process holds in RAM.",
              s.memory_resident_bytes);
  page->Gauge("slotmesh_memory_max_bytes", "The maxmemory setting; 0 is no limit.",
              s.memory_max_bytes);
}

void AddClients(const MetricsSnapshot& s, Page* page) {
  page->Gauge("slotmesh_connected_clients", "Client connections now.", s.connected_clients);
  page->Gauge("slotmesh_blocked_clients", "Clients that wait in a blocking command.",
              s.blocked_clients);
  page->Gauge("slotmesh_max_clients", "The maxclients setting.", s.max_clients);
  page->Counter("slotmesh_connections_received_total", "Client connections accepted.",
                s.connections_received);
  page->Counter("slotmesh_connections_rejected_total",
                "Client connections refused, maxclients being reached.", s.connections_rejected);
  page->Counter("slotmesh_input_bytes_total", "Bytes received from clients.", s.input_bytes);
  page->Counter("slotmesh_output_bytes_total", "Bytes sent to clients.", s.output_bytes);
  page->Counter("slotmesh_protocol_errors_total", "Connections closed for malformed requests.",
                s.protocol_errors);
  page->Counter("slotmesh_commands_processed_total", "Commands of clients that were run.",
                s.commands_processed);
  for (const CommandMetrics& command : s.commands) {
    page->Latency("slotmesh_command_duration_seconds", "Time spent in commands, without waiting.",
                  command.latency, {{"command", command.name}});
  }
  for (const CommandMetrics& command : s.commands) {
    page->Counter("slotmesh_command_rejected_total", "Commands refused before they ran.",
                  command.rejected, {{"command", command.name}});
  }
  for (const CommandMetrics& command : s.commands) {
    page->Counter("slotmesh_command_failed_total", "Commands that ran and gave an error.",
                  command.failed, {{"command", command.name}});
  }
  for (const ErrorMetrics& error : s.errors) {
    page->Counter("slotmesh_error_replies_total", "Error replies by their first word.", error.count,
                  {{"code", error.code}});
  }
  for (const ErrorMetrics& denial : s.acl_denials) {
    page->Counter("slotmesh_acl_denied_total", "What users' rules refused.", denial.count,
                  {{"reason", denial.code}});
  }
}

void AddKeyspace(const MetricsSnapshot& s, Page* page) {
  for (const DatabaseMetrics& database : s.databases) {
    page->Gauge("slotmesh_keys", "Keys by database.", database.keys,
                {{"database", std::to_string(database.database)}});
  }
  for (const DatabaseMetrics& database : s.databases) {
    page->Gauge("slotmesh_expiring_keys", "Keys with a time to live, by database.",
                database.expiring_keys, {{"database", std::to_string(database.database)}});
  }
  page->Counter("slotmesh_expired_keys_total", "Keys removed because their time had come.",
                s.expired_keys);
  page->Counter("slotmesh_evicted_keys_total", "Keys removed to stay below maxmemory.",
                s.evicted_keys);
  page->Counter("slotmesh_keyspace_hits_total", "Reads that found their key.", s.keyspace_hits);
  page->Counter("slotmesh_keyspace_misses_total", "Reads that did not find their key.",
                s.keyspace_misses);
  page->Counter("slotmesh_replication_discarded_bytes_total",
                "Stream that this node gave up as a former primary: its successor did not have it.",
                s.discarded_bytes);
  page->Counter("slotmesh_replication_discarded_commands_total",
                "Commands that changed data in it, as far as they could be counted.",
                s.discarded_commands);
}

void AddCluster(const ClusterMetrics& c, Page* page) {
  page->Gauge("slotmesh_cluster_ok", "1 if this node sees the cluster as able to serve every slot.",
              c.ok);
  constexpr char kNodesHelp[] = "Members by health, as this node sees them.";
  page->Gauge("slotmesh_cluster_nodes", kNodesHelp, c.nodes_online, {{"health", "online"}});
  page->Gauge("slotmesh_cluster_nodes", kNodesHelp, c.nodes_suspected, {{"health", "suspected"}});
  page->Gauge("slotmesh_cluster_nodes", kNodesHelp, c.nodes_failed, {{"health", "failed"}});
  page->Gauge("slotmesh_cluster_shards", "Shards that own slots.", c.shards);
  page->Gauge("slotmesh_cluster_slots_assigned", "Slots that some shard owns.", c.slots_assigned);
  page->Gauge("slotmesh_cluster_slots_owned", "Slots that this node serves.", c.slots_owned);
  page->Gauge("slotmesh_cluster_epoch", "The greatest shard epoch given out.", c.current_epoch);
  page->Gauge("slotmesh_cluster_map_sequence",
              "The version of the slot map that this node follows.", c.map_sequence);
  page->Gauge("slotmesh_cluster_lease_held", "1 while this node may take writes.", c.holds_lease);
  page->Counter("slotmesh_cluster_redirects_total", "Clients sent to another node.", c.redirects);
  page->Gauge("slotmesh_ledger_term", "The ledger's term.", c.ledger_term);
  page->Gauge("slotmesh_ledger_committed_index", "The ledger's last committed entry.",
              c.ledger_index);
  page->Gauge("slotmesh_ledger_applied_index", "The ledger's last applied entry.",
              c.ledger_applied_index);
  page->Gauge("slotmesh_ledger_leader", "1 on the ledger's leader.", c.ledger_leader);
  page->Gauge("slotmesh_ledger_voter", "1 on the ledger's voters.", c.ledger_voter);
  page->Counter("slotmesh_ledger_elections_total", "Elections that this node has started.",
                c.ledger_elections);
}

void AddMigrations(const ClusterMetrics& c, Page* page) {
  page->Gauge("slotmesh_migrations_running", "Slot migrations that this node takes part in.",
              c.migrations_running);
  constexpr char kEndedHelp[] = "Slot migrations that have ended, by outcome.";
  page->Counter("slotmesh_migrations_total", kEndedHelp, c.migrations_committed,
                {{"outcome", "committed"}});
  page->Counter("slotmesh_migrations_total", kEndedHelp, c.migrations_aborted,
                {{"outcome", "aborted"}});
  constexpr char kKeysHelp[] = "Keys moved in slot migrations.";
  page->Counter("slotmesh_migration_keys_total", kKeysHelp, c.migration_keys_sent,
                {{"direction", "sent"}});
  page->Counter("slotmesh_migration_keys_total", kKeysHelp, c.migration_keys_received,
                {{"direction", "received"}});
  constexpr char kBytesHelp[] = "Bytes moved in slot migrations.";
  page->Counter("slotmesh_migration_bytes_total", kBytesHelp, c.migration_bytes_sent,
                {{"direction", "sent"}});
  page->Counter("slotmesh_migration_bytes_total", kBytesHelp, c.migration_bytes_received,
                {{"direction", "received"}});
  page->Latency("slotmesh_migration_fence_duration_seconds",
                "How long writes to moving slots were held back at the end of a migration.",
                c.fence);
}

void AddBus(const bus::TransportStats& stats, Page* page) {
  const auto each = [&](const char* name, const char* help, uint64_t bus::KindCounters::*counter,
                        const char* direction) {
    for (int kind = 1; kind < bus::kFrameKinds; ++kind) {
      Labels labels = {{"kind", bus::Name(static_cast<bus::FrameKind>(kind))}};
      if (direction != nullptr) labels.push_back({"direction", direction});
      page->Counter(name, help, stats.kinds[kind].*counter, std::move(labels));
    }
  };
  constexpr char kFramesHelp[] = "Frames exchanged with other nodes, by kind.";
  each("slotmesh_bus_frames_total", kFramesHelp, &bus::KindCounters::frames_sent, "sent");
  each("slotmesh_bus_frames_total", kFramesHelp, &bus::KindCounters::frames_received, "received");
  constexpr char kBytesHelp[] = "Bytes exchanged with other nodes, by kind.";
  each("slotmesh_bus_bytes_total", kBytesHelp, &bus::KindCounters::bytes_sent, "sent");
  each("slotmesh_bus_bytes_total", kBytesHelp, &bus::KindCounters::bytes_received, "received");
  each("slotmesh_bus_frames_dropped_total", "Frames queued for a peer and then lost.",
       &bus::KindCounters::frames_dropped, nullptr);
  page->Gauge("slotmesh_bus_connected_peers", "Nodes with a control stream to this one.",
              stats.connected_peers);
  page->Counter("slotmesh_bus_connects_total", "Streams to peers that came up.", stats.connects);
  page->Counter("slotmesh_bus_disconnects_total", "Streams to peers that were lost.",
                stats.disconnects);
  page->Counter("slotmesh_bus_malformed_frames_total", "Frames that could not be read.",
                stats.malformed_frames);
  for (const auto& [reason, count] : stats.refused) {
    page->Counter("slotmesh_bus_refused_total", "Connections and calls turned away.", count,
                  {{"reason", reason}});
  }
}

}  // namespace

std::string RenderMetrics(const MetricsSnapshot& snapshot) {
  Page page;
  AddProcess(snapshot, &page);
  AddClients(snapshot, &page);
  AddKeyspace(snapshot, &page);
  if (snapshot.cluster.enabled) {
    AddCluster(snapshot.cluster, &page);
    AddMigrations(snapshot.cluster, &page);
    AddBus(snapshot.cluster.bus, &page);
  }
  return page.Render();
}

}  // namespace slotmesh::admin
