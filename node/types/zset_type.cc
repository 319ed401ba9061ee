// Sorted sets as the engine sees any value: freeing, measuring, writing and reading.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "node/codec/rdb_writer.h"
#include "node/data/ziplist_reader.h"
#include "node/resp/numbers.h"
#include "node/types/zset.h"

namespace slotmesh::node {
namespace {

class ZsetValueType final : public ValueType {
 public:
  ValueKind kind() const override { return ValueKind::kZset; }
  std::string_view name() const override { return KindName(ValueKind::kZset); }
  Encoding EncodingOf(const Object& object) const override {
    return Zset::Of(object).is_small() ? Encoding::kListpack : Encoding::kSkiplist;
  }
  void Prefetch(const Object& object) const override { Zset::Of(object).Prefetch(); }
  void Free(Object* object) const override { delete &Zset::Of(*object); }
  size_t FreeEffort(const Object& object) const override { return Zset::Of(object).Allocations(); }
  size_t MemoryUsage(const Object& object, size_t samples) const override {
    return Zset::Of(object).MemoryUsage(samples);
  }
  Object* Copy(const Object& object) const override { return Zset::Of(object).Copy(); }
  RdbType RdbTypeOf(const Object& object) const override {
    return Zset::Of(object).is_small() ? RdbType::kZsetListpack : RdbType::kZset2;
  }
  void Serialise(const Object& object, RdbWriter& writer) const override {
    SerialPlace place;
    (void)SerialisePart(object, &place, SIZE_MAX, writer);
  }
  bool SerialisePart(const Object& object, SerialPlace* place, size_t bytes,
                     RdbWriter& writer) const override;
  void Digest(const Object& object, DigestSink& sink) const override;
  bool VisitElements(const Object& object,
                     absl::FunctionRef<void(std::string_view)> visit) const override {
    const Zset& zset = Zset::Of(object);
    zset.Visit(zset.All(), /*reverse=*/false,
               [&](std::string_view member, double) { visit(member); });
    return true;
  }
};

bool ZsetValueType::SerialisePart(const Object& object, SerialPlace* place, size_t bytes,
                                  RdbWriter& writer) const {
  constexpr uint64_t kAtOnce = 64;
  const Zset& zset = Zset::Of(object);
  if (zset.is_small()) {
    writer.String(zset.small_bytes());
    return true;
  }
  const size_t begin = writer.size();
  if (!std::exchange(place->begun, true)) writer.Length(zset.size());
  // From the last to the first, as Redis writes them.
  uint64_t left = zset.size() - place->next;
  while (left > 0 && writer.size() - begin < bytes) {
    const uint64_t count = bytes == SIZE_MAX ? left : std::min(left, kAtOnce);
    zset.Visit({left - count, left}, /*reverse=*/true, [&](std::string_view member, double score) {
      writer.String(member);
      writer.BinaryDouble(score);
    });
    left -= count;
  }
  place->next = zset.size() - left;
  return left == 0;
}

void ZsetValueType::Digest(const Object& object, DigestSink& sink) const {
  const Zset& zset = Zset::Of(object);
  zset.Visit(zset.All(), /*reverse=*/false, [&](std::string_view member, double score) {
    char text[kDoubleTextMax];
    sink.Unordered({member, {text, FormatDouble(score, text)}});
  });
}

// Scores as text: a length or a mark, then the digits.
bool TextScore(RdbReader& reader, double* score) {
  constexpr uint8_t kNan = 253;
  constexpr uint8_t kInfinity = 254;
  constexpr uint8_t kMinusInfinity = 255;
  uint8_t length;
  if (!reader.Byte(&length)) return false;
  switch (length) {
    case kNan:
      return reader.Fail("a score is not a number");
    case kInfinity:
      *score = INFINITY;
      return true;
    case kMinusInfinity:
      *score = -INFINITY;
      return true;
    default:
      break;
  }
  std::string_view text;
  if (!reader.Raw(length, &text)) return false;
  const std::optional<double> parsed = ParseDouble(text);
  if (!parsed) return reader.Fail("a score is not a number");
  *score = *parsed;
  return true;
}

bool ReadScore(RdbType form, RdbReader& reader, double* score) {
  if (form == RdbType::kZset) return TextScore(reader, score);
  if (!reader.BinaryDouble(score)) return false;
  return !std::isnan(*score) || reader.Fail("a score is not a number");
}

constexpr const char* kEmpty = "an empty sorted set";

// Members one by one, in any order, behind their number.
class ScoresLoader final : public ValueLoader {
 public:
  ScoresLoader(RdbType form, const TypeSettings& settings) : form_(form), settings_(settings) {}

