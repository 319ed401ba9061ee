#include "node/cluster/migration/staging.h"

#include <string>
#include <utility>

#include "node/codec/dump.h"
#include "node/codec/rdb_reader.h"
#include "node/keyspace/entry_codec.h"
#include "node/types/load_value.h"
#include "slots/hash_slot.h"
#include "slots/key_spec.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// No command is logged as slow.
constexpr int64_t kNeverSlow = -1;

constexpr const char* kOtherKey = "the source sent a key of other slots or databases";

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

Staging::~Staging() {
  DropOpenValues();
  keyspace_.Flush();
}

// To where all garbage goes: they may be as big as any.
void Staging::DropOpenValues() {
  for (OpenValue& value : open_) {
    Object* const object = value.loader->Release();
    if (object == nullptr) continue;
    Entry* const entry = Entry::NewObject(value.key, object, kNoExpiry);
    if (keyspace_.reclaimer() != nullptr) {
      keyspace_.reclaimer()->TakeEntry(entry);
    } else {
      Entry::Free(entry);
    }
  }
  open_.clear();
}

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
    case RecordKind::kValue:
      return BeginValue(record.entry, record.form);
    case RecordKind::kPart:
      return AddPart(record.part);
    case RecordKind::kValueEnd:
      return EndValue(record.checksum);
  }
  return absl::InternalError("a record of no kind");
}

bool Staging::IsPlaceOf(int database, std::string_view key) const {
  const int slot = HashKey(keyspace_, key).slot;
  return database < keyspace_.database_count() && slots_.Contains(static_cast<slots::Slot>(slot));
}

// In place of what the key had.
void Staging::Insert(int database, Entry* entry, uint32_t access_clock) {
  const HashedKey key = HashKey(keyspace_, entry->key());
  Database& db = keyspace_.database(database);
  db.Delete(key, engine_.now_ms);
  db.Insert(key, entry, engine_.now_ms)->set_access_clock(access_clock);
  ++entries_;
}

absl::Status Staging::ApplyEntry(const EntryRecord& entry) {
  if (!IsPlaceOf(entry.database, entry.key)) return absl::InvalidArgumentError(kOtherKey);
  const absl::StatusOr<DumpedValue> dumped = OpenDump(entry.payload);
  if (!dumped.ok()) return dumped.status();
  const absl::StatusOr<Entry*> value =
      LoadEntry(entry.key, *dumped, entry.expiry, engine_.type_settings, entry.database);
  if (!value.ok()) return value.status();
  Insert(entry.database, *value, entry.access_clock);
  return absl::OkStatus();
}

absl::Status Staging::BeginValue(const EntryRecord& entry, RdbType form) {
  if (!IsPlaceOf(entry.database, entry.key)) return absl::InvalidArgumentError(kOtherKey);
  std::unique_ptr<ValueLoader> loader = NewValueLoader(form, engine_.type_settings);
  if (loader == nullptr || open_.size() >= kValuesOpenMax) {
    return absl::InvalidArgumentError("the source sent a value in parts that comes whole");
  }
  open_.push_back({entry.database, std::string(entry.key), entry.expiry, entry.access_clock,
                   std::move(loader), ValueChecksum(form)});
  return absl::OkStatus();
}

absl::Status Staging::AddPart(std::string_view elements) {
  if (open_.empty()) return absl::InvalidArgumentError("the source sent a part of no value");
  OpenValue& value = open_.back();
  value.checksum.Add(elements);
  RdbReader reader(elements);
  if (!value.loader->Add(reader)) return reader.status();
  if (reader.at_end()) return absl::OkStatus();
  return absl::DataLossError("bytes behind a value's end");
}

absl::Status Staging::EndValue(uint64_t checksum) {
  if (open_.empty()) return absl::InvalidArgumentError("the source sent the end of no value");
  OpenValue& value = open_.back();
  if (!value.loader->complete() || value.checksum.value() != checksum) {
    return absl::DataLossError(StrCat("the value of a key arrived damaged: ", value.key));
  }
  Insert(value.database, Entry::NewObject(value.key, value.loader->Release(), value.expiry),
         value.access_clock);
  open_.pop_back();
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
