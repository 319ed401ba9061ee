#include "node/types/hash.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "node/codec/rdb_writer.h"
#include "node/data/hash.h"
#include "node/types/expiry_note.h"
#include "slots/check.h"

namespace slotmesh::node {

class HashType final : public ValueType {
 public:
  explicit HashType(bool table) : table_(table) {}
  bool is_table() const { return table_; }

  ValueKind kind() const override { return ValueKind::kHash; }
  std::string_view name() const override { return "hash"; }
  Encoding EncodingOf(const Object&) const override {
    return table_ ? Encoding::kHashtable : Encoding::kListpack;
  }
  void Free(Object* object) const override { delete static_cast<Hash*>(object); }
  size_t FreeEffort(const Object& object) const override {
    return table_ ? static_cast<const Hash&>(object).size() : 1;
  }
  size_t MemoryUsage(const Object& object, size_t samples) const override {
    return static_cast<const Hash&>(object).MemoryUsage(samples);
  }
  Object* Copy(const Object& object) const override {
    return static_cast<const Hash&>(object).Copy();
  }
  void Prefetch(const Object& object) const override {
    const Hash& hash = static_cast<const Hash&>(object);
    return table_ ? node::Prefetch(hash.table_) : hash.listpack_.Prefetch();
  }
  // Only a hash with fields that expire needs a form that older readers do not know.
  RdbType RdbTypeOf(const Object& object) const override {
    if (!table_) return RdbType::kHashListpack;
    return static_cast<const Hash&>(object).expiring() > 0 ? RdbType::kHash2 : RdbType::kHash;
  }
  void Serialise(const Object& object, RdbWriter& writer) const override {
    SerialPlace place;
    (void)SerialisePart(object, &place, SIZE_MAX, writer);
  }
  bool SerialisePart(const Object& object, SerialPlace* place, size_t bytes,
                     RdbWriter& writer) const override {
    const auto& hash = static_cast<const Hash&>(object);
    if (!table_) {
      writer.String(hash.listpack_.raw());
      return true;
    }
    constexpr uint32_t kAhead = 2;
    const bool with_expiry = hash.expiring() > 0;
    const size_t begin = writer.size();
    if (!std::exchange(place->begun, true)) writer.Length(hash.size());
    const FieldTable& fields = hash.table_->fields;
    while (place->next < fields.bucket_count() && writer.size() - begin < bytes) {
      const auto bucket = static_cast<uint32_t>(place->next++);
      fields.PrefetchElementsAt(bucket + kAhead);
      fields.VisitBucket(bucket, [&](FieldTable::Position at) {
        const Hash::Pair pair = Hash::PairOf(*FieldTable::At(at));
        writer.String(pair.field);
        writer.String(pair.value);
        if (with_expiry) writer.Millis(pair.expiry == kNoExpiry ? kRdbNoExpiry : pair.expiry);
      });
    }
    return place->next == fields.bucket_count();
  }
  void Digest(const Object& object, DigestSink& sink) const override {
    static_cast<const Hash&>(object).ForEach({.hide_expired = false}, [&](const Hash::Pair& pair) {
      if (pair.expiry == kNoExpiry) return sink.Unordered({pair.field, pair.value});
      sink.Unordered({pair.field, pair.value, std::to_string(pair.expiry)});
    });
  }
  UnixMillis NextDue(const Object& object) const override {
    return table_ ? static_cast<const Hash&>(object).NextDue() : kNoExpiry;
  }

