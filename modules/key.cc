#include "modules/key.h"

using slotmesh::modules::Module;
using slotmesh::node::Entry;
using slotmesh::node::EntryRef;
using slotmesh::node::ExpiryMode;
using slotmesh::node::FieldClock;
using slotmesh::node::RequestOrigin;

namespace {

// What comes from a primary, a file or a slot's old owner is done as it stands.
bool IsFromAnotherCopy(const RedisModuleCtx& ctx) {
  if (ctx.command == nullptr) return false;
  const RequestOrigin origin = ctx.command->origin();
  return origin == RequestOrigin::kReplication || origin == RequestOrigin::kAof ||
         origin == RequestOrigin::kMigration;
}

}  // namespace

EntryRef RedisModuleKey::Write() {
  const bool keep_clock =
      entry_ != nullptr &&
      (mode & (REDISMODULE_OPEN_KEY_NOTOUCH | REDISMODULE_OPEN_KEY_NOEFFECTS)) != 0;
  const uint32_t clock = keep_clock ? entry_->access_clock() : 0;
  EntryRef ref = db().FindWrite(key, now_ms());
  if (ref && keep_clock) ref->set_access_clock(clock);
  return ref;
}

void RedisModuleKey::Changed(const Entry* entry) {
  ctx->modules.TouchKeyspace();
  stamp_ = ctx->modules.keyspace_stamp();
  entry_ = entry;
  ++ctx->engine().stats.keyspace_changes;
  if (ctx->client != nullptr) ctx->client->has_unsent_write = true;
}

void RedisModuleKey::Delete(bool lazy) {
  db().Delete(key, now_ms(), lazy);
  zset = {};
  stream.reset();
  Changed(nullptr);
}

void RedisModuleKey::Insert(slotmesh::node::Object* object) {
  InsertEntry(Entry::NewObject(key.bytes, object, slotmesh::node::kNoExpiry));
}

EntryRef RedisModuleKey::InsertString(std::string_view value) {
  return InsertEntry(Entry::NewString(key.bytes, value, slotmesh::node::kNoExpiry));
}

EntryRef RedisModuleKey::InsertEntry(Entry* entry) {
  if (db().ContainsRaw(key)) [[unlikely]] {
    // Hidden from the look-up, by its mode or because this is a replica.
    slotmesh::node::Keyspace& keyspace = ctx->engine().keyspace;
    const ExpiryMode expiry_mode = keyspace.expiry_mode();
    keyspace.set_expiry_mode(ExpiryMode::kIgnore);
    db().Delete(key, now_ms());
    keyspace.set_expiry_mode(expiry_mode);
  }
  const EntryRef ref = db().Insert(key, entry, now_ms());
  Changed(ref.entry);
  return ref;
}

FieldClock RedisModuleKey::field_clock() const {
  return {.now = now_ms(),
          .hide_expired = !IsFromAnotherCopy(*ctx) &&
                          ctx->engine().keyspace.expiry_mode() != ExpiryMode::kIgnore};
}

void RedisModuleKey::LookUpAgain() {
  entry_ = db().FindRead(key, now_ms(), {.touch = false, .count = false});
  stamp_ = ctx->modules.keyspace_stamp();
}

namespace slotmesh::modules {
namespace {

const Entry* Find(RedisModuleCtx& ctx, const node::HashedKey& key, int mode) {
  const bool no_effects = (mode & REDISMODULE_OPEN_KEY_NOEFFECTS) != 0;
  const auto without = [&](int flag) { return no_effects || (mode & flag) != 0; };
  node::Database& db = ctx.db();
  const node::UnixMillis now = ctx.engine().now_ms;
  const Entry* entry;
  if (without(REDISMODULE_OPEN_KEY_NOEXPIRE)) [[unlikely]] {
    entry = db.FindRaw(key);
    if (entry != nullptr && entry->IsExpired(now) &&
        ctx.engine().keyspace.expiry_mode() != ExpiryMode::kIgnore) {
      entry = nullptr;
    }
  } else {
    const bool no_touch = ctx.client != nullptr && ctx.client->no_touch;
    const bool writes = (mode & REDISMODULE_WRITE) != 0;
    entry = db.FindRead(key, now,
                        {.touch = !no_touch && !without(REDISMODULE_OPEN_KEY_NOTOUCH),
                         .count = !writes && !without(REDISMODULE_OPEN_KEY_NOSTATS)});
  }
  if (entry == nullptr && (mode & REDISMODULE_WRITE) == 0 &&
      !without(REDISMODULE_OPEN_KEY_NONOTIFY)) {
    ctx.engine().notifier.Notify(node::kNotifyKeyMiss, "keymiss", key.bytes, ctx.database);
  }
  return entry;
}

}  // namespace

KeyPool::~KeyPool() {
  for (RedisModuleKey* key : free_) delete key;
}

RedisModuleKey* KeyPool::Take(RedisModuleCtx& ctx, RedisModuleString* name,
                              const node::HashedKey& key, int mode, const Entry* entry) {
  RedisModuleKey* handle;
  if (free_.empty()) {
    handle = new RedisModuleKey;
  } else {
    handle = free_.back();
    free_.pop_back();
  }
  name->Retain();
  handle->ctx = &ctx;
  handle->name = name;
  handle->key = key;
  handle->mode = mode;
  handle->database = ctx.database;
  handle->entry_ = entry;
  handle->stamp_ = ctx.modules.keyspace_stamp();
  return handle;
}

void KeyPool::GiveBack(RedisModuleKey* key) {
  key->name->Release();
  if (free_.size() >= kKeptMax) {
    delete key;
    return;
  }
  key->wakes_readers = false;
  key->zset = {};
  key->stream.reset();
  key->list.reset();
  free_.push_back(key);
}

RedisModuleKey* OpenModuleKey(RedisModuleCtx& ctx, RedisModuleString* name, int mode) {
  const node::HashedKey key = node::HashKey(ctx.engine().keyspace, name->view());
  const Entry* entry = Find(ctx, key, mode);
  const bool writes = (mode & REDISMODULE_WRITE) != 0;
  if (writes ? ctx.modules.read_only() : entry == nullptr) return nullptr;
  return ctx.modules.keys().Take(ctx, name, key, mode, entry);
}

void CloseModuleKey(RedisModuleKey* key) {
  if (key->writable()) {
    RedisModuleCtx& ctx = *key->ctx;
    const bool signals = ctx.module == nullptr || !ctx.module->HasOption(Module::kSignalsModified);
    if (signals) {
      key->db().SignalModified(key->key);
    } else if (key->wakes_readers) {
      ctx.engine().key_waiters.OnTouched(key->database, key->key.bytes);
    }
  }
  key->ctx->modules.keys().GiveBack(key);
}

}  // namespace slotmesh::modules
