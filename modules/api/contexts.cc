// What a module says of itself, and learns of the call that it is in: attributes, options,
// database, flags, time, the log.
#include <cstdarg>
#include <cstdlib>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "node/command/memory_limit.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

constexpr int64_t kMicrosPerMilli = 1000;
constexpr int64_t kNanosPerMicro = 1000;
// What clients take slotmesh for: 7.2.4.
constexpr int kCompatibleVersion = 0x00070204;
// Highest version of RedisModuleTypeMethods that is read.
constexpr int kTypeMethodVersion = 5;

// --- The module. ---

int IsModuleNameBusy(const char* name) noexcept {
  return TheModules().Find(name) != nullptr ? 1 : 0;
}

void SetModuleAttribs(RedisModuleCtx* ctx, const char* name, int version,
                      int api_version) noexcept {
  Module& module = *ctx->module;
  if (!module.name.empty() || IsModuleNameBusy(name) != 0) return;
  module.name = name;
  module.version = version;
  module.api_version = api_version;
}

void SetModuleOptions(RedisModuleCtx* ctx, int options) noexcept { ctx->module->options = options; }

int GetModuleOptionsAll() noexcept {
  return REDISMODULE_OPTIONS_HANDLE_IO_ERRORS | REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED |
         REDISMODULE_OPTIONS_HANDLE_REPL_ASYNC_LOAD |
         REDISMODULE_OPTIONS_ALLOW_NESTED_KEYSPACE_NOTIFICATIONS;
}

int GetServerVersion() noexcept { return kCompatibleVersion; }
int GetTypeMethodVersion() noexcept { return kTypeMethodVersion; }

// --- The call. ---

int GetSelectedDb(RedisModuleCtx* ctx) noexcept { return ctx->database; }

// The client keeps it after the command.
int SelectDb(RedisModuleCtx* ctx, int database) noexcept {
  if (database < 0 || database >= ctx->engine().keyspace.database_count()) return REDISMODULE_ERR;
  ctx->database = database;
  if (ctx->client != nullptr) ctx->client->database = database;
  return REDISMODULE_OK;
}

int CallerFlags(const RedisModuleCtx& ctx) {
  if (ctx.client == nullptr) return 0;
  int flags = 0;
  node::Client& client = *ctx.client;
  if (ctx.command != nullptr && !ctx.command->may_block()) {
    flags |= REDISMODULE_CTX_FLAGS_DENY_BLOCKING;
  }
  if (client.is_primary) flags |= REDISMODULE_CTX_FLAGS_REPLICATED;
  if (client.reply().resp3()) flags |= REDISMODULE_CTX_FLAGS_RESP3;
  if (client.watch_broken || client.transaction.poisoned) {
    flags |= REDISMODULE_CTX_FLAGS_MULTI_DIRTY;
  }
  return flags;
}

int RoleFlags(const node::Engine& engine) {
  const node::ReplicationState& replication = engine.replication;
  if (!replication.is_replica) return REDISMODULE_CTX_FLAGS_MASTER;
  int flags = REDISMODULE_CTX_FLAGS_SLAVE;
  if (engine.config.replica_read_only) flags |= REDISMODULE_CTX_FLAGS_READONLY;
  if (!replication.stale) return flags | REDISMODULE_CTX_FLAGS_REPLICA_IS_ONLINE;
  return flags | REDISMODULE_CTX_FLAGS_REPLICA_IS_STALE |
         (engine.loading.active ? REDISMODULE_CTX_FLAGS_REPLICA_IS_TRANSFERRING
                                : REDISMODULE_CTX_FLAGS_REPLICA_IS_CONNECTING);
}

int MemoryFlags(const node::Engine& engine) {
  const node::Config& config = engine.config;
  const bool ignored = engine.replication.is_replica && config.replica_ignore_maxmemory;
  if (config.maxmemory == 0 || ignored) return 0;
  int flags = REDISMODULE_CTX_FLAGS_MAXMEMORY;
  if (config.maxmemory_policy != node::MaxmemoryPolicy::kNoEviction) {
    flags |= REDISMODULE_CTX_FLAGS_EVICT;
  }
  if (engine.used_memory_bytes > config.maxmemory) flags |= REDISMODULE_CTX_FLAGS_OOM;
  // Three quarters of what there may be.
  if (engine.used_memory_bytes > config.maxmemory / 4 * 3) {
    flags |= REDISMODULE_CTX_FLAGS_OOM_WARNING;
  }
  return flags;
}

