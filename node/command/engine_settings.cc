#include "node/command/engine_settings.h"

#include "absl/status/status.h"

namespace slotmesh::node {
namespace {

AccessPolicy AccessPolicyOf(MaxmemoryPolicy policy) {
  switch (policy) {
    case MaxmemoryPolicy::kVolatileLfu:
    case MaxmemoryPolicy::kAllkeysLfu:
      return AccessPolicy::kLfu;
    case MaxmemoryPolicy::kVolatileLru:
    case MaxmemoryPolicy::kVolatileRandom:
    case MaxmemoryPolicy::kVolatileTtl:
    case MaxmemoryPolicy::kAllkeysLru:
    case MaxmemoryPolicy::kAllkeysRandom:
    case MaxmemoryPolicy::kNoEviction:
      return AccessPolicy::kLru;
  }
  return AccessPolicy::kLru;
}

void SetUp(SlowLog* log, int64_t threshold, int64_t max_entries) {
  if (log == nullptr) return;
  log->set_threshold(threshold);
  log->set_max_entries(static_cast<size_t>(max_entries));
}

void ApplyLogs(const Config& config, Engine& engine) {
  SetUp(&engine.slow_log, config.commandlog_execution_slower_than,
        config.commandlog_slow_execution_max_len);
  SetUp(engine.large_requests, config.commandlog_request_larger_than,
        config.commandlog_large_request_max_len);
  SetUp(engine.large_replies, config.commandlog_reply_larger_than,
        config.commandlog_large_reply_max_len);
}

void ApplyKeyspace(const Config& config, Engine& engine) {
  engine.keyspace.set_access_policy(AccessPolicyOf(config.maxmemory_policy));
  engine.keyspace.set_lfu_settings({.log_factor = static_cast<uint32_t>(config.lfu_log_factor),
                                    .decay_minutes = static_cast<uint32_t>(config.lfu_decay_time)});
  engine.keyspace.set_lazy_expire(config.lazyfree_lazy_expire);
}

void ApplyTypes(const Config& config, Engine& engine) {
  ModuleValues* module_values = engine.type_settings.module_values;
  engine.type_settings = {
      .hash_max_listpack_entries = config.hash_max_listpack_entries,
      .hash_max_listpack_value = config.hash_max_listpack_value,
      .set_max_intset_entries = config.set_max_intset_entries,
      .set_max_listpack_entries = config.set_max_listpack_entries,
      .set_max_listpack_value = config.set_max_listpack_value,
      .zset_max_listpack_entries = config.zset_max_listpack_entries,
      .zset_max_listpack_value = config.zset_max_listpack_value,
      .list_max_listpack_size = config.list_max_listpack_size,
      .list_compress_depth = config.list_compress_depth,
      .stream_node_max_bytes = config.stream_node_max_bytes,
      .stream_node_max_entries = config.stream_node_max_entries,
      .sanitize = config.sanitize_dump_payload != SanitizePayload::kNo,
      .hash_seed = engine.keyspace.hash_seed(),
  };
  engine.type_settings.module_values = module_values;
}

}  // namespace

void FollowLogSettings(ConfigStore& store, Engine& engine) {
  ApplyLogs(store.config(), engine);
  store.OnChange({"commandlog-execution-slower-than", "commandlog-slow-execution-max-len",
                  "commandlog-request-larger-than", "commandlog-large-request-max-len",
                  "commandlog-reply-larger-than", "commandlog-large-reply-max-len"},
                 [&engine](const Config& config) {
                   ApplyLogs(config, engine);
                   return absl::OkStatus();
                 });
}

void FollowSlotStats(ConfigStore& store, Engine& engine) {
  if (engine.slot_stats == nullptr) return;
  engine.slot_stats->SetActive(store.config().cluster_slot_stats_enabled);
  store.OnChange({"cluster-slot-stats-enabled"}, [&engine](const Config& config) {
    engine.slot_stats->SetActive(config.cluster_slot_stats_enabled);
    return absl::OkStatus();
  });
}

void FollowKeyspaceSettings(ConfigStore& store, Engine& engine) {
  ApplyKeyspace(store.config(), engine);
  store.OnChange({"maxmemory-policy", "lfu-log-factor", "lfu-decay-time", "lazyfree-lazy-expire"},
                 [&engine](const Config& config) {
                   ApplyKeyspace(config, engine);
                   return absl::OkStatus();
                 });
}

void FollowTypeSettings(ConfigStore& store, Engine& engine) {
  ApplyTypes(store.config(), engine);
  store.OnChange({"hash-max-listpack-entries", "hash-max-listpack-value", "set-max-intset-entries",
                  "set-max-listpack-entries", "set-max-listpack-value", "zset-max-listpack-entries",
                  "zset-max-listpack-value", "list-max-listpack-size", "list-compress-depth",
                  "stream-node-max-bytes", "stream-node-max-entries", "sanitize-dump-payload"},
                 [&engine](const Config& config) {
                   ApplyTypes(config, engine);
                   return absl::OkStatus();
                 });
}

}  // namespace slotmesh::node
