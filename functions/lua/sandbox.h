// A Lua state in which scripts can do no harm: the libraries that they get, tables that they cannot
// change.
//
// Lua 5.1 has no read-only tables. What scripts see of a shared table is an empty one that looks
// everything up in the real one and refuses to be written to; functions that would go around this
// (rawset, next, table.insert, ...) are replaced by ones that know such tables. Files, processes,
// bytecode and the debug library are left out.
#ifndef SLOTMESH_FUNCTIONS_LUA_SANDBOX_H_
#define SLOTMESH_FUNCTIONS_LUA_SANDBOX_H_

#include <cstdint>

#include "functions/lua/lua_headers.h"

namespace slotmesh::functions::lua {

// Pushes a read-only view of the table at `index`. What is in the table itself stays as it is: its
// own tables are to be protected before.
void PushProtected(lua_State* L, int index);

// Makes unknown names of the table at `index` an error: "... nonexistent global variable 'x'".
void RefuseUnknownNames(lua_State* L, int index);

// Pushes the table of globals that scripts are to have: Lua's functions and libraries (each
// protected), cjson, cmsgpack, struct, bit. Random numbers start from the seed. Whoever calls adds
// to it, and then protects it.
void PushGlobals(lua_State* L, uint32_t seed);

// All code compiled from here on runs with a protected view of the table on top (which is popped)
// as its globals, "_G" among them. The view's registry reference.
int UseAsGlobals(lua_State* L);

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_SANDBOX_H_
