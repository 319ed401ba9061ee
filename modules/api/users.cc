// Users: whom a call is made for, and authentication in a module's way. The server has one user,
// `default`; functions that make others are there once it has more.
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "node/command/client_table.h"

namespace slotmesh::modules {
namespace {

constexpr std::string_view kDefaultUser = "default";

// Clients whose user a module has set: it is told once when that ends.
class UserPart : public ModulePart {
 public:
  void Forget(Module& module) override {
    std::erase_if(watched_, [&](const Watched& one) { return one.module == &module; });
  }

  void Watch(Module* module, uint64_t client_id, RedisModuleUserChangedFunc callback, void* data) {
    if (callback != nullptr) watched_.push_back({module, client_id, callback, data});
  }
  void Changed(uint64_t client_id) {
    std::vector<Watched> told;
    std::erase_if(watched_, [&](const Watched& one) {
      if (one.client_id != client_id) return false;
      told.push_back(one);
      return true;
    });
    for (const Watched& one : told) one.callback(one.client_id, one.data);
  }

 private:
  struct Watched {
    Module* module = nullptr;
    uint64_t client_id = 0;
    RedisModuleUserChangedFunc callback = nullptr;
    void* data = nullptr;
  };

  std::vector<Watched> watched_;
};

RedisModuleString* GetCurrentUserName(RedisModuleCtx* ctx) noexcept {
  if (ctx->client == nullptr) return nullptr;
  return TrackString(ctx, new RedisModuleString(std::string_view(ctx->client->user)));
}

RedisModuleString* GetClientUserNameById(RedisModuleCtx* ctx, uint64_t id) noexcept {
  const node::Client* client = ctx->modules.host().clients.Find(id);
  errno = client == nullptr ? ENOENT : 0;
  if (client == nullptr) return nullptr;
  return TrackString(ctx, new RedisModuleString(std::string_view(client->user)));
}

int AuthenticateClientWithACLUser(RedisModuleCtx* ctx, const char* name, size_t size,
                                  RedisModuleUserChangedFunc callback, void* data,
                                  uint64_t* client_id) noexcept {
  if (ctx->client == nullptr || std::string_view(name, size) != kDefaultUser) {
    return REDISMODULE_ERR;
  }
  UserPart& part = ctx->modules.part<UserPart>();
  part.Changed(ctx->client->id());
  ctx->client->user = kDefaultUser;
  ctx->client->authenticated = true;
  part.Watch(ctx->module, ctx->client->id(), callback, data);
  if (client_id != nullptr) *client_id = callback == nullptr ? 0 : ctx->client->id();
  return REDISMODULE_OK;
}

// Also of the client whose command runs: it is closed when that is over.
int DeauthenticateAndCloseClient(RedisModuleCtx* ctx, uint64_t client_id) noexcept {
  node::Client* client = ctx->modules.host().clients.Find(client_id);
  if (client == nullptr || client->host() == nullptr) return REDISMODULE_ERR;
  ctx->modules.part<UserPart>().Changed(client_id);
  client->authenticated = false;
  client->host()->Close(*client, /*after_replies=*/true);
  return REDISMODULE_OK;
}

// In MONITOR and the logs the word stands as "(redacted)".
int RedactClientCommandArgument(RedisModuleCtx* ctx, int position) noexcept {
  if (ctx->command == nullptr || position < 1 ||
      static_cast<size_t>(position) >= ctx->request.size()) {
    return REDISMODULE_ERR;
  }
  ctx->command->Redact(static_cast<size_t>(position));
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"GetCurrentUserName", &GetCurrentUserName},
    {"GetClientUserNameById", &GetClientUserNameById},
    {"AuthenticateClientWithACLUser", &AuthenticateClientWithACLUser},
    {"DeauthenticateAndCloseClient", &DeauthenticateAndCloseClient},
    {"RedactClientCommandArgument", &RedactClientCommandArgument},
};

}  // namespace

ApiGroup UserFunctions() { return kFunctions; }

void TellUserChange(Modules& modules, uint64_t client_id) {
  modules.part<UserPart>().Changed(client_id);
}

void AddUserPart(Modules& modules) { modules.AddPart(std::make_unique<UserPart>()); }

}  // namespace slotmesh::modules
