// Replies as Lua values and Lua values as replies.
//
// From RESP: integers are numbers, bulk strings strings, arrays tables; nulls of RESP2 are false
// and of RESP3 nil; statuses and errors are tables {ok=} and {err=}; RESP3's other types are tables
// {map=}, {set=}, {double=}, {big_number=}, {verbatim_string={string=,format=}}. Attributes are
// left out. And the same way back.
//
// Functions may raise Lua errors (out of memory), so they run within a protected call.
#ifndef SLOTMESH_FUNCTIONS_LUA_VALUES_H_
#define SLOTMESH_FUNCTIONS_LUA_VALUES_H_

#include <string_view>

#include "functions/lua/lua_headers.h"
#include "node/resp/reply.h"

namespace slotmesh::functions::lua {

// Field of an error's table: INFO has counted it already.
inline constexpr char kCountedField[] = "ignore_error_stats_update";

// Pushes the value of one reply of the dispatcher's. True if that is an error.
bool PushReply(lua_State* L, std::string_view resp);

// Pushes an error's table: `text` with its code, or without, which makes it ERR.
void PushError(lua_State* L, std::string_view text);
// Raises it, with no position in front of the text.
int RaiseError(lua_State* L, std::string_view text);

// Writes the value on top of the stack as one reply and pops it. `script_resp3`: what the script
// has set its own protocol to; it decides what booleans become. True if it holds an error that was
// counted where it came from: the reply's own count leaves it out.
bool WriteReply(lua_State* L, bool script_resp3, node::Reply& reply);

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_VALUES_H_
