// server.register_function: what a library calls while it is loaded, and what came of it.
//
// Engine thread only. The state that it is installed in must not outlive it.
#ifndef SLOTMESH_FUNCTIONS_LUA_LIBRARY_LOADER_H_
#define SLOTMESH_FUNCTIONS_LUA_LIBRARY_LOADER_H_

#include <vector>

#include "functions/engine.h"
#include "functions/lua/lua_headers.h"

namespace slotmesh::functions::lua {

class LibraryLoader {
 public:
  // `engine` is what callbacks belong to.
  explicit LibraryLoader(ScriptEngine* engine) : engine_(engine) {}
  LibraryLoader(const LibraryLoader&) = delete;
  LibraryLoader& operator=(const LibraryLoader&) = delete;

  // Puts register_function into the table on top of the stack.
  void Install(lua_State* L);

  void Begin() {
    found_.clear();
    loading_ = true;
  }
  // What was registered since Begin.
  std::vector<LoadedFunction> End() {
    loading_ = false;
    return std::move(found_);
  }

 private:
  static int Register(lua_State* L);
  // The text of what is wrong, or null.
  const char* RegisterPositional(lua_State* L);
  const char* RegisterNamed(lua_State* L);
  const char* TakeField(lua_State* L, LoadedFunction* function, bool* has_callback);
  const char* TakeFlags(lua_State* L, LoadedFunction* function);
  const char* Add(LoadedFunction function);
  // Keeps the function on top of the stack, and pops it.
  Callable Keep(lua_State* L) { return {engine_, luaL_ref(L, LUA_REGISTRYINDEX)}; }

  ScriptEngine* engine_;
  bool loading_ = false;
  std::vector<LoadedFunction> found_;
};

}  // namespace slotmesh::functions::lua

#endif  // SLOTMESH_FUNCTIONS_LUA_LIBRARY_LOADER_H_
