// The library `struct`: binary layouts for scripts.
//
//   pack(format, value, ...)          the values as bytes
//   unpack(format, bytes, [position]) the values, and the position behind them (from 1)
//   size(format)                      bytes that the format takes
//
// A format is a row of: `<` `>` `=` byte order (little, big, this machine's), `!n` alignment of at
// most n, `x` a byte of padding, `b` `B` `h` `H` `l` `L` `T` integers (small letters signed) of 1,
// 2, 8 and 8 bytes, `i` `I` of 4 or with a number so many bytes, `f` `d` floats, `s` a text with a
// zero behind it, `cn` n characters (`c0`: the whole text; when unpacking, as many as the number
// read last), spaces.
#ifndef SLOTMESH_FUNCTIONS_LUA_STRUCT_PACK_H_
#define SLOTMESH_FUNCTIONS_LUA_STRUCT_PACK_H_

#include "functions/lua/lua_headers.h"

namespace slotmesh::functions::lua {

// Pushes the library's table.
int OpenStruct(lua_State* L);

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_STRUCT_PACK_H_
