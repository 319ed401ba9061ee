#include "modules/api/user_part.h"

#include <algorithm>
#include <utility>

#include "modules/api/blocked_clients.h"
#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/string.h"
#include "node/command/client_table.h"
#include "slots/strings.h"

namespace slotmesh::modules {

// The arguments of a callback, and the error that it may give.
struct UserPart::Strings {
  Strings(std::string_view user_text, std::string_view password_text)
      : user(new RedisModuleString(user_text)), password(new RedisModuleString(password_text)) {}
  ~Strings() {
    user->Release();
    password->Release();
    if (error != nullptr) error->Release();
  }
  Strings(const Strings&) = delete;
  Strings& operator=(const Strings&) = delete;

  RedisModuleString* user;
  RedisModuleString* password;
  RedisModuleString* error = nullptr;
};

void UserPart::Forget(Module& module) {
  std::erase_if(callbacks_, [&](const Callback& one) { return one.module == &module; });
  std::vector<uint64_t> clients;
  std::erase_if(watched_, [&](const Watched& one) {
    if (one.module != &module) return false;
    clients.push_back(one.client_id);
    return true;
  });
  // What it has let in goes with it.
  for (const uint64_t id : clients) {
    node::Client* client = modules_.host().clients.Find(id);
    if (client != nullptr) modules_.engine().access.Dismiss(*client);
  }
}

void UserPart::Watch(Module* module, uint64_t client_id, RedisModuleUserChangedFunc callback,
                     void* data) {
  if (callback != nullptr) watched_.push_back({module, client_id, callback, data});
}

void UserPart::Changed(uint64_t client_id) {
  std::vector<Watched> told;
  std::erase_if(watched_, [&](const Watched& one) {
    if (one.client_id != client_id) return false;
    told.push_back(one);
    return true;
  });
  for (const Watched& one : told) one.callback(one.client_id, one.data);
}

void UserPart::AddCallback(Module& module, RedisModuleAuthCallback callback) {
  callbacks_.insert(callbacks_.begin(), {++last_callback_, &module, callback});
}

void UserPart::HasResult(uint64_t client_id) {
  const auto login = logins_.find(client_id);
  if (login != logins_.end()) login->second.has_result = true;
}

void UserPart::Decided(RedisModuleBlockedClient& blocked) {
  logins_[blocked.client->id()].decided = &blocked;
}

void UserPart::ForgetClient(uint64_t client_id) {
  const auto login = logins_.find(client_id);
  if (login == logins_.end()) return;
  RedisModuleBlockedClient* decided = login->second.decided;
  logins_.erase(login);
  if (decided != nullptr) modules_.part<BlockedClientPart>().EndLogin(*decided, nullptr);
}

int UserPart::Ask(node::CommandContext& ctx, node::Args args, Module& module,
                  RedisModuleAuthCallback function, Strings& strings,
                  RedisModuleBlockedClient* blocked) {
  RedisModuleCtx context(modules_, &module, RedisModuleCtx::Kind::kCallback, &ctx.client());
  context.command = &ctx;
  context.request = args;
  context.blocked_client = blocked;
  if (blocked != nullptr) {
    context.blocked_private_data = blocked->private_data;
    context.is_reply_callback = true;
  }
  ++module.calls;
  const int result = function(&context, strings.user, strings.password, &strings.error);
  --module.calls;
  context.FreeTracked();
  return result;
}

int UserPart::AskAll(node::CommandContext& ctx, node::Args args, uint64_t client_id,
                     Strings& strings) {
  const std::vector<Callback> callbacks = callbacks_;
  for (const Callback& callback : callbacks) {
    Login& login = logins_[client_id];
    if (callback.id >= login.asked_last) continue;
    login.asked_last = callback.id;
    login.has_result = false;
    if (Ask(ctx, args, *callback.module, callback.function, strings, nullptr) ==
        REDISMODULE_AUTH_HANDLED) {
      return REDISMODULE_AUTH_HANDLED;
    }
  }
  return REDISMODULE_AUTH_NOT_HANDLED;
}

node::Authenticator::Outcome UserPart::LogIn(node::CommandContext& ctx, node::Args args,
                                             std::string_view user, std::string_view password,
                                             std::string* error) {
  node::Client& client = ctx.client();
  if (callbacks_.empty() && !logins_.contains(client.id())) return Outcome::kNotMine;
  Strings strings(user, password);
  const uint64_t reply_begin = client.output.end_position();
  int result = REDISMODULE_AUTH_NOT_HANDLED;
  if (RedisModuleBlockedClient* decided = std::exchange(logins_[client.id()].decided, nullptr);
      decided != nullptr) {
    if (decided->login_callback != nullptr) {
      result = Ask(ctx, args, decided->module, decided->login_callback, strings, decided);
    }
    modules_.part<BlockedClientPart>().EndLogin(*decided, &client);
  }
  if (result == REDISMODULE_AUTH_NOT_HANDLED) result = AskAll(ctx, args, client.id(), strings);
  modules_.TouchKeyspace();
  if (client.blocked != 0) {
    client.parked = node::OwnedArgs(args);
    client.rerun.active = true;
    return Outcome::kAnswered;
  }
  const bool has_result = logins_[client.id()].has_result;
  logins_.erase(client.id());
  if (result == REDISMODULE_AUTH_NOT_HANDLED) return Outcome::kNotMine;
  if (has_result && client.authenticated) return Outcome::kDone;
  if (client.output.end_position() != reply_begin) return Outcome::kAnswered;
  if (strings.error != nullptr) {
    const std::string_view text = strings.error->view();
    *error = text.starts_with('-') ? std::string(text.substr(1)) : StrCat("ERR ", text);
  }
  return Outcome::kRefused;
}

void TellUserChange(Modules& modules, uint64_t client_id) {
  modules.part<UserPart>().Changed(client_id);
}

void AddUserPart(Modules& modules) { modules.AddPart(std::make_unique<UserPart>(modules)); }

}  // namespace slotmesh::modules
