#include "node/cluster/migration/slot_journal.h"

#include <limits>
#include <string>

#include "node/keyspace/entry_codec.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kAll = std::numeric_limits<size_t>::max();

void Append(Engine& engine, int database, slots::Slot slot,
            std::initializer_list<std::string_view> words) {
  engine.journal.Append({.database = database,
                         .slot = slot,
                         .origin = Origin::kMigration,
                         .argv = absl::Span<const std::string_view>(words.begin(), words.size())});
}

}  // namespace

void JournalArrival(Engine& engine, const slots::SlotSet& slots) {
  if (!engine.journal.streams()) return;
  for (int i = 0; i < engine.keyspace.database_count(); ++i) {
    Database& db = engine.keyspace.database(i);
    if (db.size() == 0) continue;
    slots.ForEach([&](slots::Slot slot) {
      db.KeysInSlot(slot, kAll, engine.now_ms, [&](const Entry& entry) {
        const std::string expiry = entry.has_expiry() ? StrCat(entry.expiry()) : "0";
        const std::string value = DumpEntry(entry, engine.config.rdbcompression, i);
        Append(engine, i, slot, {"RESTORE", entry.key(), expiry, value, "REPLACE", "ABSTTL"});
      });
    });
  }
}

void JournalDeparture(Engine& engine, const slots::SlotSet& slots) {
  if (!engine.journal.streams()) return;
  slots.ForEach([&](slots::Slot slot) {
    bool any = false;
    for (int i = 0; i < engine.keyspace.database_count(); ++i) {
      any = any || engine.keyspace.database(i).slot_size(slot) > 0;
    }
    if (any) Append(engine, 0, slot, {"CLUSTER", "FLUSHSLOT", StrCat(slot)});
  });
}

}  // namespace slotmesh::node
