// Dictionaries: ordered by key, as bytes. An iterator remembers a key, so that the dictionary may be
// changed while one walks over it.
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/context.h"
#include "modules/string.h"

struct RedisModuleDict {
  std::map<std::string, void*, std::less<>> entries;
};

struct RedisModuleDictIter {
  RedisModuleDict* dict = nullptr;
  std::string key;   // Of the element that it stands at.
  bool found = false;  // By the last seek, and not given out yet.
  bool at_end = true;
};

namespace slotmesh::modules {
namespace {

using Place = std::map<std::string, void*, std::less<>>::iterator;

std::string_view Bytes(void* key, size_t size) { return {static_cast<const char*>(key), size}; }

// --- The dictionary. ---

void FreeDictMemory(void* thing) { delete static_cast<RedisModuleDict*>(thing); }

RedisModuleDict* CreateDict(RedisModuleCtx* ctx) noexcept {
  auto* dict = new RedisModuleDict;
  if (ctx != nullptr) ctx->Track(dict, &FreeDictMemory);
  return dict;
}
void FreeDict(RedisModuleCtx* ctx, RedisModuleDict* dict) noexcept {
  if (dict == nullptr) return;
  if (ctx != nullptr) ctx->Untrack(dict);
  FreeDictMemory(dict);
}
uint64_t DictSize(RedisModuleDict* dict) noexcept { return dict->entries.size(); }

int DictSetC(RedisModuleDict* dict, void* key, size_t size, void* value) noexcept {
  const auto [at, added] = dict->entries.try_emplace(std::string(Bytes(key, size)), value);
  return added ? REDISMODULE_OK : REDISMODULE_ERR;
}
// REDISMODULE_ERR says that another value was there.
int DictReplaceC(RedisModuleDict* dict, void* key, size_t size, void* value) noexcept {
  const auto [at, added] = dict->entries.insert_or_assign(std::string(Bytes(key, size)), value);
  return added ? REDISMODULE_OK : REDISMODULE_ERR;
}
void* DictGetC(RedisModuleDict* dict, void* key, size_t size, int* missing) noexcept {
  const Place at = dict->entries.find(Bytes(key, size));
  const bool found = at != dict->entries.end();
  if (missing != nullptr) *missing = found ? 0 : 1;
  return found ? at->second : nullptr;
}
// `old`, a void**, may be null.
int DictDelC(RedisModuleDict* dict, void* key, size_t size, void* old) noexcept {
  const Place at = dict->entries.find(Bytes(key, size));
  if (at == dict->entries.end()) return REDISMODULE_ERR;
  if (old != nullptr) std::memcpy(old, &at->second, sizeof(void*));
  dict->entries.erase(at);
  return REDISMODULE_OK;
}

int DictSet(RedisModuleDict* dict, RedisModuleString* key, void* value) noexcept {
  return DictSetC(dict, key->bytes.data(), key->bytes.size(), value);
}
int DictReplace(RedisModuleDict* dict, RedisModuleString* key, void* value) noexcept {
  return DictReplaceC(dict, key->bytes.data(), key->bytes.size(), value);
}
void* DictGet(RedisModuleDict* dict, RedisModuleString* key, int* missing) noexcept {
  return DictGetC(dict, key->bytes.data(), key->bytes.size(), missing);
}
int DictDel(RedisModuleDict* dict, RedisModuleString* key, void* old) noexcept {
  return DictDelC(dict, key->bytes.data(), key->bytes.size(), old);
}

// About what was allocated for it, values not included.
size_t MallocSizeDict(RedisModuleDict* dict) noexcept {
  constexpr size_t kNodeBytes = 4 * sizeof(void*);  // Of a tree's node, besides its element.
  size_t bytes = sizeof(*dict);
  for (const auto& entry : dict->entries) {
    const bool embedded = entry.first.capacity() < sizeof(std::string) / 2;
    bytes += kNodeBytes + sizeof(entry) + (embedded ? 0 : entry.first.capacity() + 1);
  }
  return bytes;
}

// --- Walking. ---

void StandAt(RedisModuleDictIter* iterator, Place at) {
  iterator->at_end = at == iterator->dict->entries.end();
  iterator->found = !iterator->at_end;
  if (iterator->found) iterator->key = at->first;
}

// The last element before `at`; the end if there is none.
Place Before(RedisModuleDict* dict, Place at) {
  return at == dict->entries.begin() ? dict->entries.end() : std::prev(at);
}

// ^ $ == > >= < <=. False for an operator that is none.
bool Seek(RedisModuleDictIter* iterator, std::string_view op, std::string_view key) {
  auto& entries = iterator->dict->entries;
  if (op == "^") {
    StandAt(iterator, entries.begin());
  } else if (op == "$") {
    StandAt(iterator, Before(iterator->dict, entries.end()));
  } else if (op == "==" || op == "=") {
    StandAt(iterator, entries.find(key));
  } else if (op == ">") {
    StandAt(iterator, entries.upper_bound(key));
  } else if (op == ">=") {
    StandAt(iterator, entries.lower_bound(key));
  } else if (op == "<") {
    StandAt(iterator, Before(iterator->dict, entries.lower_bound(key)));
  } else if (op == "<=") {
    StandAt(iterator, Before(iterator->dict, entries.upper_bound(key)));
  } else {
    StandAt(iterator, entries.end());
    return false;
  }
  return true;
}

RedisModuleDictIter* DictIteratorStartC(RedisModuleDict* dict, const char* op, void* key,
                                        size_t size) noexcept {
  auto* iterator = new RedisModuleDictIter;
  iterator->dict = dict;
  (void)Seek(iterator, op, Bytes(key, size));
  return iterator;
}
RedisModuleDictIter* DictIteratorStart(RedisModuleDict* dict, const char* op,
                                       RedisModuleString* key) noexcept {
  auto* iterator = new RedisModuleDictIter;
  iterator->dict = dict;
  (void)Seek(iterator, op, key == nullptr ? std::string_view() : key->view());
  return iterator;
}
void DictIteratorStop(RedisModuleDictIter* iterator) noexcept { delete iterator; }
int DictIteratorReseekC(RedisModuleDictIter* iterator, const char* op, void* key,
                        size_t size) noexcept {
  return Seek(iterator, op, Bytes(key, size)) ? 1 : 0;
}
int DictIteratorReseek(RedisModuleDictIter* iterator, const char* op,
                       RedisModuleString* key) noexcept {
  return Seek(iterator, op, key->view()) ? 1 : 0;
}

// The element that was found, at first; then the next, or the one before. Null at the end.
void* Step(RedisModuleDictIter* iterator, bool backwards, void** value) {
  if (iterator->at_end) return nullptr;
  auto& entries = iterator->dict->entries;
  Place at;
  if (backwards) {
    at = Before(iterator->dict, iterator->found ? entries.upper_bound(iterator->key)
                                                : entries.lower_bound(iterator->key));
  } else {
    at = iterator->found ? entries.lower_bound(iterator->key) : entries.upper_bound(iterator->key);
  }
  StandAt(iterator, at);
  iterator->found = false;
  if (iterator->at_end) return nullptr;
  if (value != nullptr) *value = at->second;
  return iterator->key.data();
}
void* StepC(RedisModuleDictIter* iterator, bool backwards, size_t* size, void** value) {
  void* key = Step(iterator, backwards, value);
  if (key != nullptr && size != nullptr) *size = iterator->key.size();
  return key;
}
RedisModuleString* StepToString(RedisModuleCtx* ctx, RedisModuleDictIter* iterator, bool backwards,
                                void** value) {
  if (Step(iterator, backwards, value) == nullptr) return nullptr;
  return TrackString(ctx, new RedisModuleString(std::string_view(iterator->key)));
}
void* DictNextC(RedisModuleDictIter* iterator, size_t* size, void** value) noexcept {
  return StepC(iterator, false, size, value);
}
void* DictPrevC(RedisModuleDictIter* iterator, size_t* size, void** value) noexcept {
  return StepC(iterator, true, size, value);
}
RedisModuleString* DictNext(RedisModuleCtx* ctx, RedisModuleDictIter* iterator,
                            void** value) noexcept {
  return StepToString(ctx, iterator, false, value);
}
RedisModuleString* DictPrev(RedisModuleCtx* ctx, RedisModuleDictIter* iterator,
                            void** value) noexcept {
  return StepToString(ctx, iterator, true, value);
}

// Whether the element that it stands at is so related to the key.
int Compare(const RedisModuleDictIter* iterator, std::string_view op, std::string_view key) {
  if (iterator->at_end) return REDISMODULE_ERR;
  const int order = std::string_view(iterator->key).compare(key);
  bool holds = false;
  if (op == "==" || op == "=") holds = order == 0;
  if (op == ">") holds = order > 0;
  if (op == ">=") holds = order >= 0;
  if (op == "<") holds = order < 0;
  if (op == "<=") holds = order <= 0;
  return holds ? REDISMODULE_OK : REDISMODULE_ERR;
}
int DictCompareC(RedisModuleDictIter* iterator, const char* op, void* key, size_t size) noexcept {
  return Compare(iterator, op, Bytes(key, size));
}
int DictCompare(RedisModuleDictIter* iterator, const char* op, RedisModuleString* key) noexcept {
  return Compare(iterator, op, key->view());
}

const ApiEntry kFunctions[] = {
    {"CreateDict", &CreateDict},
    {"FreeDict", &FreeDict},
    {"DictSize", &DictSize},
    {"MallocSizeDict", &MallocSizeDict},
    {"DictSetC", &DictSetC},
    {"DictReplaceC", &DictReplaceC},
    {"DictGetC", &DictGetC},
    {"DictDelC", &DictDelC},
    {"DictSet", &DictSet},
    {"DictReplace", &DictReplace},
    {"DictGet", &DictGet},
    {"DictDel", &DictDel},
    {"DictIteratorStartC", &DictIteratorStartC},
    {"DictIteratorStart", &DictIteratorStart},
    {"DictIteratorStop", &DictIteratorStop},
    {"DictIteratorReseekC", &DictIteratorReseekC},
    {"DictIteratorReseek", &DictIteratorReseek},
    {"DictNextC", &DictNextC},
    {"DictPrevC", &DictPrevC},
    {"DictNext", &DictNext},
    {"DictPrev", &DictPrev},
    {"DictCompareC", &DictCompareC},
    {"DictCompare", &DictCompare},
};

}  // namespace

ApiGroup DictFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
