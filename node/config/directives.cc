#include "node/config/directives.h"

#include <algorithm>
#include <array>
#include <limits>

#include "node/config/special_fields.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kIntMin = std::numeric_limits<int32_t>::min();
constexpr int64_t kIntMax = std::numeric_limits<int32_t>::max();
constexpr int64_t kUintMax = std::numeric_limits<uint32_t>::max();
constexpr int64_t kLongMax = std::numeric_limits<int64_t>::max();
constexpr uint64_t kULongMax = std::numeric_limits<uint64_t>::max();
constexpr int64_t kPortMax = 65535;
constexpr int64_t kMib = 1024 * 1024;

constexpr DirectiveEffect kLive = DirectiveEffect::kLive;
constexpr DirectiveEffect kLater = DirectiveEffect::kLater;
constexpr DirectiveEffect kNever = DirectiveEffect::kNever;

// Rows. "" as alias: none. Flags 0: can be changed at run time.

constexpr Directive Bool(std::string_view name, std::string_view alias, uint32_t flags,
                         DirectiveEffect effect, bool Config::*field) {
  return {name, alias, flags, effect, BoolField{field}};
}

constexpr Directive Int(std::string_view name, std::string_view alias, uint32_t flags,
                        DirectiveEffect effect, int64_t Config::*field, int64_t min, int64_t max,
                        NumberUnit unit = NumberUnit::kPlain) {
  return {name, alias, flags, effect, NumberField{field, min, max, unit}};
}

constexpr Directive Size(std::string_view name, std::string_view alias, uint32_t flags,
                         DirectiveEffect effect, uint64_t Config::*field, uint64_t min,
                         uint64_t max, NumberUnit unit = NumberUnit::kMemory) {
  return {name, alias, flags, effect, SizeField{field, min, max, unit}};
}

constexpr Directive Text(std::string_view name, std::string_view alias, uint32_t flags,
                         DirectiveEffect effect, std::string Config::*field,
                         const char* (*check)(std::string_view) = nullptr) {
  return {name, alias, flags, effect, TextField{field, check}};
}

template <auto kField>
constexpr Directive Enum(std::string_view name, std::string_view alias, uint32_t flags,
                         DirectiveEffect effect, absl::Span<const EnumName> names) {
  return {name, alias, flags, effect,
          EnumField{names, [](const Config& config) { return static_cast<int>(config.*kField); },
                    [](Config* config, int value) {
                      using Type = std::remove_reference_t<decltype(config->*kField)>;
                      config->*kField = static_cast<Type>(value);
                    }}};
}

constexpr Directive Special(std::string_view name, std::string_view alias, uint32_t flags,
                            DirectiveEffect effect, const SpecialField& field) {
  return {name, alias, flags, effect, field};
}

constexpr EnumName kLogLevels[] = {
    {"debug", 0}, {"verbose", 1}, {"notice", 2}, {"warning", 3}, {"nothing", 4}};
constexpr EnumName kLogFormats[] = {{"legacy", 0}, {"logfmt", 1}};
constexpr EnumName kLogTimestamps[] = {{"legacy", 0}, {"iso8601", 1}, {"milliseconds", 2}};
constexpr EnumName kFsyncs[] = {{"everysec", 2}, {"always", 1}, {"no", 0}};
constexpr EnumName kPolicies[] = {
    {"volatile-lru", 0}, {"volatile-lfu", 1}, {"volatile-random", 2}, {"volatile-ttl", 3},
    {"allkeys-lru", 4},  {"allkeys-lfu", 5},  {"allkeys-random", 6},  {"noeviction", 7}};
constexpr EnumName kSupervisions[] = {{"upstart", 3}, {"systemd", 2}, {"auto", 1}, {"no", 0}};
constexpr EnumName kFacilities[] = {{"user", 1},    {"local0", 16}, {"local1", 17},
                                    {"local2", 18}, {"local3", 19}, {"local4", 20},
                                    {"local5", 21}, {"local6", 22}, {"local7", 23}};