int GetContextFlags(RedisModuleCtx* ctx) noexcept {
  const Modules& modules = TheModules();
  const node::Engine& engine = modules.engine();
  int flags = RoleFlags(engine) | MemoryFlags(engine);
  if (ctx != nullptr) flags |= CallerFlags(*ctx);
  if (engine.script != nullptr) flags |= REDISMODULE_CTX_FLAGS_LUA;
  if (engine.in_exec) flags |= REDISMODULE_CTX_FLAGS_MULTI;
  if (engine.keyspace.cluster()) flags |= REDISMODULE_CTX_FLAGS_CLUSTER;
  if (engine.loading.active) flags |= REDISMODULE_CTX_FLAGS_LOADING;
  if (engine.config.appendonly) flags |= REDISMODULE_CTX_FLAGS_AOF;
  if (modules.host().persistence.has_save_points()) flags |= REDISMODULE_CTX_FLAGS_RDB;
  if (modules.host().persistence.Status().saving) flags |= REDISMODULE_CTX_FLAGS_ACTIVE_CHILD;
  if (modules.starting()) flags |= REDISMODULE_CTX_FLAGS_SERVER_STARTUP;
  return flags;
}
int GetContextFlagsAll() noexcept { return (REDISMODULE_CTX_FLAGS_SERVER_STARTUP << 1) - 1; }

int SignalModifiedKey(RedisModuleCtx* ctx, RedisModuleString* key) noexcept {
  ctx->db().SignalModified(node::HashKey(ctx->engine().keyspace, key->view()));
  return REDISMODULE_OK;
}

// --- Time. ---

ustime_t Microseconds() noexcept { return TheModules().engine().clock.WallMicros(); }
mstime_t Milliseconds() noexcept { return Microseconds() / kMicrosPerMilli; }
ustime_t CachedMicroseconds() noexcept { return TheModules().engine().now_ms * kMicrosPerMilli; }
uint64_t MonotonicMicroseconds() noexcept {
  return static_cast<uint64_t>(TheModules().engine().clock.MonotonicNanos() / kNanosPerMicro);
}

// --- The log. ---

void Log(RedisModuleCtx* ctx, const char* level, const char* format, ...) noexcept {
  va_list args;
  va_start(args, format);
  WriteLog(ctx == nullptr ? nullptr : ctx->module, level, FormatText(format, args));
  va_end(args);
}

void Assert(const char* expression, const char* file, int line) noexcept {
  node::Log& log = TheModules().host().log;
  log.Warning("=== ASSERTION FAILED ===");
  log.Warning(StrCat("==> ", file, ":", line, " '", expression, "' is not true, says a module"));
  std::abort();
}

const ApiEntry kFunctions[] = {
    {"IsModuleNameBusy", &IsModuleNameBusy},
    {"SetModuleAttribs", &SetModuleAttribs},
    {"SetModuleOptions", &SetModuleOptions},
    {"GetModuleOptionsAll", &GetModuleOptionsAll},
    {"GetServerVersion", &GetServerVersion},
    {"GetTypeMethodVersion", &GetTypeMethodVersion},
    {"GetSelectedDb", &GetSelectedDb},
    {"SelectDb", &SelectDb},
    {"GetContextFlags", &GetContextFlags},
    {"GetContextFlagsAll", &GetContextFlagsAll},
    {"SignalModifiedKey", &SignalModifiedKey},
    {"Milliseconds", &Milliseconds},
    {"Microseconds", &Microseconds},
    {"CachedMicroseconds", &CachedMicroseconds},
    {"MonotonicMicroseconds", &MonotonicMicroseconds},
    {"Log", &Log},
    {"_Assert", &Assert},
};

}  // namespace

ApiGroup ContextFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
