#include "functions/lua/sandbox.h"

#include "functions/lua/cmsgpack.h"
#include "functions/lua/struct_pack.h"
#include "functions/lua/values.h"

extern "C" int luaopen_cjson(lua_State* L);

namespace slotmesh::functions::lua {
namespace {

constexpr std::string_view kReadOnly = "Attempt to modify a readonly table";
// A protected view's metatable has the real table under the address of this.
constexpr char kRealTable = 0;

void* RealTableKey() { return const_cast<char*>(&kRealTable); }

// Pushes the table behind a protected view; false, with nothing pushed, for any other value.
bool PushReal(lua_State* L, int index) {
  if (!lua_istable(L, index) || lua_getmetatable(L, index) == 0) return false;
  lua_pushlightuserdata(L, RealTableKey());
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_istable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

bool IsProtected(lua_State* L, int index) {
  if (!PushReal(L, index)) return false;
  lua_pop(L, 1);
  return true;
}

// An error as the interpreter itself would raise it: without a position.
int RefuseChange(lua_State* L) {
  PushString(L, kReadOnly);
  return lua_error(L);
}

int OnAssignment(lua_State* L) { return luaL_error(L, "%s", kReadOnly.data()); }

int OnUnknownName(lua_State* L) {
  const char* name = lua_isstring(L, 2) != 0 ? lua_tostring(L, 2) : luaL_typename(L, 2);
  return luaL_error(L, "Script attempted to access nonexistent global variable '%s'", name);
}

// Calls what this function replaces.
int CallOriginal(lua_State* L, int results) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, results);
  return results == LUA_MULTRET ? lua_gettop(L) : results;
}

int RawSet(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  if (IsProtected(L, 1)) return RefuseChange(L);
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

int RawGet(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  if (PushReal(L, 1)) lua_replace(L, 1);
  lua_rawget(L, 1);
  return 1;
}

int SetMetatable(lua_State* L) {
  const int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argcheck(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table expected");
  if (IsProtected(L, 1)) return RefuseChange(L);
  if (luaL_getmetafield(L, 1, "__metatable") != 0) {
    return luaL_error(L, "cannot change a protected metatable");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

int Next(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (PushReal(L, 1)) lua_replace(L, 1);
  if (lua_next(L, 1) != 0) return 2;
  lua_pushnil(L);
  return 1;
}

// Upvalues: the original, and Next.
int Pairs(lua_State* L) {
  luaL_checkany(L, 1);
  if (!IsProtected(L, 1)) return CallOriginal(L, 3);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

// table.insert writes past __newindex.
int TableInsert(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (IsProtected(L, 1)) return RefuseChange(L);
  int last = static_cast<int>(lua_objlen(L, 1)) + 1;
  int position = last;
  if (lua_gettop(L) == 3) {
    position = static_cast<int>(luaL_checkinteger(L, 2));
    if (position > last) last = position;
    for (int i = last; i > position; --i) {
      lua_rawgeti(L, 1, i - 1);
      lua_rawseti(L, 1, i);
    }
  } else if (lua_gettop(L) != 2) {
    return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_rawseti(L, 1, position);
  return 0;
}

// Source text only: bytecode can do anything.
int Load(lua_State* L) {
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    if (lua_isstring(L, 1) != 0) {
      lua_pushvalue(L, 1);
    } else {
      lua_pushliteral(L, "=(load)");
    }
    lua_replace(L, 2);
  }
  lua_pushliteral(L, "t");
  return CallOriginal(L, LUA_MULTRET);
}

// bit.tohex(number, [digits]): upper case if the digits are negative; at most 8, of which LuaJIT's
// own makes none for the least integer.
int ToHex(lua_State* L) {
  constexpr int kDigitsMax = 8;
  lua_settop(L, 2);
  if (lua_isnumber(L, 2) != 0 && lua_tonumber(L, 2) < -kDigitsMax) {
    lua_pushinteger(L, -kDigitsMax);
    lua_replace(L, 2);
  }
  if (lua_isnil(L, 2)) lua_settop(L, 1);
  return CallOriginal(L, 1);
}

// Nothing that would end or change collecting for all scripts.
int CollectGarbage(lua_State* L) {
  const std::string_view option = luaL_optstring(L, 1, "collect");
  if (option == "count" || option == "collect" || option == "step") return CallOriginal(L, 1);
  lua_pushinteger(L, 0);
  return 1;
}

// Replaces the field on top of the stack of the table below by a function that can call it.
void Replace(lua_State* L, const char* name, lua_CFunction function) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, function, 1);
  lua_setfield(L, -2, name);
}

// Keeps those fields of the library `from` (of the globals, if null) whose names are in the
// list, in the table on top.
void Keep(lua_State* L, const char* from, std::initializer_list<const char*> names) {
  if (from == nullptr) {
    lua_pushvalue(L, LUA_GLOBALSINDEX);
  } else {
    lua_getfield(L, LUA_GLOBALSINDEX, from);
  }
  for (const char* name : names) {
    lua_getfield(L, -1, name);
    lua_setfield(L, -3, name);
  }
  lua_pop(L, 1);
}

// The table on top becomes the field `name` of the one below, protected.
void AddProtected(lua_State* L, const char* name) {
  PushProtected(L, -1);
  lua_remove(L, -2);
  lua_setfield(L, -2, name);
}

void AddLibrary(lua_State* L, const char* name, std::initializer_list<const char*> names) {
  lua_newtable(L);
  Keep(L, name, names);
  AddProtected(L, name);
}

// All that the opener puts into its table.
void AddWhole(lua_State* L, const char* name, lua_CFunction open) {
  lua_pushcfunction(L, open);
  lua_call(L, 0, 1);
  AddProtected(L, name);
}

void AddBase(lua_State* L) {
  Keep(L, nullptr, {"assert", "collectgarbage", "error",   "gcinfo",   "getmetatable", "ipairs",
                    "load",   "loadstring",     "next",    "pairs",    "pcall",        "rawequal",
                    "rawget", "rawset",         "select",  "tonumber", "tostring",     "type",
                    "unpack", "xpcall",         "_VERSION"});
  Replace(L, "load", &Load);
  Replace(L, "loadstring", &Load);
  Replace(L, "collectgarbage", &CollectGarbage);
  lua_getfield(L, -1, "pairs");
  lua_pushcfunction(L, &Next);
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "next");
  lua_pushcclosure(L, &Pairs, 2);
  lua_setfield(L, -2, "pairs");
  lua_pushcfunction(L, &RawSet);
  lua_setfield(L, -2, "rawset");
  lua_pushcfunction(L, &RawGet);
  lua_setfield(L, -2, "rawget");
  lua_pushcfunction(L, &SetMetatable);
  lua_setfield(L, -2, "setmetatable");
}

// Strings find their methods in the real library; what a script sees of their metatable is
// protected.
void AddString(lua_State* L) {
  lua_newtable(L);
  Keep(L, "string",
       {"byte", "char", "dump", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep",
        "reverse", "sub", "upper"});
  lua_getfield(L, -1, "gmatch");
  lua_setfield(L, -2, "gfind");
  lua_pushliteral(L, "");
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_newtable(L);
  PushProtected(L, -1);
  lua_remove(L, -2);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
  AddProtected(L, "string");
}

void AddTable(lua_State* L) {
  lua_newtable(L);
  Keep(L, "table", {"concat", "foreach", "foreachi", "getn", "maxn", "remove", "sort"});
  lua_pushcfunction(L, &TableInsert);
  lua_setfield(L, -2, "insert");
  AddProtected(L, "table");
}

}  // namespace

void PushProtected(lua_State* L, int index) {
  if (index < 0) index += lua_gettop(L) + 1;
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, index);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, &OnAssignment);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushlightuserdata(L, RealTableKey());
  lua_pushvalue(L, index);
  lua_rawset(L, -3);
  lua_setmetatable(L, -2);
}

