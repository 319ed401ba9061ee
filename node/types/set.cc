#include "node/types/set.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "node/codec/rdb_writer.h"
#include "node/data/size_class.h"
#include "node/resp/numbers.h"
#include "slots/check.h"

namespace slotmesh::node {

class SetType final : public ValueType {
 public:
  explicit SetType(Set::Form form) : form_(form) {}
  Set::Form form() const { return form_; }

  ValueKind kind() const override { return ValueKind::kSet; }
  std::string_view name() const override { return "set"; }
  Encoding EncodingOf(const Object&) const override {
    if (form_ == Set::Form::kIntset) return Encoding::kIntset;
    return form_ == Set::Form::kListpack ? Encoding::kListpack : Encoding::kHashtable;
  }
  void Free(Object* object) const override { delete static_cast<Set*>(object); }
  size_t FreeEffort(const Object& object) const override {
    return form_ == Set::Form::kTable ? static_cast<const Set&>(object).size() : 1;
  }
  size_t MemoryUsage(const Object& object, size_t samples) const override {
    return static_cast<const Set&>(object).MemoryUsage(samples);
  }
  Object* Copy(const Object& object) const override {
    return static_cast<const Set&>(object).Copy();
  }
  void Prefetch(const Object& object) const override {
    const Set& set = static_cast<const Set&>(object);
    if (form_ == Set::Form::kListpack) return set.listpack_.Prefetch();
    if (form_ == Set::Form::kTable) node::Prefetch(set.table_);
  }
  // Listpacks of sets have a form of their own only from version 11 on; older readers know this
  // one.
  RdbType RdbTypeOf(const Object&) const override {
    return form_ == Set::Form::kIntset ? RdbType::kSetIntset : RdbType::kSet;
  }
  void Serialise(const Object& object, RdbWriter& writer) const override {
    SerialPlace place;
    (void)SerialisePart(object, &place, SIZE_MAX, writer);
  }
  bool SerialisePart(const Object& object, SerialPlace* place, size_t bytes,
                     RdbWriter& writer) const override {
    const auto& set = static_cast<const Set&>(object);
    if (form_ == Set::Form::kIntset) {
      writer.String(set.intset_.raw());
      return true;
    }
    const size_t begin = writer.size();
    if (!std::exchange(place->begun, true)) writer.Length(set.size());
    if (form_ == Set::Form::kListpack) {
      set.ForEach([&](std::string_view member) { writer.String(member); });
      return true;
    }
    constexpr uint32_t kAhead = 2;
    const SetTable& members = *set.table_;
    while (place->next < members.bucket_count() && writer.size() - begin < bytes) {
      const auto bucket = static_cast<uint32_t>(place->next++);
      members.PrefetchElementsAt(bucket + kAhead);
      members.VisitBucket(bucket,
                          [&](SetTable::Position at) { writer.String(SetTable::At(at)->text()); });
    }
    return place->next == members.bucket_count();
  }
  void Digest(const Object& object, DigestSink& sink) const override {
    static_cast<const Set&>(object).ForEach(
        [&](std::string_view member) { sink.Unordered({member}); });
  }
  bool VisitElements(const Object& object,
                     absl::FunctionRef<void(std::string_view)> visit) const override {
    static_cast<const Set&>(object).ForEach(visit);
    return true;
  }

