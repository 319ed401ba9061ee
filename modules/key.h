// RedisModuleKey: a key that a module has opened, with what it does to the key's value.
//
// A handle knows the entry that it found, as long as nothing else may have changed the keyspace
// (Modules::keyspace_stamp); then it looks the entry up again. Each change asks the database anew
// for an entry that may be changed, so that snapshots save what they need first. An emptied
// collection is deleted at once; a key that was open for writing is signalled as modified when it
// is closed, unless its module does that itself.
//
// Handles are taken from a pool and given back: opening a key allocates nothing. Engine thread, or
// whoever holds the module lock.
#ifndef SLOTMESH_MODULES_KEY_H_
#define SLOTMESH_MODULES_KEY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/context.h"
#include "modules/modules.h"
#include "modules/sdk/abi.h"
#include "modules/string.h"
#include "node/keyspace/database.h"
#include "node/types/hash.h"
#include "node/types/stream_id.h"
#include "node/types/zset.h"

namespace slotmesh::modules {

// Where a module stands in a range of a sorted set.
struct ZsetPlace {
  bool active = false;
  bool at_end = true;
  node::RankInterval range;
  uint64_t rank = 0;
};

// A module's walk over a stream. The entry that it stands at is copied.
struct StreamWalk {
  node::StreamId first;
  node::StreamId last;
  bool backwards = false;
  bool done = false;
  node::StreamId current;          // 0-0: at none.
  std::vector<std::string> words;  // Its fields and values.
  size_t words_read = 0;
};

// Neighbouring elements of a list, read ahead for a module that goes through it.
struct ListWindow {
  uint64_t stamp = 0;
  int64_t first = 0;
  int64_t last_read = -2;  // The index that was asked for last.
  std::vector<std::string> elements;
};

}  // namespace slotmesh::modules

struct RedisModuleKey {
  RedisModuleKey() = default;
  RedisModuleKey(const RedisModuleKey&) = delete;
  RedisModuleKey& operator=(const RedisModuleKey&) = delete;

  // The value; null if the key is absent. Valid until something is changed.
  const slotmesh::node::Entry* Read() {
    if (stamp_ != ctx->modules.keyspace_stamp()) [[unlikely]]
      LookUpAgain();
    return entry_;
  }
  // Null if it is absent, or of another kind.
  template <typename T>
  const T* ReadOf() {
    const slotmesh::node::Entry* entry = Read();
    if (entry == nullptr || entry->kind() != T::kKind) return nullptr;
    return static_cast<const T*>(entry->object());
  }
  // The entry for a change that follows at once. REQUIRES: writable().
  slotmesh::node::EntryRef Write();
  // What was changed is counted, and other handles look again. `entry` is where it is now.
  void Changed(const slotmesh::node::Entry* entry);
  void Delete(bool lazy);
  // A value for an absent key, which it takes.
  void Insert(slotmesh::node::Object* object);

  bool writable() const { return (mode & REDISMODULE_WRITE) != 0; }
  slotmesh::node::Database& db() const {
    return ctx->engine().keyspace.database(database);
  }
  slotmesh::node::UnixMillis now_ms() const { return ctx->engine().now_ms; }
  // What time it is for a hash's fields.
  slotmesh::node::FieldClock field_clock() const;

  RedisModuleCtx* ctx = nullptr;
  RedisModuleString* name = nullptr;  // Retained.
  slotmesh::node::HashedKey key;
  int mode = 0;
  int database = 0;
  bool wakes_readers = false;  // A stream got entries.
  slotmesh::modules::ZsetPlace zset;
  std::unique_ptr<slotmesh::modules::StreamWalk> stream;
  std::unique_ptr<slotmesh::modules::ListWindow> list;
  slotmesh::node::IntText number;  // An integer's digits, for StringDMA.

 private:
  friend class slotmesh::modules::KeyPool;

  void LookUpAgain();

  const slotmesh::node::Entry* entry_ = nullptr;
  uint64_t stamp_ = 0;
};

namespace slotmesh::modules {

class KeyPool {
 public:
  static constexpr size_t kKeptMax = 64;

  KeyPool() = default;
  ~KeyPool();
  KeyPool(const KeyPool&) = delete;
  KeyPool& operator=(const KeyPool&) = delete;

  // A handle on `name` in the context's database, where `entry` was found just now.
  RedisModuleKey* Take(RedisModuleCtx& ctx, RedisModuleString* name, const node::HashedKey& key,
                       int mode, const node::Entry* entry);
  void GiveBack(RedisModuleKey* key);

 private:
  std::vector<RedisModuleKey*> free_;
};

// Finds the key as OpenKey does. Null for an absent key that is opened for reading.
RedisModuleKey* OpenModuleKey(RedisModuleCtx& ctx, RedisModuleString* name, int mode);
// Ends its use; signals what was written.
void CloseModuleKey(RedisModuleKey* key);

// One change of a collection: Find it, or Make one; change it; Commit. Nothing else may be done
// with the key meanwhile.
template <typename T>
class CollectionChange {
 public:
  // REQUIRES: the key is writable, and absent or of this kind.
  explicit CollectionChange(RedisModuleKey& key) : key_(key) {
    if (key.Read() != nullptr) ref_ = key.Write();
    if (ref_) object_ = static_cast<T*>(ref_->object());
  }
  CollectionChange(const CollectionChange&) = delete;
  CollectionChange& operator=(const CollectionChange&) = delete;

  // Null if the key is absent and Make was not called.
  T* object() const { return object_; }
  node::EntryRef& ref() { return ref_; }
  T& Make(std::unique_ptr<T> fresh) {
    made_ = std::move(fresh);
    object_ = made_.get();
    return *object_;
  }
  // The key is made, counted as changed, or deleted with its last element unless `keep_empty`.
  void Commit(bool keep_empty = false) {
    const bool empty = object_->size() == 0 && !keep_empty;
    if (made_ != nullptr) {
      if (!empty) key_.Insert(made_.release());
      return;
    }
    if (empty) return key_.Delete(false);
    key_.Changed(ref_.entry);
  }

 private:
  RedisModuleKey& key_;
  node::EntryRef ref_;
  T* object_ = nullptr;
  std::unique_ptr<T> made_;
};

}  // namespace slotmesh::modules

#endif  // SLOTMESH_MODULES_KEY_H_
