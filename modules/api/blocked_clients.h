// Blocks clients for modules, and ends their waits: what the functions of blocked_clients.cc and
// those that authenticate share.
//
// Engine thread, but for Unblock: any thread.
#ifndef SLOTMESH_MODULES_API_BLOCKED_CLIENTS_H_
#define SLOTMESH_MODULES_API_BLOCKED_CLIENTS_H_

#include <mutex>
#include <string_view>
#include <vector>

#include "modules/blocked_client.h"
#include "modules/context.h"
#include "modules/modules.h"

namespace slotmesh::modules {

class BlockedClientPart : public ModulePart {
 public:
  struct Callbacks {
    RedisModuleCmdFunc reply = nullptr;
    RedisModuleCmdFunc timeout = nullptr;
    void (*free_private_data)(RedisModuleCtx* ctx, void* data) = nullptr;
  };
  // What a client waits for by its keys.
  struct Keys {
    std::vector<std::string_view> names;
    bool or_without = false;  // A key that goes away is told, too.
    void* private_data = nullptr;
  };

  explicit BlockedClientPart(Modules& modules) : modules_(modules) {}
  // The engine stops: nobody is told.
  ~BlockedClientPart() override;

  std::string_view HoldsBack(const Module& module) const override;
  void Forget(Module& module) override;

  // The command of `ctx` will be ended later. What may not wait gets an error instead; the handle
  // is then one of nobody. Null: there is no command. `keys` may be null.
  RedisModuleBlockedClient* Block(RedisModuleCtx& ctx, const Callbacks& callbacks,
                                  int64_t timeout_ms, const Keys* keys);
  // The same for AUTH or HELLO, which runs again when the module has decided (UserPart).
  RedisModuleBlockedClient* BlockLogin(RedisModuleCtx& ctx, RedisModuleAuthCallback callback,
                                       void (*free_private_data)(RedisModuleCtx*, void*));
  // The decision has been asked for; or never will be, if `client` is null: it has gone.
  void EndLogin(RedisModuleBlockedClient& blocked, node::Client* client);
  // False: it can only end by its keys.
  bool Unblock(RedisModuleBlockedClient& blocked, void* private_data);

 private:
  std::string_view Refusal(RedisModuleCtx& ctx) const;
  void Wait(RedisModuleBlockedClient& blocked, int64_t deadline_ms, const Keys* keys);
  // A wait by keys: true if the module has replied.
  bool Attempt(RedisModuleBlockedClient& blocked, std::string_view key);
  void TimeOut(RedisModuleBlockedClient& blocked);
  void Disconnect(RedisModuleBlockedClient& blocked);
  // Calls one of its callbacks for the client.
  int Call(RedisModuleBlockedClient& blocked, RedisModuleCmdFunc callback, bool RedisModuleCtx::*is,
           std::string_view ready_key = {});
  void FreePrivateData(RedisModuleBlockedClient& blocked);
  // The command is over.
  void Account(RedisModuleBlockedClient& blocked, node::Client& client);
  void Enqueue(RedisModuleBlockedClient& blocked);
  void EndUnblocked();
  void End(RedisModuleBlockedClient& blocked);
  void Delete(RedisModuleBlockedClient& blocked);

  Modules& modules_;
  std::vector<RedisModuleBlockedClient*> all_;
  std::mutex mutex_;
  std::vector<RedisModuleBlockedClient*> unblocked_;  // Guarded by mutex_.
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_API_BLOCKED_CLIENTS_H_
