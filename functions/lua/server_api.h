// The tables `redis` and `server` of scripts: call, pcall, log, setresp and their relatives.
//
// Inner commands go through the dispatcher as the run's inner client. Engine thread only. The state
// that the functions are installed in must not outlive this.
#ifndef SLOTMESH_FUNCTIONS_LUA_SERVER_API_H_
#define SLOTMESH_FUNCTIONS_LUA_SERVER_API_H_

#include <string>
#include <string_view>
#include <vector>

#include "functions/engine.h"
#include "functions/lua/lua_headers.h"

namespace slotmesh::functions::lua {

class ServerApi {
 public:
  explicit ServerApi(const Host& host) : host_(host) {}
  ServerApi(const ServerApi&) = delete;
  ServerApi& operator=(const ServerApi&) = delete;

  // Puts all of it into the table on top of the stack.
  void Install(lua_State* L);
  // What a library has while it is loaded: constants and log.
  void InstallForLoading(lua_State* L);

  // A call begins or ends; scripts run in between.
  void Begin(const CallRequest& request);
  void End() { request_ = nullptr; }
  // What the script has set with setresp.
  bool resp3() const { return request_->inner.reply().resp3(); }

 private:
  // Lua functions; the first upvalue is the ServerApi.
  static int Call(lua_State* L);
  static int PCall(lua_State* L);
  static int AclCheckCommand(lua_State* L);
  static int Log(lua_State* L);
  static int SetResp(lua_State* L);
  static int SetRepl(lua_State* L);

  static ServerApi& Of(lua_State* L) {
    return *static_cast<ServerApi*>(lua_touserdata(L, lua_upvalueindex(1)));
  }
  void AddConstants(lua_State* L);
  void AddFunction(lua_State* L, const char* name, lua_CFunction function);
  // Takes the words of a command from the stack into args_; false for a value that is none.
  bool TakeWords(lua_State* L);
  // Runs the command on the stack and pushes what came of it. True if that is an error.
  bool RunCommand(lua_State* L);

  const Host& host_;
  const CallRequest* request_ = nullptr;  // Null between calls.
  std::vector<std::string_view> args_;    // Kept for their capacity.
  std::string joined_;
};

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_SERVER_API_H_
