#include "node/commands/field_expiry.h"

#include <string>
#include <vector>

namespace slotmesh::node {
namespace {

void Journalise(Engine& engine, int database, const HashedKey& key,
                const std::vector<std::string>& fields) {
  std::vector<std::string_view> words = {"HDEL", key.bytes};
  words.insert(words.end(), fields.begin(), fields.end());
  engine.journal.Append({.database = database,
                         .slot = engine.keyspace.cluster() ? key.slot : kNoSlot,
                         .origin = Origin::kExpiry,
                         .argv = words});
}

}  // namespace

uint64_t ExpireFieldsOf(Engine& engine, int database, std::string_view key_bytes,
                        const Hash::Sweep& bounds, bool* done) {
  *done = true;
  Database& db = engine.keyspace.database(database);
  const HashedKey key = HashKey(engine.keyspace, key_bytes);
  EntryRef ref = db.FindWrite(key, engine.now_ms);
  if (!ref || ref->kind() != Hash::kKind) return 0;
  auto& hash = static_cast<Hash&>(*ref->object());
  const bool had = hash.expiring() > 0;
  const bool listened = engine.journal.active();
  uint64_t removed = 0;
  std::vector<std::string> fields;
  *done = hash.RemoveDue(engine.now_ms, bounds, [&](std::string_view field) {
    ++removed;
    if (listened) fields.emplace_back(field);
  });
  db.PartsChanged(ref, had);
  if (removed == 0) return 0;
  engine.stats.expired_fields += removed;
  if (listened) Journalise(engine, database, key, fields);
  db.SignalModified(key);
  engine.notifier.Notify(kNotifyHash, "hexpired", key.bytes, database);
  if (hash.empty()) {
    db.Delete(key, engine.now_ms);
    engine.notifier.Notify(kNotifyGeneric, "del", key.bytes, database);
  }
  return removed;
}

}  // namespace slotmesh::node
