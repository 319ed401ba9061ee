#include "node/cluster/migration/staging.h"

#include <string>
#include <utility>

#include "node/codec/dump.h"
#include "node/keyspace/entry_codec.h"
#include "slots/hash_slot.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// No command is logged as slow.
constexpr int64_t kNeverSlow = -1;

}  // namespace

Staging::Staging(Engine& live, const slots::SlotSet& slots, Reclaimer* reclaimer)
    : slots_(slots),
      clock_(live.clock),
      keyspace_({.databases = live.keyspace.database_count(),
                 .cluster = true,
                 .hash_seed = live.keyspace.hash_seed()}),
      engine_{.registry = live.registry,
              .keyspace = keyspace_,
              .journal = journal_,
              .config = live.config,
              .stats = stats_,
              .slow_log = slow_log_,
              .watches = watches_,
              .parking = parking_,
              .blocked = blocked_,
              .key_waiters = key_waiters_,
              .messages = messages_,
              .notifier = notifier_,
              .pause = pause_,
              .access = live.access,
              .clock = clock_,
              .micros_per_tick = live.micros_per_tick,
              .random = random_,
              .type_settings = live.type_settings},
      dispatcher_(engine_) {
  keyspace_.set_expiry_mode(ExpiryMode::kIgnore);
  keyspace_.set_access_policy(live.keyspace.access_policy());
  keyspace_.set_lfu_settings(live.keyspace.lfu_settings());
  keyspace_.set_reclaimer(reclaimer);
  slow_log_.set_threshold(kNeverSlow);
  notifier_.set_classes(0);
}

Staging::~Staging() { keyspace_.Flush(); }

absl::Status Staging::Apply(const Record& record) {
  switch (record.kind) {
    case RecordKind::kTime:
      clock_.now_ms = record.time;
      dispatcher_.BeginTurn();
      return absl::OkStatus();
    case RecordKind::kEntry:
      return ApplyEntry(record.entry);
    case RecordKind::kEffect:
      return ApplyEffect(record.database, record.words);
    case RecordKind::kFinal:
      return absl::OkStatus();
  }
  return absl::InternalError("a record of no kind");
}

absl::Status Staging::ApplyEntry(const EntryRecord& entry) {
  const HashedKey key = HashKey(keyspace_, entry.key);
  if (entry.database >= keyspace_.database_count() ||
      !slots_.Contains(static_cast<slots::Slot>(key.slot))) {
    return absl::InvalidArgumentError("the source sent a key of other slots or databases");
  }
  const absl::StatusOr<DumpedValue> dumped = OpenDump(entry.payload);
  if (!dumped.ok()) return dumped.status();
  const absl::StatusOr<Entry*> value =
      LoadEntry(entry.key, *dumped, entry.expiry, engine_.type_settings, entry.database);
  if (!value.ok()) return value.status();
  (*value)->set_access_clock(entry.access_clock);
  Database& db = keyspace_.database(entry.database);
  db.Delete(key, engine_.now_ms);
  db.Insert(key, *value, engine_.now_ms);
  ++entries_;
  return absl::OkStatus();
}

absl::Status Staging::ApplyEffect(int database, Args words) {
  const Command* command = engine_.registry.ResolveOriginal(words);
  if (database >= keyspace_.database_count() || command == nullptr ||
      !Has(command->flags(), Flag::kWrite) || !command->has_keys()) {
    return absl::InvalidArgumentError(
        StrCat("the source sent what changes no key of a slot: ", words[0].substr(0, 32)));
  }
  slots::KeyRefs keys;
  if (slots::FindKeys(command->spec().keys, command->spec().get_keys, slots::KeyDetail::kPositions,
                      words, &keys) != slots::KeyStatus::kOk ||
      keys.empty() || !slots_.Contains(slots::HashSlot(words[keys[0].word]))) {
    return absl::InvalidArgumentError("the source sent a command on other slots");
  }
  client_.database = database;
  dispatcher_.Execute(client_, words, RequestOrigin::kMigration);
  if (stats_.error_replies == 0) [[likely]] {
    client_.output.Clear();
    return absl::OkStatus();
  }
  return absl::InternalError(StrCat(
      command->full_name(), " succeeded at the source but not here: ", client_.output.ToString()));
}

void Staging::AdoptInto(Keyspace& live) {
  for (int i = 0; i < keyspace_.database_count(); ++i) {
    Database& from = keyspace_.database(i);
    Database& to = live.database(i);
    if (from.size() == 0 && to.size() == 0) continue;
    // What stands there is left over from an earlier owner's time.
    if (to.size() > 0) to.FlushSlots(slots_);
    slots_.ForEach([&](slots::Slot slot) {
      if (std::unique_ptr<SlotTable> table = from.TakeSlot(slot)) to.AdoptSlot(std::move(table));
    });
  }
}

}  // namespace slotmesh::node