 private:
  const Set::Form form_;
};

namespace {

// Larger intsets are not made, whatever the settings say.
constexpr uint64_t kIntsetEntriesMax = uint64_t{1} << 30;

const SetType kIntsetType(Set::Form::kIntset);
const SetType kListpackType(Set::Form::kListpack);
const SetType kTableType(Set::Form::kTable);

uint64_t IntsetMax(const TypeSettings& settings) {
  return std::min(settings.set_max_intset_entries, kIntsetEntriesMax);
}

}  // namespace

const ValueType& SetTypeOf(Set::Form form) {
  if (form == Set::Form::kIntset) return kIntsetType;
  return form == Set::Form::kListpack ? kListpackType : kTableType;
}

Set::Set(Form form, const TypeSettings& settings) : Object(SetTypeOf(form)) {
  switch (form) {
    case Form::kIntset:
      new (&intset_) Intset();
      break;
    case Form::kListpack:
      new (&listpack_) Listpack();
      break;
    case Form::kTable:
      table_ = new SetTable(settings.hash_seed);
      break;
  }
}

Set::~Set() { Release(); }

Set* Set::NewFor(std::string_view first, uint64_t expected, const TypeSettings& settings) {
  Form form = Form::kTable;
  if (expected <= IntsetMax(settings) && ParseInt64(first)) {
    form = Form::kIntset;
  } else if (expected <= settings.set_max_listpack_entries) {
    form = Form::kListpack;
  }
  return new Set(form, settings);
}

void Set::Release() {
  switch (form()) {
    case Form::kIntset:
      intset_.~Intset();
      break;
    case Form::kListpack:
      listpack_.~Listpack();
      break;
    case Form::kTable:
      while (!table_->Drain(64, &SetMember::Free)) continue;
      delete table_;
      break;
  }
}

Set::Form Set::form() const { return static_cast<const SetType*>(type)->form(); }

uint64_t Set::size() const {
  switch (form()) {
    case Form::kIntset:
      return intset_.size();
    case Form::kListpack:
      return listpack_.count();
    case Form::kTable:
      break;
  }
  return table_->size();
}

bool Set::Contains(std::string_view member) const {
  switch (form()) {
    case Form::kIntset: {
      const std::optional<int64_t> value = ParseInt64(member);
      return value && intset_.Contains(*value);
    }
    case Form::kListpack:
      return listpack_.Find(member) != nullptr;
    case Form::kTable:
      break;
  }
  return static_cast<bool>(table_->Find(HashBytes(member, table_->seed()), member));
}

// --- Adding ---

bool Set::Add(std::string_view member, const TypeSettings& settings) {
  switch (form()) {
    case Form::kIntset:
      return AddToIntset(member, settings);
    case Form::kListpack:
      return AddToListpack(member, settings);
    case Form::kTable:
      break;
  }
  return AddToTable(member);
}

bool Set::AddToTable(std::string_view member) {
  const uint64_t hash = HashBytes(member, table_->seed());
  if (table_->Find(hash, member)) return false;
  table_->Insert(hash, SetMember::New(member));
  return true;
}

bool Set::AddToIntset(std::string_view member, const TypeSettings& settings) {
  if (const std::optional<int64_t> value = ParseInt64(member)) {
    if (intset_.size() < IntsetMax(settings)) return intset_.Add(*value);
    if (intset_.Contains(*value)) return false;
    ConvertToTable(settings.hash_seed);
    return AddToTable(member);
  }
  // The longest text of an integer is at one of the ends.
  size_t longest = 0;
  if (intset_.size() > 0) {
    char text[kInt64TextMax];
    longest = std::max(FormatInt64(intset_.Min(), text), FormatInt64(intset_.Max(), text));
  }
  const uint64_t value_max = settings.set_max_listpack_value;
  if (intset_.size() < settings.set_max_listpack_entries && member.size() <= value_max &&
      longest <= value_max) {
    ConvertToListpack();
    listpack_.Append(member);
    return true;
  }
  ConvertToTable(settings.hash_seed);
  return AddToTable(member);
}

bool Set::AddToListpack(std::string_view member, const TypeSettings& settings) {
  const ListpackItem item(member);
  if (listpack_.Find(item) != nullptr) return false;
  if (listpack_.count() < settings.set_max_listpack_entries &&
      member.size() <= settings.set_max_listpack_value && listpack_.CanGrow(item.EncodedSize())) {
    listpack_.Append(item);
    return true;
  }
  ConvertToTable(settings.hash_seed);
  return AddToTable(member);
}

bool Set::Remove(std::string_view member) {
  switch (form()) {
    case Form::kIntset: {
      const std::optional<int64_t> value = ParseInt64(member);
      return value && intset_.Remove(*value);
    }
    case Form::kListpack: {
      const ListpackPos at = listpack_.Find(member);
      if (at != nullptr) listpack_.Erase(at);
      return at != nullptr;
    }
    case Form::kTable:
      break;
  }
  const uint64_t hash = HashBytes(member, table_->seed());
  const SetTable::Position at = table_->Find(hash, member);
  if (!at) return false;
  SetMember::Free(table_->Erase(hash, at));
  return true;
}

// --- Changing the form ---

void Set::ConvertToListpack() {
  Listpack listpack;
  for (uint32_t i = 0; i < intset_.size(); ++i) listpack.Append(intset_.At(i));
  Release();
  new (&listpack_) Listpack(std::move(listpack));
  type = &kListpackType;
}

void Set::ConvertToTable(uint64_t seed) {
  auto* table = new SetTable(seed);
  ForEach([&](std::string_view member) {
    const uint64_t hash = HashBytes(member, seed);
    // A payload that was not checked in depth may hold a member twice.
    if (!table->Find(hash, member)) table->Insert(hash, SetMember::New(member));
  });
  BecomeTable(table);
}

void Set::BecomeTable(SetTable* table) {
  Release();
  table_ = table;
  type = &kTableType;
}

void Set::NarrowToIntset(const TypeSettings& settings) {
  if (form() == Form::kIntset || size() > IntsetMax(settings)) return;
  Intset intset;
  const bool has_others = ForEachUntil([&](std::string_view member) {
    const std::optional<int64_t> value = ParseInt64(member);
    if (value) intset.Add(*value);
    return !value;
  });
  if (has_others) return;
  Release();
  new (&intset_) Intset(std::move(intset));
  type = &kIntsetType;
}

// --- The whole ---

std::string_view Set::Random(absl::BitGenRef random, ListpackText& scratch) const {
  const auto below = [&](uint64_t n) {
    return absl::uniform_int_distribution<uint64_t>(0, n - 1)(random);
  };
  switch (form()) {
    case Form::kIntset: {
      const auto index = static_cast<uint32_t>(below(intset_.size()));
      return ListpackValue{nullptr, 0, intset_.At(index)}.Text(scratch);
    }
    case Form::kListpack: {
      const auto index = static_cast<int64_t>(below(listpack_.count()));
      return ListpackView::Get(listpack_.At(index)).Text(scratch);
    }
    case Form::kTable:
      break;
  }
  return table_->Sample(below)->text();
}

Set* Set::Copy() const {
  const TypeSettings settings = {.hash_seed = form() == Form::kTable ? table_->seed() : 0};
  auto* copy = new Set(form(), settings);
  switch (form()) {
    case Form::kIntset:
      copy->intset_ = Intset(intset_.raw());
      break;
    case Form::kListpack:
      copy->listpack_ = Listpack(listpack_.raw());
      break;
    case Form::kTable:
      table_->ForEach([&](const SetMember& member) {
        const std::string_view text = member.text();
        copy->table_->Insert(HashBytes(text, settings.hash_seed), SetMember::New(text));
      });
      break;
  }
  return copy;
}

size_t Set::MemoryUsage(size_t samples) const {
  switch (form()) {
    case Form::kIntset:
      return sizeof(Set) + intset_.MemoryUsage();
    case Form::kListpack:
      return sizeof(Set) + listpack_.MemoryUsage();
    case Form::kTable:
      break;
  }
  const uint64_t looked_max = samples == 0 ? size() : samples;
  uint64_t looked = 0;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < table_->bucket_count() && looked < looked_max; ++i) {
    table_->VisitBucket(i, [&](SetTable::Position at) {
      ++looked;
      bytes += SetTable::At(at)->MemoryUsage();
    });
  }
  const size_t members = looked == 0 ? 0 : bytes * size() / looked;
  return sizeof(Set) + sizeof(SetTable) + table_->MemoryUsage() + members;
}

