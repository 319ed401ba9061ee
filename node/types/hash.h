// Hash: fields with values, in a listpack (field, value, field, value, ...) while it is small, then
// in a table with one allocation per field.
//
// It becomes a table as hash-max-listpack-entries and hash-max-listpack-value say, or when a field
// is to expire, and never goes back. Fields that expire stay until somebody removes them
// (RemoveDue); until then a FieldClock says whether they are still seen. size() counts them.
//
// Fields are handed out as texts; `scratch` holds them where the listpack keeps integers, so a text
// is valid until the next change or the next use of the same scratch. Thread-compatible; owns all
// it holds. 16 bytes, which form it is in says its ValueType. Cost: O(1) in a table, O(n) in a
// listpack; 47 to 48 bytes per field of 14 bytes with a value of 16 in a table. Expiry costs 8
// bytes for each field that has one, and no index: a field's note in the table says roughly when it
// is due, and a sweep reads notes alone.
#ifndef SLOTMESH_NODE_TYPES_HASH_H_
#define SLOTMESH_NODE_TYPES_HASH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/random/uniform_int_distribution.h"
#include "absl/status/statusor.h"
#include "node/codec/rdb_reader.h"
#include "node/data/listpack.h"
#include "node/types/hash_field.h"
#include "node/types/type_settings.h"
#include "node/types/value_loader.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

// What time it is for fields, and whether those that are past theirs are seen.
struct FieldClock {
  UnixMillis now = 0;
  bool hide_expired = true;

  bool Hides(const HashField& field) const { return hide_expired && field.IsExpired(now); }
};

class Hash : public Object {
 public:
  static constexpr ValueKind kKind = ValueKind::kHash;

  struct Pair {
    std::string_view field;
    std::string_view value;
    UnixMillis expiry = kNoExpiry;
  };
  struct Scratch {
    ListpackText field;
    ListpackText value;
  };

  // Empty.
  Hash();
  // REQUIRES: a valid listpack of an even number of elements.
  explicit Hash(std::string_view valid_listpack);
  ~Hash();

  bool is_table() const;
  uint64_t size() const;
  bool empty() const { return size() == 0; }
  // Fields that are seen. O(1) where none expires, else O(n).
  uint64_t CountVisible(const FieldClock& clock) const;

  // False if it is not there.
  bool Find(std::string_view field, const FieldClock& clock, Scratch& scratch, Pair* pair) const;
  bool Contains(std::string_view field, const FieldClock& clock) const;

  struct PutOptions {
    UnixMillis expiry = kNoExpiry;
    bool keep_expiry = false;  // That of the field that is replaced; `expiry` is then ignored.
  };
  // True if the field is new.
  bool Put(std::string_view field, std::string_view value, const PutOptions& options,
           const FieldClock& clock, const TypeSettings& settings);
  // `fields` more are about to be put in by one request: becomes a table now if these alone are too
  // many for a listpack.
  void Expect(uint64_t fields, const TypeSettings& settings);
  // False if it was not there.
  bool Remove(std::string_view field, const FieldClock& clock);

  // Calls visit(const Pair&) for each field that is seen, until it returns true. Visits may not
  // change the hash. True if it was stopped.
  template <typename Visit>
  bool ForEachUntil(const FieldClock& clock, Visit&& visit) const;
  template <typename Visit>
  void ForEach(const FieldClock& clock, Visit&& visit) const {
    ForEachUntil(clock, [&](const Pair& pair) {
      visit(pair);
      return false;
    });
  }
  // One step of a scan, as HashTable::Scan; a listpack comes in one step.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, const FieldClock& clock, Visit&& visit) const;
  // A field that is seen, each equally likely. False if none was met (in kRandomTriesMax draws,
  // where some are hidden).
  bool Random(absl::BitGenRef random, const FieldClock& clock, Scratch& scratch, Pair* pair) const;
  // `count` different ones, each choice equally likely, in no particular order; all if there are
  // fewer.
  template <typename Visit>
  void Sample(uint64_t count, absl::BitGenRef random, const FieldClock& clock, Visit&& visit) const;

  // --- Expiry of fields. ---

  // Adds, changes or (kNoExpiry) removes it. REQUIRES: the field is there.
  void SetExpiry(std::string_view field, UnixMillis expiry, const FieldClock& clock,
                 const TypeSettings& settings);
  // Fields that expire, those that are past it included.
  uint64_t expiring() const;
  // No field expires before (kNoExpiry: none ever does).
  UnixMillis NextDue() const;
  struct Sweep {
    uint64_t fields_max;
    uint64_t buckets_max;
  };
  // Removes some of the fields that are past their expiry: visit(field) for each, before it goes.
  // True if none is left. Looking at a bucket takes some 10 ns; the next call goes on where this
  // one ended.
  bool RemoveDue(UnixMillis now, const Sweep& bounds,
                 absl::FunctionRef<void(std::string_view)> visit);

  Hash* Copy() const;
  // Bytes allocated; looks at `samples` fields (0: all).
  size_t MemoryUsage(size_t samples) const;
  void CheckInvariants() const;

 private:
  friend class HashType;

