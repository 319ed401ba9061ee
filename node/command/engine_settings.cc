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

void FollowKeyspaceSettings(ConfigStore& store, Engine& engine) {
  ApplyKeyspace(store.config(), engine);
  store.OnChange({"maxmemory-policy", "lfu-log-factor", "lfu-decay-time", "lazyfree-lazy-expire"},
                 [&engine](const Config& config) {
                   ApplyKeyspace(config, engine);
                   return absl::OkStatus();
                 });
}

}  // namespace slotmesh::node
