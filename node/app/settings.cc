#include "node/app/settings.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "node/app/open_files.h"
#include "slots/strings.h"

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

absl::Status ChangeDirectory(const Config& config) {
  if (chdir(config.dir.c_str()) == 0) return absl::OkStatus();
  return absl::NotFoundError(std::strerror(errno));
}

absl::Status CheckClients(const Config& config) {
  const int64_t room = MakeRoomForClients(config.maxclients);
  if (room == config.maxclients) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      StrCat("The operating system is not able to handle the specified number of clients, try "
             "with ",
             room));
}

}  // namespace

void Settings::ApplyLogs(const Config& config) {
  engine_.notifier.set_classes(config.notify_keyspace_events);
  engine_.slow_log.set_threshold(config.commandlog_execution_slower_than);
  engine_.slow_log.set_max_entries(static_cast<size_t>(config.commandlog_slow_execution_max_len));
  engine_.large_requests->set_threshold(config.commandlog_request_larger_than);
  engine_.large_requests->set_max_entries(
      static_cast<size_t>(config.commandlog_large_request_max_len));
  engine_.large_replies->set_threshold(config.commandlog_reply_larger_than);
  engine_.large_replies->set_max_entries(
      static_cast<size_t>(config.commandlog_large_reply_max_len));
}

void Settings::ApplyKeyspace(const Config& config) {
  engine_.keyspace.set_access_policy(AccessPolicyOf(config.maxmemory_policy));
  engine_.keyspace.set_lfu_settings(
      {.log_factor = static_cast<uint32_t>(config.lfu_log_factor),
       .decay_minutes = static_cast<uint32_t>(config.lfu_decay_time)});
  engine_.keyspace.set_lazy_expire(config.lazyfree_lazy_expire);
}

void Settings::Begin() {
  ApplyLogs(store_.config());
  ApplyKeyspace(store_.config());
  WarnOfInert();
  store_.OnChange({"notify-keyspace-events", "commandlog-execution-slower-than",
                   "commandlog-slow-execution-max-len", "commandlog-request-larger-than",
                   "commandlog-large-request-max-len", "commandlog-reply-larger-than",
                   "commandlog-large-reply-max-len"},
                  [this](const Config& config) {
                    ApplyLogs(config);
                    return absl::OkStatus();
                  });
  store_.OnChange({"maxmemory-policy", "lfu-log-factor", "lfu-decay-time", "lazyfree-lazy-expire"},
                  [this](const Config& config) {
                    ApplyKeyspace(config);
                    return absl::OkStatus();
                  });
  store_.OnChange({"dir"}, &ChangeDirectory);
  store_.OnChange({"maxclients"}, &CheckClients);
  store_.OnChange({"port"}, [this](const Config&) {
    if (server_.Relisten().ok()) return absl::OkStatus();
    return absl::UnavailableError("Unable to listen on this port. Check server logs.");
  });
  store_.OnChange({"bind"}, [this](const Config&) {
    if (server_.Relisten().ok()) return absl::OkStatus();
    return absl::UnavailableError("Failed to bind to specified addresses.");
  });
  store_.OnChange({"maxmemory"}, [this](const Config& config) {
    if (config.maxmemory != 0 && engine_.used_memory_bytes > config.maxmemory) {
      log_.Warning(
          "The new maxmemory is smaller than the memory in use: writes are refused until enough "
          "keys are removed.");
    }
    return absl::OkStatus();
  });
}

void Settings::WarnOfInert() const {
  for (const Directive* directive : store_.Inert()) {
    log_.Warning(StrCat("The directive '", directive->name, "' has no effect",
                        directive->effect == DirectiveEffect::kLater ? " yet." : "."));
  }
}

}  // namespace slotmesh::node
