// The function libraries of a node, and their functions by name.
//
// Every change is all or nothing: a library is compiled and its functions are known before it is
// given here, and if one of its names is taken nothing changes. What it holds is decided by the
// texts of its libraries alone, so that whoever replicates functions can drive it: Add and Remove
// one by one, or a whole new one in its place. Movable; engine thread only. Pointers are valid
// until the next change.
#ifndef SLOTMESH_FUNCTIONS_LIBRARY_REGISTRY_H_
#define SLOTMESH_FUNCTIONS_LIBRARY_REGISTRY_H_

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "functions/engine.h"

namespace slotmesh::functions {

struct Library;

struct Function {
  LoadedFunction loaded;
  const Library* library = nullptr;
};

struct Library {
  std::string name;
  std::string text;  // As it was loaded, its first line included.
  ScriptEngine* engine = nullptr;
  std::vector<std::unique_ptr<Function>> functions;
};

// By the name that a library gives, in any case; null if there is none.
ScriptEngine* FindEngine(std::string_view name, absl::Span<ScriptEngine* const> engines);

// Compiles a library with the engine that it names, of those given. An error's message is ready for
// the client, without a code.
absl::StatusOr<std::unique_ptr<Library>> CompileLibrary(std::string_view text,
                                                        absl::Span<ScriptEngine* const> engines);

class LibraryRegistry {
 public:
  // By name, in order.
  using Libraries = std::map<std::string, std::unique_ptr<Library>, std::less<>>;

  const Libraries& libraries() const { return libraries_; }
  size_t function_count() const { return functions_.size(); }
  // Of texts and what keeps them.
  size_t memory_bytes() const { return memory_bytes_; }

  // Null if there is none.
  const Library* FindLibrary(std::string_view name) const;
  const Function* FindFunction(std::string_view name) const;  // In any case.

  // Whether Add and AddAll would take them, and if not why.
  absl::Status CanAdd(const Library& library, bool replace) const {
    return Check(library, replace, nullptr);
  }
  absl::Status CanAddAll(const LibraryRegistry& others, bool replace) const;

  // Error if a library of the name is there (unless it is to be replaced), or another library has a
  // function of the same name as one of its functions.
  absl::Status Add(std::unique_ptr<Library> library, bool replace);
  // All of the other's libraries, or on an error none.
  absl::Status AddAll(LibraryRegistry other, bool replace);
  // Out of here; null if there is none.
  std::unique_ptr<Library> Take(std::string_view name);
  // False if there is none.
  bool Remove(std::string_view name);

 private:
  absl::Status Check(const Library& library, bool replace, const LibraryRegistry* others) const;
  void Insert(std::unique_ptr<Library> library);

  Libraries libraries_;
  absl::flat_hash_map<std::string, const Function*> functions_;  // By name in lower case.
  size_t memory_bytes_ = 0;
};

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_LIBRARY_REGISTRY_H_
