// The engine's loop for modules: descriptors that they wait for, and work for its next turn.
#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "node/command/script_run.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int kDirections = REDISMODULE_EVENTLOOP_READABLE | REDISMODULE_EVENTLOOP_WRITABLE;
static_assert(Descriptors::kReadable == REDISMODULE_EVENTLOOP_READABLE);
static_assert(Descriptors::kWritable == REDISMODULE_EVENTLOOP_WRITABLE);

class EventLoopPart : public ModulePart {
 public:
  explicit EventLoopPart(Modules& modules) : modules_(modules) {
    if (Descriptors* descriptors = modules.host().descriptors; descriptors != nullptr) {
      descriptors->OnReady([this](int descriptor, int mask) { Tell(descriptor, mask); });
    }
  }

  // A descriptor has no owner: a module stops what it has begun.
  void Forget(Module&) override {}

  int Add(int descriptor, int mask, RedisModuleEventLoopFunc function, void* data) {
    if (modules_.host().descriptors == nullptr) return ENOTSUP;
    Watch& watch = watches_[descriptor];
    const int error = modules_.host().descriptors->Watch(descriptor, watch.mask | mask);
    if (error == 0) {
      watch.mask |= mask;
      if ((mask & REDISMODULE_EVENTLOOP_READABLE) != 0) watch.read = {function, data};
      if ((mask & REDISMODULE_EVENTLOOP_WRITABLE) != 0) watch.write = {function, data};
    } else if (watch.mask == 0) {
      watches_.erase(descriptor);
    }
    return error;
  }

  // Within a command that takes long: others are served, and refused nearly everything. Not before
  // busy-reply-threshold, and not all the time.
  void Yield(node::Client& caller, std::string_view busy) {
    node::Engine& engine = modules_.engine();
    const int64_t now_ns = engine.clock.MonotonicNanos();
    const int64_t patience_ns = engine.config.busy_reply_threshold * kNanosPerMilli;
    if (now_ns - engine.turn_ns < patience_ns || now_ns < next_yield_ns_) return;
    next_yield_ns_ = now_ns + kNanosPerSecond / std::max<int64_t>(engine.config.hz, 1);
    const std::string error = StrCat("BUSY ", busy);
    node::ScriptRun run{.caller = &caller, .begin_ns = engine.turn_ns, .busy = true};
    run.busy_error = error;
    engine.script = &run;
    modules_.host().serve_others();
    engine.script = nullptr;
  }

  int Remove(int descriptor, int mask) {
    const auto found = watches_.find(descriptor);
    if (found == watches_.end()) return 0;
    found->second.mask &= ~mask;
    const int error = modules_.host().descriptors->Watch(descriptor, found->second.mask);
    if (found->second.mask == 0) watches_.erase(found);
    return error;
  }

 private:
  struct Callback {
    RedisModuleEventLoopFunc function = nullptr;
    void* data = nullptr;
  };
  struct Watch {
    int mask = 0;
    Callback read;
    Callback write;
  };

  void Tell(int descriptor, int mask) {
    modules_.RunOutsideRequests([&] {
      for (const int direction : {REDISMODULE_EVENTLOOP_READABLE, REDISMODULE_EVENTLOOP_WRITABLE}) {
        // Looked up each time: the first callback may have ended the second.
        const auto found = watches_.find(descriptor);
        if (found == watches_.end() || (mask & direction & found->second.mask) == 0) continue;
        const Callback callback =
            direction == REDISMODULE_EVENTLOOP_READABLE ? found->second.read : found->second.write;
        callback.function(descriptor, callback.data, direction);
        modules_.TouchKeyspace();
      }
    });
  }

  Modules& modules_;
  std::map<int, Watch> watches_;  // By descriptor.
  int64_t next_yield_ns_ = 0;
};

int ResultOf(int error) {
  errno = error;
  return error == 0 ? REDISMODULE_OK : REDISMODULE_ERR;
}

// Empty, or of bits that there are not.
bool IsMask(int mask) { return mask != 0 && (mask & ~kDirections) == 0; }

// The server's connections and what it keeps beside them.
bool InRange(int fd) {
  constexpr int64_t kReserved = 128;
  return fd >= 0 && fd < TheModules().engine().config.maxclients + kReserved;
}

int EventLoopAdd(int fd, int mask, RedisModuleEventLoopFunc func, void* user_data) noexcept {
  if (!InRange(fd)) return ResultOf(ERANGE);
  if (!IsMask(mask) || func == nullptr) return ResultOf(EINVAL);
  return ResultOf(TheModules().part<EventLoopPart>().Add(fd, mask, func, user_data));
}

int EventLoopDel(int fd, int mask) noexcept {
  if (!InRange(fd)) return ResultOf(ERANGE);
  if (!IsMask(mask)) return ResultOf(EINVAL);
  return ResultOf(TheModules().part<EventLoopPart>().Remove(fd, mask));
}

// From any thread.
int EventLoopAddOneShot(RedisModuleEventLoopOneShotFunc func, void* user_data) noexcept {
  if (func == nullptr) return ResultOf(EINVAL);
  Modules& modules = TheModules();
  modules.host().post([&modules, func, user_data] {
    modules.RunOutsideRequests([&] { func(user_data); });
    modules.TouchKeyspace();
  });
  return REDISMODULE_OK;
}

// Whoever asks for events without clients gets none: timers and messages wait for the command's
// end.
void Yield(RedisModuleCtx* ctx, int flags, const char* busy_reply) noexcept {
  const Modules& modules = ctx->modules;
  const bool clients = (flags & REDISMODULE_YIELD_FLAG_CLIENTS) != 0;
  if (!clients || ctx->client == nullptr || ctx->kind == RedisModuleCtx::Kind::kThreadSafe) return;
  if (!modules.host().serve_others || modules.engine().script != nullptr) return;
  modules.part<EventLoopPart>().Yield(
      *ctx->client,
      busy_reply == nullptr ? "slotmesh is busy running a module command." : busy_reply);
}

const ApiEntry kFunctions[] = {
    {"Yield", &Yield},
    {"EventLoopAdd", &EventLoopAdd},
    {"EventLoopDel", &EventLoopDel},
    {"EventLoopAddOneShot", &EventLoopAddOneShot},
};

}  // namespace

ApiGroup EventLoopFunctions() { return kFunctions; }

void AddEventLoopPart(Modules& modules) {
  modules.AddPart(std::make_unique<EventLoopPart>(modules));
}

}  // namespace slotmesh::modules
