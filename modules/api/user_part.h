// What modules' functions about users keep between calls: whom to tell of a client's other user,
// and the callbacks by which modules let clients log in.
//
// A client that a module lets wait (BlockClientOnAuth) runs its AUTH or HELLO again when the module
// has decided: the callback that knows the decision is then asked first. Engine thread, or whoever
// holds the module lock.
#ifndef SLOTMESH_MODULES_API_USER_PART_H_
#define SLOTMESH_MODULES_API_USER_PART_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "modules/modules.h"
#include "modules/sdk/abi.h"
#include "node/command/access_control.h"

namespace slotmesh::modules {

class UserPart : public ModulePart, public node::Authenticator {
 public:
  explicit UserPart(Modules& modules) : modules_(modules) {
    modules.engine().access.set_authenticator(this);
  }
  ~UserPart() override { modules_.engine().access.set_authenticator(nullptr); }

  void Forget(Module& module) override;
  Outcome LogIn(node::CommandContext& ctx, node::Args args, std::string_view user,
                std::string_view password, std::string* error) override;

  // The callback, if any, is called once when the client is another user's.
  void Watch(Module* module, uint64_t client_id, RedisModuleUserChangedFunc callback, void* data);
  void Changed(uint64_t client_id);
  // The latest is asked first.
  void AddCallback(Module& module, RedisModuleAuthCallback callback);

  // The client is being logged in now.
  bool IsLoggingIn(uint64_t client_id) const { return logins_.contains(client_id); }
  // It has become some user's within that.
  void HasResult(uint64_t client_id);
  // The module has decided on a client that waits, which then runs its request again.
  void Decided(RedisModuleBlockedClient& blocked);
  // It is going away.
  void ForgetClient(uint64_t client_id);

 private:
  struct Watched {
    Module* module = nullptr;
    uint64_t client_id = 0;
    RedisModuleUserChangedFunc callback = nullptr;
    void* data = nullptr;
  };
  struct Callback {
    uint64_t id = 0;
    Module* module = nullptr;
    RedisModuleAuthCallback function = nullptr;
  };
  // From AUTH's or HELLO's first run to the end of its last.
  struct Login {
    uint64_t asked_last = UINT64_MAX;             // The callback; those of lower ids follow.
    bool has_result = false;                      // It is some user's now.
    RedisModuleBlockedClient* decided = nullptr;  // Whose decision is to be asked for.
  };
  struct Strings;

  int Ask(node::CommandContext& ctx, node::Args args, Module& module,
          RedisModuleAuthCallback function, Strings& strings, RedisModuleBlockedClient* blocked);
  // One after the other until one says that it is its affair.
  int AskAll(node::CommandContext& ctx, node::Args args, uint64_t client_id, Strings& strings);

  Modules& modules_;
  std::vector<Watched> watched_;
  uint64_t last_callback_ = 0;
  std::vector<Callback> callbacks_;
  std::map<uint64_t, Login> logins_;  // By the client's id.
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_API_USER_PART_H_
