// The settings of one node as plain typed fields, named as in redis.conf with '-' written '_'.
//
// A default-constructed Config holds the defaults (Valkey 8's, Redis 7.0's where Valkey has no such
// directive). Only ConfigStore changes one that is in use; everyone else reads it by const
// reference, on the engine thread, which costs a load. Other threads get a copy. The table in
// directives.cc ties each field to its name, type, bounds and effect.
#ifndef SLOTMESH_NODE_CONFIG_CONFIG_H_
#define SLOTMESH_NODE_CONFIG_CONFIG_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slotmesh::node {

enum class LogLevel : uint8_t { kDebug = 0, kVerbose = 1, kNotice = 2, kWarning = 3, kNothing = 4 };
enum class LogFormat : uint8_t { kLegacy = 0, kLogfmt = 1 };
enum class LogTimestamp : uint8_t { kLegacy = 0, kIso8601 = 1, kMilliseconds = 2 };
enum class Fsync : uint8_t { kNo = 0, kAlways = 1, kEverySecond = 2 };
enum class MaxmemoryPolicy : uint8_t {
  kVolatileLru = 0,
  kVolatileLfu = 1,
  kVolatileRandom = 2,
  kVolatileTtl = 3,
  kAllkeysLru = 4,
  kAllkeysLfu = 5,
  kAllkeysRandom = 6,
  kNoEviction = 7,
};
enum class Supervised : uint8_t { kNo = 0, kAuto = 1, kSystemd = 2, kUpstart = 3 };
enum class ProtectedAction : uint8_t { kNo = 0, kYes = 1, kLocal = 2 };
enum class DisklessLoad : uint8_t { kDisabled = 0, kOnEmptyDb = 1, kSwapDb = 2, kFlushFirst = 3 };
enum class SanitizePayload : uint8_t { kNo = 0, kYes = 1, kClients = 2 };
enum class OomScoreAdj : uint8_t { kNo = 0, kRelative = 1, kAbsolute = 2 };
enum class PubsubDefault : uint8_t { kResetChannels = 0, kAllChannels = 1 };
enum class TlsAuthClients : uint8_t { kNo = 0, kYes = 1, kOptional = 2 };
enum class EndpointType : uint8_t { kIp = 0, kHostname = 1, kUnknown = 2 };
enum class PropagationError : uint8_t { kIgnore = 0, kPanic = 1, kPanicOnReplicas = 2 };
enum class RdbVersionCheck : uint8_t { kStrict = 0, kRelaxed = 1 };
enum class WriteSafety : uint8_t { kAsync = 0, kSynced = 1 };
// Bits: shutdown-on-sigterm and -sigint combine them ("save force").
enum ShutdownFlag : uint32_t {
  kShutdownDefault = 0,
  kShutdownSave = 1,
  kShutdownNoSave = 2,
  kShutdownNow = 4,
  kShutdownForce = 8,
  kShutdownFailover = 16,
};

// Bits of notify-keyspace-events, with their letters.
enum NotifyFlag : uint32_t {
  kNotifyKeyspace = 1u << 0,  // K
  kNotifyKeyevent = 1u << 1,  // E
  kNotifyGeneric = 1u << 2,   // g
  kNotifyString = 1u << 3,    // $
  kNotifyList = 1u << 4,      // l
  kNotifySet = 1u << 5,       // s
  kNotifyHash = 1u << 6,      // h
  kNotifyZset = 1u << 7,      // z
  kNotifyExpired = 1u << 8,   // x
  kNotifyEvicted = 1u << 9,   // e
  kNotifyStream = 1u << 10,   // t
  kNotifyKeyMiss = 1u << 11,  // m, not in A
  kNotifyLoaded = 1u << 12,   // For modules only: the key came from a file.
  kNotifyModule = 1u << 13,   // d
  kNotifyNew = 1u << 14,      // n, not in A
  kNotifyAll = kNotifyGeneric | kNotifyString | kNotifyList | kNotifySet | kNotifyHash |
               kNotifyZset | kNotifyExpired | kNotifyEvicted | kNotifyStream | kNotifyModule,  // A
};