  bool Add(RdbReader& part) override {
    if (zset_ == nullptr && !Begin(part)) return false;
    for (; left_ > 0 && !part.at_end(); --left_) {
      if (!AddMember(part)) return false;
    }
    return true;
  }
  bool complete() const override { return zset_ != nullptr && left_ == 0; }
  Object* Release() override { return zset_.release(); }

 private:
  bool Begin(RdbReader& part) {
    if (!part.Length(&left_)) return false;
    if (left_ == 0) return part.FailEmpty(kEmpty);
    zset_ = std::make_unique<Zset>(settings_, left_, 0);
    return true;
  }

  bool AddMember(RdbReader& part) {
    std::string_view member;
    double score;
    if (!part.String(&member, &scratch_) || !ReadScore(form_, part, &score)) return false;
    const Zset::Spot spot = zset_->Find(member);
    if (spot.found()) return part.Fail("a member stands twice");
    zset_->Insert(spot, score, settings_);
    return true;
  }

  const RdbType form_;
  const TypeSettings& settings_;
  std::unique_ptr<Zset> zset_;
  uint64_t left_ = 0;
  std::string scratch_;
};

// Whether the pairs of a valid listpack are a sorted set.
bool IsSortedSet(const ListpackView& pairs) {
  if (pairs.count() % 2 != 0) return false;
  absl::flat_hash_set<std::string> names;
  std::string previous;
  double previous_score = 0;
  for (ListpackPos at = pairs.First(); at != nullptr; at = pairs.Next(at)) {
    std::string name = ListpackView::Get(at).ToString();
    at = pairs.Next(at);
    const std::optional<double> score = ParseDouble(ListpackView::Get(at).ToString());
    if (!score) return false;
    if (!names.empty() &&
        (*score < previous_score || (*score == previous_score && name <= previous))) {
      return false;
    }
    if (!names.insert(name).second) return false;
    previous = std::move(name);
    previous_score = *score;
  }
  return true;
}

std::unique_ptr<Zset> FromListpack(Listpack pairs, RdbReader& reader,
                                   const TypeSettings& settings) {
  if (pairs.empty()) {
    reader.FailEmpty(kEmpty);
    return nullptr;
  }
  if (!IsSortedSet(pairs)) {
    reader.Fail("a listpack that is no sorted set");
    return nullptr;
  }
  if (pairs.count() / 2 <= settings.zset_max_listpack_entries) {
    return std::make_unique<Zset>(std::move(pairs));
  }
  const Zset small(std::move(pairs));
  auto zset = std::make_unique<Zset>(settings, small.size(), 0);
  small.Visit(small.All(), /*reverse=*/false,
              [&](std::string_view member, double score) { zset->Put(member, score, settings); });
  return zset;
}

std::unique_ptr<Zset> ReadListpack(RdbReader& reader, const TypeSettings& settings) {
  std::string scratch;
  std::string_view bytes;
  if (!reader.String(&bytes, &scratch)) return nullptr;
  if (!ListpackView::Valid(bytes, /*deep=*/true)) {
    reader.Fail("a malformed listpack");
    return nullptr;
  }
  return FromListpack(Listpack(bytes), reader, settings);
}

// Members and scores in a ziplist, as Redis wrote them before 7.0.
std::unique_ptr<Zset> ReadPackedZiplist(RdbReader& reader, const TypeSettings& settings) {
  std::string scratch;
  std::string_view bytes;
  if (!reader.String(&bytes, &scratch)) return nullptr;
  Listpack pairs;
  const bool whole = ReadZiplist(bytes, [&](const ListpackValue& value) {
    const ListpackItem item(value);
    if (!pairs.CanGrow(item.EncodedSize())) return false;
    pairs.Append(item);
    return true;
  });
  if (!whole) {
    reader.Fail("a malformed ziplist");
    return nullptr;
  }
  return FromListpack(std::move(pairs), reader, settings);
}

}  // namespace

const ValueType& ZsetType() {
  static const ZsetValueType type;
  return type;
}

std::unique_ptr<ValueLoader> NewZsetLoader(RdbType form, const TypeSettings& settings) {
  return std::make_unique<ScoresLoader>(form, settings);
}

absl::StatusOr<Object*> LoadZset(RdbType form, RdbReader& reader, const TypeSettings& settings) {
  std::unique_ptr<Zset> zset;
  if (form == RdbType::kZset || form == RdbType::kZset2) {
    ScoresLoader loader(form, settings);
    return LoadWhole(loader, reader);
  }
  if (form == RdbType::kZsetListpack) {
    zset = ReadListpack(reader, settings);
  } else if (form == RdbType::kZsetZiplist) {
    zset = ReadPackedZiplist(reader, settings);
  } else {
    return absl::UnimplementedError("a form of sorted sets that is not known");
  }
  if (zset == nullptr) return reader.status();
  return zset.release();
}

}  // namespace slotmesh::node
