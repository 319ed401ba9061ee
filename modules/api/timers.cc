// Timers: CreateTimer and its relatives. They fire on the engine thread, in the database that was
// selected when they were made.
#include "modules/runtime/timers.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"

namespace slotmesh::modules {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

struct ModuleTimer {
  Module* module = nullptr;
  RedisModuleTimerProc callback = nullptr;
  void* data = nullptr;
  int database = 0;
};

class TimerPart : public ModulePart {
 public:
  explicit TimerPart(Modules& modules) : modules_(modules) {}

  std::string_view HoldsBack(const Module& module) const override {
    return timers_.AnyOf([&](const ModuleTimer& timer) { return timer.module == &module; })
               ? "the module holds timer that is not fired. Please stop the timer or wait until it "
                 "fires."
               : std::string_view();
  }
  void Forget(Module& module) override {
    timers_.TakeIf([&](const ModuleTimer& timer) { return timer.module == &module; });
  }

  RedisModuleTimerID Add(int64_t period_ms, const ModuleTimer& timer) {
    const RedisModuleTimerID id = timers_.Add(NowMillis() + std::max<int64_t>(period_ms, 0), timer);
    Arm();
    return id;
  }
  // Null if it is not one of the module's that is still to fire.
  const Timers<ModuleTimer>::Scheduled* Find(const Module* module, RedisModuleTimerID id) const {
    const auto* found = timers_.Find(id);
    return found == nullptr || found->timer.module != module ? nullptr : found;
  }
  void Remove(RedisModuleTimerID id) { (void)timers_.Take(id); }
  int64_t NowNanos() const { return modules_.engine().clock.MonotonicNanos(); }
  int64_t NowMillis() const { return NowNanos() / kNanosPerMilli; }

 private:
  // Asks for a call at the first deadline, unless one comes by then anyway.
  void Arm() {
    const std::optional<int64_t> next = timers_.next_deadline_ms();
    if (!next.has_value() || (armed_ms_.has_value() && *armed_ms_ <= *next)) return;
    armed_ms_ = next;
    const int64_t wait_ms = std::max<int64_t>(*next - NowMillis(), 0);
    modules_.host().post_after(std::chrono::milliseconds(wait_ms), [this, at = *next] {
      if (armed_ms_ == at) armed_ms_.reset();
      modules_.RunOutsideRequests([this] { FireDue(); });
      Arm();
    });
  }

  void FireDue() {
    const int64_t now_ms = NowMillis();
    const auto before = timers_.last_id();
    while (const std::optional<ModuleTimer> timer = timers_.TakeDue(now_ms, before)) {
      modules_.CallBack(timer->module, [&](RedisModuleCtx& ctx) {
        ctx.database = timer->database;
        timer->callback(&ctx, timer->data);
      });
    }
  }

  Modules& modules_;
  Timers<ModuleTimer> timers_;
  std::optional<int64_t> armed_ms_;  // Monotonic.
};

RedisModuleTimerID CreateTimer(RedisModuleCtx* ctx, mstime_t period, RedisModuleTimerProc callback,
                               void* data) noexcept {
  return ctx->modules.part<TimerPart>().Add(
      period,
      {.module = ctx->module, .callback = callback, .data = data, .database = ctx->database});
}

int StopTimer(RedisModuleCtx* ctx, RedisModuleTimerID id, void** data) noexcept {
  auto& part = ctx->modules.part<TimerPart>();
  const auto* found = part.Find(ctx->module, id);
  if (found == nullptr) return REDISMODULE_ERR;
  if (data != nullptr) *data = found->timer.data;
  part.Remove(id);
  return REDISMODULE_OK;
}

int GetTimerInfo(RedisModuleCtx* ctx, RedisModuleTimerID id, uint64_t* remaining,
                 void** data) noexcept {
  auto& part = ctx->modules.part<TimerPart>();
  const auto* found = part.Find(ctx->module, id);
  if (found == nullptr) return REDISMODULE_ERR;
  if (remaining != nullptr) {
    const int64_t left_ns = found->deadline_ms * kNanosPerMilli - part.NowNanos();
    *remaining = static_cast<uint64_t>(std::max<int64_t>(left_ns, 0) / kNanosPerMilli);
  }
  if (data != nullptr) *data = found->timer.data;
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"CreateTimer", &CreateTimer},
    {"StopTimer", &StopTimer},
    {"GetTimerInfo", &GetTimerInfo},
};

}  // namespace

ApiGroup TimerFunctions() { return kFunctions; }

void AddTimerPart(Modules& modules) { modules.AddPart(std::make_unique<TimerPart>(modules)); }

}  // namespace slotmesh::modules
