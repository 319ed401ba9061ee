// The library `cmsgpack`: MessagePack (msgpack.org, specification of 2013) for scripts.
//
//   pack(value, ...)                 the values one after the other, as one string
//   unpack(bytes)                    all values in it
//   unpack_one(bytes, [offset])      the offset behind the value, -1 at the end; the value
//   unpack_limit(bytes, n, [offset]) the same for at most n values
//
// Numbers without a fraction are packed as integers, others as floats of the least size that keeps
// them; a table whose keys are 1 to n as an array, any other as a map. Tables deeper than
// kPackDepthMax are packed as nil.
#ifndef SLOTMESH_FUNCTIONS_LUA_CMSGPACK_H_
#define SLOTMESH_FUNCTIONS_LUA_CMSGPACK_H_

#include "functions/lua/lua_headers.h"

namespace slotmesh::functions::lua {

inline constexpr int kPackDepthMax = 16;
// Deeper input is an error.
inline constexpr int kUnpackDepthMax = 1000;

// Pushes the library's table.
int OpenMessagePack(lua_State* L);

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_CMSGPACK_H_
