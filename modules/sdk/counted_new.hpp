// operator new and delete of one module over the server's allocator, so that everything the module
// makes counts in used_memory. Include it in exactly one source of the module.
//
// What the module's static constructors allocate, before the server has given its functions, comes
// from malloc and is remembered, so that it goes back there.
//
// The module must bind these to itself and nobody else may see them: link with `module.lds`, which
// exports the entry points alone. With the dynamic libstdc++ a container may be filled by that
// library's code and freed here; a server must then have one allocator for malloc and
// RedisModule_Alloc. slotmesh has; for others link with -static-libstdc++ -static-libgcc.
#ifndef SLOTMESH_MODULES_SDK_COUNTED_NEW_HPP_
#define SLOTMESH_MODULES_SDK_COUNTED_NEW_HPP_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "slotmesh_module.h"

namespace slotmesh::sdk::counted_new {

// Blocks that static constructors may hold; more is std::bad_alloc, so the module does not load.
inline constexpr std::size_t kEarlyBlocksMax = 4096;

// Static constructors of one library run one after another, so nothing here is locked.
struct Early {
  std::size_t count = 0;
  void* lowest = nullptr;
  void* highest = nullptr;
  void* blocks[kEarlyBlocksMax] = {};

  void* Allocate(std::size_t size) {
    if (count == kEarlyBlocksMax) return nullptr;
    void* const block = std::malloc(size);
    if (block == nullptr) return nullptr;
    if (count == 0 || block < lowest) lowest = block;
    if (count == 0 || block > highest) highest = block;
    blocks[count++] = block;
    return block;
  }

  bool Has(const void* block) const {
    if (count == 0 || block < lowest || block > highest) return false;
    return std::find(blocks, blocks + count, block) != blocks + count;
  }
};

// One per module: there before any constructor runs.
__attribute__((visibility("hidden"))) constinit inline Early early{};

inline void* AllocateBlock(std::size_t size) {
  return RedisModule_Alloc != nullptr ? RedisModule_Alloc(size) : early.Allocate(size);
}

inline void FreeBlock(void* block) {
  early.Has(block) ? std::free(block) : RedisModule_Free(block);
}

// Null if there is not enough. Over-aligned memory has the block's address in the word before it.
inline void* Allocate(std::size_t size, std::size_t alignment) {
  if (size == 0) size = 1;
  if (alignment <= alignof(std::max_align_t)) return AllocateBlock(size);
  if (size > SIZE_MAX - alignment - sizeof(void*)) return nullptr;
  void* const block = AllocateBlock(size + alignment + sizeof(void*));
  if (block == nullptr) return nullptr;
  const auto first = reinterpret_cast<std::uintptr_t>(block) + sizeof(void*);
  void* const memory = reinterpret_cast<void*>((first + alignment - 1) / alignment * alignment);
  static_cast<void**>(memory)[-1] = block;
  return memory;
}

inline void* AllocateOrThrow(std::size_t size, std::size_t alignment) {
  void* const memory = Allocate(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

inline void Free(void* memory) {
  if (memory != nullptr) FreeBlock(memory);
}

inline void FreeAligned(void* memory, std::size_t alignment) {
  if (memory == nullptr) return;
  FreeBlock(alignment <= alignof(std::max_align_t) ? memory : static_cast<void**>(memory)[-1]);
}

inline constexpr std::size_t kDefault = alignof(std::max_align_t);

}  // namespace slotmesh::sdk::counted_new

// clang-format off
#define SLOTMESH_COUNTED slotmesh::sdk::counted_new
void* operator new(std::size_t size) { return SLOTMESH_COUNTED::AllocateOrThrow(size, SLOTMESH_COUNTED::kDefault); }
void* operator new[](std::size_t size) { return SLOTMESH_COUNTED::AllocateOrThrow(size, SLOTMESH_COUNTED::kDefault); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return SLOTMESH_COUNTED::Allocate(size, SLOTMESH_COUNTED::kDefault); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return SLOTMESH_COUNTED::Allocate(size, SLOTMESH_COUNTED::kDefault); }
void* operator new(std::size_t size, std::align_val_t to) { return SLOTMESH_COUNTED::AllocateOrThrow(size, std::size_t(to)); }
void* operator new[](std::size_t size, std::align_val_t to) { return SLOTMESH_COUNTED::AllocateOrThrow(size, std::size_t(to)); }
void* operator new(std::size_t size, std::align_val_t to, const std::nothrow_t&) noexcept { return SLOTMESH_COUNTED::Allocate(size, std::size_t(to)); }
void* operator new[](std::size_t size, std::align_val_t to, const std::nothrow_t&) noexcept { return SLOTMESH_COUNTED::Allocate(size, std::size_t(to)); }
void operator delete(void* memory) noexcept { SLOTMESH_COUNTED::Free(memory); }
void operator delete[](void* memory) noexcept { SLOTMESH_COUNTED::Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { SLOTMESH_COUNTED::Free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { SLOTMESH_COUNTED::Free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { SLOTMESH_COUNTED::Free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { SLOTMESH_COUNTED::Free(memory); }
void operator delete(void* memory, std::align_val_t to) noexcept { SLOTMESH_COUNTED::FreeAligned(memory, std::size_t(to)); }
void operator delete[](void* memory, std::align_val_t to) noexcept { SLOTMESH_COUNTED::FreeAligned(memory, std::size_t(to)); }
void operator delete(void* memory, std::size_t, std::align_val_t to) noexcept { SLOTMESH_COUNTED::FreeAligned(memory, std::size_t(to)); }
void operator delete[](void* memory, std::size_t, std::align_val_t to) noexcept { SLOTMESH_COUNTED::FreeAligned(memory, std::size_t(to)); }
void operator delete(void* memory, std::align_val_t to, const std::nothrow_t&) noexcept { SLOTMESH_COUNTED::FreeAligned(memory, std::size_t(to)); }
void operator delete[](void* memory, std::align_val_t to, const std::nothrow_t&) noexcept { SLOTMESH_COUNTED::FreeAligned(memory, std::size_t(to)); }
#undef SLOTMESH_COUNTED
// clang-format on

#endif  // SLOTMESH_MODULES_SDK_COUNTED_NEW_HPP_
