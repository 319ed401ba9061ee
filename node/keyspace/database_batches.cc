// What a batch of requests has fetched before the first of them runs.
#include "node/data/prefetch.h"
#include "node/keyspace/database.h"

namespace slotmesh::node {

void Database::PrefetchTable(const HashedKey& key) const {
  if (SlotTable* table = this->table(key.slot); table != nullptr) Prefetch(table);
}

void Database::PrefetchBucket(const HashedKey& key) const {
  if (SlotTable* table = this->table(key.slot); table != nullptr) table->PrefetchBucket(key.hash);
}

void Database::PrefetchEntry(const HashedKey& key) const {
  if (SlotTable* table = this->table(key.slot); table != nullptr) table->PrefetchElement(key.hash);
}

void Database::PrefetchObject(const HashedKey& key) const {
  const SlotTable* table = this->table(key.slot);
  if (table == nullptr) return;
  table->ForEachCandidate(key.hash, [](const Entry& entry) {
    if (!entry.is_string()) Prefetch(entry.object());
  });
}

void Database::PrefetchValue(const HashedKey& key) const {
  const SlotTable* table = this->table(key.slot);
  if (table == nullptr) return;
  table->ForEachCandidate(key.hash, [](const Entry& entry) {
    if (!entry.is_string()) entry.object()->type->Prefetch(*entry.object());
  });
}

}  // namespace slotmesh::node