void Set::CheckInvariants() const {
  switch (form()) {
    case Form::kIntset:
      return intset_.CheckInvariants();
    case Form::kListpack: {
      listpack_.CheckInvariants();
      absl::flat_hash_set<std::string> seen;
      ForEach([&](std::string_view member) { CHECK(seen.emplace(member).second); });
      return;
    }
    case Form::kTable:
      return table_->CheckInvariants();
  }
}

// --- Loading ---

namespace {

constexpr const char* kTwice = "a member that a set has twice";
constexpr const char* kNoMembers = "a set without members";

absl::Status Malformed(RdbReader& reader, const char* what) {
  reader.Fail(what);
  return reader.status();
}

absl::Status Empty(RdbReader& reader) {
  reader.FailEmpty(kNoMembers);
  return reader.status();
}

// A number of members, then member by member.
class MembersLoader final : public ValueLoader {
 public:
  explicit MembersLoader(const TypeSettings& settings) : settings_(settings) {}

  bool Add(RdbReader& part) override {
    if (!std::exchange(begun_, true)) {
      if (!part.Length(&left_)) return false;
      if (left_ == 0) return part.FailEmpty(kNoMembers);
    }
    std::string_view member;
    for (; left_ > 0 && !part.at_end(); --left_) {
      if (!part.String(&member, &scratch_)) return false;
      if (set_ == nullptr) set_.reset(Set::NewFor(member, left_, settings_));
      if (!set_->Add(member, settings_)) return part.Fail(kTwice);
    }
    return true;
  }
  bool complete() const override { return begun_ && left_ == 0; }
  Object* Release() override { return set_.release(); }

