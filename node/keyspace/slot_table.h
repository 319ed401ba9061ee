// SlotTable: the entries of one slot of one database (of the whole database without cluster mode).
//
// A HashTable that owns its entries and knows how many of them expire. One cache line, so that a
// look-up in cluster mode pays one miss for it. Engine thread only, apart from destruction once it
// is detached.
#ifndef SLOTMESH_NODE_KEYSPACE_SLOT_TABLE_H_
#define SLOTMESH_NODE_KEYSPACE_SLOT_TABLE_H_

#include <cstdint>
#include <string_view>

#include "node/data/hash.h"
#include "node/data/hash_table.h"
#include "node/keyspace/entry.h"

namespace slotmesh::node {

struct EntryPolicy {
  using Element = Entry;
  static uint64_t Hash(const Entry& entry, uint64_t seed) { return HashBytes(entry.key(), seed); }
  static bool Matches(const Entry& entry, std::string_view key) { return entry.key() == key; }
};
using EntryTable = HashTable<EntryPolicy>;

struct alignas(64) SlotTable : EntryTable {
  explicit SlotTable(uint64_t seed) : EntryTable(seed) {}
  ~SlotTable() {
    while (!Drain(64, &Entry::Free)) continue;
  }

  uint16_t slot = 0;
  // The last walk that was begun here, or the one under way when the table was made. For
  // node/snapshot.
  uint16_t walk_epoch = 0;
  // Entries that expire, and entries of whose value parts do.
  uint64_t expiring : 34 = 0;
  uint64_t with_expiring_parts : 30 = 0;
};
static_assert(sizeof(SlotTable) == 64);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_KEYSPACE_SLOT_TABLE_H_