 private:
  const bool table_;
};

namespace {

const HashType kListpackType(false);
const HashType kTableType(true);

}  // namespace

const ValueType& HashTypeOf(bool table) { return table ? kTableType : kListpackType; }

Hash::Hash() : Object(kListpackType) { new (&listpack_) Listpack(); }

Hash::Hash(std::string_view valid_listpack) : Object(kListpackType) {
  new (&listpack_) Listpack(valid_listpack);
}

Hash::~Hash() {
  if (!is_table()) {
    listpack_.~Listpack();
    return;
  }
  while (!table_->fields.Drain(64, &HashField::Free)) continue;
  delete table_;
}

bool Hash::is_table() const { return static_cast<const HashType*>(type)->is_table(); }

uint64_t Hash::size() const { return is_table() ? table_->fields.size() : listpack_.count() / 2; }

uint64_t Hash::CountVisible(const FieldClock& clock) const {
  if (!clock.hide_expired || expiring() == 0) return size();
  uint64_t count = 0;
  ForEach(clock, [&](const Pair&) { ++count; });
  return count;
}

// --- Looking up ---

FieldTable::Position Hash::FindInTable(std::string_view field, uint64_t hash,
                                       const FieldClock& clock) const {
  const FieldTable::Position at = table_->fields.Find(hash, field);
  if (at && clock.Hides(*FieldTable::At(at))) return {};
  return at;
}

bool Hash::Find(std::string_view field, const FieldClock& clock, Scratch& scratch,
                Pair* pair) const {
  if (!is_table()) {
    const ListpackPos at = FindInListpack(field);
    if (at != nullptr) *pair = PairAt(at, listpack_, scratch);
    return at != nullptr;
  }
  const FieldTable::Position at =
      FindInTable(field, HashBytes(field, table_->fields.seed()), clock);
  if (at) *pair = PairOf(*FieldTable::At(at));
  return static_cast<bool>(at);
}

bool Hash::Contains(std::string_view field, const FieldClock& clock) const {
  if (!is_table()) return FindInListpack(field) != nullptr;
  return static_cast<bool>(FindInTable(field, HashBytes(field, table_->fields.seed()), clock));
}

// --- Changing ---

bool Hash::Put(std::string_view field, std::string_view value, const PutOptions& options,
               const FieldClock& clock, const TypeSettings& settings) {
  if (!is_table()) {
    const uint64_t longest = settings.hash_max_listpack_value;
    if (options.expiry == kNoExpiry && field.size() <= longest && value.size() <= longest &&
        listpack_.CanGrow(field.size() + value.size() + 2 * kListpackOverheadMax)) {
      return PutInListpack(field, value, settings);
    }
    ConvertToTable(settings.hash_seed);
  }
  return PutInTable(field, value, options, clock);
}

bool Hash::PutInListpack(std::string_view field, std::string_view value,
                         const TypeSettings& settings) {
  const ListpackItem items[] = {field, value};
  const ListpackPos at = listpack_.Find(items[0], listpack_.First(), 1);
  if (at != nullptr) {
    listpack_.Replace(listpack_.Next(at), items[1]);
    return false;
  }
  listpack_.Splice(listpack_.end(), 0, items);
  if (size() > settings.hash_max_listpack_entries) ConvertToTable(settings.hash_seed);
  return true;
}

bool Hash::PutInTable(std::string_view field, std::string_view value, const PutOptions& options,
                      const FieldClock& clock) {
  FieldTable& fields = table_->fields;
  const uint64_t hash = HashBytes(field, fields.seed());
  const FieldTable::Position at = fields.Find(hash, field);
  if (!at) {
    const FieldTable::Position place =
        fields.Insert(hash, HashField::New(field, value, options.expiry));
    if (options.expiry != kNoExpiry) NoteExpiry(place, kNoExpiry, options.expiry, clock.now);
    return true;
  }
  HashField* old = FieldTable::At(at);
  const bool was_hidden = clock.Hides(*old);
  const UnixMillis before = old->expiry();
  const UnixMillis after = options.keep_expiry && !was_hidden ? before : options.expiry;
  HashField* changed = HashField::With(old, value, after);
  if (changed != old) FieldTable::Replace(at, changed);
  if (before != after) NoteExpiry(at, before, after, clock.now);
  return was_hidden;
}

void Hash::Expect(uint64_t fields, const TypeSettings& settings) {
  if (!is_table() && fields > settings.hash_max_listpack_entries) {
    ConvertToTable(settings.hash_seed);
  }
}

void Hash::Erase(uint64_t hash, FieldTable::Position at) {
  HashField* field = table_->fields.Erase(hash, at);
  if (field->expires() && --table_->expiries->count == 0) table_->expiries.reset();
  HashField::Free(field);
}

bool Hash::Remove(std::string_view field, const FieldClock& clock) {
  if (!is_table()) {
    const ListpackPos at = FindInListpack(field);
    if (at != nullptr) listpack_.Erase(at, 2);
    return at != nullptr;
  }
  const uint64_t hash = HashBytes(field, table_->fields.seed());
  const FieldTable::Position at = FindInTable(field, hash, clock);
  if (at) Erase(hash, at);
  return static_cast<bool>(at);
}

void Hash::ConvertToTable(uint64_t seed) {
  auto* table = new Table(seed);
  ForEach({.hide_expired = false}, [&](const Pair& pair) {
    const uint64_t hash = HashBytes(pair.field, seed);
    // A payload that was not checked in depth may hold a field twice: the first counts.
    if (table->fields.Find(hash, pair.field)) return;
    table->fields.Insert(hash, HashField::New(pair.field, pair.value, kNoExpiry));
  });
  listpack_.~Listpack();
  table_ = table;
  type = &kTableType;
}

// --- Expiry ---

uint64_t Hash::expiring() const {
  return is_table() && table_->expiries != nullptr ? table_->expiries->count : 0;
}

UnixMillis Hash::NextDue() const {
  if (expiring() == 0) return kNoExpiry;
  return std::max(table_->expiries->earliest, table_->expiries->pause_until);
}

void Hash::NoteExpiry(FieldTable::Position at, UnixMillis before, UnixMillis after,
                      UnixMillis now) {
  FieldTable::SetNote(at, ExpiryNote(after, now));
  std::unique_ptr<Expiries>& expiries = table_->expiries;
  if (expiries == nullptr) expiries = std::make_unique<Expiries>();
  expiries->count += static_cast<uint64_t>(after != kNoExpiry) - (before != kNoExpiry ? 1 : 0);
  if (expiries->count == 0) return expiries.reset();
  if (after == kNoExpiry) return;
  expiries->earliest = std::min(expiries->earliest, after);
  expiries->earliest_met = std::min(expiries->earliest_met, after);
}

void Hash::SetExpiry(std::string_view field, UnixMillis expiry, const FieldClock& clock,
                     const TypeSettings& settings) {
  if (!is_table()) {
    if (expiry == kNoExpiry) return;
    ConvertToTable(settings.hash_seed);
  }
  FieldTable& fields = table_->fields;
  const FieldTable::Position at = fields.Find(HashBytes(field, fields.seed()), field);
  CHECK(static_cast<bool>(at));
  HashField* old = FieldTable::At(at);
  const UnixMillis before = old->expiry();
  if (before == expiry) return;
  HashField* changed = HashField::With(old, old->value(), expiry);
  if (changed != old) FieldTable::Replace(at, changed);
  NoteExpiry(at, before, expiry, clock.now);
}

// Removes what is due in the bucket of the sweep and renews the notes of what only looked due.
void Hash::SweepBucket(UnixMillis now, uint64_t fields_max, uint64_t* removed,
                       absl::FunctionRef<void(std::string_view)> visit) {
  FieldTable& fields = table_->fields;
  Expiries& expiries = *table_->expiries;
  absl::InlinedVector<HashField*, 16> due;
  fields.VisitBucket(expiries.bucket, [&](FieldTable::Position at) {
    const uint16_t note = FieldTable::NoteAt(at);
    if (note == kNoExpiryNote) return;
    if (!NoteIsDue(note, now)) {
      expiries.earliest_met = std::min(expiries.earliest_met, NoteNotBefore(note, now));
      return;
    }
    HashField* field = FieldTable::At(at);
    if (field->IsExpired(now) && *removed + due.size() < fields_max) {
      due.push_back(field);
      return;
    }
    FieldTable::SetNote(at, ExpiryNote(field->expiry(), now));
    expiries.earliest_met = std::min(expiries.earliest_met, field->expiry());
  });
  for (HashField* field : due) {
    visit(field->name());
    const uint64_t hash = HashBytes(field->name(), fields.seed());
    Erase(hash, fields.Find(hash, field->name()));
    ++*removed;
    if (table_->expiries == nullptr) return;
  }
}

void Hash::EndSweep(UnixMillis now) {
  // A sweep of a big table is not begun again at once: it may take at most a few percent of the
  // time.
  constexpr uint32_t kBucketsPerPauseMillisecond = 200;
  Expiries& expiries = *table_->expiries;
  const uint32_t buckets = table_->fields.bucket_count();
  // Where the table shrank, fields may have moved to buckets that had been passed.
  const bool may_have_missed = buckets < expiries.buckets_at_begin;
  expiries.earliest = may_have_missed ? INT64_MIN : expiries.earliest_met;
  expiries.pause_until = now + buckets / kBucketsPerPauseMillisecond;
  expiries.buckets_at_begin = 0;
}

bool Hash::RemoveDue(UnixMillis now, const Sweep& bounds,
                     absl::FunctionRef<void(std::string_view)> visit) {
  uint64_t removed = 0;
  uint64_t looked = 0;
  while (expiring() > 0) {
    Expiries& expiries = *table_->expiries;
    if (expiries.buckets_at_begin == 0) {
      if (NextDue() >= now) return true;
      expiries.bucket = 0;
      expiries.buckets_at_begin = table_->fields.bucket_count();
      expiries.earliest_met = INT64_MAX;
    }
    if (expiries.bucket >= table_->fields.bucket_count()) {
      EndSweep(now);
      return NextDue() >= now;
    }
    if (removed >= bounds.fields_max || looked++ >= bounds.buckets_max) return false;
    SweepBucket(now, bounds.fields_max, &removed, visit);
    // A bucket with more than may go now is looked at again.
    if (removed < bounds.fields_max && expiring() > 0) ++table_->expiries->bucket;
  }
  return true;
}

// --- The whole ---

bool Hash::Random(absl::BitGenRef random, const FieldClock& clock, Scratch& scratch,
                  Pair* pair) const {
  if (empty()) return false;
  if (!is_table()) {
    const auto index = static_cast<int64_t>(Below(random, size()));
    *pair = PairAt(listpack_.At(2 * index), listpack_, scratch);
    return true;
  }
  for (int i = 0; i < kRandomTriesMax; ++i) {
    const HashField* field = table_->fields.Sample([&](uint64_t n) { return Below(random, n); });
    if (clock.Hides(*field)) continue;
    *pair = PairOf(*field);
    return true;
  }
  return false;
}

Hash* Hash::Copy() const {
  if (!is_table()) return new Hash(listpack_.raw());
  auto* copy = new Hash();
  const uint64_t seed = table_->fields.seed();
  copy->ConvertToTable(seed);
  FieldTable& to = copy->table_->fields;
  for (uint32_t i = 0; i < table_->fields.bucket_count(); ++i) {
    table_->fields.VisitBucket(i, [&](FieldTable::Position at) {
      const HashField& field = *FieldTable::At(at);
      to.Insert(HashBytes(field.name(), seed),
                HashField::New(field.name(), field.value(), field.expiry()),
                FieldTable::NoteAt(at));
    });
  }
  if (expiring() > 0) {
    copy->table_->expiries = std::make_unique<Expiries>(*table_->expiries);
    copy->table_->expiries->buckets_at_begin = 0;
  }
  return copy;
}

size_t Hash::MemoryUsage(size_t samples) const {
  if (!is_table()) return sizeof(Hash) + listpack_.MemoryUsage();
  const FieldTable& fields = table_->fields;
  const uint64_t looked_max = samples == 0 ? size() : samples;
  uint64_t looked = 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < fields.bucket_count() && looked < looked_max; ++i) {
    fields.VisitBucket(i, [&](FieldTable::Position at) {
      ++looked;
      bytes += FieldTable::At(at)->MemoryUsage();
    });
  }
  const size_t all = looked == 0 ? 0 : bytes * size() / looked;
  return sizeof(Hash) + sizeof(Table) + fields.MemoryUsage() + all +
         (table_->expiries != nullptr ? sizeof(Expiries) : 0);
}

void Hash::CheckInvariants() const {
  if (!is_table()) {
    listpack_.CheckInvariants();
    CHECK_EQ(listpack_.count() % 2, 0);
    absl::flat_hash_set<std::string> seen;
    ForEach({}, [&](const Pair& pair) { CHECK(seen.emplace(pair.field).second); });
    return;
  }
  table_->fields.CheckInvariants();
  uint64_t expiring = 0;
  for (uint32_t i = 0; i < table_->fields.bucket_count(); ++i) {
    table_->fields.VisitBucket(i, [&](FieldTable::Position at) {
      const HashField& field = *FieldTable::At(at);
      CHECK_EQ(field.expires(), FieldTable::NoteAt(at) != kNoExpiryNote);
      expiring += field.expires();
    });
  }
  CHECK_EQ(expiring, this->expiring());
  CHECK_EQ(expiring == 0, table_->expiries == nullptr);
}

}  // namespace slotmesh::node
