// Set: distinct byte strings in no order, in the smallest of three forms that holds them: an intset
// (integers alone), a listpack, or a table with one allocation per member.
//
// A set goes from form to form as it grows, as set-max-intset-entries, set-max-listpack-entries and
// set-max-listpack-value say, and never back. A member that is the canonical text of an int64 is
// the same as that integer.
//
// Members are handed out as text; `scratch` holds it where a form keeps integers, so a text is
// valid until the next change or the next use of the same scratch. Thread-compatible; owns all it
// holds. 16 bytes, which form it is in says its ValueType. Cost: O(1) for a table, O(n) for the
// small forms; 29 to 30 bytes per member of 14 bytes in a table.
#ifndef SLOTMESH_NODE_TYPES_SET_H_
#define SLOTMESH_NODE_TYPES_SET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/random/bit_gen_ref.h"
#include "absl/random/uniform_int_distribution.h"
#include "absl/status/statusor.h"
#include "node/codec/rdb_reader.h"
#include "node/data/intset.h"
#include "node/data/listpack.h"
#include "node/types/set_member.h"
#include "node/types/type_settings.h"
#include "node/types/value_loader.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

class Set : public Object {
 public:
  static constexpr ValueKind kKind = ValueKind::kSet;
  enum class Form : uint8_t { kIntset, kListpack, kTable };

  // An empty set in the form that suits `expected` members like `first`.
  static Set* NewFor(std::string_view first, uint64_t expected, const TypeSettings& settings);
  // An empty set, not yet in the form for its members.
  explicit Set(Form form, const TypeSettings& settings);
  // What the bytes of an intset or listpack hold. REQUIRES: form is not kTable; the bytes are
  // valid.
  static Set* FromBytes(Form form, std::string_view valid_bytes, const TypeSettings& settings);
  ~Set();

  Form form() const;
  uint64_t size() const;
  bool empty() const { return size() == 0; }
  bool Contains(std::string_view member) const;
  // False if it was there.
  bool Add(std::string_view member, const TypeSettings& settings);
  // False if it was not there.
  bool Remove(std::string_view member);
  // Integers alone become an intset, from whatever form, if their number allows that.
  void NarrowToIntset(const TypeSettings& settings);

  // Calls visit(std::string_view) for each member, until it returns true. Visits may not change the
  // set. True if it was stopped.
  template <typename Visit>
  bool ForEachUntil(Visit&& visit) const;
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    ForEachUntil([&](std::string_view member) {
      visit(member);
      return false;
    });
  }
  // One step of a scan, as HashTable::Scan; the small forms come in one step.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const;
  // A member, each equally likely. REQUIRES: not empty.
  std::string_view Random(absl::BitGenRef random, ListpackText& scratch) const;
  // `count` different members, each choice equally likely, in no particular order. REQUIRES: count
  // <= size().
  template <typename Visit>
  void Sample(uint64_t count, absl::BitGenRef random, Visit&& visit) const;

  Set* Copy() const;
  // Bytes allocated; looks at `samples` members (0: all).
  size_t MemoryUsage(size_t samples) const;
  void CheckInvariants() const;

 private:
  friend class SetType;

  bool AddToIntset(std::string_view member, const TypeSettings& settings);
  bool AddToListpack(std::string_view member, const TypeSettings& settings);
  bool AddToTable(std::string_view member);
  void ConvertToListpack();
  void ConvertToTable(uint64_t seed);
  void BecomeTable(SetTable* table);
  void Release();

  union {
    Intset intset_;
    Listpack listpack_;
    SetTable* table_;
  };
};

// The types that sets have, one per form.
const ValueType& SetTypeOf(Set::Form form);

// A set out of a body in one of the forms kSet, kSetIntset, kSetListpack. See LoadValue.
absl::StatusOr<Object*> LoadSet(RdbType form, RdbReader& reader, const TypeSettings& settings);
// See NewValueLoader; of the form kSet.
std::unique_ptr<ValueLoader> NewSetLoader(const TypeSettings& settings);

template <typename Visit>
bool Set::ForEachUntil(Visit&& visit) const {
  ListpackText scratch;
  switch (form()) {
    case Form::kIntset:
      for (uint32_t i = 0; i < intset_.size(); ++i) {
        const ListpackValue value = {nullptr, 0, intset_.At(i)};
        if (visit(value.Text(scratch))) return true;
      }
      return false;
    case Form::kListpack:
      for (ListpackPos at = listpack_.First(); at != nullptr; at = listpack_.Next(at)) {
        if (visit(ListpackView::Get(at).Text(scratch))) return true;
      }
      return false;
    case Form::kTable:
      break;
  }
  constexpr uint32_t kAhead = 2;
  bool stop = false;
  for (uint32_t i = 0; i < table_->bucket_count() && !stop; ++i) {
    table_->PrefetchElementsAt(i + kAhead);
    table_->VisitBucket(
        i, [&](SetTable::Position at) { stop = stop || visit(SetTable::At(at)->text()); });
  }
  return stop;
}

template <typename Visit>
uint64_t Set::Scan(uint64_t cursor, Visit&& visit) const {
  if (form() == Form::kTable) {
    return table_->Scan(cursor, [&](const SetMember& member) { visit(member.text()); });
  }
  ForEach(visit);
  return 0;
}

template <typename Visit>
void Set::Sample(uint64_t count, absl::BitGenRef random, Visit&& visit) const {
  constexpr uint64_t kSparse = 3;  // Fewer than one in so many are drawn one by one.
  const auto below = [&](uint64_t n) {
    return absl::uniform_int_distribution<uint64_t>(0, n - 1)(random);
  };
  if (form() != Form::kTable || count > size() / kSparse) {
    // Each member in turn is taken with the odds that are left for it.
    uint64_t left = size();
    ForEachUntil([&](std::string_view member) {
      if (count == left || below(left) < count) {
        visit(member);
        --count;
      }
      --left;
      return count == 0;
    });
    return;
  }
  absl::flat_hash_set<const SetMember*> taken;
  while (taken.size() < count) {
    const SetMember* member = table_->Sample(below);
    if (taken.insert(member).second) visit(member->text());
  }
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_SET_H_
