// INFO's sections of counters: stats, commandstats, errorstats, latencystats, keyspace.
#include <cmath>
#include <string>

#include "absl/functional/function_ref.h"
#include "node/commands/info_sections.h"

namespace slotmesh::node {
namespace {

// Entries looked at for a database's mean time to live.
constexpr size_t kTtlSamples = 64;
constexpr double kBytesPerKilobyte = 1024;
constexpr int64_t kMicrosPerMilli = 1000;

void ForEachCommand(const std::vector<std::unique_ptr<Command>>& commands,
                    absl::FunctionRef<void(const Command&)> visit) {
  for (const auto& command : commands) {
    visit(*command);
    ForEachCommand(command->subcommands(), visit);
  }
}

// Without the zeros behind the point: "50", "99.9".
std::string PercentName(double percent) {
  std::string text = FixedPoint(percent, 6);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// The mean time to live of some of the keys that have one, in milliseconds.
int64_t MeanTtl(Engine& engine, const Database& db) {
  if (db.expiring() == 0) return 0;
  int64_t sum = 0;
  int64_t count = 0;
  db.Sample(engine.random, kTtlSamples, [&](int, const Entry& entry) {
    if (!entry.has_expiry() || entry.IsExpired(engine.now_ms)) return;
    sum += (entry.expiry() - engine.now_ms) / static_cast<int64_t>(kTtlSamples);
    ++count;
  });
  return count == 0 ? 0
                    : static_cast<int64_t>(static_cast<double>(sum) * kTtlSamples /
                                           static_cast<double>(count));
}

uint64_t CommandMicros(const Engine& engine) {
  uint64_t ticks = 0;
  ForEachCommand(engine.registry.commands(),
                 [&](const Command& command) { ticks += command.stats().ticks; });
  return static_cast<uint64_t>(static_cast<double>(ticks) * engine.micros_per_tick);
}

uint64_t EvictedScripts(const ServerFamily& family) {
  return family.scripts == nullptr ? 0 : family.scripts->Measure().evicted_scripts;
}

void WriteTraffic(const ServerStats& stats, InfoText& text) {
  text.Add("instantaneous_ops_per_sec", std::llround(stats.command_rate.per_second()));
  text.Add("total_net_input_bytes", stats.net_input_bytes);
  text.Add("total_net_output_bytes", stats.net_output_bytes);
  text.Add("total_net_repl_input_bytes", stats.primary_input_bytes);
  text.Add("total_net_repl_output_bytes", stats.replica_output_bytes);
  text.Add("instantaneous_input_kbps", stats.input_rate.per_second() / kBytesPerKilobyte, 2);
  text.Add("instantaneous_output_kbps", stats.output_rate.per_second() / kBytesPerKilobyte, 2);
  text.Add("instantaneous_input_repl_kbps",
           stats.primary_input_rate.per_second() / kBytesPerKilobyte, 2);
  text.Add("instantaneous_output_repl_kbps",
           stats.replica_output_rate.per_second() / kBytesPerKilobyte, 2);
}

// A module's command may have any name: one that INFO's lines can hold.
std::string SafeName(const Command& command) {
  std::string name = command.full_name();
  for (char& c : name) {
    if (c == ':' || c == '#' || c == '\n' || c == '\r') c = '_';
  }
  return name;
}

}  // namespace

void InfoDebug(const InfoSource& source, InfoText& text) {
  const LoopStats& loop = source.engine.stats.loop;
  text.Section("Debug");
  text.Add("eventloop_duration_aof_sum", 0);
  text.Add("eventloop_duration_cron_sum", loop.timer_micros);
  text.Add("eventloop_duration_max", loop.longest_micros);
  text.Add("eventloop_cmd_per_cycle_max", loop.most_commands);
}

void InfoStats(const InfoSource& source, InfoText& text) {
  const ServerStats& stats = source.engine.stats;
  const KeyspaceStats& keys = source.engine.keyspace.stats();
  text.Section("Stats");
  text.Add("total_connections_received", stats.connections_received);
  text.Add("total_commands_processed", stats.commands_processed);
  WriteTraffic(stats, text);
  text.Add("rejected_connections", stats.connections_rejected);
  text.Add("sync_full", stats.full_syncs);
  text.Add("sync_partial_ok", stats.partial_syncs);
  text.Add("sync_partial_err", stats.partial_syncs_refused);
  text.Add("expired_keys", keys.expired);
  text.Add("expired_fields", stats.expired_fields);
  text.Add("expired_stale_perc", 0, 2);
  text.Add("expired_time_cap_reached_count", stats.expiry_slices_cut);
  text.Add("expire_cycle_cpu_milliseconds", stats.expiry_micros / 1000);
  text.Add("evicted_keys", keys.evicted);
  text.Add("evicted_clients", source.family.client_limit.evicted());
  text.Add("evicted_scripts", EvictedScripts(source.family));
  const MemoryLimit& limit = source.family.memory_limit;
  text.Add("total_eviction_exceeded_time",
           (limit.exceeded_micros_before() + limit.exceeded_micros()) / kMicrosPerMilli);
  text.Add("current_eviction_exceeded_time", limit.exceeded_micros() / kMicrosPerMilli);
  text.Add("keyspace_hits", keys.hits);
  text.Add("keyspace_misses", keys.misses);
  const Messages& messages = source.engine.messages;
  text.Add("pubsub_channels", messages.pubsub.names(ChannelKind::kChannel));
  text.Add("pubsub_patterns", messages.pubsub.names(ChannelKind::kPattern));
  text.Add("pubsubshard_channels", messages.pubsub.names(ChannelKind::kShard));
  text.Add("latest_fork_usec", 0);
  text.Add("total_forks", 0);
  text.Add("migrate_cached_sockets", stats.migrate_cached_sockets);
  text.Add("slave_expires_tracked_keys", 0);
  text.Add("active_defrag_hits", 0);
  text.Add("active_defrag_misses", 0);
  text.Add("active_defrag_key_hits", 0);
  text.Add("active_defrag_key_misses", 0);
  text.Add("total_active_defrag_time", 0);
  text.Add("current_active_defrag_time", 0);
  text.Add("tracking_total_keys", messages.tracking.keys());
  text.Add("tracking_total_items", messages.tracking.items());
  text.Add("tracking_total_prefixes", messages.tracking.prefixes());
  text.Add("unexpected_error_replies", 0);
  text.Add("total_error_replies", stats.error_replies);
  text.Add("dump_payload_sanitizations", 0);
  text.Add("total_reads_processed", stats.reads);
  text.Add("total_writes_processed", stats.writes);
  text.Add("io_threaded_reads_processed", 0);
  text.Add("io_threaded_writes_processed", 0);
  text.Add("io_threaded_total_prefetch_batches", stats.prefetch_batches);
  text.Add("io_threaded_total_prefetch_entries", stats.prefetch_entries);
  text.Add("client_query_buffer_limit_disconnections", stats.query_buffer_limit_disconnections);
  text.Add("client_output_buffer_limit_disconnections", stats.output_buffer_limit_disconnections);
  const LoopStats& loop = stats.loop;
  const double turns_per_second = stats.loop_turn_rate.per_second();
  text.Add("eventloop_cycles", loop.turns);
  text.Add("eventloop_duration_sum", loop.micros);
  text.Add("eventloop_duration_cmd_sum", CommandMicros(source.engine));
  text.Add("instantaneous_eventloop_cycles_per_sec", std::llround(turns_per_second));
  text.Add("instantaneous_eventloop_duration_usec",
           turns_per_second == 0
               ? 0
               : std::llround(stats.loop_micros_rate.per_second() / turns_per_second));
  text.Add("acl_access_denied_auth", stats.acl_denials.auth);
  text.Add("acl_access_denied_cmd", stats.acl_denials.command);
  text.Add("acl_access_denied_key", stats.acl_denials.key);
  text.Add("acl_access_denied_channel", stats.acl_denials.channel);
}

void InfoCommandStats(const InfoSource& source, InfoText& text) {
  text.Section("Commandstats");
  const double micros_per_tick = source.engine.micros_per_tick;
  ForEachCommand(source.engine.registry.commands(), [&](const Command& command) {
    const CommandStats& stats = command.stats();
    if (stats.calls == 0 && stats.rejected == 0 && stats.failed == 0) return;
    const double micros = static_cast<double>(stats.ticks) * micros_per_tick;
    const double mean = stats.calls == 0 ? 0 : micros / static_cast<double>(stats.calls);
    text.Add(StrCat("cmdstat_", SafeName(command)),
             StrCat("calls=", stats.calls, ",usec=", static_cast<uint64_t>(micros),
                    ",usec_per_call=", FixedPoint(mean, 2), ",rejected_calls=", stats.rejected,
                    ",failed_calls=", stats.failed));
  });
}

void InfoErrorStats(const InfoSource& source, InfoText& text) {
  text.Section("Errorstats");
  for (const auto& [code, count] : source.engine.stats.errors) {
    text.Add(StrCat("errorstat_", code), StrCat("count=", count));
  }
}

void InfoLatencyStats(const InfoSource& source, InfoText& text) {
  text.Section("Latencystats");
  if (!source.engine.config.latency_tracking) return;
  ForEachCommand(source.engine.registry.commands(), [&](const Command& command) {
    const LatencyHistogram* histogram = command.stats().latency.get();
    if (histogram == nullptr || histogram->count() == 0) return;
    std::string values;
    for (const double percent : source.engine.config.latency_tracking_info_percentiles) {
      const auto micros = static_cast<double>(histogram->PercentileMicros(percent));
      values +=
          StrCat(values.empty() ? "" : ",", "p", PercentName(percent), "=", FixedPoint(micros, 3));
    }
    text.Add(StrCat("latency_percentiles_usec_", SafeName(command)), values);
  });
}

void InfoKeyspace(const InfoSource& source, InfoText& text) {
  text.Section("Keyspace");
  for (int i = 0; i < source.engine.keyspace.database_count(); ++i) {
    const Database& db = source.engine.keyspace.database(i);
    if (db.size() == 0) continue;
    text.Add(absl::StrCat("db", i), StrCat("keys=", db.size(), ",expires=", db.expiring(),
                                           ",avg_ttl=", MeanTtl(source.engine, db),
                                           ",keys_with_volatile_items=", db.with_expiring_parts()));
  }
}

}  // namespace slotmesh::node
