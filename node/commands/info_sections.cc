// INFO's sections about the process and its state; counters are in info_statistics.cc.
#include "node/commands/info_sections.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "node/commands/connection.h"
#include "node/commands/memory_report.h"
#include "node/keyspace/access_clock.h"
#include "node/stats/memory.h"
#include "node/stats/process.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kSecondsPerDay = 86400;

constexpr InfoSection kSections[] = {
    {"server", true, &InfoServer},
    {"clients", true, &InfoClients},
    {"memory", true, &InfoMemory},
    {"persistence", true, &InfoPersistence},
    {"stats", true, &InfoStats},
    {"replication", true, &InfoReplication},
    {"cpu", true, &InfoCpu},
    {"modules", true, &InfoModules},
    {"commandstats", false, &InfoCommandStats},
    {"errorstats", true, &InfoErrorStats},
    {"latencystats", false, &InfoLatencyStats},
    {"cluster", true, &InfoCluster},
    {"keyspace", true, &InfoKeyspace},
    {"debug", false, &InfoDebug, /*only_by_name=*/true},
};

void Allocator(const MemoryUse& use, uint64_t resident, InfoText& text) {
  text.Add("allocator_frag_ratio", Ratio(use.active_bytes, use.allocated_bytes), 2);
  text.Add("allocator_frag_bytes", Above(use.active_bytes, use.allocated_bytes));
  text.Add("allocator_rss_ratio", Ratio(use.resident_bytes, use.active_bytes), 2);
  text.Add("allocator_rss_bytes", Above(use.resident_bytes, use.active_bytes));
  text.Add("rss_overhead_ratio", Ratio(resident, use.resident_bytes), 2);
  text.Add("rss_overhead_bytes",
           static_cast<int64_t>(resident) - static_cast<int64_t>(use.resident_bytes));
  text.Add("mem_fragmentation_ratio", Ratio(resident, use.allocated_bytes), 2);
  text.Add("mem_fragmentation_bytes",
           static_cast<int64_t>(resident) - static_cast<int64_t>(use.allocated_bytes));
}

void Scripts(const ScriptUsage& usage, InfoText& text) {
  const uint64_t scripts = usage.eval_cache_bytes + usage.libraries_bytes;
  text.AddBytes("used_memory_lua", usage.eval_vm_bytes);
  text.Add("used_memory_vm_eval", usage.eval_vm_bytes);
  text.Add("used_memory_scripts_eval", usage.eval_cache_bytes);
  text.Add("number_of_cached_scripts", usage.cached_scripts);
  text.Add("number_of_functions", usage.functions);
  text.Add("number_of_libraries", usage.libraries);
  text.Add("used_memory_vm_functions", usage.functions_vm_bytes);
  text.AddBytes("used_memory_vm_total", usage.eval_vm_bytes + usage.functions_vm_bytes);
  text.Add("used_memory_functions", usage.libraries_bytes);
  text.AddBytes("used_memory_scripts", scripts);
}

}  // namespace

absl::Span<const InfoSection> InfoSections() { return kSections; }

void InfoServer(const InfoSource& source, InfoText& text) {
  const ServerIdentity& identity = source.family.identity;
  const int64_t now_ms = source.engine.now_ms;
  const int64_t uptime = (now_ms - identity.start_ms) / kMillisPerSecond;
  text.Section("Server");
  text.Add("redis_version", kCompatibleVersion);
  text.Add("server_name", "slotmesh");
  text.Add("slotmesh_version", identity.version);
  text.Add("redis_git_sha1", "00000000");
  text.Add("redis_git_dirty", 0);
  text.Add("redis_build_id", "0");
  text.Add("redis_mode", source.engine.gate != nullptr ? "cluster" : "standalone");
  text.Add("os", OperatingSystem());
  text.Add("arch_bits", 8 * sizeof(void*));
  text.Add("multiplexing_api", "epoll");
  text.Add("gcc_version", absl::StrCat(__GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__));
  text.Add("process_id", ProcessId());
  text.Add("process_supervised", "no");
  text.Add("run_id", identity.run_id);
  text.Add("tcp_port", source.family.control.port());
  text.Add("server_time_usec", source.engine.clock.WallMicros());
  text.Add("uptime_in_seconds", uptime);
  text.Add("uptime_in_days", uptime / kSecondsPerDay);
  text.Add("hz", source.engine.config.hz);
  text.Add("configured_hz", source.engine.config.hz);
  text.Add("lru_clock", LruClock(now_ms));
  text.Add("executable", identity.executable);
  text.Add("config_file", source.family.settings.file());
  text.Add("io_threads_active", 0);
  const std::optional<int64_t> shutdown_ms = source.family.shutdown.millis_left();
  if (shutdown_ms.has_value()) text.Add("shutdown_in_milliseconds", *shutdown_ms);
}