  static constexpr int kRandomTriesMax = 100;

  // Of the fields that expire.
  struct Expiries {
    uint64_t count = 0;
    UnixMillis earliest = INT64_MAX;      // No field expires before.
    UnixMillis pause_until = INT64_MIN;   // The next sweep does not begin before.
    uint32_t bucket = 0;                  // Where the sweep that is under way goes on.
    uint32_t buckets_at_begin = 0;        // Of that sweep; 0: none is under way.
    UnixMillis earliest_met = INT64_MAX;  // Among what that sweep has passed.
  };
  struct Table {
    explicit Table(uint64_t seed) : fields(seed) {}
    FieldTable fields;
    std::unique_ptr<Expiries> expiries;  // Null until a field is to expire.
  };

  static uint64_t Below(absl::BitGenRef random, uint64_t n) {
    return absl::uniform_int_distribution<uint64_t>(0, n - 1)(random);
  }
  static Pair PairOf(const HashField& field) {
    return {field.name(), field.value(), field.expiry()};
  }
  static Pair PairAt(ListpackPos at, const ListpackView& listpack, Scratch& scratch) {
    const ListpackPos value = listpack.Next(at);
    return {ListpackView::Get(at).Text(scratch.field),
            ListpackView::Get(value).Text(scratch.value)};
  }
  ListpackPos FindInListpack(std::string_view field) const {
    return listpack_.Find(field, listpack_.First(), 1);
  }
  FieldTable::Position FindInTable(std::string_view field, uint64_t hash,
                                   const FieldClock& clock) const;
  bool PutInListpack(std::string_view field, std::string_view value, const TypeSettings& settings);
  bool PutInTable(std::string_view field, std::string_view value, const PutOptions& options,
                  const FieldClock& clock);
  // The element at the position has another expiry than before.
  void NoteExpiry(FieldTable::Position at, UnixMillis before, UnixMillis after, UnixMillis now);
  void Erase(uint64_t hash, FieldTable::Position at);
  void SweepBucket(UnixMillis now, uint64_t fields_max, uint64_t* removed,
                   absl::FunctionRef<void(std::string_view)> visit);
  void EndSweep(UnixMillis now);
  void ConvertToTable(uint64_t seed);

  union {
    Listpack listpack_;
    Table* table_;
  };
};

const ValueType& HashTypeOf(bool table);

// A hash out of a body in one of the forms kHash, kHash2, kHashListpack, kHashZiplist, kHashZipmap.
// See LoadValue.
absl::StatusOr<Object*> LoadHash(RdbType form, RdbReader& reader, const TypeSettings& settings);
// See NewValueLoader. REQUIRES: kHash or kHash2.
std::unique_ptr<ValueLoader> NewHashLoader(RdbType form, const TypeSettings& settings);

template <typename Visit>
bool Hash::ForEachUntil(const FieldClock& clock, Visit&& visit) const {
  if (!is_table()) {
    Scratch scratch;
    for (ListpackPos at = listpack_.First(); at != nullptr;) {
      const ListpackPos value = listpack_.Next(at);
      if (visit(Pair{ListpackView::Get(at).Text(scratch.field),
                     ListpackView::Get(value).Text(scratch.value)})) {
        return true;
      }
      at = listpack_.Next(value);
    }
    return false;
  }
  constexpr uint32_t kAhead = 2;
  const FieldTable& fields = table_->fields;
  bool stop = false;
  for (uint32_t i = 0; i < fields.bucket_count() && !stop; ++i) {
    fields.PrefetchElementsAt(i + kAhead);
    fields.VisitBucket(i, [&](FieldTable::Position at) {
      const HashField& field = *FieldTable::At(at);
      if (!stop && !clock.Hides(field)) stop = visit(PairOf(field));
    });
  }
  return stop;
}

template <typename Visit>
uint64_t Hash::Scan(uint64_t cursor, const FieldClock& clock, Visit&& visit) const {
  if (is_table()) {
    return table_->fields.Scan(cursor, [&](const HashField& field) {
      if (!clock.Hides(field)) visit(PairOf(field));
    });
  }
  ForEach(clock, visit);
  return 0;
}

template <typename Visit>
void Hash::Sample(uint64_t count, absl::BitGenRef random, const FieldClock& clock,
                  Visit&& visit) const {
  constexpr uint64_t kSparse = 3;  // Fewer than one in so many are drawn one by one.
  uint64_t left = CountVisible(clock);
  if (count > left) count = left;
  if (count == 0) return;
  if (!is_table() || count > left / kSparse || left < size() / 2) {
    // Each field in turn is taken with the odds that are left for it.
    ForEachUntil(clock, [&](const Pair& pair) {
      if (count == left || Below(random, left) < count) {
        visit(pair);
        --count;
      }
      --left;
      return count == 0;
    });
    return;
  }
  absl::flat_hash_set<const HashField*> taken;
  while (taken.size() < count) {
    const HashField* field = table_->fields.Sample([&](uint64_t n) { return Below(random, n); });
    if (!clock.Hides(*field) && taken.insert(field).second) visit(PairOf(*field));
  }
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_HASH_H_
