// What scripts hand to cmsgpack.unpack and its relatives: any bytes. What can be unpacked can be
// packed, and that unpacked.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "functions/lua/cmsgpack.h"
#include "slots/check.h"

namespace {

using slotmesh::functions::lua::PushString;

// One call of the library, whose table is at index 1; its results (or the error) are on the stack.
bool Call(lua_State* L, const char* function, std::string_view bytes, int limit, int offset) {
  lua_getfield(L, 1, function);
  PushString(L, bytes);
  if (limit > 0) lua_pushinteger(L, limit);
  lua_pushinteger(L, offset);
  return lua_pcall(L, limit > 0 ? 3 : 2, LUA_MULTRET, 0) == 0;
}

void Use(lua_State* L, std::string_view bytes, int limit, int offset) {
  Call(L, "unpack", bytes, 0, 0);
  lua_settop(L, 1);
  Call(L, "unpack_limit", bytes, limit, offset);
  lua_settop(L, 1);
  if (!Call(L, "unpack_one", bytes, 0, offset)) return lua_settop(L, 1);
  CHECK_GE(lua_gettop(L), 2);  // The offset, and the value if there was one.
  if (lua_gettop(L) == 3) {
    lua_getfield(L, 1, "pack");
    lua_pushvalue(L, 3);
    CHECK_EQ(lua_pcall(L, 1, 1, 0), 0);
    lua_getfield(L, 1, "unpack");
    lua_pushvalue(L, 4);
    CHECK_EQ(lua_pcall(L, 1, LUA_MULTRET, 0), 0);
    CHECK_EQ(lua_gettop(L), 5);
    CHECK_EQ(lua_type(L, 5), lua_type(L, 3));
  }
  lua_settop(L, 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::unique_ptr<lua_State, void (*)(lua_State*)> state(luaL_newstate(), &lua_close);
  luaopen_base(state.get());
  lua_settop(state.get(), 0);
  slotmesh::functions::lua::OpenMessagePack(state.get());
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  Use(state.get(), bytes, 1 + data[0] % 16, data[1] % 32);
  return 0;
}
