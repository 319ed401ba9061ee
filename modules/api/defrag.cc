// Defragmentation, as callbacks see it.
#include <cstdlib>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/defragmenter.h"
#include "modules/modules.h"
#include "modules/process.h"

namespace slotmesh::modules {
namespace {

int RegisterDefragFunc(RedisModuleCtx* ctx, RedisModuleDefragFunc function) noexcept {
  ctx->modules.defragmenter().Register(*ctx->module, function);
  return REDISMODULE_OK;
}
int RegisterDefragCallbacks(RedisModuleCtx* ctx, RedisModuleDefragFunc start,
                            RedisModuleDefragFunc end) noexcept {
  ctx->modules.defragmenter().RegisterEnds(*ctx->module, start, end);
  return REDISMODULE_OK;
}

// Null: it stays where it is (defragmenter.h says why).
void* DefragAlloc(RedisModuleDefragCtx*, void*) noexcept { return nullptr; }
RedisModuleString* DefragString(RedisModuleDefragCtx*, RedisModuleString*) noexcept {
  return nullptr;
}
void* DefragAllocRaw(RedisModuleDefragCtx*, size_t size) noexcept { return std::malloc(size); }
void DefragFreeRaw(RedisModuleDefragCtx*, void* memory) noexcept { std::free(memory); }

int DefragShouldStop(RedisModuleDefragCtx* ctx) noexcept {
  return ctx->deadline_ns != 0 &&
                 TheModules().engine().clock.MonotonicNanos() >= ctx->deadline_ns
             ? 1
             : 0;
}
// A value that takes one call has no cursor.
int DefragCursorSet(RedisModuleDefragCtx* ctx, unsigned long cursor) noexcept {
  if (ctx->cursor == nullptr) return REDISMODULE_ERR;
  *ctx->cursor = cursor;
  return REDISMODULE_OK;
}
int DefragCursorGet(RedisModuleDefragCtx* ctx, unsigned long* cursor) noexcept {
  if (ctx->cursor == nullptr) return REDISMODULE_ERR;
  *cursor = *ctx->cursor;
  return REDISMODULE_OK;
}
int GetDbIdFromDefragCtx(RedisModuleDefragCtx* ctx) noexcept { return ctx->database; }
const RedisModuleString* GetKeyNameFromDefragCtx(RedisModuleDefragCtx* ctx) noexcept {
  return ctx->name.get();
}

const ApiEntry kFunctions[] = {
    {"RegisterDefragFunc", &RegisterDefragFunc},
    {"RegisterDefragCallbacks", &RegisterDefragCallbacks},
    {"DefragAlloc", &DefragAlloc},
    {"DefragRedisModuleString", &DefragString},
    {"DefragValkeyModuleString", &DefragString},
    {"DefragAllocRaw", &DefragAllocRaw},
    {"DefragFreeRaw", &DefragFreeRaw},
    {"DefragShouldStop", &DefragShouldStop},
    {"DefragCursorSet", &DefragCursorSet},
    {"DefragCursorGet", &DefragCursorGet},
    {"GetDbIdFromDefragCtx", &GetDbIdFromDefragCtx},
    {"GetKeyNameFromDefragCtx", &GetKeyNameFromDefragCtx},
};

}  // namespace

ApiGroup DefragFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
