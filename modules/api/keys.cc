// Keys: opening them, what they are, how long they live; strings; the database as a whole.
#include <algorithm>
#include <optional>
#include <utility>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/key.h"
#include "modules/modules.h"
#include "modules/process.h"
#include "modules/string.h"
#include "node/commands/random_key.h"
#include "node/keyspace/access_clock.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"

namespace slotmesh::modules {
namespace {

using node::Entry;
using node::EntryRef;

constexpr size_t kStringBytesMax = size_t{512} << 20;
constexpr int64_t kMillisPerSecond = 1000;

// --- Opening. ---

RedisModuleKey* OpenKey(RedisModuleCtx* ctx, RedisModuleString* name, int mode) noexcept {
  RedisModuleKey* key = OpenModuleKey(*ctx, name, mode);
  if (key != nullptr) {
    ctx->Track(key, [](void* thing) { CloseModuleKey(static_cast<RedisModuleKey*>(thing)); });
  }
  return key;
}
void CloseKey(RedisModuleKey* key) noexcept {
  if (key == nullptr) return;
  key->ctx->Untrack(key);
  CloseModuleKey(key);
}
int GetOpenKeyModesAll() noexcept {
  return REDISMODULE_READ | REDISMODULE_WRITE | REDISMODULE_OPEN_KEY_NOTOUCH |
         REDISMODULE_OPEN_KEY_NONOTIFY | REDISMODULE_OPEN_KEY_NOSTATS |
         REDISMODULE_OPEN_KEY_NOEXPIRE | REDISMODULE_OPEN_KEY_NOEFFECTS;
}
int KeyExists(RedisModuleCtx* ctx, RedisModuleString* name) noexcept {
  const Entry* entry = ctx->db().FindRead(node::HashKey(ctx->engine().keyspace, name->view()),
                                          ctx->engine().now_ms, {.touch = false});
  return entry != nullptr ? 1 : 0;
}
const RedisModuleString* GetKeyNameFromModuleKey(RedisModuleKey* key) noexcept {
  return key == nullptr ? nullptr : key->name;
}
int GetDbIdFromModuleKey(RedisModuleKey* key) noexcept {
  return key == nullptr ? -1 : key->database;
}

// --- What it is. ---

int KeyType(RedisModuleKey* key) noexcept {
  const Entry* entry = key == nullptr ? nullptr : key->Read();
  if (entry == nullptr) return REDISMODULE_KEYTYPE_EMPTY;
  switch (entry->kind()) {
    case node::ValueKind::kString:
      return REDISMODULE_KEYTYPE_STRING;
    case node::ValueKind::kList:
      return REDISMODULE_KEYTYPE_LIST;
    case node::ValueKind::kSet:
      return REDISMODULE_KEYTYPE_SET;
    case node::ValueKind::kZset:
      return REDISMODULE_KEYTYPE_ZSET;
    case node::ValueKind::kHash:
      return REDISMODULE_KEYTYPE_HASH;
    case node::ValueKind::kModule:
      return REDISMODULE_KEYTYPE_MODULE;
    case node::ValueKind::kStream:
      return REDISMODULE_KEYTYPE_STREAM;
  }
  return REDISMODULE_KEYTYPE_EMPTY;
}

size_t ValueLength(RedisModuleKey* key) noexcept {
  const Entry* entry = key == nullptr ? nullptr : key->Read();
  if (entry == nullptr) return 0;
  if (entry->is_string()) return entry->string_length();
  if (const auto* list = key->ReadOf<node::List>()) return list->size();
  if (const auto* set = key->ReadOf<node::Set>()) return set->size();
  if (const auto* zset = key->ReadOf<node::Zset>()) return zset->size();
  if (const auto* hash = key->ReadOf<node::Hash>()) return hash->CountVisible(key->field_clock());
  if (const auto* stream = key->ReadOf<node::Stream>()) return stream->size();
  return 0;  // Of a module's own value.
}

// --- Ending it. ---

int Remove(RedisModuleKey* key, bool lazy) {
  if (!key->writable()) return REDISMODULE_ERR;
  if (key->Read() != nullptr) key->Delete(lazy);
  return REDISMODULE_OK;
}
int DeleteKey(RedisModuleKey* key) noexcept { return Remove(key, false); }
int UnlinkKey(RedisModuleKey* key) noexcept { return Remove(key, true); }

mstime_t GetAbsExpire(RedisModuleKey* key) noexcept {
  const Entry* entry = key->Read();
  return entry == nullptr || !entry->has_expiry() ? REDISMODULE_NO_EXPIRE : entry->expiry();
}
mstime_t GetExpire(RedisModuleKey* key) noexcept {
  const mstime_t at = GetAbsExpire(key);
  if (at == REDISMODULE_NO_EXPIRE) return at;
  return std::max<mstime_t>(at - key->now_ms(), 0);
}

// `base` is what `expire` counts from.
int ExpireAt(RedisModuleKey* key, mstime_t expire, node::UnixMillis base) {
  const bool never = expire == REDISMODULE_NO_EXPIRE;
  node::UnixMillis at = node::kNoExpiry;
  if (!key->writable() || key->Read() == nullptr || (expire < 0 && !never)) return REDISMODULE_ERR;
  if (!never && __builtin_add_overflow(expire, base, &at)) return REDISMODULE_ERR;
  EntryRef ref = key->Write();
  key->db().SetExpiry(ref, key->key, at);
  key->Changed(ref.entry);
  return REDISMODULE_OK;
}
int SetExpire(RedisModuleKey* key, mstime_t expire) noexcept {
  return ExpireAt(key, expire, key->now_ms());
}
int SetAbsExpire(RedisModuleKey* key, mstime_t expire) noexcept { return ExpireAt(key, expire, 0); }

// --- When it was used last. ---

bool IsLfu(RedisModuleKey* key) {
  return key->ctx->engine().keyspace.access_policy() == node::AccessPolicy::kLfu;
}
int SetClock(RedisModuleKey* key, uint32_t clock) {
  key->Write()->set_access_clock(clock);
  return REDISMODULE_OK;
}
int SetLRU(RedisModuleKey* key, mstime_t idle_ms) noexcept {
  if (key->Read() == nullptr || idle_ms < 0 || IsLfu(key)) return REDISMODULE_ERR;
  const auto seconds =
      static_cast<uint32_t>(std::min<mstime_t>(idle_ms / kMillisPerSecond, node::kLruClockMask));
  return SetClock(key, node::LruClockOfIdle(seconds, key->now_ms()));
}
// -1 where it is not kept.
int GetLRU(RedisModuleKey* key, mstime_t* idle_ms) noexcept {
  *idle_ms = -1;
  const Entry* entry = key->Read();
  if (entry == nullptr) return REDISMODULE_ERR;
  if (!IsLfu(key)) {
    *idle_ms = kMillisPerSecond * node::LruIdleSeconds(entry->access_clock(), key->now_ms());
  }
  return REDISMODULE_OK;
}
int SetLFU(RedisModuleKey* key, long long frequency) noexcept {
  constexpr long long kMax = 255;
  if (key->Read() == nullptr || frequency < 0 || frequency > kMax || !IsLfu(key)) {
    return REDISMODULE_ERR;
  }
  return SetClock(key, node::LfuClock(static_cast<uint8_t>(frequency), key->now_ms()));
}
int GetLFU(RedisModuleKey* key, long long* frequency) noexcept {
  *frequency = -1;
  const Entry* entry = key->Read();
  if (entry == nullptr) return REDISMODULE_ERR;
  if (IsLfu(key)) {
    *frequency = node::LfuCounter(entry->access_clock(), key->now_ms(),
                                  key->ctx->engine().keyspace.lfu_settings());
  }
  return REDISMODULE_OK;
}

// --- Strings. ---

int StringSet(RedisModuleKey* key, RedisModuleString* value) noexcept {
  if (!key->writable()) return REDISMODULE_ERR;
  if (key->Read() == nullptr) {
    (void)key->InsertString(value->view());
    return REDISMODULE_OK;
  }
  EntryRef ref = key->Write();
  key->db().SetString(ref, key->key, value->view(), {});
  key->Changed(ref.entry);
  return REDISMODULE_OK;
}

// Of an absent key some address, and no bytes. Null for what is no string.
char* StringDMA(RedisModuleKey* key, size_t* size, int mode) noexcept {
  *size = 0;
  const Entry* entry = key->Read();
  if (entry == nullptr) {
    key->number.bytes[0] = '\0';
    return key->number.bytes;
  }
  if (!entry->is_string()) return nullptr;
  if ((mode & REDISMODULE_WRITE) != 0 && key->writable()) {
    EntryRef ref = key->Write();
    char* bytes = key->db().MutableString(ref);
    *size = ref->string_length();
    key->Changed(ref.entry);
    return bytes;
  }
  const std::string_view bytes = entry->string_bytes(key->number);
  *size = bytes.size();
  return const_cast<char*>(bytes.data());  // The ABI's type; to be read.
}

int StringTruncate(RedisModuleKey* key, size_t size) noexcept {
  const Entry* entry = key->Read();
  if (!key->writable() || size > kStringBytesMax || (entry != nullptr && !entry->is_string())) {
    return REDISMODULE_ERR;
  }
  if (entry == nullptr && size == 0) return REDISMODULE_OK;
  EntryRef ref;
  if (entry == nullptr) {
    ref = key->InsertString("");
  } else {
    ref = key->Write();
  }
  (void)key->db().ResizeString(ref, key->key, size);
  key->Changed(ref.entry);
  return REDISMODULE_OK;
}

// --- The database. ---

unsigned long long DbSize(RedisModuleCtx* ctx) noexcept { return ctx->db().size(); }
RedisModuleString* RandomKey(RedisModuleCtx* ctx) noexcept {
  std::optional<std::string> key = node::RandomLiveKey(ctx->engine(), ctx->db());
  if (!key.has_value()) return nullptr;
  return TrackString(ctx, new RedisModuleString(*std::move(key)));
}
// Of this node alone: copies are the module's affair. What is freed is never waited for.
void ResetDataset(int restart_aof, int async) noexcept {
  (void)async;
  Modules& modules = TheModules();
  modules.engine().keyspace.Flush();
  modules.TouchKeyspace();
  if (restart_aof != 0 && modules.engine().config.appendonly) {
    (void)modules.host().persistence.RewriteAof();
  }
}

const ApiEntry kFunctions[] = {
    {"OpenKey", &OpenKey},
    {"CloseKey", &CloseKey},
    {"GetOpenKeyModesAll", &GetOpenKeyModesAll},
    {"KeyExists", &KeyExists},
    {"GetKeyNameFromModuleKey", &GetKeyNameFromModuleKey},
    {"GetDbIdFromModuleKey", &GetDbIdFromModuleKey},
    {"KeyType", &KeyType},
    {"ValueLength", &ValueLength},
    {"DeleteKey", &DeleteKey},
    {"UnlinkKey", &UnlinkKey},
    {"GetAbsExpire", &GetAbsExpire},
    {"GetExpire", &GetExpire},
    {"SetExpire", &SetExpire},
    {"SetAbsExpire", &SetAbsExpire},
    {"SetLRU", &SetLRU},
    {"GetLRU", &GetLRU},
    {"SetLFU", &SetLFU},
    {"GetLFU", &GetLFU},
    {"StringSet", &StringSet},
    {"StringDMA", &StringDMA},
    {"StringTruncate", &StringTruncate},
    {"DbSize", &DbSize},
    {"RandomKey", &RandomKey},
    {"ResetDataset", &ResetDataset},
};

}  // namespace

ApiGroup KeyFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
