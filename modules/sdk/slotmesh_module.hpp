// C++20 conveniences over slotmesh_module.h: owners of strings, keys, replies and of the lock, and
// an allocator whose memory the server counts.
//
// Everything here is inline and holds one pointer or two; nothing throws but Allocator, which
// throws std::bad_alloc as allocators do. An owner is for the thread that the server called, or the
// one that holds the lock. Owners may be used with automatic memory on: what they free early the
// context forgets.
//
// REQUIRES: RedisModule_Init has succeeded, and the functions named are in the server (all are
// since Redis 6.2 and in every Valkey).
#ifndef SLOTMESH_MODULES_SDK_SLOTMESH_MODULE_HPP_
#define SLOTMESH_MODULES_SDK_SLOTMESH_MODULE_HPP_

#include <cstddef>
#include <limits>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "slotmesh_module.h"

namespace slotmesh::sdk {

// The bytes of a string, valid as long as it is neither changed nor freed.
inline std::string_view View(const RedisModuleString* string) {
  size_t size = 0;
  const char* data = RedisModule_StringPtrLen(string, &size);
  return {data, size};
}

// The number that a string spells, absent if it is none.
inline std::optional<long long> ParseInteger(const RedisModuleString* string) {
  long long number = 0;
  if (RedisModule_StringToLongLong(string, &number) != REDISMODULE_OK) return std::nullopt;
  return number;
}

// Owns a string that outlives the command: it belongs to no context.
class String {
 public:
  String() = default;
  explicit String(std::string_view bytes)
      : string_(RedisModule_CreateString(nullptr, bytes.data(), bytes.size())) {}
  String(String&& other) noexcept : string_(std::exchange(other.string_, nullptr)) {}
  String& operator=(String&& other) noexcept {
    std::swap(string_, other.string_);
    return *this;
  }
  ~String() {
    if (string_ != nullptr) RedisModule_FreeString(nullptr, string_);
  }

  // Keeps one of the arguments of a command; without a copy where the server can share it.
  static String Hold(RedisModuleString* argument) {
    String kept;
    kept.string_ = RedisModule_HoldString(nullptr, argument);
    return kept;
  }
  // Takes what a function of the interface returned to be freed; it may be null.
  static String Adopt(RedisModuleString* string) {
    String owned;
    owned.string_ = string;
    return owned;
  }

  RedisModuleString* get() const { return string_; }
  std::string_view view() const { return string_ == nullptr ? std::string_view() : View(string_); }
  explicit operator bool() const { return string_ != nullptr; }

 private:
  RedisModuleString* string_ = nullptr;
};

// An open key, closed at the end. Opened for reading a key that is not there, it is false.
class Key {
 public:
  Key(RedisModuleCtx* ctx, RedisModuleString* name, int mode)
      : key_(RedisModule_OpenKey(ctx, name, mode)) {}
  Key(Key&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}
  Key& operator=(Key&& other) noexcept {
    std::swap(key_, other.key_);
    return *this;
  }
  ~Key() {
    if (key_ != nullptr) RedisModule_CloseKey(key_);
  }

  RedisModuleKey* get() const { return key_; }
  explicit operator bool() const { return key_ != nullptr; }
  int type() const { return RedisModule_KeyType(key_); }
  bool empty() const { return type() == REDISMODULE_KEYTYPE_EMPTY; }

  // The value of a data type of the module's own, null if the key holds anything else.
  template <typename Value>
  Value* ValueOf(const RedisModuleType* value_type) const {
    if (type() != REDISMODULE_KEYTYPE_MODULE) return nullptr;
    if (RedisModule_ModuleTypeGetType(key_) != value_type) return nullptr;
    return static_cast<Value*>(RedisModule_ModuleTypeGetValue(key_));
  }

 private:
  RedisModuleKey* key_ = nullptr;
};

// Owns what RedisModule_Call returned, which may be null: then errno says why.
class CallReply {
 public:
  explicit CallReply(RedisModuleCallReply* reply) : reply_(reply) {}
  CallReply(CallReply&& other) noexcept : reply_(std::exchange(other.reply_, nullptr)) {}
  CallReply& operator=(CallReply&& other) noexcept {
    std::swap(reply_, other.reply_);
    return *this;
  }
  ~CallReply() {
    if (reply_ != nullptr) RedisModule_FreeCallReply(reply_);
  }

  RedisModuleCallReply* get() const { return reply_; }
  explicit operator bool() const { return reply_ != nullptr; }
  int type() const { return RedisModule_CallReplyType(reply_); }
  long long integer() const { return RedisModule_CallReplyInteger(reply_); }
  size_t size() const { return RedisModule_CallReplyLength(reply_); }
  // The bytes of a string or error, valid as long as the reply.
  std::string_view string() const {
    size_t size = 0;
    const char* data = RedisModule_CallReplyStringPtr(reply_, &size);
    return data == nullptr ? std::string_view() : std::string_view(data, size);
  }
  // An element; it belongs to the reply.
  RedisModuleCallReply* element(size_t index) const {
    return RedisModule_CallReplyArrayElement(reply_, index);
  }

 private:
  RedisModuleCallReply* reply_ = nullptr;
};

// A context for a thread of the module's own. With a blocked client it replies to that client.
class ThreadContext {
 public:
  explicit ThreadContext(RedisModuleBlockedClient* client = nullptr)
      : ctx_(RedisModule_GetThreadSafeContext(client)) {}
  ThreadContext(const ThreadContext&) = delete;
  ThreadContext& operator=(const ThreadContext&) = delete;
  ~ThreadContext() { RedisModule_FreeThreadSafeContext(ctx_); }

  RedisModuleCtx* get() const { return ctx_; }

 private:
  RedisModuleCtx* ctx_;
};

// Holds the server's lock. While it does, no client is served: be short.
class ServerLock {
 public:
  explicit ServerLock(RedisModuleCtx* ctx) : ctx_(ctx) { RedisModule_ThreadSafeContextLock(ctx_); }
  ServerLock(const ServerLock&) = delete;
  ServerLock& operator=(const ServerLock&) = delete;
  ~ServerLock() { RedisModule_ThreadSafeContextUnlock(ctx_); }

 private:
  RedisModuleCtx* ctx_;
};

// For the standard containers: memory that counts in used_memory and towards maxmemory.
// REQUIRES: alignment of T is at most that of max_align_t.
template <typename T>
class Allocator {
 public:
  using value_type = T;
  static_assert(alignof(T) <= alignof(std::max_align_t));

  Allocator() = default;
  template <typename U>
  Allocator(const Allocator<U>&) noexcept {}  // NOLINT: containers rebind implicitly

  T* allocate(size_t count) {
    if (count > std::numeric_limits<size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
    void* memory = RedisModule_Alloc(count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t) noexcept { RedisModule_Free(memory); }

  friend bool operator==(const Allocator&, const Allocator&) { return true; }
};

}  // namespace slotmesh::sdk

#endif  // SLOTMESH_MODULES_SDK_SLOTMESH_MODULE_HPP_
