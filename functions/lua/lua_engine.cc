#include "functions/lua/lua_engine.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "functions/lua/sandbox.h"
#include "functions/lua/values.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::functions::lua {
namespace {

// The registry has the engine under the address of this, for the hook.
constexpr char kEngine = 0;
void* EngineKey() { return const_cast<char*>(&kEngine); }

// A collection begins when so much of what the last one left is in use.
constexpr int kCollectAtPercent = 120;

constexpr std::string_view kLoadTimeout = "ERR FUNCTION LOAD timeout";
constexpr std::string_view kScriptKilled = "ERR Script killed by user with SCRIPT KILL.";
constexpr std::string_view kShutdown = "ERR Script ended: the server is shutting down.";
constexpr std::string_view kFunctionKilled = "ERR Script killed by user with FUNCTION KILL.";

// The first frame from the one that raised an error on that is no C function.
bool FindPosition(lua_State* L, lua_Debug* frame) {
  for (int level = 1; level <= 2; ++level) {
    if (lua_getstack(L, level, frame) == 0) return false;
    lua_getinfo(L, "Sl", frame);
    if (frame->currentline >= 0) return true;
  }
  return false;
}

// Pushes what an error that is no table says.
void PushErrorText(lua_State* L, int index) {
  if (lua_isstring(L, index) != 0) {
    lua_pushvalue(L, index);
  } else if (lua_isboolean(L, index)) {
    lua_pushstring(L, lua_toboolean(L, index) != 0 ? "true" : "false");
  } else {
    lua_pushstring(L, luaL_typename(L, index));
  }
}

void PushStrings(lua_State* L, node::Args strings) {
  lua_createtable(L, static_cast<int>(strings.size()), 0);
  for (size_t i = 0; i < strings.size(); ++i) {
    PushString(L, strings[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

// The field of the table at `index` as text; empty if it is none.
std::string TextField(lua_State* L, int index, const char* name) {
  lua_getfield(L, index, name);
  std::string text(lua_isstring(L, -1) != 0 ? StringAt(L, -1) : std::string_view());
  lua_pop(L, 1);
  return text;
}

}  // namespace

LuaEngine::LuaEngine(Purpose purpose, const Host& host, Watchdog& watchdog)
    : purpose_(purpose),
      host_(host),
      watchdog_(watchdog),
      api_(host),
      loader_(this),
      L_(luaL_newstate()),
      tail_calls_(L_),
      chunk_name_(purpose == Purpose::kScripts ? "@user_script" : "@user_function") {
  luaJIT_setmode(L_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_gc(L_, LUA_GCSETPAUSE, kCollectAtPercent);
  CHECK_EQ(lua_cpcall(L_, &SetUp, this), 0);
}

LuaEngine::~LuaEngine() { lua_close(L_); }

int LuaEngine::SetUp(lua_State* L) {
  auto& engine = *static_cast<LuaEngine*>(lua_touserdata(L, 1));
  lua_pushlightuserdata(L, EngineKey());
  lua_pushlightuserdata(L, &engine);
  lua_rawset(L, LUA_REGISTRYINDEX);
  PushGlobals(L, static_cast<uint32_t>(engine.host_.engine.random()));
  lua_newtable(L);
  engine.api_.Install(L);
  PushProtected(L, -1);
  lua_remove(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "redis");
  lua_setfield(L, -2, "server");
  lua_pushvalue(L, -1);
  engine.run_globals_ = luaL_ref(L, LUA_REGISTRYINDEX);
  engine.globals_ = UseAsGlobals(L);
  if (engine.purpose_ == Purpose::kFunctions) engine.SetUpLoading(L);
  engine.run_call_ = engine.KeepFunction(L, &RunCall);
  engine.run_library_ = engine.KeepFunction(L, &RunLibrary);
  engine.on_error_ = engine.KeepFunction(L, &OnError);
  return 0;
}

int LuaEngine::KeepFunction(lua_State* L, lua_CFunction function) {
  lua_pushlightuserdata(L, this);
  lua_pushcclosure(L, function, 1);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

void LuaEngine::SetUpLoading(lua_State* L) {
  lua_newtable(L);
  lua_newtable(L);
  api_.InstallForLoading(L);
  loader_.Install(L);
  RefuseUnknownNames(L, -1);
  PushProtected(L, -1);
  lua_remove(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "redis");
  lua_setfield(L, -2, "server");
  RefuseUnknownNames(L, -1);
  load_globals_ = luaL_ref(L, LUA_REGISTRYINDEX);
}

void LuaEngine::ShowGlobals(lua_State* L, int table) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, globals_);
  CHECK(lua_getmetatable(L, -1) != 0);
  lua_rawgeti(L, LUA_REGISTRYINDEX, table);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
}

// The error becomes a table of its own: {err=, source=, line=}.
int LuaEngine::OnError(lua_State* L) {
  lua_Debug frame;
  const bool placed = FindPosition(L, &frame);
  const LuaEngine& engine = Of(L);
  const int line = placed ? frame.currentline : engine.LineOfTailCall(L);
  lua_settop(L, 1);
  lua_createtable(L, 0, 4);
  if (lua_istable(L, 1)) {
    for (const char* field : {"err", kCountedField}) {
      lua_pushstring(L, field);
      lua_rawget(L, 1);
      lua_setfield(L, 2, field);
    }
  } else {
    lua_pushliteral(L, "ERR ");
    PushErrorText(L, 1);
    lua_concat(L, 2);
    lua_setfield(L, 2, "err");
  }
  if (line > 0) {
    lua_pushstring(L, placed ? frame.source : engine.chunk_name_);
    lua_setfield(L, 2, "source");
    lua_pushinteger(L, line);
    lua_setfield(L, 2, "line");
  }
  return 1;
}

int LuaEngine::LineOfTailCall(lua_State* L) const {
  lua_rawgeti(L, LUA_REGISTRYINDEX, request_ != nullptr ? request_->code.id() : library_);
  const int line = lua_isfunction(L, -1) ? tail_calls_.LastLine(L).value_or(0) : 0;
  lua_pop(L, 1);
  return line;
}

absl::StatusOr<Callable> LuaEngine::Compile(std::string_view body) {
  if (luaL_loadbufferx(L_, body.data(), body.size(), chunk_name_, "t") != 0) {
    const absl::Status status = absl::InvalidArgumentError(ToAbsl(StringAt(L_, -1)));
    lua_settop(L_, 0);
    return status;
  }
  return Callable(this, luaL_ref(L_, LUA_REGISTRYINDEX));
}

void LuaEngine::Release(int id) { luaL_unref(L_, LUA_REGISTRYINDEX, id); }

bool LuaEngine::RunProtected(int function, int64_t limit_ms) {
  lua_rawgeti(L_, LUA_REGISTRYINDEX, on_error_);
  lua_rawgeti(L_, LUA_REGISTRYINDEX, function);
  if (limit_ms > 0) watchdog_.Begin(*this, limit_ms);
  const bool ok = lua_pcall(L_, 0, 0, 1) == 0;
  if (limit_ms > 0 && watchdog_.End()) {
    lua_sethook(L_, nullptr, 0, 0);
    ending_ = false;
  }
  if (ok) lua_settop(L_, 0);
  return ok;
}

void LuaEngine::Call(const CallRequest& request) {
  request_ = &request;
  api_.Begin(request);
  const uint64_t reply_begin = request.reply.buffer().end_position();
  if (!RunProtected(run_call_, host_.engine.config.busy_reply_threshold)) {
    request.reply.buffer().TruncateTo(reply_begin);
    WriteError();
  }
  api_.End();
  request_ = nullptr;
}

int LuaEngine::RunCall(lua_State* L) {
  const LuaEngine& engine = Of(L);
  const CallRequest& request = *engine.request_;
  lua_rawgeti(L, LUA_REGISTRYINDEX, request.code.id());
  if (engine.purpose_ == Purpose::kScripts) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, engine.run_globals_);
    PushStrings(L, request.keys);
    lua_setfield(L, -2, "KEYS");
    PushStrings(L, request.args);
    lua_setfield(L, -2, "ARGV");
    lua_pop(L, 1);
    lua_call(L, 0, 1);
  } else {
    PushStrings(L, request.keys);
    PushStrings(L, request.args);
    lua_call(L, 2, 1);
  }
  if (WriteReply(L, engine.api_.resp3(), request.reply)) ++request.failures;
  return 0;
}

int LuaEngine::RunLibrary(lua_State* L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, Of(L).library_);
  lua_call(L, 0, 0);
  return 0;
}

absl::StatusOr<std::vector<LoadedFunction>> LuaEngine::LoadLibrary(std::string_view body) {
  CHECK(purpose_ == Purpose::kFunctions);
  absl::StatusOr<Callable> library = Compile(body);
  if (!library.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("Error compiling function: ", library.status().message()));
  }
  library_ = library->id();
  ShowGlobals(L_, load_globals_);
  loader_.Begin();
  const bool ok = RunProtected(run_library_, kLoadMillisMax);
  std::vector<LoadedFunction> found = loader_.End();
  ShowGlobals(L_, run_globals_);
  if (!ok) {
    return absl::InvalidArgumentError(StrCat("Error registering functions: ", TakeErrorText()));
  }
  if (found.empty()) return absl::InvalidArgumentError("No functions registered");
  return found;
}

