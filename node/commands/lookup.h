// How commands look keys up: with the client's wishes, the "keymiss" notification, and WRONGTYPE.
//
// Engine thread only; what is found is borrowed from the database (database.h says for how long).
#ifndef SLOTMESH_NODE_COMMANDS_LOOKUP_H_
#define SLOTMESH_NODE_COMMANDS_LOOKUP_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node/command/command_context.h"
#include "node/keyspace/database.h"
#include "node/resp/errors.h"
#include "node/resp/numbers.h"

namespace slotmesh::node {

// A look-up that is not meant as a use of the key (TTL, TYPE, OBJECT, EXISTS).
inline constexpr Lookup kPeek = {.touch = false};

inline Lookup ClientLookup(CommandContext& ctx) { return {.touch = !ctx.client().no_touch}; }

// For reading; null if absent, which is told to those who listen for misses.
inline const Entry* FindForReading(CommandContext& ctx, const HashedKey& key, Lookup how) {
  const Entry* entry = ctx.db().FindRead(key, ctx.now_ms(), how);
  if (entry == nullptr) ctx.Notify(kNotifyKeyMiss, "keymiss", key.bytes);
  return entry;
}

// Sets *entry to the string, null if the key is absent. False, with WRONGTYPE replied, for any
// other value.
inline bool FindString(CommandContext& ctx, const HashedKey& key, const Entry** entry) {
  *entry = FindForReading(ctx, key, ClientLookup(ctx));
  if (*entry == nullptr || (*entry)->is_string()) return true;
  ctx.reply().Error(errors::kWrongType);
  return false;
}

// The same for writing.
inline bool FindStringToWrite(CommandContext& ctx, const HashedKey& key, EntryRef* ref) {
  *ref = ctx.db().FindWrite(key, ctx.now_ms());
  if (!*ref || (*ref)->is_string()) return true;
  ctx.reply().Error(errors::kWrongType);
  return false;
}

// Sets *object to the value of type T, null if the key is absent. False, with WRONGTYPE replied,
// for any other value.
template <typename T>
bool FindObject(CommandContext& ctx, const HashedKey& key, const T** object) {
  const Entry* entry = FindForReading(ctx, key, ClientLookup(ctx));
  *object = nullptr;
  if (entry == nullptr) return true;
  if (entry->kind() != T::kKind) {
    ctx.reply().Error(errors::kWrongType);
    return false;
  }
  *object = static_cast<const T*>(entry->object());
  return true;
}

// The same for writing.
template <typename T>
bool FindObjectToWrite(CommandContext& ctx, const HashedKey& key, EntryRef* ref, T** object) {
  *ref = ctx.db().FindWrite(key, ctx.now_ms());
  *object = nullptr;
  if (!*ref) return true;
  if ((*ref)->kind() != T::kKind) {
    ctx.reply().Error(errors::kWrongType);
    return false;
  }
  *object = static_cast<T*>((*ref)->object());
  return true;
}

// A new key with this value, which it takes. REQUIRES: the key is absent.
inline EntryRef InsertObject(CommandContext& ctx, const HashedKey& key, Object* object) {
  return ctx.db().Insert(key, Entry::NewObject(key.bytes, object, kNoExpiry), ctx.now_ms());
}

// The key's value has become empty: the key goes.
inline void DeleteEmptied(CommandContext& ctx, const HashedKey& key) {
  ctx.db().Delete(key, ctx.now_ms());
  ctx.Notify(kNotifyGeneric, "del", key.bytes);
}

// Sets the key to the string, whether it is there (`ref`, which stays up to date) or not.
inline void PutString(CommandContext& ctx, EntryRef& ref, const HashedKey& key,
                      std::string_view value, const Database::SetOptions& options) {
  if (ref) {
    ctx.db().SetString(ref, key, value, options);
  } else {
    ref = ctx.db().Insert(key, Entry::NewString(key.bytes, value, options.expiry), ctx.now_ms());
  }
}

// True for words that are not a client's own: what a primary, a file or a slot's old owner sends
// has been accepted there and is done as it stands.
inline bool IsFromAnotherCopy(RequestOrigin origin) {
  return origin == RequestOrigin::kReplication || origin == RequestOrigin::kAof ||
         origin == RequestOrigin::kMigration;
}

// The integer, or nothing with the error replied.
inline std::optional<int64_t> IntegerOrReply(CommandContext& ctx, std::string_view word,
                                             std::string_view error = errors::kNotInteger) {
  const std::optional<int64_t> value = ParseInt64(word);
  if (!value) ctx.reply().Error(error);
  return value;
}

// An integer of at least `least`, or nothing with the error replied.
inline std::optional<int64_t> IntegerFromOrReply(CommandContext& ctx, std::string_view word,
                                                 int64_t least, std::string_view error) {
  const std::optional<int64_t> value = IntegerOrReply(ctx, word, error);
  if (value && *value >= least) return value;
  if (value) ctx.reply().Error(error);
  return std::nullopt;
}

// An int64 as the word of an effect.
class IntegerWord {
 public:
  explicit IntegerWord(int64_t value) : size_(FormatInt64(value, text_)) {}
  operator std::string_view() const { return {text_, size_}; }

 private:
  char text_[kInt64TextMax];
  size_t size_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_LOOKUP_H_
