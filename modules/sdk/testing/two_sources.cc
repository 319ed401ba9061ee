// A module of two sources with its own operator new; OnLoad does what the test looks at.
#include "two_sources.h"

#include <memory>
#include <new>
#include <string>
#include <vector>

#include "counted_new.hpp"
#include "slotmesh_module.hpp"

namespace {

// Made before the server has given any function, freed after.
std::unique_ptr<std::vector<int>> made_early = std::make_unique<std::vector<int>>(100, 7);

struct alignas(128) Wide {
  char bytes[128];
};

// Strings too long to stand in their object: two blocks each, and one for all.
std::vector<std::unique_ptr<std::string>> MakeStrings(size_t count) {
  std::vector<std::unique_ptr<std::string>> strings;
  strings.reserve(count);
  while (strings.size() < count) {
    strings.push_back(std::make_unique<std::string>(100 + count, 'x'));
  }
  return strings;
}

// True if memory of each kind comes and goes.
bool UseMemory() {
  const std::vector<std::unique_ptr<std::string>> strings = MakeStrings(3);
  const std::unique_ptr<Wide> wide = std::make_unique<Wide>();
  if (reinterpret_cast<uintptr_t>(wide.get()) % alignof(Wide) != 0) return false;
  const std::vector<long, slotmesh::sdk::Allocator<long>> counted(10, 1);
  made_early.reset();
  return counted.size() == strings.size() + 7;
}

}  // namespace

SLOTMESH_MODULE_ENTRY int RedisModule_OnLoad(RedisModuleCtx* ctx, RedisModuleString**, int) {
  if (RedisModule_Init(ctx, "two", 1, REDISMODULE_APIVER_1) == REDISMODULE_ERR) {
    return REDISMODULE_ERR;
  }
  RedisModule_Free(AllocateInC(10));
  return UseMemory() && !HasUnlink() ? REDISMODULE_OK : REDISMODULE_ERR;
}
