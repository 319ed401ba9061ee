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

absl::Status Malformed(RdbReader& reader, const char* what) {
  reader.Fail(what);
  return reader.status();
}

absl::Status Empty(RdbReader& reader) {
  reader.FailEmpty("a hash without fields");
  return reader.status();
}

// A new field. Its note is written as if it were just due, which is right in every hour but those
// long after: then it is removed some hours later than it could be.
bool AddField(Hash& hash, const Hash::Pair& pair, const TypeSettings& settings) {
  const FieldClock clock = {.now = pair.expiry == kNoExpiry ? 0 : pair.expiry,
                            .hide_expired = false};
  return hash.Put(pair.field, pair.value, {.expiry = pair.expiry}, clock, settings);
}

absl::StatusOr<Object*> LoadPairs(RdbReader& reader, bool with_expiry,
                                  const TypeSettings& settings) {
  uint64_t count;
  if (!reader.Length(&count)) return reader.status();
  if (count == 0) return Empty(reader);
  auto hash = std::make_unique<Hash>();
  hash->Expect(count, settings);
  std::string field_scratch;
  std::string value_scratch;
  for (uint64_t i = 0; i < count; ++i) {
    Hash::Pair pair;
    if (!reader.String(&pair.field, &field_scratch) ||
        !reader.String(&pair.value, &value_scratch)) {
      return reader.status();
    }
    int64_t expiry = kRdbNoExpiry;
    if (with_expiry && !reader.Millis(&expiry)) return reader.status();
    if (expiry != kRdbNoExpiry) pair.expiry = expiry;
    if (!AddField(*hash, pair, settings)) return Malformed(reader, kTwice);
  }
  return hash.release();
}

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

absl::StatusOr<Object*> LoadHash(RdbType form, RdbReader& reader, const TypeSettings& settings) {
  if (form == RdbType::kHash) return LoadPairs(reader, /*with_expiry=*/false, settings);
  if (form == RdbType::kHash2) return LoadPairs(reader, /*with_expiry=*/true, settings);
  std::string scratch;
  std::string_view bytes;
  if (!reader.String(&bytes, &scratch)) return reader.status();
  if (form == RdbType::kHashListpack) return LoadListpack(bytes, reader, settings);
  if (form == RdbType::kHashZiplist) return LoadZiplist(bytes, reader, settings);
  return LoadZipmap(bytes, reader, settings);
}

}  // namespace slotmesh::node
