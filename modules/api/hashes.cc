// Hashes. Fields past their expiry are not seen.
#include <cerrno>
#include <cstdarg>

#include "modules/api/groups.h"
#include "modules/api/text.h"
#include "modules/key.h"

namespace slotmesh::modules {
namespace {

using node::Hash;

// The next field of a module's list; false at its end.
bool NextField(va_list& args, int flags, std::string_view* field) {
  if ((flags & REDISMODULE_HASH_CFIELDS) != 0) {
    const char* text = va_arg(args, const char*);
    if (text == nullptr) return false;
    *field = text;
    return true;
  }
  const auto* string = va_arg(args, const RedisModuleString*);
  if (string == nullptr) return false;
  *field = string->view();
  return true;
}

// One call of HashSet.
class FieldSetter {
 public:
  FieldSetter(RedisModuleKey* key, int flags)
      : key_(*key), flags_(flags), clock_(key->field_clock()), change_(*key) {
    if (change_.object() == nullptr) change_.Make(std::make_unique<Hash>());
    had_expiring_ = hash().expiring() > 0;
  }

  // How much it counts for.
  int Set(std::string_view field, const RedisModuleString* value) {
    if ((flags_ & (REDISMODULE_HASH_NX | REDISMODULE_HASH_XX)) != 0) {
      const bool there = hash().Contains(field, clock_);
      if (there ? (flags_ & REDISMODULE_HASH_NX) != 0 : (flags_ & REDISMODULE_HASH_XX) != 0) {
        return 0;
      }
    }
    if (value == REDISMODULE_HASH_DELETE) return Count(hash().Remove(field, clock_));
    changed_ = true;
    const bool is_new =
        hash().Put(field, value->view(), {}, clock_, key_.ctx->engine().type_settings);
    return is_new && (flags_ & REDISMODULE_HASH_COUNT_ALL) == 0 ? 0 : 1;
  }
  void Commit() {
    if (!changed_) return;
    if (change_.ref()) key_.db().PartsChanged(change_.ref(), had_expiring_);
    change_.Commit();
  }

 private:
  Hash& hash() { return *change_.object(); }
  int Count(bool removed) {
    changed_ = changed_ || removed;
    return removed ? 1 : 0;
  }

  RedisModuleKey& key_;
  const int flags_;
  const node::FieldClock clock_;
  CollectionChange<Hash> change_;
  bool had_expiring_ = false;
  bool changed_ = false;
};

int HashSet(RedisModuleKey* key, int flags, ...) noexcept {
  constexpr int kKnown = REDISMODULE_HASH_NX | REDISMODULE_HASH_XX | REDISMODULE_HASH_CFIELDS |
                         REDISMODULE_HASH_COUNT_ALL;
  errno = 0;
  if (key == nullptr || (flags & ~kKnown) != 0) {
    errno = EINVAL;
  } else if (key->Read() != nullptr && key->ReadOf<Hash>() == nullptr) {
    errno = ENOTSUP;
  } else if (!key->writable()) {
    errno = EBADF;
  }
  if (errno != 0) return 0;
  int count = 0;
  FieldSetter setter(key, flags);
  va_list args;
  va_start(args, flags);
  std::string_view field;
  while (NextField(args, flags, &field)) {
    count += setter.Set(field, va_arg(args, const RedisModuleString*));
  }
  va_end(args);
  setter.Commit();
  if (count == 0) errno = ENOENT;
  return count;
}

int HashGet(RedisModuleKey* key, int flags, ...) noexcept {
  const Hash* hash = key->ReadOf<Hash>();
  if (hash == nullptr && key->Read() != nullptr) return REDISMODULE_ERR;
  const node::FieldClock clock = key->field_clock();
  Hash::Scratch scratch;
  Hash::Pair pair;
  va_list args;
  va_start(args, flags);
  std::string_view field;
  while (NextField(args, flags, &field)) {
    const bool found = hash != nullptr && hash->Find(field, clock, scratch, &pair);
    if ((flags & REDISMODULE_HASH_EXISTS) != 0) {
      *va_arg(args, int*) = found ? 1 : 0;
    } else {
      *va_arg(args, RedisModuleString**) =
          found ? TrackString(key->ctx, new RedisModuleString(pair.value)) : nullptr;
    }
  }
  va_end(args);
  return REDISMODULE_OK;
}

const ApiEntry kFunctions[] = {
    {"HashSet", &HashSet},
    {"HashGet", &HashGet},
};

}  // namespace

ApiGroup HashFunctions() { return kFunctions; }

}  // namespace slotmesh::modules
