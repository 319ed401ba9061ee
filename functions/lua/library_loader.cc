#include "functions/lua/library_loader.h"

#include <algorithm>
#include <utility>

#include "functions/lua/values.h"
#include "slots/strings.h"

namespace slotmesh::functions::lua {
namespace {

constexpr char kWrongCount[] = "ERR wrong number of arguments to server.register_function";
constexpr char kSingleNoTable[] =
    "ERR calling server.register_function with a single argument is only applicable to Lua table "
    "(representing named arguments).";
constexpr char kFirstNoString[] = "ERR first argument to server.register_function must be a string";
constexpr char kSecondNoFunction[] =
    "ERR second argument to server.register_function must be a function";
constexpr char kUnknownField[] = "ERR unknown argument given to server.register_function";
constexpr char kNoString[] =
    "ERR named argument key given to server.register_function is not a string";
constexpr char kNameNoString[] =
    "ERR function_name argument given to server.register_function must be a string";
constexpr char kDescriptionNoString[] =
    "ERR description argument given to server.register_function must be a string";
constexpr char kCallbackNoFunction[] =
    "ERR callback argument given to server.register_function must be a function";
constexpr char kFlagsNoTable[] =
    "ERR flags argument to server.register_function must be a table representing function flags";
constexpr char kUnknownFlag[] = "ERR unknown flag given";
constexpr char kNoName[] = "ERR server.register_function must get a function name argument";
constexpr char kNoCallback[] = "ERR server.register_function must get a callback argument";
constexpr char kTaken[] = "ERR Function already exists in the library";
constexpr char kBadNameError[] =
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least "
    "one character long";
constexpr char kNotLoading[] =
    "ERR server.register_function can only be called on FUNCTION LOAD command";

}  // namespace

void LibraryLoader::Install(lua_State* L) {
  lua_pushlightuserdata(L, this);
  lua_pushcclosure(L, &Register, 1);
  lua_setfield(L, -2, "register_function");
}

int LibraryLoader::Register(lua_State* L) {
  auto& loader = *static_cast<LibraryLoader*>(lua_touserdata(L, lua_upvalueindex(1)));
  const int count = lua_gettop(L);
  const char* error = nullptr;
  if (!loader.loading_) {
    error = kNotLoading;
  } else if (count < 1 || count > 2) {
    error = kWrongCount;
  } else if (count == 2) {
    error = loader.RegisterPositional(L);
  } else {
    error = lua_istable(L, 1) ? loader.RegisterNamed(L) : kSingleNoTable;
  }
  return error == nullptr ? 0 : RaiseError(L, error);
}

const char* LibraryLoader::RegisterPositional(lua_State* L) {
  if (lua_type(L, 1) != LUA_TSTRING) return kFirstNoString;
  if (!lua_isfunction(L, 2)) return kSecondNoFunction;
  LoadedFunction function;
  function.name = StringAt(L, 1);
  function.code = Keep(L);
  return Add(std::move(function));
}

const char* LibraryLoader::RegisterNamed(lua_State* L) {
  LoadedFunction function;
  bool has_callback = false;
  lua_pushnil(L);
  while (lua_next(L, 1) != 0) {
    const char* error = TakeField(L, &function, &has_callback);
    if (error != nullptr) return error;
    lua_settop(L, 2);
  }
  if (function.name.empty()) return kNoName;
  if (!has_callback) return kNoCallback;
  return Add(std::move(function));
}

// The key lies below its value.
const char* LibraryLoader::TakeField(lua_State* L, LoadedFunction* function, bool* has_callback) {
  if (lua_type(L, -2) != LUA_TSTRING) return kNoString;
  const std::string_view field = StringAt(L, -2);
  const bool text = lua_type(L, -1) == LUA_TSTRING;
  if (EqualsIgnoreCase(field, "function_name")) {
    if (!text) return kNameNoString;
    function->name = StringAt(L, -1);
  } else if (EqualsIgnoreCase(field, "description")) {
    if (!text) return kDescriptionNoString;
    function->description = StringAt(L, -1);
    function->has_description = true;
  } else if (EqualsIgnoreCase(field, "callback")) {
    if (!lua_isfunction(L, -1)) return kCallbackNoFunction;
    lua_pushvalue(L, -1);
    function->code = Keep(L);
    *has_callback = true;
  } else if (EqualsIgnoreCase(field, "flags")) {
    if (!lua_istable(L, -1)) return kFlagsNoTable;
    return TakeFlags(L, function);
  } else {
    return kUnknownField;
  }
  return nullptr;
}

const char* LibraryLoader::TakeFlags(lua_State* L, LoadedFunction* function) {
  const int table = lua_gettop(L);
  for (int i = 1;; ++i) {
    lua_rawgeti(L, table, i);
    if (lua_isnil(L, -1)) return nullptr;
    if (lua_type(L, -1) != LUA_TSTRING) return kUnknownFlag;
    const std::optional<ScriptFlag> flag = ParseFlag(StringAt(L, -1));
    if (!flag) return kUnknownFlag;
    function->flags = function->flags | *flag;
    lua_pop(L, 1);
  }
}

const char* LibraryLoader::Add(LoadedFunction function) {
  if (!IsLibraryName(function.name)) return kBadNameError;
  const bool taken = std::any_of(found_.begin(), found_.end(), [&](const LoadedFunction& other) {
    return EqualsIgnoreCase(other.name, function.name);
  });
  if (taken) return kTaken;
  found_.push_back(std::move(function));
  return nullptr;
}

}  // namespace slotmesh::functions::lua