std::string_view PauseReason(const Pause& pause, int64_t now_ms) {
  switch (pause.purpose(now_ms)) {
    case Pause::Purpose::kClients:
      return pause.active(now_ms) == Pause::Kind::kNone ? "none" : "client_pause";
    case Pause::Purpose::kFailover:
      return "failover_in_progress";
    case Pause::Purpose::kShutdown:
      return "shutdown_in_progress";
  }
  return "";
}

void InfoClients(const InfoSource& source, InfoText& text) {
  const Engine& engine = source.engine;
  const ClientTotals totals = MeasureClients(engine, source.family.clients);
  const Pause::Kind pause = engine.pause.active(engine.now_ms);
  text.Section("Clients");
  text.Add("connected_clients", source.family.clients.size() - totals.replicas);
  text.Add("cluster_connections", 0);
  text.Add("maxclients", engine.config.maxclients);
  text.Add("client_recent_max_input_buffer", totals.largest_input);
  text.Add("client_recent_max_output_buffer", totals.largest_output);
  text.Add("blocked_clients", engine.blocked.with_connection() + engine.parking.size());
  text.Add("tracking_clients", engine.messages.tracking.clients());
  text.Add("pubsub_clients", engine.messages.pubsub.clients());
  text.Add("watching_clients", engine.watches.watching_clients());
  text.Add("clients_in_timeout_table", engine.blocked.with_deadline());
  text.Add("total_watched_keys", engine.watches.watched_keys());
  text.Add("total_blocking_keys", engine.key_waiters.keys());
  text.Add("total_blocking_keys_on_nokey", engine.key_waiters.keys_or_without());
  text.Add("paused_reason", PauseReason(engine.pause, engine.now_ms));
  text.Add("paused_actions", pause == Pause::Kind::kNone    ? "none"
                             : pause == Pause::Kind::kWrite ? "write"
                                                            : "all");
  text.Add("paused_timeout_milliseconds",
           pause == Pause::Kind::kNone ? 0 : engine.pause.until_ms(engine.now_ms) - engine.now_ms);
}

void InfoMemory(const InfoSource& source, InfoText& text) {
  Engine& engine = source.engine;
  const MemoryReport report = MeasureMemory(engine, source.family);
  const MemoryUse& use = report.allocator;
  text.Section("Memory");
  text.AddBytes("used_memory", report.used());
  text.AddBytes("used_memory_rss", report.resident);
  text.AddBytes("used_memory_peak", report.peak);
  text.Add("used_memory_peak_perc", FixedPoint(report.peak_percent(), 2) + "%");
  text.Add("used_memory_overhead", report.overhead());
  text.Add("used_memory_startup", report.startup);
  text.Add("used_memory_dataset", report.dataset());
  text.Add("used_memory_dataset_perc", FixedPoint(report.dataset_percent(), 2) + "%");
  text.Add("allocator_allocated", use.allocated_bytes);
  text.Add("allocator_active", use.active_bytes);
  text.Add("allocator_resident", use.resident_bytes);
  text.Add("allocator_muzzy", use.muzzy_bytes);
  text.AddBytes("total_system_memory", TotalSystemMemory());
  Scripts(source.family.scripts == nullptr ? ScriptUsage() : source.family.scripts->Measure(),
          text);
  text.AddBytes("maxmemory", engine.config.maxmemory);
  text.Add("maxmemory_policy", source.family.settings.Value("maxmemory-policy"));
  Allocator(use, report.resident, text);
  text.Add("mem_not_counted_for_evict", report.uncounted);
  text.Add("mem_replication_backlog", 0);
  const ReplicationView* replication = source.family.replication;
  text.Add("mem_total_replication_buffers",
           replication == nullptr ? 0 : replication->backlog_bytes());
  text.Add("mem_clients_slaves", replication == nullptr ? 0 : replication->replicas_bytes());
  text.Add("mem_clients_normal", report.clients);
  text.Add("mem_cluster_links", 0);
  text.Add("mem_aof_buffer", 0);
  text.Add("mem_allocator", AllocatorName());
  // Tables grow bucket by bucket: there is never a second one.
  text.Add("mem_overhead_db_hashtable_rehashing", 0);
  text.Add("active_defrag_running", 0);
  text.Add("lazyfree_pending_objects", source.family.control.lazyfree_pending());
  text.Add("lazyfreed_objects", source.family.control.lazyfreed());
}