constexpr EnumName kProtectedActions[] = {{"no", 0}, {"yes", 1}, {"local", 2}};
constexpr EnumName kDisklessLoads[] = {
    {"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}, {"flush-before-load", 3}};
constexpr EnumName kSanitizations[] = {{"no", 0}, {"yes", 1}, {"clients", 2}};
constexpr EnumName kOomAdjustments[] = {{"no", 0}, {"yes", 1}, {"relative", 1}, {"absolute", 2}};
constexpr EnumName kPubsubDefaults[] = {{"allchannels", 1}, {"resetchannels", 0}};
constexpr EnumName kTlsAuths[] = {{"no", 0}, {"yes", 1}, {"optional", 2}};
constexpr EnumName kEndpointTypes[] = {{"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2}};
constexpr EnumName kPropagationErrors[] = {{"ignore", 0}, {"panic", 1}, {"panic-on-replicas", 2}};
constexpr EnumName kRdbVersionChecks[] = {{"strict", 0}, {"relaxed", 1}};
constexpr EnumName kWriteSafeties[] = {{"async", 0}, {"synced", 1}};

constexpr Directive kTable[] = {
    // Network.
    Int("port", "", kNeedsApply, kLive, &Config::port, 0, kPortMax),
    Special("bind", "", kMultiArg | kNeedsApply, kLive, fields::kList<&Config::bind>),
    Text("bind-source-addr", "", 0, kLive, &Config::bind_source_addr),
    Text("unixsocket", "", kImmutable, kLive, &Config::unixsocket),
    Int("unixsocketperm", "", kImmutable, kLive, &Config::unixsocketperm, 0, 0777,
        NumberUnit::kOctal),
    Text("unixsocketgroup", "", kImmutable, kLater, &Config::unixsocketgroup),
    Int("tcp-backlog", "", kImmutable, kLive, &Config::tcp_backlog, 0, kIntMax),
    Int("tcp-keepalive", "", 0, kLive, &Config::tcp_keepalive, 0, kIntMax),
    Int("timeout", "", 0, kLive, &Config::timeout, 0, kIntMax),
    Int("maxclients", "", 0, kLive, &Config::maxclients, 1, kUintMax),
    Bool("protected-mode", "", 0, kLive, &Config::protected_mode),
    Int("socket-mark-id", "", kImmutable, kLater, &Config::socket_mark_id, 0, kUintMax),
    Int("max-new-connections-per-cycle", "", 0, kLater, &Config::max_new_connections_per_cycle, 1,
        1000),
    Int("max-new-tls-connections-per-cycle", "", 0, kLater,
        &Config::max_new_tls_connections_per_cycle, 1, 1000),
    Special("client-output-buffer-limit", "", kMultiArg, kLive, fields::kOutputLimits),
    Size("client-query-buffer-limit", "", 0, kLive, &Config::client_query_buffer_limit, kMib,
         kLongMax),
    Int("proto-max-bulk-len", "", 0, kLive, &Config::proto_max_bulk_len, kMib, kLongMax,
        NumberUnit::kMemory),
    Int("client-default-resp", "", kImmutable, kLater, &Config::client_default_resp, 2, 3),
    Int("io-threads", "", kImmutable, kLater, &Config::io_threads, 1, 256),
    Bool("io-threads-do-reads", "", kImmutable, kNever, &Config::io_threads_do_reads),
    Int("events-per-io-thread", "", kHidden, kNever, &Config::events_per_io_thread, 0, kIntMax),
    Int("prefetch-batch-max-size", "", 0, kLive, &Config::prefetch_batch_max_size, 0, 128),
    Int("http-port", "", kImmutable, kLive, &Config::http_port, -1, kPortMax),
    Special("http-bind", "", kMultiArg | kImmutable, kLive, fields::kList<&Config::http_bind>),

    // TLS.
    Int("tls-port", "", kNeedsApply, kLater, &Config::tls_port, 0, kPortMax),
    Text("tls-cert-file", "", 0, kLater, &Config::tls_cert_file),
    Text("tls-key-file", "", 0, kLater, &Config::tls_key_file),
    Text("tls-key-file-pass", "", kSensitive, kLater, &Config::tls_key_file_pass),
    Text("tls-client-cert-file", "", 0, kLater, &Config::tls_client_cert_file),
    Text("tls-client-key-file", "", 0, kLater, &Config::tls_client_key_file),
    Text("tls-client-key-file-pass", "", kSensitive, kLater, &Config::tls_client_key_file_pass),
    Text("tls-dh-params-file", "", 0, kLater, &Config::tls_dh_params_file),
    Text("tls-ca-cert-file", "", 0, kLater, &Config::tls_ca_cert_file),
    Text("tls-ca-cert-dir", "", 0, kLater, &Config::tls_ca_cert_dir),
    Text("tls-protocols", "", 0, kLater, &Config::tls_protocols),
    Text("tls-ciphers", "", 0, kLater, &Config::tls_ciphers),
    Text("tls-ciphersuites", "", 0, kLater, &Config::tls_ciphersuites),
    Bool("tls-prefer-server-ciphers", "", 0, kLater, &Config::tls_prefer_server_ciphers),
    Bool("tls-session-caching", "", 0, kLater, &Config::tls_session_caching),
    Int("tls-session-cache-size", "", 0, kLater, &Config::tls_session_cache_size, 0, kIntMax),
    Int("tls-session-cache-timeout", "", 0, kLater, &Config::tls_session_cache_timeout, 0, kIntMax),
    Enum<&Config::tls_auth_clients>("tls-auth-clients", "", 0, kLater, kTlsAuths),
    Bool("tls-cluster", "", 0, kLater, &Config::tls_cluster),
    Bool("tls-replication", "", 0, kLater, &Config::tls_replication),
    Special("rdma-bind", "", kMultiArg | kImmutable, kNever, fields::kList<&Config::rdma_bind>),
    Int("rdma-port", "", kImmutable, kNever, &Config::rdma_port, 0, kPortMax),
    Int("rdma-rx-size", "", kImmutable, kNever, &Config::rdma_rx_size, 64 * 1024, 16 * kMib),
    Int("rdma-completion-vector", "", kImmutable, kNever, &Config::rdma_completion_vector, -1,
        1024),

    // Process.
    Bool("daemonize", "", kImmutable, kLive, &Config::daemonize),
    Text("pidfile", "", kImmutable, kLive, &Config::pidfile),
    Text("logfile", "", kImmutable, kLive, &Config::logfile),
    Enum<&Config::loglevel>("loglevel", "", 0, kLive, kLogLevels),
    Enum<&Config::log_format>("log-format", "", 0, kLater, kLogFormats),
    Enum<&Config::log_timestamp_format>("log-timestamp-format", "", 0, kLater, kLogTimestamps),
    Bool("hide-user-data-from-log", "", 0, kLive, &Config::hide_user_data_from_log),
    Bool("syslog-enabled", "", kImmutable, kLater, &Config::syslog_enabled),
    Text("syslog-ident", "", kImmutable, kLater, &Config::syslog_ident),
    Enum<&Config::syslog_facility>("syslog-facility", "", kImmutable, kLater, kFacilities),
    Bool("always-show-logo", "", kImmutable, kLive, &Config::always_show_logo),
    Bool("set-proc-title", "", kImmutable, kLive, &Config::set_proc_title),
    Text("proc-title-template", "", 0, kLive, &Config::proc_title_template, &fields::TitleTemplate),
    Enum<&Config::supervised>("supervised", "", kImmutable, kLater, kSupervisions),
    Special("dir", "", kProtected | kNeedsApply | kNotWhileLoading, kLive, fields::kDir),
    Special("hz", "", 0, kLive, fields::kHz),
    Bool("dynamic-hz", "", 0, kLater, &Config::dynamic_hz),
    Int("databases", "", kImmutable, kLive, &Config::databases, 1, kIntMax),
    Int("cluster-databases", "", kImmutable, kLive, &Config::cluster_databases, 1, kIntMax),
    Int("shutdown-timeout", "", 0, kLive, &Config::shutdown_timeout, 0, kIntMax),
    Special("shutdown-on-sigterm", "", kMultiArg, kLive,
            fields::kShutdown<&Config::shutdown_on_sigterm>),
    Special("shutdown-on-sigint", "", kMultiArg, kLive,
            fields::kShutdown<&Config::shutdown_on_sigint>),
    Enum<&Config::oom_score_adj>("oom-score-adj", "", 0, kLater, kOomAdjustments),
    Special("oom-score-adj-values", "", kMultiArg, kLater, fields::kOomValues),
    Bool("disable-thp", "", kImmutable, kLater, &Config::disable_thp),
    Text("server-cpulist", "server_cpulist", kImmutable, kLater, &Config::server_cpulist),
    Text("bio-cpulist", "bio_cpulist", kImmutable, kLater, &Config::bio_cpulist),
    Text("aof-rewrite-cpulist", "aof_rewrite_cpulist", kImmutable, kNever,
         &Config::aof_rewrite_cpulist),
    Text("bgsave-cpulist", "bgsave_cpulist", kImmutable, kNever, &Config::bgsave_cpulist),
    Bool("crash-log-enabled", "", 0, kLive, &Config::crash_log_enabled),
    Bool("crash-memcheck-enabled", "", 0, kNever, &Config::crash_memcheck_enabled),
    Bool("use-exit-on-panic", "", kHidden, kNever, &Config::use_exit_on_panic),
    Bool("enable-debug-assert", "", kImmutable | kHidden, kNever, &Config::enable_debug_assert),
    Int("watchdog-period", "", kHidden, kLater, &Config::watchdog_period, 0, kIntMax),
    Text("ignore-warnings", "", 0, kNever, &Config::ignore_warnings),
    Text("locale-collate", "", 0, kLater, &Config::locale_collate),
    Text("availability-zone", "", 0, kLive, &Config::availability_zone),
    Bool("extended-redis-compatibility", "", 0, kLater, &Config::extended_redis_compatibility),
    Bool("jemalloc-bg-thread", "", 0, kLater, &Config::jemalloc_bg_thread),
    Text("req-res-logfile", "", kImmutable | kHidden, kNever, &Config::req_res_logfile),
    Enum<&Config::enable_protected_configs>("enable-protected-configs", "", kImmutable, kLive,
                                            kProtectedActions),
    Enum<&Config::enable_debug_command>("enable-debug-command", "", kImmutable, kLive,
                                        kProtectedActions),
    Enum<&Config::enable_module_command>("enable-module-command", "", kImmutable, kLive,
                                         kProtectedActions),
    Special("loadmodule", "", kMultiArg | kRepeated, kLive, fields::kModules),
    Special("rename-command", "", kMultiArg | kRepeated, kLive, fields::kRenames),

    // Users.
    Text("requirepass", "", kSensitive, kLive, &Config::requirepass),
    Text("aclfile", "", kImmutable, kLive, &Config::aclfile),
    Int("acllog-max-len", "", 0, kLive, &Config::acllog_max_len, 0, kLongMax),
    Enum<&Config::acl_pubsub_default>("acl-pubsub-default", "", 0, kLive, kPubsubDefaults),
    Special("user", "", kMultiArg | kRepeated | kSensitive, kLive, fields::kUsers),

    // Memory.
    Size("maxmemory", "", 0, kLive, &Config::maxmemory, 0, kULongMax),
    Enum<&Config::maxmemory_policy>("maxmemory-policy", "", 0, kLive, kPolicies),
    Int("maxmemory-samples", "", 0, kLive, &Config::maxmemory_samples, 1, 64),
    Int("maxmemory-eviction-tenacity", "", 0, kLive, &Config::maxmemory_eviction_tenacity, 0, 100),
    Int("maxmemory-clients", "", 0, kLive, &Config::maxmemory_clients, -100, kLongMax,
        NumberUnit::kMemoryOrPercent),
    Int("lfu-log-factor", "", 0, kLive, &Config::lfu_log_factor, 0, kIntMax),
    Int("lfu-decay-time", "", 0, kLive, &Config::lfu_decay_time, 0, kIntMax),
    Int("active-expire-effort", "", 0, kLive, &Config::active_expire_effort, 1, 10),
    Bool("lazyfree-lazy-eviction", "", 0, kLive, &Config::lazyfree_lazy_eviction),
    Bool("lazyfree-lazy-expire", "", 0, kLive, &Config::lazyfree_lazy_expire),
    Bool("lazyfree-lazy-server-del", "", 0, kLive, &Config::lazyfree_lazy_server_del),
    Bool("lazyfree-lazy-user-del", "", 0, kLive, &Config::lazyfree_lazy_user_del),
    Bool("lazyfree-lazy-user-flush", "", 0, kLive, &Config::lazyfree_lazy_user_flush),
    Bool("activerehashing", "", 0, kNever, &Config::activerehashing),
    Bool("activedefrag", "", 0, kLater, &Config::activedefrag),
    Int("active-defrag-cycle-min", "", 0, kLater, &Config::active_defrag_cycle_min, 1, 99),
    Int("active-defrag-cycle-max", "", 0, kLater, &Config::active_defrag_cycle_max, 1, 99),
    Int("active-defrag-cycle-us", "", 0, kLater, &Config::active_defrag_cycle_us, 0, 100000),
    Int("active-defrag-threshold-lower", "", 0, kLater, &Config::active_defrag_threshold_lower, 0,
        1000),
    Int("active-defrag-threshold-upper", "", 0, kLater, &Config::active_defrag_threshold_upper, 0,
        1000),
    Size("active-defrag-ignore-bytes", "", 0, kLater, &Config::active_defrag_ignore_bytes, 1,
         kLongMax),
    Int("active-defrag-max-scan-fields", "", 0, kLater, &Config::active_defrag_max_scan_fields, 1,
        kLongMax),
    Size("tracking-table-max-keys", "", 0, kLive, &Config::tracking_table_max_keys, 0, kLongMax,
         NumberUnit::kPlain),

    // Encodings.
    Size("hash-max-listpack-entries", "hash-max-ziplist-entries", 0, kLive,
         &Config::hash_max_listpack_entries, 0, kLongMax, NumberUnit::kPlain),
    Size("hash-max-listpack-value", "hash-max-ziplist-value", 0, kLive,
         &Config::hash_max_listpack_value, 0, kLongMax),
    Size("set-max-intset-entries", "", 0, kLive, &Config::set_max_intset_entries, 0, kLongMax,
         NumberUnit::kPlain),
    Size("set-max-listpack-entries", "", 0, kLive, &Config::set_max_listpack_entries, 0, kLongMax,
         NumberUnit::kPlain),
    Size("set-max-listpack-value", "", 0, kLive, &Config::set_max_listpack_value, 0, kLongMax,
         NumberUnit::kPlain),
    Size("zset-max-listpack-entries", "zset-max-ziplist-entries", 0, kLive,
         &Config::zset_max_listpack_entries, 0, kLongMax, NumberUnit::kPlain),
    Size("zset-max-listpack-value", "zset-max-ziplist-value", 0, kLive,
         &Config::zset_max_listpack_value, 0, kLongMax),
    Int("list-max-listpack-size", "list-max-ziplist-size", 0, kLive,
        &Config::list_max_listpack_size, kIntMin, kIntMax),
    Int("list-compress-depth", "", 0, kLive, &Config::list_compress_depth, 0, kIntMax),
    Size("hll-sparse-max-bytes", "", 0, kLive, &Config::hll_sparse_max_bytes, 0, kLongMax),
    Size("stream-node-max-bytes", "", 0, kLive, &Config::stream_node_max_bytes, 0, kLongMax),
    Int("stream-node-max-entries", "", 0, kLive, &Config::stream_node_max_entries, 0, kLongMax),

    // Persistence.
    Special("save", "", kMultiArg, kLive, fields::kSave),
    Text("dbfilename", "", kProtected, kLive, &Config::dbfilename, &fields::FileNameOnly),
    Bool("rdbcompression", "", 0, kLive, &Config::rdbcompression),
    Bool("rdbchecksum", "", kImmutable, kLive, &Config::rdbchecksum),
    Bool("rdb-del-sync-files", "", 0, kLater, &Config::rdb_del_sync_files),
    Bool("rdb-save-incremental-fsync", "", 0, kLive, &Config::rdb_save_incremental_fsync),
    Enum<&Config::rdb_version_check>("rdb-version-check", "", 0, kLater, kRdbVersionChecks),
    Bool("stop-writes-on-bgsave-error", "", 0, kLive, &Config::stop_writes_on_bgsave_error),
    Int("rdb-key-save-delay", "", kHidden, kLive, &Config::rdb_key_save_delay, kIntMin, kIntMax),
    Int("key-load-delay", "", kHidden, kLive, &Config::key_load_delay, kIntMin, kIntMax),
    Int("loading-process-events-interval-bytes", "", kHidden, kLive,
        &Config::loading_process_events_interval_bytes, 1024, kIntMax),
    Enum<&Config::sanitize_dump_payload>("sanitize-dump-payload", "", 0, kLive, kSanitizations),
    Bool("appendonly", "", 0, kLive, &Config::appendonly),
    Text("appendfilename", "", kImmutable, kLive, &Config::appendfilename, &fields::AppendFileName),
    Text("appenddirname", "", kImmutable, kLive, &Config::appenddirname, &fields::AppendDirName),
    Enum<&Config::appendfsync>("appendfsync", "", 0, kLive, kFsyncs),
    Bool("no-appendfsync-on-rewrite", "", 0, kLater, &Config::no_appendfsync_on_rewrite),
    Int("auto-aof-rewrite-percentage", "", 0, kLive, &Config::auto_aof_rewrite_percentage, 0,
        kIntMax),
    Int("auto-aof-rewrite-min-size", "", 0, kLive, &Config::auto_aof_rewrite_min_size, 0, kLongMax,
        NumberUnit::kMemory),
    Bool("aof-load-truncated", "", 0, kLive, &Config::aof_load_truncated),
    Bool("aof-use-rdb-preamble", "", 0, kLive, &Config::aof_use_rdb_preamble),
    Bool("aof-timestamp-enabled", "", 0, kLive, &Config::aof_timestamp_enabled),
    Bool("aof-rewrite-incremental-fsync", "", 0, kLive, &Config::aof_rewrite_incremental_fsync),
    Bool("aof-disable-auto-gc", "", 0, kLive, &Config::aof_disable_auto_gc),

    // Replication.
    Special("replicaof", "slaveof", kMultiArg | kImmutable, kLive, fields::kReplicaOf),
    Text("primaryauth", "masterauth", kSensitive, kLive, &Config::primaryauth),
    Text("primaryuser", "masteruser", kSensitive, kLive, &Config::primaryuser),
    Bool("replica-serve-stale-data", "slave-serve-stale-data", 0, kLive,
         &Config::replica_serve_stale_data),
    Bool("replica-read-only", "slave-read-only", 0, kLive, &Config::replica_read_only),
    Bool("replica-announced", "", 0, kLive, &Config::replica_announced),
    Bool("replica-ignore-maxmemory", "slave-ignore-maxmemory", 0, kLive,
         &Config::replica_ignore_maxmemory),
    Bool("replica-ignore-disk-write-errors", "", 0, kLater,
         &Config::replica_ignore_disk_write_errors),
    Bool("replica-lazy-flush", "slave-lazy-flush", 0, kLater, &Config::replica_lazy_flush),
    Int("replica-priority", "slave-priority", 0, kLive, &Config::replica_priority, 0, kIntMax),
    Text("replica-announce-ip", "slave-announce-ip", 0, kLive, &Config::replica_announce_ip),
    Int("replica-announce-port", "slave-announce-port", 0, kLive, &Config::replica_announce_port, 0,
        kPortMax),
    Size("repl-backlog-size", "", 0, kLive, &Config::repl_backlog_size, 1, kLongMax),
    Int("repl-backlog-ttl", "", 0, kLive, &Config::repl_backlog_ttl, 0, kLongMax),
    Int("repl-timeout", "", 0, kLive, &Config::repl_timeout, 1, kIntMax),
    Int("repl-ping-replica-period", "repl-ping-slave-period", 0, kLive,
        &Config::repl_ping_replica_period, 1, kIntMax),
    Bool("repl-disable-tcp-nodelay", "", 0, kLater, &Config::repl_disable_tcp_nodelay),
    Bool("repl-diskless-sync", "", 0, kLive, &Config::repl_diskless_sync),
    Int("repl-diskless-sync-delay", "", 0, kLive, &Config::repl_diskless_sync_delay, 0, kIntMax),
    Int("repl-diskless-sync-max-replicas", "", 0, kLive, &Config::repl_diskless_sync_max_replicas,
        0, kIntMax),
    Enum<&Config::repl_diskless_load>("repl-diskless-load", "", kNotWhileLoading, kLive,
                                      kDisklessLoads),
    Bool("dual-channel-replication-enabled", "", 0, kLater,
         &Config::dual_channel_replication_enabled),
    Int("min-replicas-to-write", "min-slaves-to-write", 0, kLive, &Config::min_replicas_to_write, 0,
        kIntMax),
    Int("min-replicas-max-lag", "min-slaves-max-lag", 0, kLive, &Config::min_replicas_max_lag, 0,
        kIntMax),
    Enum<&Config::propagation_error_behavior>("propagation-error-behavior", "", 0, kLater,
                                              kPropagationErrors),
    Bool("import-mode", "", 0, kLater, &Config::import_mode),
    Enum<&Config::write_safety>("write-safety", "", 0, kLive, kWriteSafeties),
    Int("min-in-sync", "", 0, kLive, &Config::min_in_sync, 1, kIntMax),

    // Cluster.
    Bool("cluster-enabled", "", kImmutable, kLive, &Config::cluster_enabled),
    Bool("arbiter", "", kImmutable, kLive, &Config::arbiter),
    Text("cluster-config-file", "", kImmutable, kNever, &Config::cluster_config_file),
    Int("cluster-node-timeout", "", 0, kLive, &Config::cluster_node_timeout, 0, kLongMax),
    Int("cluster-ping-interval", "", kHidden, kLater, &Config::cluster_ping_interval, 1, kIntMax),
    Int("cluster-port", "", kImmutable, kLive, &Config::cluster_port, 0, kPortMax),
    Special("cluster-bind", "", kMultiArg | kImmutable, kLive,
            fields::kList<&Config::cluster_bind>),
    Text("cluster-secret", "", kImmutable | kSensitive, kLive, &Config::cluster_secret),
    Text("cluster-announce-ip", "", 0, kLive, &Config::cluster_announce_ip),
    Text("cluster-announce-hostname", "", 0, kLive, &Config::cluster_announce_hostname,
         &fields::Hostname),
    Text("cluster-announce-human-nodename", "", 0, kLive, &Config::cluster_announce_human_nodename,
         &fields::HumanName),
    Text("cluster-announce-client-ipv4", "", 0, kLive, &Config::cluster_announce_client_ipv4,
         &fields::Ipv4),
    Text("cluster-announce-client-ipv6", "", 0, kLive, &Config::cluster_announce_client_ipv6,
         &fields::Ipv6),
    Int("cluster-announce-port", "", 0, kLive, &Config::cluster_announce_port, 0, kPortMax),
    Int("cluster-announce-bus-port", "", 0, kLive, &Config::cluster_announce_bus_port, 0, kPortMax),
    Int("cluster-announce-tls-port", "", 0, kLive, &Config::cluster_announce_tls_port, 0, kPortMax),
    Enum<&Config::cluster_preferred_endpoint_type>("cluster-preferred-endpoint-type", "", 0, kLive,
                                                   kEndpointTypes),
    Bool("cluster-functions", "", kImmutable, kLive, &Config::cluster_functions),
    Bool("cluster-require-full-coverage", "", 0, kLive, &Config::cluster_require_full_coverage),
    Bool("cluster-allow-reads-when-down", "", 0, kLive, &Config::cluster_allow_reads_when_down),
    Bool("cluster-allow-pubsubshard-when-down", "", 0, kLive,
         &Config::cluster_allow_pubsubshard_when_down),
    Bool("cluster-allow-replica-migration", "", 0, kLive, &Config::cluster_allow_replica_migration),
    Bool("cluster-replica-no-failover", "cluster-slave-no-failover", 0, kLive,
         &Config::cluster_replica_no_failover),
    Int("cluster-migration-barrier", "", 0, kLive, &Config::cluster_migration_barrier, 0, kIntMax),
    Int("cluster-replica-validity-factor", "cluster-slave-validity-factor", 0, kLive,
        &Config::cluster_replica_validity_factor, 0, kIntMax),
    Int("cluster-blacklist-ttl", "", 0, kLater, &Config::cluster_blacklist_ttl, 0, kLongMax),
    Size("cluster-link-sendbuf-limit", "", 0, kLater, &Config::cluster_link_sendbuf_limit, 0,
         kULongMax),
    Bool("cluster-slot-stats-enabled", "", 0, kLive, &Config::cluster_slot_stats_enabled),
    Int("cluster-manual-failover-timeout", "", 0, kLive, &Config::cluster_manual_failover_timeout,
        1, kIntMax),
    Int("cluster-slot-migration-log-max-len", "", 0, kLive,
        &Config::cluster_slot_migration_log_max_len, 0, kLongMax),

    // Scripts.
    Int("busy-reply-threshold", "lua-time-limit", 0, kLive, &Config::busy_reply_threshold, 0,
        kLongMax),
    Bool("lua-enable-insecure-api", "lua-enable-deprecated-api", kImmutable | kHidden, kLater,
         &Config::lua_enable_insecure_api),

    // Statistics and events.
    Special("notify-keyspace-events", "", 0, kLive, fields::kNotify),
    Int("commandlog-execution-slower-than", "slowlog-log-slower-than", 0, kLive,
        &Config::commandlog_execution_slower_than, -1, kLongMax),
    Int("commandlog-slow-execution-max-len", "slowlog-max-len", 0, kLive,
        &Config::commandlog_slow_execution_max_len, 0, kLongMax),
    Int("commandlog-request-larger-than", "", 0, kLater, &Config::commandlog_request_larger_than,
        -1, kLongMax),
    Int("commandlog-large-request-max-len", "", 0, kLater,
        &Config::commandlog_large_request_max_len, 0, kLongMax),
    Int("commandlog-reply-larger-than", "", 0, kLater, &Config::commandlog_reply_larger_than, -1,
        kLongMax),
    Int("commandlog-large-reply-max-len", "", 0, kLater, &Config::commandlog_large_reply_max_len, 0,
        kLongMax),
    Int("latency-monitor-threshold", "", 0, kLive, &Config::latency_monitor_threshold, 0, kLongMax),
    Bool("latency-tracking", "", 0, kLive, &Config::latency_tracking),
    Special("latency-tracking-info-percentiles", "", kMultiArg, kLive, fields::kPercentiles),
};

constexpr size_t kCount = std::size(kTable);

// Names and aliases in order, each with its row.
struct IndexEntry {
  std::string_view name;
  size_t row;
};

constexpr size_t CountNames() {
  size_t names = 0;
  for (const Directive& directive : kTable) names += directive.alias.empty() ? 1 : 2;
  return names;
}

constexpr auto kIndex = [] {
  std::array<IndexEntry, CountNames()> index{};
  size_t n = 0;
  for (size_t row = 0; row < kCount; ++row) {
    index[n++] = {kTable[row].name, row};
    if (!kTable[row].alias.empty()) index[n++] = {kTable[row].alias, row};
  }
  std::sort(index.begin(), index.end(),
            [](const IndexEntry& a, const IndexEntry& b) { return a.name < b.name; });
  return index;
}();

constexpr bool NamesAreUniqueAndLowerCase() {
  for (size_t i = 0; i < kIndex.size(); ++i) {
    if (kIndex[i].name.empty() || (i > 0 && kIndex[i].name == kIndex[i - 1].name)) return false;
    for (const char c : kIndex[i].name) {
      if (c >= 'A' && c <= 'Z') return false;
    }
  }
  return true;
}
static_assert(NamesAreUniqueAndLowerCase());

}  // namespace

absl::Span<const Directive> AllDirectives() { return kTable; }

const Directive* FindDirective(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  const auto found =
      std::lower_bound(kIndex.begin(), kIndex.end(), std::string_view(lower),
                       [](const IndexEntry& entry, std::string_view n) { return entry.name < n; });
  return found != kIndex.end() && found->name == lower ? &kTable[found->row] : nullptr;
}

}  // namespace slotmesh::node
