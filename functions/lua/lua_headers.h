// Lua's C interface, as LuaJIT has it. Lua 5.1's language and ABI.
#ifndef SLOTMESH_FUNCTIONS_LUA_LUA_HEADERS_H_
#define SLOTMESH_FUNCTIONS_LUA_LUA_HEADERS_H_

extern "C" {
#include "luajit-2.1/lauxlib.h"
#include "luajit-2.1/lua.h"
#include "luajit-2.1/luajit.h"
#include "luajit-2.1/lualib.h"
}

#include <string_view>

namespace slotmesh::functions::lua {

inline void PushString(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

// The bytes of a string (or number, which becomes one) on the stack; valid while it stays there.
inline std::string_view StringAt(lua_State* L, int index) {
  size_t size = 0;
  const char* data = lua_tolstring(L, index, &size);
  return data == nullptr ? std::string_view() : std::string_view(data, size);
}

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_LUA_HEADERS_H_