void WriteAof(const AofStatus& aof, InfoText& text) {
  text.Add("aof_enabled", aof.on ? 1 : 0);
  text.Add("aof_rewrite_in_progress", aof.rewriting ? 1 : 0);
  text.Add("aof_rewrite_scheduled", aof.scheduled ? 1 : 0);
  text.Add("aof_last_rewrite_time_sec", aof.last_rewrite_seconds);
  text.Add("aof_current_rewrite_time_sec", aof.current_rewrite_seconds);
  text.Add("aof_last_bgrewrite_status", aof.last_rewrite_ok ? "ok" : "err");
  text.Add("aof_rewrites", aof.rewrites);
  text.Add("aof_rewrites_consecutive_failures", aof.failures_in_a_row);
  text.Add("aof_last_write_status", aof.last_write_ok ? "ok" : "err");
  text.Add("aof_last_cow_size", 0);
  if (!aof.on) return;
  text.Add("aof_current_size", aof.bytes);
  text.Add("aof_base_size", aof.base_bytes);
  text.Add("aof_pending_rewrite", aof.scheduled ? 1 : 0);
  text.Add("aof_buffer_length", aof.buffered_bytes);
  text.Add("aof_pending_bio_fsync", aof.syncing ? 1 : 0);
  text.Add("aof_delayed_fsync", aof.syncs_awaited);
}

void WriteLoading(const LoadProgress& loading, int64_t now_ms, InfoText& text) {
  constexpr int64_t kMillisPerSecond = 1000;
  text.Add("loading", loading.active ? 1 : 0);
  text.Add("async_loading", 0);
  if (!loading.active) return;
  const double done = static_cast<double>(loading.loaded_bytes);
  const double total = static_cast<double>(std::max<uint64_t>(loading.total_bytes, 1));
  const double seconds = static_cast<double>(now_ms - loading.begin_ms) / kMillisPerSecond;
  text.Add("loading_start_time", loading.begin_ms / kMillisPerSecond);
  text.Add("loading_total_bytes", loading.total_bytes);
  text.Add("loading_rdb_used_mem", loading.memory_of_writer);
  text.Add("loading_loaded_bytes", loading.loaded_bytes);
  text.Add("loading_loaded_perc", done * 100 / total, 2);
  text.Add("loading_eta_seconds",
           done == 0 ? 1 : static_cast<int64_t>(seconds * std::max(total - done, 0.0) / done));
}

void InfoPersistence(const InfoSource& source, InfoText& text) {
  const PersistenceStatus status = source.family.persistence.Status();
  text.Section("Persistence");
  WriteLoading(source.engine.loading, source.engine.now_ms, text);
  text.Add("current_cow_peak", 0);
  text.Add("current_cow_size", 0);
  text.Add("current_cow_size_age", 0);
  text.Add("current_fork_perc", 0, 2);
  text.Add("current_save_keys_processed", status.keys_done);
  text.Add("current_save_keys_total", status.keys_total);
  text.Add("rdb_changes_since_last_save", source.engine.stats.keyspace_changes);
  const ReplicationView* replication = source.family.replication;
  text.Add("rdb_bgsave_in_progress",
           status.saving || (replication != nullptr && replication->copying()));
  text.Add("rdb_last_save_time", status.last_save_s);
  text.Add("rdb_last_bgsave_status", status.last_background_ok ? "ok" : "err");
  text.Add("rdb_last_bgsave_time_sec", status.last_seconds);
  text.Add("rdb_current_bgsave_time_sec", status.current_seconds);
  text.Add("rdb_saves", status.saves);
  text.Add("rdb_last_cow_size", 0);
  text.Add("rdb_last_load_keys_expired", status.keys_expired);
  text.Add("rdb_last_load_keys_loaded", status.keys_loaded);
  WriteAof(source.family.persistence.StatusOfAof(), text);
  const ModulesReport* modules = source.family.modules;
  text.Add("module_fork_in_progress", modules != nullptr && modules->has_child());
  text.Add("module_fork_last_cow_size", 0);
}

void InfoReplication(const InfoSource& source, InfoText& text) {
  text.Section("Replication");
  if (source.family.replication != nullptr) source.family.replication->WriteInfo(text);
}

void InfoCpu(const InfoSource&, InfoText& text) {
  const CpuUse process = ProcessCpuUse();
  const CpuUse children = ChildrenCpuUse();
  const CpuUse thread = ThreadCpuUse();
  text.Section("CPU");
  text.Add("used_cpu_sys", SecondsOfMicros(process.system_micros));
  text.Add("used_cpu_user", SecondsOfMicros(process.user_micros));
  text.Add("used_cpu_sys_children", SecondsOfMicros(children.system_micros));
  text.Add("used_cpu_user_children", SecondsOfMicros(children.user_micros));
  text.Add("used_cpu_sys_main_thread", SecondsOfMicros(thread.system_micros));
  text.Add("used_cpu_user_main_thread", SecondsOfMicros(thread.user_micros));
}

void InfoModules(const InfoSource& source, InfoText& text) {
  text.Section("Modules");
  if (source.family.modules == nullptr) return;
  for (const std::string& line : source.family.modules->DescribeModules()) {
    text.Add("module", std::string_view(line));
  }
}

void InfoCluster(const InfoSource& source, InfoText& text) {
  text.Section("Cluster");
  text.Add("cluster_enabled", source.engine.gate != nullptr);
}

}  // namespace slotmesh::node
