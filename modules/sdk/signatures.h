// The types that a server's functions of the module interface must have, name by name.
//
// For the server and its tests, C++20. Built from api.inc, so from the same lines as what modules
// call: a table that agrees with this cannot disagree with them. Cost: one small vector per call.
#ifndef SLOTMESH_MODULES_SDK_SIGNATURES_H_
#define SLOTMESH_MODULES_SDK_SIGNATURES_H_

#include <string_view>
#include <typeindex>
#include <typeinfo>
#include <vector>

#include "modules/sdk/abi.h"

namespace slotmesh::modules {

struct ApiSignature {
  std::string_view name;         // without RedisModule_
  std::type_index type;          // of a pointer to the function
  std::string_view declaration;  // for messages: "void *(size_t bytes)"
};

// The type of a pointer to a function as ApiSignature has it: noexcept is not part of it.
template <typename Result, typename... Parameters>
std::type_index SignatureOf(Result (*)(Parameters...)) {
  return typeid(Result(*)(Parameters...));
}
template <typename Result, typename... Parameters>
std::type_index SignatureOf(Result (*)(Parameters..., ...)) {
  return typeid(Result(*)(Parameters..., ...));
}

// All functions of api.txt, in its order.
inline std::vector<ApiSignature> ApiSignatures() {
  return {
#define SLOTMESH_MODULE_FUNCTION(result, name, parameters, checks) \
  {#name, typeid(result(*) parameters), #result #parameters},
#include "modules/sdk/api.inc"
#undef SLOTMESH_MODULE_FUNCTION
  };
}

// Null if there is none.
inline const ApiSignature* FindSignature(const std::vector<ApiSignature>& all,
                                         std::string_view name) {
  for (const ApiSignature& one : all) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_SDK_SIGNATURES_H_
