// Blocked clients: commands that a module ends later, from a thread, a timer, or when a key is
// there.
#include "modules/api/blocked_clients.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "modules/api/groups.h"
#include "modules/api/user_part.h"
#include "modules/process.h"
#include "modules/string.h"
#include "node/journal/journal.h"
#include "node/stats/latency_histogram.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

constexpr int64_t kNanosPerMicro = 1000;
constexpr int64_t kMillisPerSecond = 1000;
// Later than anybody waits, and nothing overflows.
constexpr int64_t kTimeoutMillisMax = int64_t{1} << 52;

}  // namespace

BlockedClientPart::~BlockedClientPart() {
  for (RedisModuleBlockedClient* blocked : all_) delete blocked;
}

std::string_view BlockedClientPart::HoldsBack(const Module& module) const {
  const bool has = std::any_of(all_.begin(), all_.end(),
                               [&](const auto* blocked) { return &blocked->module == &module; });
  return has ? "the module has blocked clients. Please wait for them to be unblocked and try again"
             : std::string_view();
}

// Nothing holds it back: there are none, unless its loading failed.
void BlockedClientPart::Forget(Module& module) {}

std::string_view BlockedClientPart::Refusal(RedisModuleCtx& ctx) const {
  if (ctx.is_reply_callback) {
    return "ERR Blocking module command called from a Reply callback context";
  }
  if (modules_.engine().script != nullptr) {
    return "ERR Blocking module command called from Lua script";
  }
  if (ctx.command->may_block()) return {};
  return ctx.command->origin() == node::RequestOrigin::kExec
             ? "ERR Blocking module command called from transaction"
             : "ERR Blocking module command called from a context that cannot wait";
}

RedisModuleBlockedClient* BlockedClientPart::Block(RedisModuleCtx& ctx, const Callbacks& callbacks,
                                                   int64_t timeout_ms, const Keys* keys) {
  if (ctx.command == nullptr) return nullptr;
  node::Client& client = ctx.command->client();
  auto* blocked = new RedisModuleBlockedClient(*ctx.module, client.id());
  blocked->command = &ctx.command->command();
  blocked->request = node::OwnedArgs(ctx.request);
  blocked->database = ctx.database;
  blocked->reply_callback = callbacks.reply;
  blocked->timeout_callback = callbacks.timeout;
  blocked->free_private_data = callbacks.free_private_data;
  blocked->replies.database = ctx.database;
  blocked->replies.user = client.user;
  blocked->replies.name = client.name;
  blocked->replies.authenticated = client.authenticated;
  blocked->replies.reply().set_protocol(client.reply().protocol());
  if (keys != nullptr) {
    blocked->on_keys = true;
    blocked->private_data = keys->private_data;
  }
  all_.push_back(blocked);
  if (const std::string_view refusal = Refusal(ctx); !refusal.empty()) {
    client.reply().Error(refusal);
    return blocked;
  }
  blocked->client = &client;
  const int64_t deadline_ms =
      timeout_ms <= 0 ? node::BlockedClients::kNoDeadline
                      : modules_.engine().now_ms + std::min(timeout_ms, kTimeoutMillisMax);
  Wait(*blocked, deadline_ms, keys);
  return blocked;
}

RedisModuleBlockedClient* BlockedClientPart::BlockLogin(RedisModuleCtx& ctx,
                                                        RedisModuleAuthCallback callback,
                                                        void (*free_private_data)(RedisModuleCtx*,
                                                                                  void*)) {
  RedisModuleBlockedClient* blocked =
      Block(ctx, {.free_private_data = free_private_data}, /*timeout_ms=*/0, nullptr);
  if (blocked == nullptr) return nullptr;
  blocked->on_login = true;
  blocked->login_callback = callback;
  return blocked;
}

void BlockedClientPart::EndLogin(RedisModuleBlockedClient& blocked, node::Client* client) {
  blocked.client = client;
  FreePrivateData(blocked);
  if (client != nullptr) Account(blocked, *client);
  Delete(blocked);
}