struct SavePoint {
  int64_t seconds;
  int64_t changes;
  friend bool operator==(const SavePoint&, const SavePoint&) = default;
};

// client-output-buffer-limit of one class; 0 bytes: no limit.
struct OutputLimit {
  uint64_t hard_bytes = 0;
  uint64_t soft_bytes = 0;
  int64_t soft_seconds = 0;
  friend bool operator==(const OutputLimit&, const OutputLimit&) = default;
};
enum OutputClass : uint8_t { kOutputNormal = 0, kOutputReplica = 1, kOutputPubsub = 2 };

struct Config {
  // Network.
  int64_t port = 6379;                            // 0: no TCP listener.
  std::vector<std::string> bind = {"*", "-::*"};  // '-' before an address: its absence is no error.
  std::string bind_source_addr;
  std::string unixsocket;
  int64_t unixsocketperm = 0;  // Octal permission bits; 0: as umask leaves it.
  std::string unixsocketgroup;
  int64_t tcp_backlog = 511;
  int64_t tcp_keepalive = 300;  // Seconds; 0: off.
  int64_t timeout = 0;          // Seconds an idle client may stay; 0: for ever.
  int64_t maxclients = 10000;
  bool protected_mode = true;
  int64_t socket_mark_id = 0;
  int64_t max_new_connections_per_cycle = 10;
  int64_t max_new_tls_connections_per_cycle = 1;
  std::array<OutputLimit, 3> client_output_buffer_limit = {
      OutputLimit{}, OutputLimit{256ull << 20, 64ull << 20, 60},
      OutputLimit{32ull << 20, 8ull << 20, 60}};
  uint64_t client_query_buffer_limit = 1ull << 30;
  int64_t proto_max_bulk_len = 512ll << 20;
  int64_t client_default_resp = 2;
  int64_t io_threads = 1;
  bool io_threads_do_reads = false;
  int64_t events_per_io_thread = 2;
  int64_t prefetch_batch_max_size = 16;
  int64_t http_port = 0;  // 0: port + 30000; -1: none.
  std::vector<std::string> http_bind = {"127.0.0.1", "-::1"};

  // TLS.
  int64_t tls_port = 0;
  std::string tls_cert_file, tls_key_file, tls_key_file_pass;
  std::string tls_client_cert_file, tls_client_key_file, tls_client_key_file_pass;
  std::string tls_dh_params_file, tls_ca_cert_file, tls_ca_cert_dir;
  std::string tls_protocols, tls_ciphers, tls_ciphersuites;
  bool tls_prefer_server_ciphers = false;
  bool tls_session_caching = true;
  int64_t tls_session_cache_size = 20480;
  int64_t tls_session_cache_timeout = 300;
  TlsAuthClients tls_auth_clients = TlsAuthClients::kYes;
  bool tls_cluster = false;
  bool tls_replication = false;

  // RDMA: named so that files which set it load; there is no such listener.
  std::vector<std::string> rdma_bind;
  int64_t rdma_port = 0, rdma_rx_size = 1 << 20, rdma_completion_vector = -1;