 private:
  const TypeSettings& settings_;
  std::unique_ptr<Set> set_;
  uint64_t left_ = 0;
  bool begun_ = false;
  std::string scratch_;
};

// The members of a compact form that has been checked, in the form that the settings want.
absl::StatusOr<Object*> Refill(std::unique_ptr<Set> set, RdbReader& reader,
                               const TypeSettings& settings) {
  std::unique_ptr<Set> filled;
  bool twice = false;
  set->ForEach([&](std::string_view member) {
    if (filled == nullptr) filled.reset(Set::NewFor(member, set->size(), settings));
    twice |= !filled->Add(member, settings);
  });
  if (twice) return Malformed(reader, kTwice);
  return filled.release();
}

}  // namespace

std::unique_ptr<ValueLoader> NewSetLoader(const TypeSettings& settings) {
  return std::make_unique<MembersLoader>(settings);
}

absl::StatusOr<Object*> LoadSet(RdbType form, RdbReader& reader, const TypeSettings& settings) {
  if (form == RdbType::kSet) {
    MembersLoader loader(settings);
    return LoadWhole(loader, reader);
  }
  std::string scratch;
  std::string_view bytes;
  if (!reader.String(&bytes, &scratch)) return reader.status();
  if (form == RdbType::kSetIntset) {
    if (!Intset::Valid(bytes, settings.sanitize)) return Malformed(reader, "not an intset");
    std::unique_ptr<Set> set(Set::FromBytes(Set::Form::kIntset, bytes, settings));
    if (set->size() <= IntsetMax(settings)) return set.release();
    return Refill(std::move(set), reader, settings);
  }
  if (!ListpackView::Valid(bytes, /*deep=*/true)) return Malformed(reader, "not a listpack");
  std::unique_ptr<Set> set(Set::FromBytes(Set::Form::kListpack, bytes, settings));
  if (set->empty()) return Empty(reader);
  return Refill(std::move(set), reader, settings);
}

Set* Set::FromBytes(Form form, std::string_view valid_bytes, const TypeSettings& settings) {
  auto* set = new Set(form, settings);
  if (form == Form::kIntset) {
    set->intset_ = Intset(valid_bytes);
  } else {
    set->listpack_ = Listpack(valid_bytes);
  }
  return set;
}

}  // namespace slotmesh::node
