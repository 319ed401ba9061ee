// Users: whom a call is made for, what they may do, and logging in in a module's way.
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/api/blocked_clients.h"
#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/api/user_part.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "modules/user.h"
#include "node/command/access_control.h"
#include "node/command/client_table.h"
#include "node/resp/split_args.h"
#include "slots/strings.h"

namespace slotmesh::modules {
namespace {

node::AccessControl& Access() { return TheModules().engine().access; }

// --- Whose call it is. ---

RedisModuleString* GetCurrentUserName(RedisModuleCtx* ctx) noexcept {
  if (ctx->client == nullptr || ctx->client->user == nullptr) return nullptr;
  return TrackString(ctx, new RedisModuleString(std::string_view(ctx->client->user->name())));
}

RedisModuleString* GetClientUserNameById(RedisModuleCtx* ctx, uint64_t id) noexcept {
  const node::Client* client = ctx->modules.host().clients.Find(id);
  const bool known = client != nullptr && client->user != nullptr;
  errno = known ? 0 : client == nullptr ? ENOENT : ENOTSUP;
  if (!known) return nullptr;
  return TrackString(ctx, new RedisModuleString(std::string_view(client->user->name())));
}

void SetContextUser(RedisModuleCtx* ctx, const RedisModuleUser* user) noexcept { ctx->user = user; }

// --- Users of a module's own, and handles on the server's. ---

RedisModuleUser* CreateModuleUser(const char* name) noexcept {
  return new RedisModuleUser{.user = std::make_shared<node::AclUser>(name, Access().environment()),
                             .own = true};
}

RedisModuleUser* GetModuleUserFromUserName(RedisModuleString* name) noexcept {
  std::shared_ptr<node::AclUser> user = Access().users().Find(name->view());
  if (user == nullptr) return nullptr;
  return new RedisModuleUser{.user = std::move(user), .own = false};
}

void FreeModuleUser(RedisModuleUser* user) noexcept {
  if (user->own) Access().Abandon(*user->user);
  delete user;
}

int SetModuleUserACL(RedisModuleUser* user, const char* rule) noexcept {
  const absl::Status status = user->user->Apply(rule);
  errno = status.ok() ? 0 : absl::IsNotFound(status) ? ENOENT : EINVAL;
  return status.ok() ? REDISMODULE_OK : REDISMODULE_ERR;
}

int SetModuleUserACLString(RedisModuleCtx* ctx, RedisModuleUser* user, const char* rules,
                           RedisModuleString** error) noexcept {
  const std::vector<std::string> words =
      node::SplitArgs(rules).value_or(std::vector<std::string>{rules});
  const absl::StatusOr<node::AclUser> changed =
      node::WithRules(*user->user, std::vector<std::string_view>(words.begin(), words.end()));
  if (changed.ok()) {
    Access().Change(*user->user, *changed);
    return REDISMODULE_OK;
  }
  if (error != nullptr) {
    *error = TrackString(ctx, new RedisModuleString(ToStd(changed.status().message())));
  }
  return REDISMODULE_ERR;
}

RedisModuleString* GetModuleUserACLString(RedisModuleUser* user) noexcept {
  return new RedisModuleString(user->user->Describe());
}

// --- What they may do. ---

int ACLCheckCommandPermissions(RedisModuleUser* user, RedisModuleString** argv, int argc) noexcept {
  std::vector<std::string_view> words;
  for (int i = 0; i < argc; ++i) words.push_back(argv[i]->view());
  const node::Command* command = TheModules().engine().registry.Resolve(words);
  const bool known = command != nullptr && command->spec().handler != nullptr;
  const bool allowed = known && node::AccessControl::Check(*user->user, *command, words).allowed();
  errno = allowed ? 0 : known ? EACCES : ENOENT;
  return allowed ? REDISMODULE_OK : REDISMODULE_ERR;
}

int ACLCheckKeyPermissions(RedisModuleUser* user, RedisModuleString* key, int flags) noexcept {
  constexpr int kKnown = REDISMODULE_CMD_KEY_ACCESS | REDISMODULE_CMD_KEY_INSERT |
                         REDISMODULE_CMD_KEY_DELETE | REDISMODULE_CMD_KEY_UPDATE;
  if ((flags & kKnown) != flags) {
    errno = EINVAL;
    return REDISMODULE_ERR;
  }
  const node::AclAccess access = node::AccessOf(static_cast<slots::KeyFlag>(flags));
  const bool allowed = user->user->AllowsKey(key->view(), access);
  errno = allowed ? 0 : EACCES;
  return allowed ? REDISMODULE_OK : REDISMODULE_ERR;
}

int ACLCheckChannelPermissions(RedisModuleUser* user, RedisModuleString* channel,
                               int flags) noexcept {
  constexpr int kKnown = REDISMODULE_CMD_CHANNEL_PUBLISH | REDISMODULE_CMD_CHANNEL_SUBSCRIBE |
                         REDISMODULE_CMD_CHANNEL_UNSUBSCRIBE | REDISMODULE_CMD_CHANNEL_PATTERN;
  if ((flags & kKnown) != flags) {
    errno = EINVAL;
    return REDISMODULE_ERR;
  }
  // Whoever has subscribed may always leave.
  const bool allowed =
      (flags & REDISMODULE_CMD_CHANNEL_UNSUBSCRIBE) != 0 ||
      user->user->AllowsChannel(channel->view(), (flags & REDISMODULE_CMD_CHANNEL_PATTERN) != 0);
  return allowed ? REDISMODULE_OK : REDISMODULE_ERR;
}

node::AclDenial DenialOf(RedisModuleACLLogEntryReason reason) {
  switch (reason) {
    case REDISMODULE_ACL_LOG_AUTH:
      return node::AclDenial::kAuth;
    case REDISMODULE_ACL_LOG_CMD:
      return node::AclDenial::kCommand;
    case REDISMODULE_ACL_LOG_KEY:
      return node::AclDenial::kKey;
    case REDISMODULE_ACL_LOG_CHANNEL:
      return node::AclDenial::kChannel;
  }
  return node::AclDenial::kNone;
}

void AddLogEntry(RedisModuleCtx* ctx, std::string_view user, const RedisModuleString& object,
                 RedisModuleACLLogEntryReason reason) {
  const node::AclDenial denial = DenialOf(reason);
  if (denial == node::AclDenial::kNone) return;
  ctx->engine().access.Report(ctx->client, {.denial = denial,
                                            .context = node::AclLog::Context::kModule,
                                            .object = std::string(object.view()),
                                            .user = std::string(user)});
}

void ACLAddLogEntry(RedisModuleCtx* ctx, RedisModuleUser* user, RedisModuleString* object,
                    RedisModuleACLLogEntryReason reason) noexcept {
  AddLogEntry(ctx, user->user->name(), *object, reason);
}

void ACLAddLogEntryByUserName(RedisModuleCtx* ctx, RedisModuleString* user,
                              RedisModuleString* object,
                              RedisModuleACLLogEntryReason reason) noexcept {
  AddLogEntry(ctx, user->view(), *object, reason);
}

// --- Logging in. ---

int Authenticate(RedisModuleCtx* ctx, std::shared_ptr<node::AclUser> user,
                 RedisModuleUserChangedFunc callback, void* data, uint64_t* client_id) {
  node::Client* client = ctx->client;
  if (client == nullptr || client->host() == nullptr || user == nullptr || !user->enabled()) {
    return REDISMODULE_ERR;
  }
  UserPart& part = ctx->modules.part<UserPart>();
  ctx->engine().access.Become(*client, std::move(user));
  part.HasResult(client->id());
  part.Watch(ctx->module, client->id(), callback, data);
  if (client_id != nullptr) *client_id = client->id();
  return REDISMODULE_OK;
}

int AuthenticateClientWithACLUser(RedisModuleCtx* ctx, const char* name, size_t size,
                                  RedisModuleUserChangedFunc callback, void* data,
                                  uint64_t* client_id) noexcept {
  return Authenticate(ctx, Access().users().Find(std::string_view(name, size)), callback, data,
                      client_id);
}

int AuthenticateClientWithUser(RedisModuleCtx* ctx, RedisModuleUser* user,
                               RedisModuleUserChangedFunc callback, void* data,
                               uint64_t* client_id) noexcept {
  return Authenticate(ctx, user->user, callback, data, client_id);
}

// Also of the client whose command runs: it is closed when that is over.
int DeauthenticateAndCloseClient(RedisModuleCtx* ctx, uint64_t client_id) noexcept {
  node::Client* client = ctx->modules.host().clients.Find(client_id);
  if (client == nullptr || client->host() == nullptr) return REDISMODULE_ERR;
  ctx->engine().access.Dismiss(*client);
  return REDISMODULE_OK;
}

void RegisterAuthCallback(RedisModuleCtx* ctx, RedisModuleAuthCallback callback) noexcept {
  ctx->modules.part<UserPart>().AddCallback(*ctx->module, callback);
}

RedisModuleBlockedClient* BlockClientOnAuth(RedisModuleCtx* ctx, RedisModuleAuthCallback callback,
                                            void (*free_private_data)(RedisModuleCtx*,
                                                                      void*)) noexcept {
  if (ctx->client == nullptr || !ctx->modules.part<UserPart>().IsLoggingIn(ctx->client->id())) {
    if (ctx->client != nullptr) {
      ctx->client->reply().Error(
          "ERR Module blocking client on auth when not currently undergoing module authentication");
    }
    return nullptr;
  }
  return ctx->modules.part<BlockedClientPart>().BlockLogin(*ctx, callback, free_private_data);
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
    {"SetContextUser", &SetContextUser},
    {"CreateModuleUser", &CreateModuleUser},
    {"GetModuleUserFromUserName", &GetModuleUserFromUserName},
    {"FreeModuleUser", &FreeModuleUser},
    {"SetModuleUserACL", &SetModuleUserACL},
    {"SetModuleUserACLString", &SetModuleUserACLString},
    {"GetModuleUserACLString", &GetModuleUserACLString},
    {"ACLCheckCommandPermissions", &ACLCheckCommandPermissions},
    {"ACLCheckKeyPermissions", &ACLCheckKeyPermissions},
    {"ACLCheckChannelPermissions", &ACLCheckChannelPermissions},
    {"ACLAddLogEntry", &ACLAddLogEntry},
    {"ACLAddLogEntryByUserName", &ACLAddLogEntryByUserName},
    {"AuthenticateClientWithACLUser", &AuthenticateClientWithACLUser},
    {"AuthenticateClientWithUser", &AuthenticateClientWithUser},
    {"DeauthenticateAndCloseClient", &DeauthenticateAndCloseClient},
    {"RegisterAuthCallback", &RegisterAuthCallback},
    {"BlockClientOnAuth", &BlockClientOnAuth},
    {"RedactClientCommandArgument", &RedactClientCommandArgument},
};

}  // namespace

ApiGroup UserFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
