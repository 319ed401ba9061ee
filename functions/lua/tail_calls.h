// Where a function's tail calls stand, for errors that come out of one.
//
// `return f(x)` replaces the frame of the function that says so, also if f is a C function (PUC Lua
// keeps it then): when redis.call raises an error there, nothing on the stack knows the line any
// more. It is found in the function's bytecode instead, as string.dump would write it. Only looked
// for once an error is there. Exact if the function has one tail call; else the last one's line is
// taken.
#ifndef SLOTMESH_FUNCTIONS_LUA_TAIL_CALLS_H_
#define SLOTMESH_FUNCTIONS_LUA_TAIL_CALLS_H_

#include <cstdint>
#include <optional>

#include "functions/lua/lua_headers.h"

namespace slotmesh::functions::lua {

class TailCalls {
 public:
  // Learns from the state's own compiler how a tail call looks.
  explicit TailCalls(lua_State* L);

  // The line of the last tail call of the Lua function on top of the stack, which stays there.
  // Nothing if it has none, or its bytecode is of another make.
  std::optional<int> LastLine(lua_State* L) const;

 private:
  uint8_t call_ = 0;         // return f(x)
  uint8_t call_varied_ = 0;  // return f(g())
};

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_TAIL_CALLS_H_