std::string LuaEngine::TakeErrorText() {
  const int error = lua_gettop(L_);
  std::string text;
  if (lua_istable(L_, error)) {
    text = TextField(L_, error, "err");
  } else if (lua_isstring(L_, error) != 0) {
    text = StringAt(L_, error);
  }
  lua_settop(L_, 0);
  return text;
}

void LuaEngine::WriteError() {
  node::Reply& reply = request_->reply;
  const int error = lua_gettop(L_);
  // Out of memory, or an error while the handler ran.
  if (!lua_istable(L_, error)) {
    const std::string text = TakeErrorText();
    return reply.Error(StrCat("ERR Error running script ", request_->name, ", ", text));
  }
  std::string text = TextField(L_, error, "err");
  if (text.empty()) text = "ERR unknown error";
  const std::string source = TextField(L_, error, "source");
  if (!source.empty()) {
    text += StrCat(" script: ", request_->name, ", on ", source, ":", TextField(L_, error, "line"),
                   ".");
  }
  lua_getfield(L_, error, kCountedField);
  const bool counted = lua_toboolean(L_, -1) != 0;
  lua_settop(L_, 0);
  reply.Error(StrCat("-", text));
  if (!counted) return;
  reply.ClearErrors();
  ++request_->failures;
}

size_t LuaEngine::memory_bytes() const {
  constexpr size_t kUnit = 1024;
  return static_cast<size_t>(lua_gc(L_, LUA_GCCOUNT, 0)) * kUnit +
         static_cast<size_t>(lua_gc(L_, LUA_GCCOUNTB, 0));
}

