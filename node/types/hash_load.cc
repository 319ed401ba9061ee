// Hashes out of files and payloads.
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "node/codec/zipmap.h"
#include "node/data/ziplist_reader.h"
#include "node/types/hash.h"

namespace slotmesh::node {
namespace {

constexpr const char* kTwice = "a field that a hash has twice";
constexpr const char* kNoFields = "a hash without fields";

absl::Status Malformed(RdbReader& reader, const char* what) {
  reader.Fail(what);
  return reader.status();
}

absl::Status Empty(RdbReader& reader) {
  reader.FailEmpty(kNoFields);
  return reader.status();
}

// A new field. Its note is written as if it were just due, which is right in every hour but those
// long after: then it is removed some hours later than it could be.
bool AddField(Hash& hash, const Hash::Pair& pair, const TypeSettings& settings) {
  const FieldClock clock = {.now = pair.expiry == kNoExpiry ? 0 : pair.expiry,
                            .hide_expired = false};
  return hash.Put(pair.field, pair.value, {.expiry = pair.expiry}, clock, settings);
}

// A number of fields, then field by field.
class PairsLoader final : public ValueLoader {
 public:
  PairsLoader(bool with_expiry, const TypeSettings& settings)
      : with_expiry_(with_expiry), settings_(settings) {}

  bool Add(RdbReader& part) override {
    if (hash_ == nullptr && !Begin(part)) return false;
    for (; left_ > 0 && !part.at_end(); --left_) {
      if (!AddPair(part)) return false;
    }
    return true;
  }
  bool complete() const override { return hash_ != nullptr && left_ == 0; }
  Object* Release() override { return hash_.release(); }

 private:
  bool Begin(RdbReader& part) {
    if (!part.Length(&left_)) return false;
    if (left_ == 0) return part.FailEmpty(kNoFields);
    hash_ = std::make_unique<Hash>();
    hash_->Expect(left_, settings_);
    return true;
  }

  bool AddPair(RdbReader& part) {
    Hash::Pair pair;
    if (!part.String(&pair.field, &field_scratch_) || !part.String(&pair.value, &value_scratch_)) {
      return false;
    }
    int64_t expiry = kRdbNoExpiry;
    if (with_expiry_ && !part.Millis(&expiry)) return false;
    if (expiry != kRdbNoExpiry) pair.expiry = expiry;
    return AddField(*hash_, pair, settings_) || part.Fail(kTwice);
  }

  const bool with_expiry_;
  const TypeSettings& settings_;
  std::unique_ptr<Hash> hash_;
  uint64_t left_ = 0;
  std::string field_scratch_;
  std::string value_scratch_;
};

// The same in the form that the settings want. `hash` may hold a field twice.
absl::StatusOr<Object*> Refill(const Hash& hash, RdbReader& reader, const TypeSettings& settings) {
  auto filled = std::make_unique<Hash>();
  filled->Expect(hash.size(), settings);
  const bool twice = hash.ForEachUntil(
      {}, [&](const Hash::Pair& pair) { return !AddField(*filled, pair, settings); });
  if (twice) return Malformed(reader, kTwice);
  return filled.release();
}

bool HasFieldTwice(const Hash& hash) {
  absl::flat_hash_set<std::string> seen;
  return hash.ForEachUntil(
      {}, [&](const Hash::Pair& pair) { return !seen.emplace(pair.field).second; });
}

absl::StatusOr<Object*> LoadListpack(std::string_view bytes, RdbReader& reader,
                                     const TypeSettings& settings) {
  if (!ListpackView::Valid(bytes, /*deep=*/true)) return Malformed(reader, "not a listpack");
  const ListpackView view(reinterpret_cast<const uint8_t*>(bytes.data()));
  if (view.empty()) return Empty(reader);
  if (view.count() % 2 != 0) return Malformed(reader, "a field without value");
  auto hash = std::make_unique<Hash>(bytes);
  if (hash->size() > settings.hash_max_listpack_entries) return Refill(*hash, reader, settings);
  if (settings.sanitize && HasFieldTwice(*hash)) return Malformed(reader, kTwice);
  return hash.release();
}

absl::StatusOr<Object*> LoadZipmap(std::string_view bytes, RdbReader& reader,
                                   const TypeSettings& settings) {
  auto hash = std::make_unique<Hash>();
  const bool read = ReadZipmap(bytes, [&](std::string_view field, std::string_view value) {
    return AddField(*hash, {field, value}, settings);
  });
  if (!read) return Malformed(reader, "not a zipmap, or a field twice");
  if (hash->empty()) return Empty(reader);
  return hash.release();
}

// Fields and values alternate.
absl::StatusOr<Object*> LoadZiplist(std::string_view bytes, RdbReader& reader,
                                    const TypeSettings& settings) {
  auto hash = std::make_unique<Hash>();
  std::string field;
  bool has_field = false;
  bool twice = false;
  const bool read = ReadZiplist(bytes, [&](const ListpackValue& value) {
    has_field = !has_field;
    if (has_field) {
      field = value.ToString();
      return true;
    }
    ListpackText text;
    twice = !AddField(*hash, {field, value.Text(text)}, settings);
    return !twice;
  });
  if (twice) return Malformed(reader, kTwice);
  if (!read) return Malformed(reader, "not a ziplist");
  if (has_field) return Malformed(reader, "a field without value");
  if (hash->empty()) return Empty(reader);
  return hash.release();
}

}  // namespace

std::unique_ptr<ValueLoader> NewHashLoader(RdbType form, const TypeSettings& settings) {
  return std::make_unique<PairsLoader>(form == RdbType::kHash2, settings);
}

absl::StatusOr<Object*> LoadHash(RdbType form, RdbReader& reader, const TypeSettings& settings) {
  if (form == RdbType::kHash || form == RdbType::kHash2) {
    PairsLoader loader(form == RdbType::kHash2, settings);
    return LoadWhole(loader, reader);
  }
  std::string scratch;
  std::string_view bytes;
  if (!reader.String(&bytes, &scratch)) return reader.status();
  if (form == RdbType::kHashListpack) return LoadListpack(bytes, reader, settings);
  if (form == RdbType::kHashZiplist) return LoadZiplist(bytes, reader, settings);
  return LoadZipmap(bytes, reader, settings);
}

}  // namespace slotmesh::node