void BlockedClientPart::Wait(RedisModuleBlockedClient& blocked, int64_t deadline_ms,
                             const Keys* keys) {
  node::Engine& engine = modules_.engine();
  node::BlockedClients::WriteReply on_timeout;
  if (blocked.timeout_callback != nullptr || deadline_ms != node::BlockedClients::kNoDeadline) {
    on_timeout = [this, &blocked](node::Client&) { TimeOut(blocked); };
  }
  auto on_gone = [this, &blocked] { Disconnect(blocked); };
  if (keys == nullptr) {
    blocked.ticket = engine.blocked.Block(*blocked.client, deadline_ms, std::move(on_timeout),
                                          nullptr, std::move(on_gone));
    return;
  }
  engine.key_waiters.Wait(
      *blocked.client, blocked.request.view(), keys->names,
      {.or_without_key = keys->or_without,
       .deadline_ms = deadline_ms,
       .on_timeout = std::move(on_timeout),
       .attempt = [this, &blocked](std::string_view key) { return Attempt(blocked, key); },
       .on_gone = std::move(on_gone)});
  blocked.ticket = blocked.client->blocked;
}

int BlockedClientPart::Call(RedisModuleBlockedClient& blocked, RedisModuleCmdFunc callback,
                            bool RedisModuleCtx::*is, std::string_view ready_key) {
  RedisModuleCtx ctx(modules_, &blocked.module, RedisModuleCtx::Kind::kCallback, blocked.client);
  ctx.database = blocked.database;
  ctx.request = blocked.request.view();
  ctx.blocked_client = &blocked;
  ctx.blocked_private_data = blocked.private_data;
  ctx.*is = true;
  if (ready_key.data() != nullptr) ctx.blocked_ready_key = new RedisModuleString(ready_key);
  const node::JournalScope unit(modules_.engine().journal);
  ++blocked.module.calls;
  RedisModuleString** argv = modules_.arg_frames().Push(ctx.request);
  const int result = callback(&ctx, argv, static_cast<int>(ctx.request.size()));
  modules_.arg_frames().Pop();
  --blocked.module.calls;
  modules_.RunUnitEnd();
  ctx.FreeTracked();
  if (ctx.blocked_ready_key != nullptr) ctx.blocked_ready_key->Release();
  modules_.TouchKeyspace();
  return result;
}

bool BlockedClientPart::Attempt(RedisModuleBlockedClient& blocked, std::string_view key) {
  if (blocked.unblocked) return false;
  if (key.data() != nullptr) {
    const int result =
        Call(blocked, blocked.reply_callback, &RedisModuleCtx::is_reply_callback, key);
    if (result != REDISMODULE_OK || blocked.client == nullptr) return false;
  }
  node::Client& client = *blocked.client;
  FreePrivateData(blocked);
  Account(blocked, client);
  Delete(blocked);
  return true;
}

void BlockedClientPart::TimeOut(RedisModuleBlockedClient& blocked) {
  node::Client& client = *blocked.client;
  if (blocked.timeout_callback != nullptr) {
    (void)Call(blocked, blocked.timeout_callback, &RedisModuleCtx::is_timeout_callback);
  } else {
    client.reply().NullArray();
  }
  Account(blocked, client);
  blocked.client = nullptr;
  // Who waits for keys is not expected to be unblocked by anybody.
  if (blocked.on_keys) Enqueue(blocked);
}

void BlockedClientPart::Disconnect(RedisModuleBlockedClient& blocked) {
  if (blocked.disconnect_callback != nullptr) {
    modules_.CallBack(&blocked.module, [&](RedisModuleCtx& ctx) {
      ctx.blocked_client = &blocked;
      ctx.blocked_private_data = blocked.private_data;
      ctx.is_disconnect_callback = true;
      ctx.database = blocked.database;
      blocked.disconnect_callback(&ctx, &blocked);
    });
  }
  blocked.client = nullptr;
  if (blocked.on_keys) Enqueue(blocked);
}

void BlockedClientPart::FreePrivateData(RedisModuleBlockedClient& blocked) {
  if (blocked.private_data == nullptr || blocked.free_private_data == nullptr) return;
  RedisModuleCtx ctx(modules_, &blocked.module, RedisModuleCtx::Kind::kCallback, blocked.client);
  ctx.blocked_client = &blocked;
  ctx.blocked_private_data = blocked.private_data;
  ctx.is_disconnect_callback = blocked.client == nullptr;
  ctx.database = blocked.database;
  blocked.free_private_data(&ctx, blocked.private_data);
  ctx.FreeTracked();
}

