// Server events: modules hear of flushes, snapshots, clients, roles and the like.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "modules/api/groups.h"
#include "modules/api/user_part.h"
#include "modules/context.h"
#include "modules/key.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "node/command/server_observer.h"
#include "node/keyspace/observer.h"

namespace slotmesh::modules {
namespace {

constexpr uint64_t kEvents = REDISMODULE_EVENT_KEY + 1;
// Of all events' data, as they are here.
constexpr uint64_t kDataVersion = 1;

// How many subevents an event has; those without have one, 0.
uint64_t SubeventsOf(uint64_t event) {
  switch (event) {
    case REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED:
    case REDISMODULE_EVENT_FLUSHDB:
    case REDISMODULE_EVENT_CLIENT_CHANGE:
    case REDISMODULE_EVENT_REPLICA_CHANGE:
    case REDISMODULE_EVENT_MASTER_LINK_CHANGE:
    case REDISMODULE_EVENT_MODULE_CHANGE:
    case REDISMODULE_EVENT_LOADING_PROGRESS:
    case REDISMODULE_EVENT_FORK_CHILD:
    case REDISMODULE_EVENT_EVENTLOOP:
      return 2;
    case REDISMODULE_EVENT_PERSISTENCE:
      return 6;
    case REDISMODULE_EVENT_LOADING:
      return 5;
    case REDISMODULE_EVENT_REPL_ASYNC_LOAD:
      return 3;
    case REDISMODULE_EVENT_CONFIG:
      return 1;
    case REDISMODULE_EVENT_KEY:
      return 4;
    default:
      return 0;
  }
}

int LoadingSubevent(node::ServerObserver::Loading what) {
  using Loading = node::ServerObserver::Loading;
  switch (what) {
    case Loading::kRdb:
      return REDISMODULE_SUBEVENT_LOADING_RDB_START;
    case Loading::kAof:
      return REDISMODULE_SUBEVENT_LOADING_AOF_START;
    case Loading::kReplication:
      return REDISMODULE_SUBEVENT_LOADING_REPL_START;
    case Loading::kEnded:
      return REDISMODULE_SUBEVENT_LOADING_ENDED;
    case Loading::kFailed:
      return REDISMODULE_SUBEVENT_LOADING_FAILED;
  }
  return REDISMODULE_SUBEVENT_LOADING_FAILED;
}

int AsyncLoadingSubevent(node::ServerObserver::AsyncLoading what) {
  using AsyncLoading = node::ServerObserver::AsyncLoading;
  switch (what) {
    case AsyncLoading::kStarted:
      return REDISMODULE_SUBEVENT_REPL_ASYNC_LOAD_STARTED;
    case AsyncLoading::kAborted:
      return REDISMODULE_SUBEVENT_REPL_ASYNC_LOAD_ABORTED;
    case AsyncLoading::kCompleted:
      return REDISMODULE_SUBEVENT_REPL_ASYNC_LOAD_COMPLETED;
  }
  return REDISMODULE_SUBEVENT_REPL_ASYNC_LOAD_ABORTED;
}

int SaveSubevent(node::ServerObserver::Save what) {
  using Save = node::ServerObserver::Save;
  switch (what) {
    case Save::kRdb:
      return REDISMODULE_SUBEVENT_PERSISTENCE_RDB_START;
    case Save::kAof:
      return REDISMODULE_SUBEVENT_PERSISTENCE_AOF_START;
    case Save::kRdbNow:
      return REDISMODULE_SUBEVENT_PERSISTENCE_SYNC_RDB_START;
    case Save::kAofNow:
      return REDISMODULE_SUBEVENT_PERSISTENCE_SYNC_AOF_START;
    case Save::kEnded:
      return REDISMODULE_SUBEVENT_PERSISTENCE_ENDED;
    case Save::kFailed:
      return REDISMODULE_SUBEVENT_PERSISTENCE_FAILED;
  }
  return REDISMODULE_SUBEVENT_PERSISTENCE_FAILED;
}

class ServerEventPart : public ModulePart,
                        public node::ServerObserver,
                        public node::DepartureListener {
 public:
  explicit ServerEventPart(Modules& modules) : modules_(modules) {
    modules.engine().observer = this;
    modules.host().settings.set_on_set(
        [this](absl::Span<const std::string_view> names) { OnConfig(names); });
  }
  ~ServerEventPart() override {
    modules_.engine().observer = nullptr;
    modules_.engine().keyspace.set_departure_listener(nullptr);
    modules_.host().settings.set_on_set(nullptr);
  }

  void Forget(Module& module) override {
    std::erase_if(listeners_, [&](const Listener& one) { return one.module == &module; });
    Attach();
  }
  void OnLoaded(const Module& module) override { OnModule(module, true); }
  void OnUnloaded(const Module& module) override { OnModule(module, false); }

  void Subscribe(Module* module, uint64_t event, RedisModuleEventCallback callback) {
    std::erase_if(listeners_,
                  [&](const Listener& one) { return one.module == module && one.event == event; });
    if (callback != nullptr) listeners_.push_back({module, event, callback});
    Attach();
  }

  // ServerObserver.
  void OnFlush(int database, bool in_background, bool before) override {
    RedisModuleFlushInfoV1 data{kDataVersion, in_background ? 0 : 1, database};
    Fire(REDISMODULE_EVENT_FLUSHDB,
         before ? REDISMODULE_SUBEVENT_FLUSHDB_START : REDISMODULE_SUBEVENT_FLUSHDB_END, &data);
  }
  void OnSwap(int first, int second) override {
    RedisModuleSwapDbInfoV1 data{kDataVersion, first, second};
    Fire(REDISMODULE_EVENT_SWAPDB, 0, &data);
  }
  void OnClient(node::Client& client, bool connected) override;
  void OnUserChange(node::Client& client) override { TellUserChange(modules_, client.id()); }
  void OnLoading(Loading what) override {
    Fire(REDISMODULE_EVENT_LOADING, LoadingSubevent(what), nullptr);
  }
  void OnAsyncLoading(AsyncLoading what) override {
    Fire(REDISMODULE_EVENT_REPL_ASYNC_LOAD, AsyncLoadingSubevent(what), nullptr);
  }
  void OnLoadingProgress(bool append_only, int done) override {
    if (!HasListener(REDISMODULE_EVENT_LOADING_PROGRESS)) return;
    RedisModuleLoadingProgressV1 data{kDataVersion,
                                      static_cast<int32_t>(modules_.engine().config.hz), done};
    Fire(REDISMODULE_EVENT_LOADING_PROGRESS,
         append_only ? REDISMODULE_SUBEVENT_LOADING_PROGRESS_AOF
                     : REDISMODULE_SUBEVENT_LOADING_PROGRESS_RDB,
         &data);
  }
  void OnSave(Save what) override {
    Fire(REDISMODULE_EVENT_PERSISTENCE, SaveSubevent(what), nullptr);
  }
  void OnSnapshot(bool begin) override {
    Fire(REDISMODULE_EVENT_FORK_CHILD,
         begin ? REDISMODULE_SUBEVENT_FORK_CHILD_BORN : REDISMODULE_SUBEVENT_FORK_CHILD_DIED,
         nullptr);
  }
  void OnRoleChange(bool is_replica) override;
  void OnReplica(bool online) override {
    Fire(REDISMODULE_EVENT_REPLICA_CHANGE,
         online ? REDISMODULE_SUBEVENT_REPLICA_CHANGE_ONLINE
                : REDISMODULE_SUBEVENT_REPLICA_CHANGE_OFFLINE,
         nullptr);
  }
  void OnPrimaryLink(bool up) override {
    Fire(REDISMODULE_EVENT_MASTER_LINK_CHANGE,
         up ? REDISMODULE_SUBEVENT_MASTER_LINK_UP : REDISMODULE_SUBEVENT_MASTER_LINK_DOWN, nullptr);
  }
  void OnShutdown() override { Fire(REDISMODULE_EVENT_SHUTDOWN, 0, nullptr); }
  void OnCron() override {
    if (!HasListener(REDISMODULE_EVENT_CRON_LOOP)) return;
    RedisModuleCronLoopV1 data{kDataVersion, static_cast<int32_t>(modules_.engine().config.hz)};
    Fire(REDISMODULE_EVENT_CRON_LOOP, 0, &data);
  }
  void OnLoop(bool before_waiting) override {
    Fire(REDISMODULE_EVENT_EVENTLOOP,
         before_waiting ? REDISMODULE_SUBEVENT_EVENTLOOP_BEFORE_SLEEP
                        : REDISMODULE_SUBEVENT_EVENTLOOP_AFTER_SLEEP,
         nullptr);
  }

  // DepartureListener.
  void OnDeparture(int database, const node::HashedKey& key, node::Departure why) override;

 private:
  struct Listener {
    Module* module = nullptr;
    uint64_t event = 0;
    RedisModuleEventCallback callback = nullptr;
  };

  bool HasListener(uint64_t event) const {
    return std::any_of(listeners_.begin(), listeners_.end(),
                       [event](const Listener& one) { return one.event == event; });
  }
  // Looking at each key that goes costs: only while somebody wants it.
  void Attach() {
    modules_.engine().keyspace.set_departure_listener(HasListener(REDISMODULE_EVENT_KEY) ? this
                                                                                         : nullptr);
  }
  void Fire(uint64_t event, int subevent, void* data, node::Client* client = nullptr,
            int database = 0);
  void OnModule(const Module& module, bool loaded);
  void OnConfig(absl::Span<const std::string_view> names);

  Modules& modules_;
  std::vector<Listener> listeners_;
};

// Whoever unsubscribes meanwhile is not called any more; who subscribes hears of the next one.
void ServerEventPart::Fire(uint64_t event, int subevent, void* data, node::Client* client,
                           int database) {
  if (!HasListener(event)) return;
  const std::vector<Listener> listeners = listeners_;
  for (const Listener& listener : listeners) {
    if (listener.event != event) continue;
    const bool still = std::any_of(listeners_.begin(), listeners_.end(), [&](const Listener& one) {
      return one.module == listener.module && one.event == event;
    });
    if (!still) continue;
    modules_.CallBack(listener.module, [&](RedisModuleCtx& ctx) {
      ctx.client = client;
      ctx.database = client == nullptr ? database : client->database;
      listener.callback(&ctx, {event, kDataVersion}, static_cast<uint64_t>(subevent), data);
    });
  }
}

void ServerEventPart::OnModule(const Module& module, bool loaded) {
  RedisModuleModuleChangeV1 data{kDataVersion, module.name.c_str(), module.version};
  Fire(REDISMODULE_EVENT_MODULE_CHANGE,
       loaded ? REDISMODULE_SUBEVENT_MODULE_LOADED : REDISMODULE_SUBEVENT_MODULE_UNLOADED, &data);
}

void ServerEventPart::OnConfig(absl::Span<const std::string_view> names) {
  if (!HasListener(REDISMODULE_EVENT_CONFIG)) return;
  std::vector<std::string> texts(names.begin(), names.end());
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  RedisModuleConfigChangeV1 data{kDataVersion, static_cast<uint32_t>(pointers.size()),
                                 pointers.data()};
  Fire(REDISMODULE_EVENT_CONFIG, REDISMODULE_SUBEVENT_CONFIG_CHANGE, &data);
}

void ServerEventPart::OnClient(node::Client& client, bool connected) {
  if (!connected) {
    TellUserChange(modules_, client.id());
    modules_.part<UserPart>().ForgetClient(client.id());
  }
  if (!HasListener(REDISMODULE_EVENT_CLIENT_CHANGE)) return;
  RedisModuleClientInfoV1 data{};
  data.version = REDISMODULE_CLIENTINFO_VERSION;
  data.id = client.id();
  data.db = static_cast<uint16_t>(client.database);
  const size_t colon = client.address.rfind(':');
  if (colon != std::string::npos && !client.unix_socket) {
    const std::string ip = client.address.substr(0, colon);
    std::strncpy(data.addr, ip.c_str(), sizeof(data.addr) - 1);
    data.port = static_cast<uint16_t>(std::atoi(client.address.c_str() + colon + 1));
  }
  if (client.unix_socket) data.flags |= REDISMODULE_CLIENTINFO_FLAG_UNIXSOCKET;
  if (client.subscriptions != nullptr && client.subscriptions->total() > 0) {
    data.flags |= REDISMODULE_CLIENTINFO_FLAG_PUBSUB;
  }
  if (client.blocked != 0) data.flags |= REDISMODULE_CLIENTINFO_FLAG_BLOCKED;
  if (client.tracking != nullptr) data.flags |= REDISMODULE_CLIENTINFO_FLAG_TRACKING;
  if (client.transaction.active) data.flags |= REDISMODULE_CLIENTINFO_FLAG_MULTI;
  Fire(REDISMODULE_EVENT_CLIENT_CHANGE,
       connected ? REDISMODULE_SUBEVENT_CLIENT_CHANGE_CONNECTED
                 : REDISMODULE_SUBEVENT_CLIENT_CHANGE_DISCONNECTED,
       &data, &client);
}

void ServerEventPart::OnRoleChange(bool is_replica) {
  std::string host = modules_.engine().replication.primary;
  int port = 0;
  if (const size_t colon = host.rfind(':'); colon != std::string::npos) {
    port = std::atoi(host.c_str() + colon + 1);
    host.resize(colon);
  }
  std::string id(REDISMODULE_NODE_ID_LEN, '0');
  RedisModuleReplicationInfoV1 data{};
  data.version = kDataVersion;
  data.master = is_replica ? 0 : 1;
  data.masterhost = host.data();
  data.masterport = port;
  data.replid1 = id.data();
  data.replid2 = id.data();
  data.repl1_offset = modules_.engine().journal.offset();
  Fire(REDISMODULE_EVENT_REPLICATION_ROLE_CHANGED,
       is_replica ? REDISMODULE_EVENT_REPLROLECHANGED_NOW_REPLICA
                  : REDISMODULE_EVENT_REPLROLECHANGED_NOW_MASTER,
       &data);
}

int KeySubevent(node::Departure why) {
  using node::Departure;
  switch (why) {
    case Departure::kDeleted:
      return REDISMODULE_SUBEVENT_KEY_DELETED;
    case Departure::kExpired:
      return REDISMODULE_SUBEVENT_KEY_EXPIRED;
    case Departure::kEvicted:
      return REDISMODULE_SUBEVENT_KEY_EVICTED;
    case Departure::kOverwritten:
      return REDISMODULE_SUBEVENT_KEY_OVERWRITTEN;
  }
  return REDISMODULE_SUBEVENT_KEY_DELETED;
}

// What has expired can be read here, too; nothing can be changed.
void ServerEventPart::OnDeparture(int database, const node::HashedKey& key, node::Departure why) {
  node::Keyspace& keyspace = modules_.engine().keyspace;
  const node::ExpiryMode mode = keyspace.expiry_mode();
  keyspace.set_expiry_mode(node::ExpiryMode::kIgnore);
  const bool outer = modules_.set_read_only(true);
  RedisModuleCtx ctx(modules_, nullptr, RedisModuleCtx::Kind::kCallback, nullptr);
  ctx.database = database;
  auto* name = new RedisModuleString(key.bytes);
  constexpr int kQuietly = REDISMODULE_READ | REDISMODULE_OPEN_KEY_NOTOUCH |
                           REDISMODULE_OPEN_KEY_NONOTIFY | REDISMODULE_OPEN_KEY_NOSTATS |
                           REDISMODULE_OPEN_KEY_NOEXPIRE | REDISMODULE_OPEN_KEY_NOEFFECTS;
  modules_.TouchKeyspace();
  RedisModuleKeyInfoV1 data{kDataVersion, OpenModuleKey(ctx, name, kQuietly)};
  if (data.key != nullptr) {
    Fire(REDISMODULE_EVENT_KEY, KeySubevent(why), &data, nullptr, database);
    CloseModuleKey(data.key);
  }
  name->Release();
  modules_.TouchKeyspace();
  (void)modules_.set_read_only(outer);
  keyspace.set_expiry_mode(mode);
}

int SubscribeToServerEvent(RedisModuleCtx* ctx, RedisModuleEvent event,
                           RedisModuleEventCallback callback) noexcept {
  if (ctx->module == nullptr || event.id >= kEvents || event.dataver > kDataVersion) {
    return REDISMODULE_ERR;
  }
  ctx->modules.part<ServerEventPart>().Subscribe(ctx->module, event.id, callback);
  return REDISMODULE_OK;
}

int IsSubEventSupported(RedisModuleEvent event, uint64_t subevent) noexcept {
  return subevent < SubeventsOf(event.id) ? 1 : 0;
}

const ApiEntry kFunctions[] = {
    {"SubscribeToServerEvent", &SubscribeToServerEvent},
    {"IsSubEventSupported", &IsSubEventSupported},
};

}  // namespace

ApiGroup ServerEventFunctions() { return kFunctions; }

void AddServerEventPart(Modules& modules) {
  modules.AddPart(std::make_unique<ServerEventPart>(modules));
}

}  // namespace slotmesh::modules