  // Process.
  bool daemonize = false;
  std::string pidfile;
  std::string logfile;
  LogLevel loglevel = LogLevel::kNotice;
  LogFormat log_format = LogFormat::kLegacy;
  LogTimestamp log_timestamp_format = LogTimestamp::kLegacy;
  bool hide_user_data_from_log = true;
  bool syslog_enabled = false;
  std::string syslog_ident = "slotmesh";
  int64_t syslog_facility = 16;  // LOG_LOCAL0 >> 3.
  bool always_show_logo = false;
  bool set_proc_title = true;
  std::string proc_title_template = "{title} {listen-addr} {server-mode}";
  Supervised supervised = Supervised::kNo;
  std::string dir;  // "" until set: the working directory then. CONFIG SET dir changes directory.
  int64_t hz = 10;
  bool dynamic_hz = true;
  int64_t databases = 16;
  int64_t cluster_databases = 1;
  int64_t shutdown_timeout = 10;
  uint32_t shutdown_on_sigterm = kShutdownDefault;
  uint32_t shutdown_on_sigint = kShutdownDefault;
  OomScoreAdj oom_score_adj = OomScoreAdj::kNo;
  std::array<int64_t, 3> oom_score_adj_values = {0, 200, 800};
  bool disable_thp = true;
  std::string server_cpulist, bio_cpulist, aof_rewrite_cpulist, bgsave_cpulist;
  bool crash_log_enabled = true;
  bool crash_memcheck_enabled = true;
  bool use_exit_on_panic = false;
  bool enable_debug_assert = false;
  int64_t watchdog_period = 0;
  std::string ignore_warnings;
  std::string locale_collate;
  std::string availability_zone;
  bool extended_redis_compatibility = false;
  bool jemalloc_bg_thread = true;
  std::string req_res_logfile;
  ProtectedAction enable_protected_configs = ProtectedAction::kNo;
  ProtectedAction enable_debug_command = ProtectedAction::kNo;
  ProtectedAction enable_module_command = ProtectedAction::kNo;
  std::vector<std::vector<std::string>> loadmodule;                 // Path and arguments.
  std::vector<std::pair<std::string, std::string>> rename_command;  // From, to ("" removes).

  // Users.
  std::string requirepass;
  std::string aclfile;
  int64_t acllog_max_len = 128;
  PubsubDefault acl_pubsub_default = PubsubDefault::kResetChannels;
  std::vector<std::vector<std::string>> user;  // Name and rules.

  // Memory.
  uint64_t maxmemory = 0;
  MaxmemoryPolicy maxmemory_policy = MaxmemoryPolicy::kNoEviction;
  int64_t maxmemory_samples = 5;
  int64_t maxmemory_eviction_tenacity = 10;
  int64_t maxmemory_clients = 0;  // Bytes; below 0: per cent of maxmemory.
  int64_t lfu_log_factor = 10;
  int64_t lfu_decay_time = 1;
  int64_t active_expire_effort = 1;
  bool lazyfree_lazy_eviction = true, lazyfree_lazy_expire = true, lazyfree_lazy_server_del = true;
  bool lazyfree_lazy_user_del = true, lazyfree_lazy_user_flush = true;
  bool activerehashing = true;
  bool activedefrag = false;
  int64_t active_defrag_cycle_min = 1, active_defrag_cycle_max = 25, active_defrag_cycle_us = 500;
  int64_t active_defrag_threshold_lower = 10, active_defrag_threshold_upper = 100;
  uint64_t active_defrag_ignore_bytes = 100ull << 20;
  int64_t active_defrag_max_scan_fields = 1000;
  uint64_t tracking_table_max_keys = 1000000;

  // Encodings.
  uint64_t hash_max_listpack_entries = 512, hash_max_listpack_value = 64;
  uint64_t set_max_intset_entries = 512, set_max_listpack_entries = 128,
           set_max_listpack_value = 64;
  uint64_t zset_max_listpack_entries = 128, zset_max_listpack_value = 64;
  int64_t list_max_listpack_size = -2, list_compress_depth = 0;
  uint64_t hll_sparse_max_bytes = 3000;
  uint64_t stream_node_max_bytes = 4096;
  int64_t stream_node_max_entries = 100;

  // Persistence.
  std::vector<SavePoint> save = {{3600, 1}, {300, 100}, {60, 10000}};
  std::string dbfilename = "dump.rdb";
  bool rdbcompression = true, rdbchecksum = true;
  bool rdb_del_sync_files = false, rdb_save_incremental_fsync = true;
  RdbVersionCheck rdb_version_check = RdbVersionCheck::kStrict;
  bool stop_writes_on_bgsave_error = true;
  int64_t rdb_key_save_delay = 0, key_load_delay = 0;
  int64_t loading_process_events_interval_bytes = 2 << 20;
  SanitizePayload sanitize_dump_payload = SanitizePayload::kNo;
  bool appendonly = false;
  std::string appendfilename = "appendonly.aof";
  std::string appenddirname = "appendonlydir";
  Fsync appendfsync = Fsync::kEverySecond;
  bool no_appendfsync_on_rewrite = false;
  int64_t auto_aof_rewrite_percentage = 100;
  int64_t auto_aof_rewrite_min_size = 64ll << 20;
  bool aof_load_truncated = true, aof_use_rdb_preamble = true, aof_timestamp_enabled = false;
  bool aof_rewrite_incremental_fsync = true, aof_disable_auto_gc = false;

