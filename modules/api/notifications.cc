// Keyspace notifications: modules hear of them within the write, send their own, and put off what
// they want to write to the end of the command's unit.
#include <algorithm>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "node/command/notify.h"
#include "node/command/request_filter.h"
#include "node/journal/journal.h"

namespace slotmesh::modules {
namespace {

constexpr int kAllClasses = (REDISMODULE_NOTIFY_NEW << 1) - 1;

class NotificationPart : public ModulePart, public node::NotifyListener, public node::UnitEnd {
 public:
  explicit NotificationPart(Modules& modules) : modules_(modules) {
    modules.engine().unit_end = this;
  }
  ~NotificationPart() override {
    modules_.engine().unit_end = nullptr;
    modules_.engine().notifier.set_module_listener(nullptr, 0);
  }

  void Forget(Module& module) override {
    std::erase_if(subscribers_, [&](const Subscriber& one) { return one.module == &module; });
    for (Job& job : jobs_) {
      if (job.module == &module) Free(job);
    }
    std::erase_if(jobs_, [&](const Job& job) { return job.module == &module; });
    Attach();
  }

  void Subscribe(Module* module, int types, RedisModuleNotificationFunc callback) {
    subscribers_.push_back({module, types, callback});
    Attach();
  }

  void OnEvent(node::NotifyFlag kind, std::string_view event, std::string_view key,
               int database) override {
    for (size_t i = 0; i < subscribers_.size(); ++i) {
      // A module hears nothing of what it does itself in here, unless it wants to.
      if ((subscribers_[i].types & static_cast<int>(kind)) == 0) continue;
      if (subscribers_[i].active > 0 &&
          !subscribers_[i].module->HasOption(Module::kNestedNotifications)) {
        continue;
      }
      Tell(i, kind, event, key, database);
    }
  }

  struct Job {
    Module* module = nullptr;
    RedisModulePostNotificationJobFunc function = nullptr;
    void* data = nullptr;
    void (*free_data)(void* data) = nullptr;
    int database = 0;
  };
  void Add(const Job& job) {
    // Where nobody ends a unit (a key that expires by itself) the next turn of the loop does.
    if (jobs_.empty()) {
      modules_.host().post([this] {
        if (!pending()) return;
        modules_.RunOutsideRequests([this] {
          const node::JournalScope unit(modules_.engine().journal);
          Run();
        });
      });
    }
    jobs_.push_back(job);
  }
  // UnitEnd.
  bool pending() const override { return !jobs_.empty() && !running_; }
  void Run() override {
    running_ = true;
    while (!jobs_.empty()) {
      Job job = jobs_.front();
      jobs_.pop_front();
      modules_.CallBack(job.module, [&](RedisModuleCtx& ctx) {
        ctx.database = job.database;
        job.function(&ctx, job.data);
      });
      Free(job);
    }
    running_ = false;
  }

 private:
  struct Subscriber {
    Module* module = nullptr;
    int types = 0;
    RedisModuleNotificationFunc callback = nullptr;
    int active = 0;
  };

  void Tell(size_t index, node::NotifyFlag kind, std::string_view event, std::string_view key,
            int database) {
    const Subscriber subscriber = subscribers_[index];
    ++subscribers_[index].active;
    const std::string name(event);
    auto* key_string = new RedisModuleString(key);
    RedisModuleCtx ctx(modules_, subscriber.module, RedisModuleCtx::Kind::kCallback, nullptr);
    ctx.database = database;
    const node::JournalScope unit(modules_.engine().journal);
    (void)subscriber.callback(&ctx, static_cast<int>(kind), name.c_str(), key_string);
    ctx.FreeTracked();
    key_string->Release();
    modules_.TouchKeyspace();
    --subscribers_[index].active;
  }

  static void Free(Job& job) {
    if (job.free_data != nullptr) job.free_data(job.data);
  }

  void Attach() {
    uint32_t classes = 0;
    for (const Subscriber& one : subscribers_) classes |= static_cast<uint32_t>(one.types);
    modules_.engine().notifier.set_module_listener(subscribers_.empty() ? nullptr : this, classes);
  }

  Modules& modules_;
  std::vector<Subscriber> subscribers_;
  std::deque<Job> jobs_;
  bool running_ = false;
};

int SubscribeToKeyspaceEvents(RedisModuleCtx* ctx, int types,
                              RedisModuleNotificationFunc callback) noexcept {
  ctx->modules.part<NotificationPart>().Subscribe(ctx->module, types, callback);
  return REDISMODULE_OK;
}

int NotifyKeyspaceEvent(RedisModuleCtx* ctx, int type, const char* event,
                        RedisModuleString* key) noexcept {
  // Kept: a listener's own strings may be this one.
  key->Retain();
  ctx->engine().notifier.Notify(static_cast<node::NotifyFlag>(type), event, key->view(),
                                ctx->database);
  key->Release();
  return REDISMODULE_OK;
}

int GetNotifyKeyspaceEvents() noexcept {
  return static_cast<int>(TheModules().engine().config.notify_keyspace_events);
}
int GetKeyspaceNotificationFlagsAll() noexcept { return kAllClasses; }

int AddPostNotificationJob(RedisModuleCtx* ctx, RedisModulePostNotificationJobFunc callback,
                           void* data, void (*free_data)(void*)) noexcept {
  const node::Engine& engine = ctx->engine();
  const bool read_only = engine.replication.is_replica && engine.config.replica_read_only;
  if (engine.loading.active || read_only) return REDISMODULE_ERR;
  ctx->modules.part<NotificationPart>().Add({.module = ctx->module,
                                             .function = callback,
                                             .data = data,
                                             .free_data = free_data,
                                             .database = ctx->database});
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"SubscribeToKeyspaceEvents", &SubscribeToKeyspaceEvents},
    {"NotifyKeyspaceEvent", &NotifyKeyspaceEvent},
    {"GetNotifyKeyspaceEvents", &GetNotifyKeyspaceEvents},
    {"GetKeyspaceNotificationFlagsAll", &GetKeyspaceNotificationFlagsAll},
    {"AddPostNotificationJob", &AddPostNotificationJob},
};

}  // namespace

ApiGroup NotificationFunctions() { return kFunctions; }

void AddNotificationPart(Modules& modules) {
  modules.AddPart(std::make_unique<NotificationPart>(modules));
}

}  // namespace slotmesh::modules
