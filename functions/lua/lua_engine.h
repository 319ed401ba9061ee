// Lua 5.1 (LuaJIT's interpreter, its compiler off) as a script engine.
//
// One state a purpose: scripts of EVAL, or function libraries. Measured against PUC Lua 5.1 with a
// counting hook, as Redis has it: a loop of 10,000 additions takes 65 us instead of 120, work on
// strings and tables less than half. That is without a hook; with one, 107. So the hook is set only
// when a run has lasted too long, by the watchdog, from its thread: setting a hook changes the
// interpreter's dispatch table word by word, which is how LuaJIT lets signal handlers do it. With
// the compiler on, a loop could not be ended at all.
//
// Engine thread only, but for OnOverdue.
#ifndef SLOTMESH_FUNCTIONS_LUA_LUA_ENGINE_H_
#define SLOTMESH_FUNCTIONS_LUA_LUA_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "functions/engine.h"
#include "functions/lua/library_loader.h"
#include "functions/lua/lua_headers.h"
#include "functions/lua/server_api.h"
#include "functions/lua/tail_calls.h"
#include "functions/lua/watchdog.h"

namespace slotmesh::functions::lua {

class LuaEngine : public ScriptEngine, private Watchdog::Target {
 public:
  enum class Purpose : uint8_t { kScripts, kFunctions };
  // Instructions between two looks at a run that has lasted too long.
  static constexpr int kHookInstructions = 100'000;

  // Borrows both.
  LuaEngine(Purpose purpose, const Host& host, Watchdog& watchdog);
  ~LuaEngine() override;
  LuaEngine(const LuaEngine&) = delete;
  LuaEngine& operator=(const LuaEngine&) = delete;

  std::string_view name() const override { return "LUA"; }
  absl::StatusOr<Callable> Compile(std::string_view body) override;
  absl::StatusOr<std::vector<LoadedFunction>> LoadLibrary(std::string_view body) override;
  void Call(const CallRequest& request) override;
  size_t memory_bytes() const override;
  void Collect() override;

 private:
  void Release(int id) override;
  void OnOverdue() override;

  // Lua functions; the first upvalue is the engine.
  static int SetUp(lua_State* L);  // Its argument is the engine.
  static int RunCall(lua_State* L);
  static int RunLibrary(lua_State* L);
  static int OnError(lua_State* L);
  static void Hook(lua_State* L, lua_Debug* activation);

  static LuaEngine& Of(lua_State* L) {
    return *static_cast<LuaEngine*>(lua_touserdata(L, lua_upvalueindex(1)));
  }
  int KeepFunction(lua_State* L, lua_CFunction function);
  void SetUpLoading(lua_State* L);
  // What a library sees as globals from now on: the table with this reference.
  void ShowGlobals(lua_State* L, int table);
  // Runs a kept function with the handler of errors. If it raises one, that is left on the stack.
  bool RunProtected(int function, int64_t limit_ms);
  // The script has lasted too long: lets others be served, and looks whether it is to end.
  void OnLongRun(lua_State* L);
  void ServeOthers(node::ScriptRun& run);
  // Replies with the error on the stack.
  void WriteError();
  // The line of what runs, where its frame has gone; 0: unknown.
  int LineOfTailCall(lua_State* L) const;
  // Its text, as far as it has one.
  std::string TakeErrorText();

  Purpose purpose_;
  const Host& host_;
  Watchdog& watchdog_;
  ServerApi api_;
  LibraryLoader loader_;
  lua_State* L_;
  TailCalls tail_calls_;
  const char* chunk_name_;
  // Registry references: what code sees as _G, the tables behind it, kept functions.
  int globals_ = 0;
  int run_globals_ = 0;
  int load_globals_ = 0;
  int run_call_ = 0;
  int run_library_ = 0;
  int on_error_ = 0;

  const CallRequest* request_ = nullptr;  // Null between calls, and while a library is loaded.
  int library_ = 0;                       // The compiled library that is being loaded.
  std::atomic<bool> ending_{false};       // Every instruction raises an error.
};

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_LUA_ENGINE_H_
