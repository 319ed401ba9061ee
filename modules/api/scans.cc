// Walking over all keys of a database, or all elements of a key, in steps.
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "modules/api/groups.h"
#include "modules/context.h"
#include "modules/key.h"
#include "modules/modules.h"
#include "modules/string.h"
#include "node/resp/numbers.h"
#include "node/types/set.h"

struct RedisModuleScanCursor {
  uint64_t position = 0;
  bool done = false;
};

namespace slotmesh::modules {
namespace {

using node::Entry;

RedisModuleScanCursor* ScanCursorCreate() noexcept { return new RedisModuleScanCursor; }
void ScanCursorDestroy(RedisModuleScanCursor* cursor) noexcept { delete cursor; }
void ScanCursorRestart(RedisModuleScanCursor* cursor) noexcept { *cursor = {}; }

// What a callback gets; it may keep the string.
struct Borrowed {
  explicit Borrowed(std::string&& text) : string(new RedisModuleString(std::move(text))) {}
  ~Borrowed() { string->Release(); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  RedisModuleString* string;
};

bool MayGoOn(const RedisModuleScanCursor* cursor) {
  errno = cursor->done ? ENOENT : 0;
  return !cursor->done;
}
int Ended(RedisModuleScanCursor* cursor, uint64_t position) {
  cursor->position = position;
  cursor->done = position == 0;
  errno = 0;
  return cursor->done ? 0 : 1;
}

// Callbacks may do to the keyspace what they like: names are taken down first.
int Scan(RedisModuleCtx* ctx, RedisModuleScanCursor* cursor, RedisModuleScanCB callback,
         void* data) noexcept {
  if (!MayGoOn(cursor)) return 0;
  const node::UnixMillis now = ctx->engine().now_ms;
  std::vector<std::string> names;
  const uint64_t next = ctx->db().Scan(cursor->position, -1, [&](const Entry& entry) {
    if (!entry.IsExpired(now)) names.emplace_back(entry.key());
  });
  for (std::string& text : names) {
    const Borrowed name(std::move(text));
    RedisModuleKey* key =
        OpenModuleKey(*ctx, name.string, REDISMODULE_READ | REDISMODULE_OPEN_KEY_NOEFFECTS);
    if (key == nullptr) continue;
    callback(ctx, name.string, key, data);
    CloseModuleKey(key);
  }
  return Ended(cursor, next);
}

struct Element {
  std::string name;
  std::string value;
  bool has_value = true;
};

// Collects a step's elements. False for what has none.
bool Collect(RedisModuleKey* key, uint64_t position, uint64_t* next, std::vector<Element>* out) {
  if (const auto* set = key->ReadOf<node::Set>()) {
    *next = set->Scan(position, [&](std::string_view member) {
      out->push_back({std::string(member), {}, false});
    });
    return true;
  }
  if (const auto* hash = key->ReadOf<node::Hash>()) {
    *next = hash->Scan(position, key->field_clock(), [&](const node::Hash::Pair& pair) {
      out->push_back({std::string(pair.field), std::string(pair.value)});
    });
    return true;
  }
  if (const auto* zset = key->ReadOf<node::Zset>()) {
    *next = zset->Scan(position, [&](std::string_view member, double score) {
      out->push_back({std::string(member), node::DoubleText(score)});
    });
    return true;
  }
  return false;
}

int ScanKey(RedisModuleKey* key, RedisModuleScanCursor* cursor, RedisModuleScanKeyCB callback,
            void* data) noexcept {
  std::vector<Element> elements;
  uint64_t next = 0;
  if (key == nullptr || (!cursor->done && !Collect(key, cursor->position, &next, &elements))) {
    errno = EINVAL;
    return 0;
  }
  if (!MayGoOn(cursor)) return 0;
  for (Element& element : elements) {
    const Borrowed name(std::move(element.name));
    const Borrowed value(std::move(element.value));
    callback(key, name.string, element.has_value ? value.string : nullptr, data);
  }
  return Ended(cursor, next);
}

const ApiEntry kFunctions[] = {
    {"ScanCursorCreate", &ScanCursorCreate},
    {"ScanCursorDestroy", &ScanCursorDestroy},
    {"ScanCursorRestart", &ScanCursorRestart},
    {"Scan", &Scan},
    {"ScanKey", &ScanKey},
};

}  // namespace

ApiGroup ScanFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
