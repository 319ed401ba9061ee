// Random bytes, latency, messages to subscribers, functions that modules share.
#include <cstring>

#include "absl/random/uniform_int_distribution.h"
#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/shared_functions.h"
#include "modules/string.h"
#include "node/command/pubsub.h"

namespace slotmesh::modules {
namespace {

void GetRandomBytes(unsigned char* out, size_t size) noexcept {
  absl::BitGenRef random = TheModules().engine().random;
  for (size_t i = 0; i < size; ++i) {
    out[i] = absl::uniform_int_distribution<unsigned char>()(random);
  }
}
// Not ended by a zero.
void GetRandomHexChars(char* out, size_t size) noexcept {
  constexpr std::string_view kDigits = "0123456789abcdef";
  GetRandomBytes(reinterpret_cast<unsigned char*>(out), size);
  for (size_t i = 0; i < size; ++i) out[i] = kDigits[static_cast<unsigned char>(out[i]) & 15];
}

void LatencyAddSample(const char* event, mstime_t millis) noexcept {
  constexpr int64_t kMillisPerSecond = 1000;
  node::Engine& engine = TheModules().engine();
  const int64_t threshold = engine.config.latency_monitor_threshold;
  if (threshold <= 0 || millis < threshold || engine.latency_monitor == nullptr) return;
  engine.latency_monitor->Add(event, engine.now_ms / kMillisPerSecond, millis);
}

// While clients' writes are paused nothing may reach replicas either.
int AvoidReplicaTraffic() noexcept {
  node::Engine& engine = TheModules().engine();
  return engine.pause.active(engine.now_ms) != node::Pause::Kind::kNone ? 1 : 0;
}

// --- Messages. ---

// Modules give no context here: none is asked for.
int Publish(node::ChannelKind kind, const RedisModuleString* channel,
            const RedisModuleString* message) {
  node::Engine& engine = TheModules().engine();
  return static_cast<int>(engine.messages.pubsub.Publish(kind, channel->view(), message->view()));
}
int PublishMessage(RedisModuleCtx* ctx, RedisModuleString* channel,
                   RedisModuleString* message) noexcept {
  return Publish(node::ChannelKind::kChannel, channel, message);
}
int PublishMessageShard(RedisModuleCtx* ctx, RedisModuleString* channel,
                        RedisModuleString* message) noexcept {
  return Publish(node::ChannelKind::kShard, channel, message);
}

// --- Modules among each other. ---

int ExportSharedAPI(RedisModuleCtx* ctx, const char* name, void* function) noexcept {
  const bool exported = ctx->module != nullptr &&
                        ctx->modules.shared_functions().Export(*ctx->module, name, function);
  return exported ? REDISMODULE_OK : REDISMODULE_ERR;
}
void* GetSharedAPI(RedisModuleCtx* ctx, const char* name) noexcept {
  return ctx->modules.shared_functions().Use(ctx->module, name);
}

// What CONFIG REWRITE will write of the module's arguments.
int UpdateRuntimeArgs(RedisModuleCtx* ctx, RedisModuleString** argv, int argc) noexcept {
  if (ctx->module == nullptr) return REDISMODULE_ERR;
  ctx->module->args.clear();
  // The first word is the command's name.
  for (int i = 1; i < argc; ++i) ctx->module->args.push_back(argv[i]->bytes);
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"GetRandomBytes", &GetRandomBytes},       {"GetRandomHexChars", &GetRandomHexChars},
    {"LatencyAddSample", &LatencyAddSample},   {"AvoidReplicaTraffic", &AvoidReplicaTraffic},
    {"PublishMessage", &PublishMessage},       {"PublishMessageShard", &PublishMessageShard},
    {"ExportSharedAPI", &ExportSharedAPI},     {"GetSharedAPI", &GetSharedAPI},
    {"UpdateRuntimeArgs", &UpdateRuntimeArgs},
};

}  // namespace

ApiGroup MiscFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