void BlockedClientPart::Account(RedisModuleBlockedClient& blocked, node::Client& client) {
  node::Engine& engine = modules_.engine();
  node::CommandStats& stats = blocked.command->stats();
  if (Has(blocked.command->flags(), node::Flag::kWrite)) {
    client.has_unsent_write = true;
    client.write_offset = engine.journal.offset();
  }
  const int64_t micros = blocked.measured_ns / kNanosPerMicro;
  // The dispatcher has left it to this: a command is one in the histogram.
  if (stats.latency == nullptr) stats.latency = std::make_unique<node::LatencyHistogram>();
  stats.latency->Record(static_cast<uint64_t>(micros));
  if (micros == 0) return;
  stats.ticks += static_cast<uint64_t>(static_cast<double>(micros) / engine.micros_per_tick);
  if (engine.slow_log.Wants(micros)) {
    const node::Args words = blocked.request.view();
    engine.slow_log.Add(words, micros, engine.now_ms / kMillisPerSecond, client.address,
                        client.name);
  }
}

bool BlockedClientPart::Unblock(RedisModuleBlockedClient& blocked, void* private_data) {
  if (blocked.on_keys) {
    // Under the lock, as all that concerns keys. It ends as at its timeout.
    if (blocked.timeout_callback == nullptr) return false;
    if (blocked.unblocked) return true;
    if (blocked.client == nullptr) return true;
    return modules_.engine().blocked.Complete(blocked.ticket,
                                              [&](node::Client&) { TimeOut(blocked); });
  }
  blocked.private_data = private_data;
  Enqueue(blocked);
  return true;
}

void BlockedClientPart::Enqueue(RedisModuleBlockedClient& blocked) {
  bool first = false;
  {
    const std::lock_guard guard(mutex_);
    blocked.unblocked = true;
    first = unblocked_.empty();
    unblocked_.push_back(&blocked);
  }
  if (!first) return;
  modules_.host().post([this] { modules_.RunOutsideRequests([this] { EndUnblocked(); }); });
}

void BlockedClientPart::EndUnblocked() {
  std::vector<RedisModuleBlockedClient*> over;
  {
    const std::lock_guard guard(mutex_);
    over.swap(unblocked_);
  }
  for (RedisModuleBlockedClient* blocked : over) End(*blocked);
}

void BlockedClientPart::End(RedisModuleBlockedClient& blocked) {
  if (blocked.client == nullptr) {
    FreePrivateData(blocked);
    return Delete(blocked);
  }
  if (blocked.on_login) {
    modules_.part<UserPart>().Decided(blocked);
    (void)modules_.engine().blocked.Complete(blocked.ticket, [](node::Client&) {});
    return;
  }
  (void)modules_.engine().blocked.Complete(blocked.ticket, [&](node::Client& client) {
    if (blocked.reply_callback != nullptr) {
      (void)Call(blocked, blocked.reply_callback, &RedisModuleCtx::is_reply_callback);
    }
    FreePrivateData(blocked);
    client.reply().Raw(blocked.replies.output.ToString());
    Account(blocked, client);
    Delete(blocked);
  });
}

void BlockedClientPart::Delete(RedisModuleBlockedClient& blocked) {
  all_.erase(std::find(all_.begin(), all_.end(), &blocked));
  delete &blocked;
}

