// One setting of a module's: its type, its bounds, and the module's functions that get and set it.
//
// The value is the module's. Engine thread only.
#ifndef SLOTMESH_MODULES_MODULE_CONFIG_H_
#define SLOTMESH_MODULES_MODULE_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "modules/module.h"
#include "modules/sdk/abi.h"

namespace slotmesh::modules {

struct BoolConfig {
  bool default_value = false;
  RedisModuleConfigGetBoolFunc get = nullptr;
  RedisModuleConfigSetBoolFunc set = nullptr;
};
struct NumericConfig {
  long long default_value = 0;
  long long min = 0;
  long long max = 0;
  RedisModuleConfigGetNumericFunc get = nullptr;
  RedisModuleConfigSetNumericFunc set = nullptr;
};
struct StringConfig {
  std::string default_value;
  RedisModuleConfigGetStringFunc get = nullptr;
  RedisModuleConfigSetStringFunc set = nullptr;
};
struct EnumConfig {
  int default_value = 0;
  std::vector<std::pair<std::string, int>> values;
  RedisModuleConfigGetEnumFunc get = nullptr;
  RedisModuleConfigSetEnumFunc set = nullptr;
};

struct ModuleConfig {
  Module* module = nullptr;
  std::string name;       // As the module knows it.
  std::string full_name;  // As clients do.
  uint64_t flags = 0;     // REDISMODULE_CONFIG_*
  std::variant<BoolConfig, NumericConfig, StringConfig, EnumConfig> kind;
  RedisModuleConfigApplyFunc apply = nullptr;
  void* private_data = nullptr;

  bool Has(uint64_t flag) const { return (flags & flag) != 0; }
  // As CONFIG GET shows them.
  std::string Value() const;
  std::string Default() const;
  // Hands the module the value if it is another than it has. An error's message() is why not.
  absl::Status Set(std::string_view text);
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_MODULE_CONFIG_H_
