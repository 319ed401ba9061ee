// RedisModuleString: a string that modules and the server hand to each other.
//
// Counted: whoever made or retained it frees it. Bytes are followed by a zero. The count may be
// changed by any thread; the bytes belong to whoever holds the only reference.
#ifndef SLOTMESH_MODULES_STRING_H_
#define SLOTMESH_MODULES_STRING_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "modules/sdk/abi.h"

struct RedisModuleString {
  RedisModuleString() = default;
  explicit RedisModuleString(std::string_view text) : bytes(text) {}
  explicit RedisModuleString(std::string&& text) : bytes(std::move(text)) {}

  std::string_view view() const { return bytes; }
  bool shared() const { return references.load(std::memory_order_acquire) > 1; }
  void Retain() { references.fetch_add(1, std::memory_order_relaxed); }
  void Release() {
    if (references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  std::string bytes;
  std::atomic<uint32_t> references{1};
};

#endif  // SLOTMESH_MODULES_STRING_H_