namespace {

RedisModuleBlockedClient* BlockClient(RedisModuleCtx* ctx, RedisModuleCmdFunc reply,
                                      RedisModuleCmdFunc timeout,
                                      void (*free_private_data)(RedisModuleCtx*, void*),
                                      long long timeout_ms) noexcept {
  return ctx->modules.part<BlockedClientPart>().Block(*ctx, {reply, timeout, free_private_data},
                                                      timeout_ms, nullptr);
}

RedisModuleBlockedClient* BlockClientOnKeysWithFlags(
    RedisModuleCtx* ctx, RedisModuleCmdFunc reply, RedisModuleCmdFunc timeout,
    void (*free_private_data)(RedisModuleCtx*, void*), long long timeout_ms,
    RedisModuleString** keys, int key_count, void* private_data, int flags) noexcept {
  BlockedClientPart::Keys wanted{.or_without = (flags & REDISMODULE_BLOCK_UNBLOCK_DELETED) != 0,
                                 .private_data = private_data};
  for (int i = 0; i < key_count; ++i) wanted.names.push_back(keys[i]->view());
  return ctx->modules.part<BlockedClientPart>().Block(*ctx, {reply, timeout, free_private_data},
                                                      timeout_ms, &wanted);
}

RedisModuleBlockedClient* BlockClientOnKeys(RedisModuleCtx* ctx, RedisModuleCmdFunc reply,
                                            RedisModuleCmdFunc timeout,
                                            void (*free_private_data)(RedisModuleCtx*, void*),
                                            long long timeout_ms, RedisModuleString** keys,
                                            int key_count, void* private_data) noexcept {
  return BlockClientOnKeysWithFlags(ctx, reply, timeout, free_private_data, timeout_ms, keys,
                                    key_count, private_data, REDISMODULE_BLOCK_UNBLOCK_DEFAULT);
}

// Those who wait have their turn when the call is over.
void SignalKeyAsReady(RedisModuleCtx* ctx, RedisModuleString* key) noexcept {
  ctx->engine().key_waiters.OnTouched(ctx->database, key->view());
}

int UnblockClient(RedisModuleBlockedClient* blocked, void* private_data) noexcept {
  BlockedClientPart& part = TheModules().part<BlockedClientPart>();
  return part.Unblock(*blocked, private_data) ? REDISMODULE_OK : REDISMODULE_ERR;
}

// Nothing of the module is called any more, but for freeing.
int AbortBlock(RedisModuleBlockedClient* blocked) noexcept {
  blocked->reply_callback = nullptr;
  blocked->login_callback = nullptr;
  blocked->disconnect_callback = nullptr;
  return UnblockClient(blocked, nullptr);
}

void SetDisconnectCallback(RedisModuleBlockedClient* blocked,
                           RedisModuleDisconnectFunc callback) noexcept {
  blocked->disconnect_callback = callback;
}

int IsBlockedReplyRequest(RedisModuleCtx* ctx) noexcept { return ctx->is_reply_callback ? 1 : 0; }
int IsBlockedTimeoutRequest(RedisModuleCtx* ctx) noexcept {
  return ctx->is_timeout_callback ? 1 : 0;
}
int BlockedClientDisconnected(RedisModuleCtx* ctx) noexcept {
  return ctx->is_disconnect_callback ? 1 : 0;
}
void* GetBlockedClientPrivateData(RedisModuleCtx* ctx) noexcept {
  return ctx->blocked_private_data;
}
RedisModuleString* GetBlockedClientReadyKey(RedisModuleCtx* ctx) noexcept {
  return ctx->blocked_ready_key;
}
RedisModuleBlockedClient* GetBlockedClientHandle(RedisModuleCtx* ctx) noexcept {
  return ctx->blocked_client;
}
void* BlockClientGetPrivateData(RedisModuleBlockedClient* blocked) noexcept {
  return blocked->private_data;
}
void BlockClientSetPrivateData(RedisModuleBlockedClient* blocked, void* private_data) noexcept {
  blocked->private_data = private_data;
}

int BlockedClientMeasureTimeStart(RedisModuleBlockedClient* blocked) noexcept {
  blocked->measuring_since_ns = TheModules().engine().clock.MonotonicNanos();
  return REDISMODULE_OK;
}

int BlockedClientMeasureTimeEnd(RedisModuleBlockedClient* blocked) noexcept {
  if (blocked->measuring_since_ns == 0) return REDISMODULE_ERR;
  blocked->measured_ns +=
      TheModules().engine().clock.MonotonicNanos() - blocked->measuring_since_ns;
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"BlockClient", &BlockClient},
    {"BlockClientOnKeys", &BlockClientOnKeys},
    {"BlockClientOnKeysWithFlags", &BlockClientOnKeysWithFlags},
    {"SignalKeyAsReady", &SignalKeyAsReady},
    {"UnblockClient", &UnblockClient},
    {"AbortBlock", &AbortBlock},
    {"SetDisconnectCallback", &SetDisconnectCallback},
    {"IsBlockedReplyRequest", &IsBlockedReplyRequest},
    {"IsBlockedTimeoutRequest", &IsBlockedTimeoutRequest},
    {"BlockedClientDisconnected", &BlockedClientDisconnected},
    {"GetBlockedClientPrivateData", &GetBlockedClientPrivateData},
    {"GetBlockedClientReadyKey", &GetBlockedClientReadyKey},
    {"GetBlockedClientHandle", &GetBlockedClientHandle},
    {"BlockClientGetPrivateData", &BlockClientGetPrivateData},
    {"BlockClientSetPrivateData", &BlockClientSetPrivateData},
    {"BlockedClientMeasureTimeStart", &BlockedClientMeasureTimeStart},
    {"BlockedClientMeasureTimeEnd", &BlockedClientMeasureTimeEnd},
};

}  // namespace

ApiGroup BlockedClientFunctions() { return kFunctions; }

void AddBlockedClientPart(Modules& modules) {
  modules.AddPart(std::make_unique<BlockedClientPart>(modules));
}

}  // namespace slotmesh::modules