  // Replication.
  std::string replicaof_host;  // Empty: not a replica.
  int64_t replicaof_port = 0;
  std::string primaryauth, primaryuser;
  bool replica_serve_stale_data = true, replica_read_only = true, replica_announced = true;
  bool replica_ignore_maxmemory = true, replica_ignore_disk_write_errors = false;
  bool replica_lazy_flush = true;
  int64_t replica_priority = 100;
  std::string replica_announce_ip;
  int64_t replica_announce_port = 0;
  uint64_t repl_backlog_size = 10ull << 20;
  int64_t repl_backlog_ttl = 3600;
  int64_t repl_timeout = 60, repl_ping_replica_period = 10;
  bool repl_disable_tcp_nodelay = false;
  bool repl_diskless_sync = true;
  int64_t repl_diskless_sync_delay = 5, repl_diskless_sync_max_replicas = 0;
  DisklessLoad repl_diskless_load = DisklessLoad::kDisabled;
  bool dual_channel_replication_enabled = false;
  int64_t min_replicas_to_write = 0, min_replicas_max_lag = 10;
  PropagationError propagation_error_behavior = PropagationError::kIgnore;
  bool import_mode = false;
  WriteSafety write_safety = WriteSafety::kAsync;
  int64_t min_in_sync = 2;  // Copies, the primary's among them.

  // Cluster.
  bool cluster_enabled = false;
  bool arbiter = false;  // Votes only: no data, no slots. Implies cluster_enabled.
  std::string cluster_config_file = "nodes.conf";
  int64_t cluster_node_timeout = 3000;                            // Milliseconds.
  int64_t cluster_ping_interval = 1000;                           // Milliseconds.
  int64_t cluster_port = 0;                                       // 0: port + 10000.
  std::vector<std::string> cluster_bind = {"127.0.0.1", "-::1"};  // Where the bus listens.
  std::string cluster_secret;
  std::string cluster_announce_ip, cluster_announce_hostname, cluster_announce_human_nodename;
  std::string cluster_announce_client_ipv4, cluster_announce_client_ipv6;
  int64_t cluster_announce_port = 0, cluster_announce_bus_port = 0, cluster_announce_tls_port = 0;
  EndpointType cluster_preferred_endpoint_type = EndpointType::kIp;
  bool cluster_require_full_coverage = true;
  bool cluster_allow_reads_when_down = false, cluster_allow_pubsubshard_when_down = true;
  bool cluster_allow_replica_migration = true, cluster_replica_no_failover = false;
  int64_t cluster_migration_barrier = 1, cluster_replica_validity_factor = 10;
  int64_t cluster_blacklist_ttl = 60;
  uint64_t cluster_link_sendbuf_limit = 0;
  bool cluster_slot_stats_enabled = false;
  int64_t cluster_manual_failover_timeout = 5000;
  int64_t cluster_slot_migration_log_max_len = 1000;
  bool cluster_functions = true;  // The ledger decides which function libraries there are.

  // Scripts.
  int64_t busy_reply_threshold = 5000;  // Milliseconds.
  bool lua_enable_insecure_api = false;

  // Statistics and events.
  uint32_t notify_keyspace_events = 0;               // NotifyFlag.
  int64_t commandlog_execution_slower_than = 10000;  // Microseconds (slowlog); below 0: off.
  int64_t commandlog_slow_execution_max_len = 128;
  int64_t commandlog_request_larger_than = 1 << 20, commandlog_large_request_max_len = 128;
  int64_t commandlog_reply_larger_than = 1 << 20, commandlog_large_reply_max_len = 128;
  int64_t latency_monitor_threshold = 0;  // Milliseconds; 0: off.
  bool latency_tracking = true;
  std::vector<double> latency_tracking_info_percentiles = {50, 99, 99.9};
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CONFIG_CONFIG_H_
