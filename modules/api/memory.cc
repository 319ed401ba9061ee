// Memory: the process's own allocator, so that what modules, the server and the C++ runtime hand to
// each other can be freed by anybody (reference: module-abi.md, "Linking the server").
#include <malloc.h>

#include <cstdlib>
#include <cstring>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"

namespace slotmesh::modules {
namespace {

// Modules do not expect a null: where there is no memory, the process ends, as it does elsewhere.
void* OrEnd(void* memory, size_t bytes) {
  if (memory == nullptr && bytes != 0) {
    TheModules().host().log.Warning("Out of memory in a module's allocation.");
    std::abort();
  }
  return memory;
}

// No allocation of a module's is null, not even of 0 bytes.
constexpr size_t AtLeastOne(size_t bytes) { return bytes == 0 ? 1 : bytes; }

void* Alloc(size_t bytes) noexcept { return OrEnd(std::malloc(AtLeastOne(bytes)), bytes); }
void* TryAlloc(size_t bytes) noexcept { return std::malloc(AtLeastOne(bytes)); }
void* TryCalloc(size_t count, size_t size) noexcept {
  return std::calloc(AtLeastOne(count), AtLeastOne(size));
}
void* Calloc(size_t count, size_t size) noexcept {
  return OrEnd(TryCalloc(count, size), AtLeastOne(count) * AtLeastOne(size));
}
void* TryRealloc(void* memory, size_t bytes) noexcept {
  if (bytes == 0) {
    std::free(memory);
    return nullptr;
  }
  return std::realloc(memory, bytes);
}
void* Realloc(void* memory, size_t bytes) noexcept {
  return OrEnd(TryRealloc(memory, bytes), bytes);
}
void Free(void* memory) noexcept { std::free(memory); }
char* Strdup(const char* text) noexcept {
  const size_t bytes = std::strlen(text) + 1;
  return static_cast<char*>(std::memcpy(Alloc(bytes), text, bytes));
}

size_t MallocSize(void* memory) noexcept { return malloc_usable_size(memory); }
size_t MallocSizeString(RedisModuleString* string) noexcept {
  return sizeof(*string) + string->bytes.capacity();
}

void* PoolAlloc(RedisModuleCtx* ctx, size_t bytes) noexcept {
  if (bytes == 0) return nullptr;
  void* memory = Alloc(bytes);
  ctx->pool.push_back(memory);
  return memory;
}

float GetUsedMemoryRatio() noexcept {
  const node::Engine& engine = TheModules().engine();
  if (engine.config.maxmemory == 0) return 0;
  return static_cast<float>(static_cast<double>(engine.used_memory_bytes) /
                            static_cast<double>(engine.config.maxmemory));
}

void AutoMemory(RedisModuleCtx* ctx) noexcept { ctx->auto_memory = true; }

const ApiEntry kFunctions[] = {
    {"Alloc", &Alloc},
    {"TryAlloc", &TryAlloc},
    {"Calloc", &Calloc},
    {"TryCalloc", &TryCalloc},
    {"Realloc", &Realloc},
    {"TryRealloc", &TryRealloc},
    {"Free", &Free},
    {"Strdup", &Strdup},
    {"MallocSize", &MallocSize},
    {"MallocUsableSize", &MallocSize},
    {"MallocSizeString", &MallocSizeString},
    {"PoolAlloc", &PoolAlloc},
    {"GetUsedMemoryRatio", &GetUsedMemoryRatio},
    {"AutoMemory", &AutoMemory},
};

}  // namespace

ApiGroup MemoryFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
