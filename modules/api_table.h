// The functions that modules get by name: one table per group of the API, each in a file of its own
// (api/*.cc), no macros.
//
// Names are without prefix ("Alloc"); GetApi answers for RedisModule_Alloc and ValkeyModule_Alloc.
// The type of each function is kept, so that a test holds it against the signature that modules are
// compiled with (sdk/api.txt).
#ifndef SLOTMESH_MODULES_API_TABLE_H_
#define SLOTMESH_MODULES_API_TABLE_H_

#include <string_view>
#include <typeindex>

#include "absl/types/span.h"

namespace slotmesh::modules {

struct ApiEntry {
  // Functions called from modules' code let no exception out.
  template <typename Result, typename... Args>
  ApiEntry(std::string_view api_name, Result (*api_function)(Args...) noexcept)
      : name(api_name),
        function(reinterpret_cast<void*>(api_function)),
        type(typeid(Result(*)(Args...))) {}
  template <typename Result, typename... Args>
  ApiEntry(std::string_view api_name, Result (*api_function)(Args..., ...) noexcept)
      : name(api_name),
        function(reinterpret_cast<void*>(api_function)),
        type(typeid(Result(*)(Args..., ...))) {}

  std::string_view name;
  void* function;
  std::type_index type;
};

using ApiGroup = absl::Span<const ApiEntry>;

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_API_TABLE_H_
