#include "node/keyspace/database.h"

#include <algorithm>
#include <array>

#include "absl/random/uniform_int_distribution.h"
#include "node/keyspace/errors.h"
#include "node/types/expiry_note.h"
#include "slots/check.h"
#include "slots/ids.h"

namespace slotmesh::node {
namespace {

// Values that take fewer releases than this are freed at once, lazily or not.
constexpr size_t kLazyFreeEffort = 64;
// The system takes about a millisecond to take that many bytes back.
constexpr size_t kLazyFreeBytes = 4 << 20;

bool TakesLongToFree(const Entry& entry, int database) {
  if (!entry.is_string()) return entry.FreeEffort(database) > kLazyFreeEffort;
  return !entry.is_integer() && entry.string_length() > kLazyFreeBytes;
}

// The note of an entry that expires, or of whose value parts do.
uint16_t NoteOf(const Entry& entry, UnixMillis now) {
  const UnixMillis parts = entry.PartsDue();
  if (parts == kNoExpiry || !entry.has_expiry()) [[likely]] {
    return ExpiryNote(parts == kNoExpiry ? entry.expiry() : parts, now);
  }
  return ExpiryNote(std::min(parts, entry.expiry()), now);
}

}  // namespace

Database::Database(int index, SharedState& shared)
    : index_(index),
      slot_count_(shared.cluster ? slots::kSlotCount : 1),
      shared_(shared),
      index_of_slots_(slot_count_),
      index_of_expiring_(slot_count_) {}

Database::~Database() = default;

SlotTable& Database::TableFor(int slot) {
  if (tables_.empty()) tables_.resize(slot_count_);
  std::unique_ptr<SlotTable>& table = tables_[slot];
  if (table == nullptr) {
    table = std::make_unique<SlotTable>(shared_.hash_seed);
    table->slot = static_cast<uint16_t>(slot);
    table->walk_epoch = shared_.walk_epoch;
  }
  return *table;
}

// --- Looking up ---

EntryRef Database::Locate(const HashedKey& key) const {
  SlotTable* table = this->table(key.slot);
  if (table == nullptr) return {};
  const EntryTable::Position at = table->Find(key.hash, key.bytes);
  if (!at) return {};
  return {EntryTable::At(at), table, at};
}

EntryRef Database::FindLive(const HashedKey& key, UnixMillis now) {
  EntryRef ref = Locate(key);
  if (!ref || !ref->has_expiry() || !ref->IsExpired(now)) return ref;
  switch (shared_.expiry_mode) {
    case ExpiryMode::kDelete:
      if (!shared_.IsFrozen(key.slot)) RemoveExpired(ref, key);
      return {};
    case ExpiryMode::kHide:
      return {};
    case ExpiryMode::kIgnore:
      break;
  }
  return ref;
}

void Database::Touch(Entry& entry, UnixMillis now) {
  if (!shared_.touching) [[unlikely]]
    return;
  uint32_t clock;
  if (shared_.access_policy == AccessPolicy::kLru) [[likely]] {
    clock = LruClock(now);
  } else {
    // xorshift64*
    uint64_t& state = shared_.lfu_random;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    const auto random = static_cast<uint32_t>((state * 0x2545f4914f6cdd1d) >> 32);
    clock = LfuTouched(entry.access_clock(), now, random, shared_.lfu);
  }
  if (entry.access_clock() != clock) entry.set_access_clock(clock);
}

const Entry* Database::FindRead(const HashedKey& key, UnixMillis now, Lookup how) {
  const EntryRef ref = FindLive(key, now);
  if (!ref) {
    shared_.stats.misses += how.count;
    return nullptr;
  }
  shared_.stats.hits += how.count;
  if (how.touch) Touch(*ref, now);
  return ref.entry;
}

absl::StatusOr<const Entry*> Database::FindReadOf(const HashedKey& key, ValueKind kind,
                                                  UnixMillis now, Lookup how) {
  const Entry* entry = FindRead(key, now, how);
  if (entry != nullptr && entry->kind() != kind) return WrongTypeError();
  return entry;
}

EntryRef Database::FindWrite(const HashedKey& key, UnixMillis now) {
  now_ = now;
  EntryRef ref = FindLive(key, now);
  if (!ref) return {};
  SaveBeforeChange(*ref.table, key.hash);
  Touch(*ref, now);
  return ref;
}

absl::StatusOr<EntryRef> Database::FindWriteOf(const HashedKey& key, ValueKind kind,
                                               UnixMillis now) {
  EntryRef ref = FindWrite(key, now);
  if (ref && ref->kind() != kind) return WrongTypeError();
  return ref;
}

bool Database::ContainsRaw(const HashedKey& key) const { return static_cast<bool>(Locate(key)); }

const Entry* Database::FindRaw(const HashedKey& key) const { return Locate(key).entry; }

// --- Putting in and taking out ---

EntryRef Database::InsertNew(const HashedKey& key, Entry* entry) {
  SlotTable& table = TableFor(key.slot);
  SaveBeforeChange(table, key.hash);
  entry->set_access_clock(
      shared_.access_policy == AccessPolicy::kLru ? LruClock(now_) : LfuClock(kLfuInitial, now_));
  const auto at = table.Insert(key.hash, entry, NoteOf(*entry, now_));
  index_of_slots_.Add(key.slot, 1);
  Count(table, {false, false}, KindsOf(*entry));
  return {entry, &table, at};
}

void Database::Count(SlotTable& table, Kinds before, Kinds after) {
  const int expiring = static_cast<int>(after.expires) - static_cast<int>(before.expires);
  table.expiring += expiring;
  if (expiring != 0) index_of_expiring_.Add(table.slot, expiring);
  const int with_parts =
      static_cast<int>(after.has_expiring_parts) - static_cast<int>(before.has_expiring_parts);
  table.with_expiring_parts += with_parts;
  with_expiring_parts_ += with_parts;
}

void Database::PartsChanged(EntryRef& ref, bool had) {
  const Kinds after = KindsOf(*ref);
  if (!had && !after.has_expiring_parts) return;
  Count(*ref.table, {after.expires, had}, after);
  EntryTable::SetNote(ref.position, NoteOf(*ref, now_));
}

// The entry stands for the one that `ref` pointed to.
void Database::Place(EntryRef& ref, Entry* entry, Kinds before) {
  if (entry != ref.entry) {
    EntryTable::Replace(ref.position, entry);
    ref.entry = entry;
  }
  if (before.expires || before.has_expiring_parts || entry->has_expiry()) [[unlikely]] {
    EntryTable::SetNote(ref.position, NoteOf(*entry, now_));
    Count(*ref.table, before, KindsOf(*entry));
  }
}

Entry* Database::Remove(EntryRef& ref, const HashedKey& key) {
  SlotTable* table = ref.table;
  Entry* entry = table->Erase(key.hash, ref.position);
  index_of_slots_.Add(key.slot, -1);
  Count(*table, KindsOf(*entry), {false, false});
  if (table->size() == 0 && !table->walking()) tables_[key.slot].reset();
  ref = {};
  return entry;
}

void Database::Release(Entry* entry, bool lazy) {
  entry->TellUnlinked(index_);
  if (lazy && shared_.reclaimer != nullptr && TakesLongToFree(*entry, index_)) {
    shared_.reclaimer->TakeEntry(entry);
  } else {
    Entry::Free(entry);
  }
}

void Database::TellDepartureSlow(EntryRef& ref, const HashedKey& key, Departure why) {
  shared_.departure_listener->OnDeparture(index_, key, why);
  ref = Locate(key);
  CHECK(ref);
}

void Database::RemoveExpired(EntryRef& ref, const HashedKey& key) {
  TellDeparture(ref, key, Departure::kExpired);
  SaveBeforeChange(*ref.table, key.hash);
  Entry* entry = Remove(ref, key);
  ++shared_.stats.expired;
  if (shared_.touch_listener != nullptr) {
    shared_.touch_listener->OnTouchedByItself(index_, key);
  }
  if (shared_.removal_listener != nullptr) {
    shared_.removal_listener->OnRemoved(index_, key, Removal::kExpired);
  }
  Release(entry, shared_.lazy_expire);
}

// --- Strings ---

void Database::SetString(const HashedKey& key, std::string_view value, const SetOptions& options,
                         UnixMillis now) {
  now_ = now;
  EntryRef ref = Locate(key);
  if (ref && ref->has_expiry()) [[unlikely]] {
    if (ref->IsExpired(now) && shared_.expiry_mode == ExpiryMode::kDelete) RemoveExpired(ref, key);
  }
  if (!ref) {
    InsertNew(key, Entry::NewString(key.bytes, value, options.expiry));
    SignalModified(key);
    return;
  }
  SaveBeforeChange(*ref.table, key.hash);
  SetString(ref, key, value, options);
  Touch(*ref, now);
}

void Database::SetString(EntryRef& ref, const HashedKey& key, std::string_view value,
                         const SetOptions& options) {
  TellDeparture(ref, key, Departure::kOverwritten);
  const Kinds before = KindsOf(*ref);
  if (!ref->is_string()) ref->TellUnlinked(index_);
  const UnixMillis expiry = options.keep_ttl ? ref->expiry() : options.expiry;
  Place(ref, Entry::WithString(ref.entry, value, expiry), before);
  SignalModified(key);
}

void Database::SetInteger(EntryRef& ref, const HashedKey& key, int64_t value) {
  Place(ref, Entry::WithInteger(ref.entry, value), {ref->has_expiry(), false});
  SignalModified(key);
}

char* Database::ResizeString(EntryRef& ref, const HashedKey& key, size_t length) {
  CHECK(ref->is_string());
  Place(ref, Entry::WithLength(ref.entry, length), {ref->has_expiry(), false});
  SignalModified(key);
  return ref->mutable_bytes();
}

char* Database::MutableString(EntryRef& ref) {
  CHECK(ref->is_string());
  Place(ref, Entry::WithLength(ref.entry, ref->string_length()), {ref->has_expiry(), false});
  return ref->mutable_bytes();
}

void Database::AppendString(EntryRef& ref, const HashedKey& key, std::string_view bytes) {
  const size_t length = ref->string_length();
  char* to = ResizeString(ref, key, length + bytes.size());
  std::copy(bytes.begin(), bytes.end(), to + length);
}

// --- Any kind ---

EntryRef Database::Insert(const HashedKey& key, Entry* entry, UnixMillis now) {
  now_ = now;
  const EntryRef ref = InsertNew(key, entry);
  SignalModified(key);
  return ref;
}

void Database::SetExpiry(EntryRef& ref, const HashedKey& key, UnixMillis expiry) {
  const Kinds before = KindsOf(*ref);
  Place(ref, Entry::WithExpiry(ref.entry, expiry), before);
  SignalModified(key);
}

bool Database::Delete(const HashedKey& key, UnixMillis now, bool lazy) {
  EntryRef ref = FindWrite(key, now);
  if (!ref) return false;
  TellDeparture(ref, key, Departure::kDeleted);
  Entry* entry = Remove(ref, key);
  SignalModified(key);
  Release(entry, lazy);
  return true;
}

Entry* Database::Extract(EntryRef& ref, const HashedKey& key) {
  TellDeparture(ref, key, Departure::kDeleted);
  Entry* entry = Remove(ref, key);
  SignalModified(key);
  return entry;
}

bool Database::Evict(const HashedKey& key, bool lazy, absl::FunctionRef<void(bool gone)> around) {
  EntryRef ref = Locate(key);
  if (!ref || shared_.IsFrozen(key.slot)) return false;
  TellDeparture(ref, key, Departure::kEvicted);
  SaveBeforeChange(*ref.table, key.hash);
  around(false);
  Release(Remove(ref, key), lazy);
  around(true);
  ++shared_.stats.evicted;
  if (shared_.touch_listener != nullptr) {
    shared_.touch_listener->OnTouchedByItself(index_, key);
  }
  if (shared_.removal_listener != nullptr) {
    shared_.removal_listener->OnRemoved(index_, key, Removal::kEvicted);
  }
  return true;
}

// --- The whole ---

uint64_t Database::slot_size(int slot) const {
  CHECK(slot >= 0 && slot < slot_count_);
  return index_of_slots_.Count(slot);
}

void Database::DetachTable(int slot) {
  if (tables_.empty() || tables_[slot] == nullptr) return;
  std::unique_ptr<SlotTable> table = std::move(tables_[slot]);
  index_of_slots_.Add(slot, -static_cast<int64_t>(table->size()));
  index_of_expiring_.Add(slot, -static_cast<int64_t>(table->expiring));
  with_expiring_parts_ -= table->with_expiring_parts;
  if (shared_.change_guard != nullptr) shared_.change_guard->OnDetached(*this, table);
  if (table != nullptr && shared_.reclaimer != nullptr) {
    shared_.reclaimer->TakeTable(std::move(table));
  }
}

void Database::Flush() {
  if (shared_.touch_listener != nullptr) shared_.touch_listener->OnFlush(index_);
  for (int slot = 0; slot < slot_count_; ++slot) DetachTable(slot);
}

void Database::FlushSlot(int slot) {
  CHECK(slot >= 0 && slot < slot_count_);
  DetachTable(slot);
  if (shared_.touch_listener != nullptr) shared_.touch_listener->OnAllTouched(index_, slot);
}

void Database::FlushSlots(const slots::SlotSet& slots) {
  slots.ForEach([this](slots::Slot slot) { DetachTable(slot); });
  if (shared_.touch_listener != nullptr) shared_.touch_listener->OnSlotsTouched(index_, slots);
}

std::unique_ptr<SlotTable> Database::TakeSlot(int slot) {
  if (table(slot) == nullptr) return nullptr;
  std::unique_ptr<SlotTable> table = std::move(tables_[slot]);
  CHECK(!table->walking());
  index_of_slots_.Add(slot, -static_cast<int64_t>(table->size()));
  index_of_expiring_.Add(slot, -static_cast<int64_t>(table->expiring));
  with_expiring_parts_ -= table->with_expiring_parts;
  return table;
}

void Database::AdoptSlot(std::unique_ptr<SlotTable> table) {
  CHECK_EQ(table->seed(), shared_.hash_seed);
  CHECK(table->slot < slot_count_ && !table->walking());
  if (tables_.empty()) tables_.resize(slot_count_);
  const int slot = table->slot;
  DetachTable(slot);
  table->walk_epoch = shared_.walk_epoch;  // No walk that runs looks at it.
  index_of_slots_.Add(slot, static_cast<int64_t>(table->size()));
  index_of_expiring_.Add(slot, static_cast<int64_t>(table->expiring));
  with_expiring_parts_ += table->with_expiring_parts;
  tables_[slot] = std::move(table);
}

void Database::KeysInSlot(int slot, size_t max, UnixMillis now,
                          absl::FunctionRef<void(const Entry&)> visit) const {
  const SlotTable* table = this->table(slot);
  if (table == nullptr || max == 0) return;
  uint64_t cursor = 0;
  do {
    cursor = table->Scan(cursor, [&](const Entry& entry) {
      if (max == 0 || entry.IsExpired(now)) return;
      --max;
      visit(entry);
    });
  } while (cursor != 0 && max > 0);
}

uint64_t Database::Scan(uint64_t cursor, int slot,
                        absl::FunctionRef<void(const Entry&)> visit) const {
  if (slot_count_ == 1) {
    const SlotTable* table = this->table(0);
    return table == nullptr ? 0 : table->Scan(cursor, visit);
  }
  // Low bits: the slot. Above them: the table's cursor.
  constexpr int kSlotBits = 14;
  static_assert(1 << kSlotBits == slots::kSlotCount);
  const int from = static_cast<int>(cursor & (slots::kSlotCount - 1));
  int at = slot >= 0 ? slot : index_of_slots_.NextNonEmpty(from);
  if (at < 0) return 0;
  const SlotTable* table = this->table(at);
  const uint64_t next =
      table == nullptr ? 0 : table->Scan(at == from ? cursor >> kSlotBits : 0, visit);
  if (next != 0) return next << kSlotBits | static_cast<uint64_t>(at);
  if (slot >= 0) return 0;
  at = index_of_slots_.NextNonEmpty(at + 1);
  return at < 0 ? 0 : static_cast<uint64_t>(at);
}

const Entry* Database::RandomKey(absl::BitGenRef random) const {
  if (size() == 0) return nullptr;
  const auto below = [&](uint64_t n) {
    return absl::uniform_int_distribution<uint64_t>(0, n - 1)(random);
  };
  return table(index_of_slots_.SlotOfRank(below(size())))->Sample(below);
}

void Database::Sample(absl::BitGenRef random, size_t count,
                      absl::FunctionRef<void(int slot, const Entry&)> visit) const {
  if (size() == 0) return;
  absl::uniform_int_distribution<uint64_t> rank(0, size() - 1);
  absl::uniform_int_distribution<uint64_t> any;
  while (count > 0) {
    const int slot = index_of_slots_.SlotOfRank(rank(random));
    table(slot)->Scan(any(random), [&](const Entry& entry) {
      if (count == 0) return;
      --count;
      visit(slot, entry);
    });
  }
}

void Database::SampleExpiring(absl::BitGenRef random, size_t count, uint64_t buckets,
                              absl::FunctionRef<void(int slot, const Entry&)> visit) {
  const auto below = [&](uint64_t n) {
    return absl::uniform_int_distribution<uint64_t>(0, n - 1)(random);
  };
  while (count > 0 && expiring() > 0) {
    SlotTable* table = sample_slot_ < 0 ? nullptr : this->table(sample_slot_);
    if (table == nullptr || table->expiring == 0) {
      sample_slot_ = index_of_expiring_.SlotOfRank(below(expiring()));
      table = this->table(sample_slot_);
      sample_bucket_ = static_cast<uint32_t>(below(table->bucket_count()));
    }
    bool found = false;
    for (; !found && buckets > 0; --buckets) {
      if (sample_bucket_ >= table->bucket_count()) sample_bucket_ = 0;
      table->VisitBucket(sample_bucket_++, [&](EntryTable::Position at) {
        if (count == 0 || EntryTable::NoteAt(at) == kNoExpiryNote) return;
        const Entry& entry = *EntryTable::At(at);
        if (!entry.has_expiry()) return;
        --count;
        found = true;
        visit(sample_slot_, entry);
      });
    }
    if (!found) return;
    sample_slot_ = -1;
  }
}

void Database::ForEach(absl::FunctionRef<void(int slot, const Entry&)> visit) const {
  for (int slot = index_of_slots_.NextNonEmpty(0); slot >= 0;
       slot = index_of_slots_.NextNonEmpty(slot + 1)) {
    table(slot)->ForEach([&](const Entry& entry) { visit(slot, entry); });
  }
}

size_t Database::TableMemory() const {
  size_t bytes = tables_.capacity() * sizeof(tables_[0]);
  for (const auto& table : tables_) {
    if (table != nullptr) bytes += sizeof(SlotTable) + table->MemoryUsage();
  }
  return bytes;
}

// --- Active expiry ---

// Removes what is due in a bucket; entries that only looked due get a new note, those with parts
// that are due keep theirs.
uint64_t Database::SweepBucket(SlotTable& table, uint32_t bucket, Due due_keys, ExpiryStep& step) {
  std::vector<std::string>& due_parts = step.due_parts;
  std::array<Entry*, 16> due;
  const size_t known_parts = due_parts.size();
  uint64_t removed = 0;
  size_t count = due.size();
  // Removals shrink the table, perhaps by this bucket.
  while (count == due.size() && bucket < table.bucket_count()) {
    count = 0;
    due_parts.resize(known_parts);
    table.VisitBucket(bucket, [&](EntryTable::Position at) {
      if (!NoteIsDue(EntryTable::NoteAt(at), now_) || count == due.size()) return;
      const Entry* entry = EntryTable::At(at);
      if (entry->IsExpired(now_)) {
        due[count++] = EntryTable::At(at);
      } else if (const UnixMillis parts = entry->PartsDue(); parts != kNoExpiry && parts < now_) {
        due_parts.emplace_back(entry->key());
      } else {
        EntryTable::SetNote(at, NoteOf(*entry, now_));
      }
    });
    if (due_keys == Due::kName) {
      // If there are more in here, a later round meets them.
      for (size_t i = 0; i < count; ++i) step.due_keys.emplace_back(due[i]->key());
      return 0;
    }
    for (size_t i = 0; i < count; ++i) {
      const std::string_view bytes = due[i]->key();
      const HashedKey key = {bytes, HashBytes(bytes, table.seed()), table.slot};
      EntryRef ref = Locate(key);
      const bool last = ref.table->size() == 1;  // Its table may go with it.
      RemoveExpired(ref, key);
      ++removed;
      if (last) return removed;
    }
  }
  return removed;
}

Database::ExpiryStep Database::ExpireSome(UnixMillis now, uint64_t max_buckets,
                                          absl::FunctionRef<bool()> out_of_time, Due due) {
  constexpr uint64_t kBucketsPerClockCheck = 64;
  ExpiryStep step;
  now_ = now;
  while (expiring() + with_expiring_parts_ > 0 && step.buckets < max_buckets &&
         step.due_parts.size() < kDuePartsMax && step.due_keys.size() < kDuePartsMax) {
    SlotTable* table = this->table(expiry_slot_);
    if (table == nullptr || table->expiring + table->with_expiring_parts == 0 ||
        expiry_bucket_ >= table->bucket_count() || shared_.IsFrozen(expiry_slot_)) {
      expiry_bucket_ = 0;
      expiry_slot_ = index_of_slots_.NextNonEmpty(expiry_slot_ + 1);
      if (expiry_slot_ >= 0) continue;
      expiry_slot_ = 0;
      step.wrapped = true;
      break;
    }
    step.removed += SweepBucket(*table, expiry_bucket_++, due, step);
    if (++step.buckets % kBucketsPerClockCheck == 0 && out_of_time()) break;
  }
  if (expiring() + with_expiring_parts_ == 0) step.wrapped = true;
  return step;
}

void Database::CheckInvariants() const {
  index_of_slots_.CheckInvariants();
  index_of_expiring_.CheckInvariants();
  uint64_t size = 0;
  uint64_t expiring = 0;
  uint64_t with_parts = 0;
  for (size_t slot = 0; slot < tables_.size(); ++slot) {
    const SlotTable* table = tables_[slot].get();
    CHECK_EQ(index_of_slots_.Count(static_cast<int>(slot)), table == nullptr ? 0 : table->size());
    if (table == nullptr) continue;
    CHECK_EQ(table->slot, slot);
    table->CheckInvariants();
    uint64_t here = 0;
    uint64_t with_parts_here = 0;
    for (uint32_t i = 0; i < table->bucket_count(); ++i) {
      table->VisitBucket(i, [&](EntryTable::Position at) {
        const Entry& entry = *EntryTable::At(at);
        entry.CheckInvariants();
        const Kinds kinds = KindsOf(entry);
        CHECK_EQ(kinds.expires || kinds.has_expiring_parts,
                 EntryTable::NoteAt(at) != kNoExpiryNote);
        here += kinds.expires;
        with_parts_here += kinds.has_expiring_parts;
      });
    }
    CHECK_EQ(here, uint64_t{table->expiring});
    CHECK_EQ(here, index_of_expiring_.Count(static_cast<int>(slot)));
    CHECK_EQ(with_parts_here, uint64_t{table->with_expiring_parts});
    size += table->size();
    expiring += here;
    with_parts += with_parts_here;
  }
  CHECK_EQ(size, this->size());
  CHECK_EQ(expiring, this->expiring());
  CHECK_EQ(with_parts, with_expiring_parts_);
}

}  // namespace slotmesh::node
