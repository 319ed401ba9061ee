// Contexts for threads of modules' own, and the lock under which they may touch the data.
#include <cerrno>
#include <memory>

#include "modules/api/groups.h"
#include "modules/blocked_client.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/runtime/engine_lock.h"
#include "node/journal/journal.h"

namespace slotmesh::modules {
namespace {

class ThreadPart : public ModulePart {
 public:
  explicit ThreadPart(Modules& modules)
      : lock_({.post = modules.host().post,
               .now_ns = [&clock = modules.engine().clock] { return clock.MonotonicNanos(); },
               .before_grant = [&modules] { modules.host().dispatcher.BeginTurn(); },
               .after_grant = [&modules] { modules.host().dispatcher.ServeReadyKeys(); },
               // What is replicated during one hold of the lock is one unit.
               .on_acquired = [&modules] { modules.engine().journal.BeginUnit(); },
               .before_release =
                   [&modules] {
                     modules.TouchKeyspace();
                     modules.RunUnitEnd();
                     modules.engine().journal.EndUnit();
                   }}) {}

  void Forget(Module&) override {}

  EngineLock& lock() { return lock_; }

 private:
  EngineLock lock_;
};

// From any thread, as all functions here but GetDetachedThreadSafeContext.
RedisModuleCtx* GetThreadSafeContext(RedisModuleBlockedClient* blocked) noexcept {
  Module* module = blocked == nullptr ? nullptr : &blocked->module;
  node::Client* replies = blocked == nullptr ? nullptr : &blocked->replies;
  auto* ctx = new RedisModuleCtx(TheModules(), module, RedisModuleCtx::Kind::kThreadSafe, replies);
  ctx->blocked_client = blocked;
  return ctx;
}

RedisModuleCtx* GetDetachedThreadSafeContext(RedisModuleCtx* ctx) noexcept {
  return new RedisModuleCtx(ctx->modules, ctx->module, RedisModuleCtx::Kind::kThreadSafe, nullptr);
}

void FreeThreadSafeContext(RedisModuleCtx* ctx) noexcept { delete ctx; }

void ThreadSafeContextLock(RedisModuleCtx*) noexcept {
  TheModules().part<ThreadPart>().lock().Lock();
}

int ThreadSafeContextTryLock(RedisModuleCtx*) noexcept {
  if (TheModules().part<ThreadPart>().lock().TryLock()) return REDISMODULE_OK;
  errno = EBUSY;
  return REDISMODULE_ERR;
}

void ThreadSafeContextUnlock(RedisModuleCtx*) noexcept {
  TheModules().part<ThreadPart>().lock().Unlock();
}

const ApiEntry kFunctions[] = {
    {"GetThreadSafeContext", &GetThreadSafeContext},
    {"GetDetachedThreadSafeContext", &GetDetachedThreadSafeContext},
    {"FreeThreadSafeContext", &FreeThreadSafeContext},
    {"ThreadSafeContextLock", &ThreadSafeContextLock},
    {"ThreadSafeContextTryLock", &ThreadSafeContextTryLock},
    {"ThreadSafeContextUnlock", &ThreadSafeContextUnlock},
};

}  // namespace

ApiGroup ThreadFunctions() { return kFunctions; }

void AddThreadPart(Modules& modules) { modules.AddPart(std::make_unique<ThreadPart>(modules)); }

}  // namespace slotmesh::modules
