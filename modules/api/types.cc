// Data types: making them, and keys that hold their values.
#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/data_type.h"
#include "modules/defragmenter.h"
#include "modules/io.h"
#include "modules/key.h"
#include "modules/modules.h"

namespace slotmesh::modules {
namespace {

RedisModuleType* CreateDataType(RedisModuleCtx* ctx, const char* name, int encoding_version,
                                RedisModuleTypeMethods* methods) noexcept {
  if (ctx->module == nullptr) return nullptr;
  RedisModuleType* type = ctx->modules.types().Add(*ctx->module, name, encoding_version, methods);
  if (type != nullptr && type->methods.defrag != nullptr) ctx->modules.defragmenter().Begin();
  return type;
}

// Null if the key holds no module's value.
ModuleValue* ValueAt(RedisModuleKey* key) {
  const node::Entry* entry = key == nullptr ? nullptr : key->Read();
  if (entry == nullptr || entry->kind() != node::ValueKind::kModule) return nullptr;
  return static_cast<ModuleValue*>(entry->object());
}

RedisModuleType* ModuleTypeGetType(RedisModuleKey* key) noexcept {
  const ModuleValue* value = ValueAt(key);
  if (value == nullptr) return nullptr;
  // The ABI's type; modules compare it.
  return const_cast<RedisModuleType*>(static_cast<const RedisModuleType*>(value->type));
}

// Of a key that is open for writing the module may change the value: what snapshots need of it is
// saved.
void* ModuleTypeGetValue(RedisModuleKey* key) noexcept {
  ModuleValue* value = ValueAt(key);
  if (value == nullptr) return nullptr;
  if (key->writable()) (void)key->Write();
  return value->value;
}

int ModuleTypeSetValue(RedisModuleKey* key, RedisModuleType* type, void* value) noexcept {
  if (!key->writable()) return REDISMODULE_ERR;
  if (key->Read() != nullptr) key->Delete(false);
  key->Insert(new ModuleValue(*type, value));
  return REDISMODULE_OK;
}

int ModuleTypeReplaceValue(RedisModuleKey* key, RedisModuleType* type, void* fresh,
                           void** old) noexcept {
  ModuleValue* value = ValueAt(key);
  if (value == nullptr || !key->writable() || value->type != type) return REDISMODULE_ERR;
  const node::EntryRef ref = key->Write();
  if (old != nullptr) *old = value->value;
  value->value = fresh;
  key->Changed(ref.entry);
  return REDISMODULE_OK;
}

// --- Where a value stands. ---

const RedisModuleString* GetKeyNameFromOptCtx(RedisModuleKeyOptCtx* places) noexcept {
  return places->from.get();
}
const RedisModuleString* GetToKeyNameFromOptCtx(RedisModuleKeyOptCtx* places) noexcept {
  return places->to.get();
}
int GetDbIdFromOptCtx(RedisModuleKeyOptCtx* places) noexcept { return places->from_database; }
int GetToDbIdFromOptCtx(RedisModuleKeyOptCtx* places) noexcept { return places->to_database; }

// --- Digests. ---

void DigestAddStringBuffer(RedisModuleDigest* digest, const char* bytes, size_t size) noexcept {
  digest->parts.emplace_back(bytes, size);
}
void DigestAddLongLong(RedisModuleDigest* digest, long long value) noexcept {
  digest->parts.push_back(std::to_string(value));
}
void DigestEndSequence(RedisModuleDigest* digest) noexcept {
  const std::vector<std::string_view> parts(digest->parts.begin(), digest->parts.end());
  digest->sink.Sequence(parts);
  digest->parts.clear();
}
int GetDbIdFromDigest(RedisModuleDigest* digest) noexcept { return digest->database; }
const RedisModuleString* GetKeyNameFromDigest(RedisModuleDigest* digest) noexcept {
  return digest->name.get();
}

// --- Values as strings: the parts alone, without type and end. ---

void* LoadDataTypeFromStringEncver(const RedisModuleString* string, const RedisModuleType* type,
                                   int encoding_version) noexcept {
  node::RdbReader reader(string->view());
  RedisModuleIO io(*type, reader);
  void* value = type->methods.rdb_load(&io, encoding_version);
  if (!io.error || value == nullptr) return value;
  if (type->methods.free != nullptr) type->methods.free(value);
  return nullptr;
}
void* LoadDataTypeFromString(const RedisModuleString* string,
                             const RedisModuleType* type) noexcept {
  return LoadDataTypeFromStringEncver(string, type, 0);
}
RedisModuleString* SaveDataTypeToString(RedisModuleCtx* ctx, void* value,
                                        const RedisModuleType* type) noexcept {
  std::string bytes;
  node::RdbWriter writer(&bytes);
  RedisModuleIO io(*type, writer);
  type->methods.rdb_save(&io, value);
  if (io.error) return nullptr;
  return TrackString(ctx, new RedisModuleString(std::move(bytes)));
}

const ApiEntry kFunctions[] = {
    {"CreateDataType", &CreateDataType},
    {"ModuleTypeGetType", &ModuleTypeGetType},
    {"ModuleTypeGetValue", &ModuleTypeGetValue},
    {"ModuleTypeSetValue", &ModuleTypeSetValue},
    {"ModuleTypeReplaceValue", &ModuleTypeReplaceValue},
    {"GetKeyNameFromOptCtx", &GetKeyNameFromOptCtx},
    {"GetToKeyNameFromOptCtx", &GetToKeyNameFromOptCtx},
    {"GetDbIdFromOptCtx", &GetDbIdFromOptCtx},
    {"GetToDbIdFromOptCtx", &GetToDbIdFromOptCtx},
    {"DigestAddStringBuffer", &DigestAddStringBuffer},
    {"DigestAddLongLong", &DigestAddLongLong},
    {"DigestEndSequence", &DigestEndSequence},
    {"GetDbIdFromDigest", &GetDbIdFromDigest},
    {"GetKeyNameFromDigest", &GetKeyNameFromDigest},
    {"LoadDataTypeFromString", &LoadDataTypeFromString},
    {"LoadDataTypeFromStringEncver", &LoadDataTypeFromStringEncver},
    {"SaveDataTypeToString", &SaveDataTypeToString},
};

}  // namespace

ApiGroup TypeFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
