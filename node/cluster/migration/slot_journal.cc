#include "node/cluster/migration/slot_journal.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "node/cluster/migration/records.h"
#include "node/keyspace/entry_codec.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kAll = std::numeric_limits<size_t>::max();
// What is said again of a staging area goes in pieces of about so much.
constexpr size_t kPieceBytes = 64 << 10;

void Append(Engine& engine, int database, slots::Slot slot,
            std::initializer_list<std::string_view> words) {
  engine.journal.Append({.database = database,
                         .slot = slot,
                         .origin = Origin::kMigration,
                         .argv = absl::Span<const std::string_view>(words.begin(), words.size())});
}

void AppendStaged(Engine& engine, const StagedPlan& plan,
                  std::initializer_list<std::string_view> rest) {
  const std::string id = plan.plan.ToHex();
  std::vector<std::string_view> words = {"CLUSTER", "STAGED", id};
  words.insert(words.end(), rest);
  engine.journal.Append({.slot = *plan.slots.First(), .origin = Origin::kMigration, .argv = words});
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

void JournalStagingBegin(Engine& engine, const StagedPlan& plan) {
  AppendStaged(engine, plan, {"BEGIN", MapVersionText(plan.known_at), plan.slots.ToString()});
}

void JournalStagingData(Engine& engine, const StagedPlan& plan, std::string_view bytes) {
  AppendStaged(engine, plan, {"DATA", bytes});
}

void JournalStagingEnd(Engine& engine, const StagedPlan& plan, StagedEnd end) {
  if (!engine.journal.streams()) return;
  AppendStaged(engine, plan, {end == StagedEnd::kAdopt ? "ADOPT" : "DROP"});
}

std::string MapVersionText(const slots::MapVersion& version) {
  return StrCat(version.log.ToHex(), ":", version.generation, ":", version.sequence);
}

std::optional<slots::MapVersion> ParseMapVersion(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(text), ':');
  if (parts.size() != 3) return std::nullopt;
  const std::optional<slots::LogId> log = slots::LogId::FromHex(parts[0]);
  slots::MapVersion version;
  if (!log.has_value() || !absl::SimpleAtoi(parts[1], &version.generation) ||
      !absl::SimpleAtoi(parts[2], &version.sequence)) {
    return std::nullopt;
  }
  version.log = *log;
  return version;
}

bool StagingWalk::FindTable() {
  for (; database_ < staged_.database_count(); ++database_, slot_ = 0) {
    const Database& db = staged_.database(database_);
    for (; db.size() > 0 && slot_ < slots::kSlotCount; ++slot_) {
      if (db.slot_size(slot_) > 0) return true;
    }
  }
  return false;
}

void StagingWalk::Say(const Entry& entry) {
  if (parts_.Takes(entry)) return big_.push_back(&entry);
  const std::string payload = DumpEntry(entry, /*compress=*/false, database_);
  AppendEntry(&bytes_, RecordOf(database_, entry, payload));
}

bool StagingWalk::SayMore() {
  if (!big_.empty()) {
    if (parts_.Append(big_database_, *big_.front(), &bytes_)) big_.pop_front();
    return true;
  }
  if (!FindTable()) return false;
  big_database_ = database_;
  cursor_ = staged_.database(database_).Scan(cursor_, slot_, [&](const Entry& e) { Say(e); });
  if (cursor_ == 0) ++slot_;
  return true;
}

bool StagingWalk::Step(Engine& engine, absl::FunctionRef<bool()> out_of_time) {
  if (!begun_) JournalStagingBegin(engine, plan_);
  begun_ = true;
  while (SayMore()) {
    if (bytes_.size() < kPieceBytes) continue;
    JournalStagingData(engine, plan_, bytes_);
    bytes_.clear();
    if (out_of_time()) return false;
  }
  AppendFinal(&bytes_);
  JournalStagingData(engine, plan_, bytes_);
  return true;
}

}  // namespace slotmesh::node