void RefuseUnknownNames(lua_State* L, int index) {
  if (index < 0) index += lua_gettop(L) + 1;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, &OnUnknownName);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, index);
}

void PushGlobals(lua_State* L, uint32_t seed) {
  constexpr luaL_Reg kLibraries[] = {{"", &luaopen_base},
                                     {LUA_TABLIBNAME, &luaopen_table},
                                     {LUA_STRLIBNAME, &luaopen_string},
                                     {LUA_MATHLIBNAME, &luaopen_math},
                                     {LUA_OSLIBNAME, &luaopen_os},
                                     {LUA_BITLIBNAME, &luaopen_bit}};
  for (const luaL_Reg& library : kLibraries) {
    lua_pushcfunction(L, library.func);
    lua_pushstring(L, library.name);
    lua_call(L, 1, 0);
  }
  lua_getfield(L, LUA_GLOBALSINDEX, "math");
  lua_getfield(L, -1, "randomseed");
  lua_pushnumber(L, seed);
  lua_call(L, 1, 0);
  lua_pop(L, 1);
  lua_newtable(L);
  AddBase(L);
  AddString(L);
  AddTable(L);
  // Old scripts know fmod by its first name.
  lua_getfield(L, LUA_GLOBALSINDEX, "math");
  lua_getfield(L, -1, "fmod");
  lua_setfield(L, -2, "mod");
  lua_pop(L, 1);
  AddLibrary(L, "math", {"abs",    "acos",       "asin",  "atan", "atan2", "ceil", "cos",   "cosh",
                         "deg",    "exp",        "floor", "fmod", "frexp", "huge", "ldexp", "log",
                         "log10",  "max",        "min",   "mod",  "modf",  "pi",   "pow",   "rad",
                         "random", "randomseed", "sin",   "sinh", "sqrt",  "tan",  "tanh"});
  AddLibrary(L, "coroutine", {"create", "resume", "running", "status", "wrap", "yield"});
  AddLibrary(L, "os", {"clock"});
  lua_newtable(L);
  Keep(L, "bit",
       {"arshift", "band", "bnot", "bor", "bswap", "bxor", "lshift", "rol", "ror", "rshift",
        "tobit", "tohex"});
  Replace(L, "tohex", &ToHex);
  AddProtected(L, "bit");
  AddWhole(L, "cjson", &luaopen_cjson);
  AddWhole(L, "cmsgpack", &OpenMessagePack);
  AddWhole(L, "struct", &OpenStruct);
}

int UseAsGlobals(lua_State* L) {
  const int real = lua_gettop(L);
  RefuseUnknownNames(L, real);
  PushProtected(L, real);
  lua_pushvalue(L, -1);
  lua_setfield(L, real, "_G");
  // What getmetatable(_G) shows: a table in which nothing can be changed either.
  lua_getmetatable(L, -1);
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  PushProtected(L, -1);
  lua_remove(L, -2);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  lua_pushvalue(L, -1);
  lua_replace(L, LUA_GLOBALSINDEX);
  lua_remove(L, real);
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

}  // namespace slotmesh::functions::lua