// Tables of the interpreter's own shrink by half a collection.
void LuaEngine::Collect() {
  size_t before = 0;
  do {
    before = memory_bytes();
    lua_gc(L_, LUA_GCCOLLECT, 0);
  } while (memory_bytes() < before);
}

void LuaEngine::OnOverdue() {
  // It may have been lost: the collector puts back what it found when it runs a finalizer.
  if (lua_gethookmask(L_) == 0) {
    lua_sethook(L_, &Hook, LUA_MASKCOUNT, ending_ ? 1 : kHookInstructions);
  }
}

void LuaEngine::Hook(lua_State* L, lua_Debug*) {
  lua_pushlightuserdata(L, EngineKey());
  lua_rawget(L, LUA_REGISTRYINDEX);
  auto& engine = *static_cast<LuaEngine*>(lua_touserdata(L, -1));
  lua_pop(L, 1);
  engine.OnLongRun(L);
}

void LuaEngine::OnLongRun(lua_State* L) {
  std::string_view error = kLoadTimeout;
  if (request_ != nullptr) {
    node::ScriptRun& run = request_->run;
    if (!run.killed && !run.abandoned) ServeOthers(run);
    if (!run.killed && !run.abandoned) return;
    error = run.abandoned ? kShutdown : run.eval ? kScriptKilled : kFunctionKilled;
  }
  // So that no pcall of the script's keeps it alive.
  ending_ = true;
  lua_sethook(L, &Hook, LUA_MASKCOUNT, 1);
  RaiseError(L, error);
}

void LuaEngine::ServeOthers(node::ScriptRun& run) {
  node::Engine& engine = host_.engine;
  if (!std::exchange(run.busy, true)) {
    host_.log.Warning(StrCat("Slow script detected: still in execution after ",
                             engine.config.busy_reply_threshold,
                             " milliseconds. You can try killing the script using the ",
                             run.eval ? "SCRIPT KILL" : "FUNCTION KILL",
                             " command. Script name is: ", request_->name, "."));
  }
  if (!host_.serve_others) return;
  // Time stands still for the script, not for the others.
  const int64_t now_ms = engine.now_ms;
  const int64_t turn_ns = engine.turn_ns;
  host_.serve_others();
  engine.now_ms = now_ms;
  engine.turn_ns = turn_ns;
}

}  // namespace slotmesh::functions::lua
