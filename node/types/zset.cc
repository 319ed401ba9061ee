#include "node/types/zset.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "node/resp/numbers.h"
#include "slots/check.h"

namespace slotmesh::node {
namespace {

// The score that stands behind a member in the small form.
double ScoreAt(ListpackPos at) {
  const ListpackValue value = ListpackView::Get(at);
  if (value.is_integer()) return static_cast<double>(value.integer);
  return ParseDouble({value.text, value.length}).value_or(0);
}

// A score as the small form keeps it: an integer (which has no -0) or text.
class PackedScore {
 public:
  explicit PackedScore(double score) {
    constexpr double kIntegerMax = 0x1p62;
    if (std::abs(score) <= kIntegerMax && score == std::trunc(score)) {
      item_ = ListpackItem(static_cast<int64_t>(score));
    } else {
      item_ = ListpackItem(std::string_view(text_, FormatDouble(score, text_)));
    }
  }
  PackedScore(const PackedScore&) = delete;
  PackedScore& operator=(const PackedScore&) = delete;
  const ListpackItem& item() const { return item_; }

 private:
  char text_[kDoubleTextMax];
  ListpackItem item_;
};

bool IsBefore(double score, std::string_view name, double other_score, std::string_view other) {
  return score != other_score ? score < other_score : name < other;
}

}  // namespace

Zset::Zset(const TypeSettings& settings, uint64_t members, size_t longest) : Object(ZsetType()) {
  if (members > settings.zset_max_listpack_entries || longest > settings.zset_max_listpack_value) {
    form_ = std::make_unique<ScoreSet>(settings.hash_seed);
  }
}

Zset::Zset(Listpack members) : Object(ZsetType()), form_(std::move(members)) {}

uint64_t Zset::size() const { return is_small() ? small().count() / 2 : big().size(); }

Zset::Spot Zset::Find(std::string_view name) const {
  Spot spot;
  spot.key_.name = name;
  if (is_small()) {
    spot.at_ = small().Find(ListpackItem(name), small().First(), 1);
    spot.found_ = spot.at_ != nullptr;
    if (spot.found_) spot.score_ = ScoreAt(small().Next(spot.at_));
    return spot;
  }
  spot.key_ = big().KeyOf(name);
  spot.member_ = big().Find(spot.key_);
  spot.found_ = spot.member_ != nullptr;
  if (spot.found_) spot.score_ = spot.member_->score;
  return spot;
}

void Zset::SetScore(const Spot& spot, double score) {
  if (!is_small()) return big().SetScore(spot.member_, score);
  const std::string name(spot.key_.name);  // It may be the listpack's.
  small().Erase(spot.at_, 2);
  InsertSmall(name, score);
}

void Zset::Insert(const Spot& spot, double score, const TypeSettings& settings) {
  const std::string_view name = spot.key_.name;
  if (!is_small()) return big().Insert(spot.key_, score);
  if (small().count() / 2 + 1 > settings.zset_max_listpack_entries ||
      name.size() > settings.zset_max_listpack_value ||
      !small().CanGrow(name.size() + kDoubleTextMax + 2 * kListpackOverheadMax)) {
    Enlarge(settings.hash_seed);
    return big().Insert(big().KeyOf(name), score);
  }
  InsertSmall(name, score);
}

void Zset::Put(std::string_view name, double score, const TypeSettings& settings) {
  const Spot spot = Find(name);
  if (spot.found()) {
    SetScore(spot, score);
  } else {
    Insert(spot, score, settings);
  }
}

bool Zset::Remove(std::string_view name) {
  if (!is_small()) return big().Erase(big().KeyOf(name));
  const ListpackPos at = small().Find(ListpackItem(name), small().First(), 1);
  if (at == nullptr) return false;
  small().Erase(at, 2);
  return true;
}

void Zset::InsertSmall(std::string_view name, double score) {
  ListpackText scratch;
  ListpackPos at = small().First();
  while (at != nullptr) {
    const ListpackPos score_at = small().Next(at);
    const double other = ScoreAt(score_at);
    if (score < other) break;
    if (score == other && name < ListpackView::Get(at).Text(scratch)) break;
    at = small().Next(score_at);
  }
  const PackedScore packed(score);
  const ListpackItem items[] = {ListpackItem(name), packed.item()};
  small().Splice(at != nullptr ? at : small().end(), 0, items);
}

void Zset::Enlarge(uint64_t hash_seed) {
  auto set = std::make_unique<ScoreSet>(hash_seed);
  Visit(All(), /*reverse=*/false,
        [&](std::string_view member, double score) { set->Insert(set->KeyOf(member), score); });
  form_ = std::move(set);
}

// --- Ranks. ---

// How many members come first for which `before(member, score)`. The small form.
template <typename Before>
uint64_t Zset::CountWhile(Before before) const {
  uint64_t count = 0;
  for (ListpackPos at = small().First(); at != nullptr; ++count) {
    const ListpackPos score_at = small().Next(at);
    if (!before(at, score_at)) break;
    at = small().Next(score_at);
  }
  return count;
}

uint64_t Zset::Rank(const Spot& spot) const {
  if (!is_small()) return big().tree().Rank(*spot.member_);
  return CountWhile([&](ListpackPos at, ListpackPos) { return at != spot.at_; });
}

uint64_t Zset::RankOfBound(double score, bool after) const {
  if (!is_small()) return big().tree().ScoreBound(score, after).rank();
  return CountWhile([&](ListpackPos, ListpackPos score_at) {
    const double other = ScoreAt(score_at);
    return after ? other <= score : other < score;
  });
}

RankInterval Zset::Within(const ScoreRange& range) const {
  if (range.min > range.max ||
      (range.min == range.max && (range.min_exclusive || range.max_exclusive))) {
    return {};
  }
  return {RankOfBound(range.min, range.min_exclusive),
          RankOfBound(range.max, !range.max_exclusive)};
}

uint64_t Zset::RankOfBound(const LexBound& bound, bool is_max) const {
  switch (bound.kind) {
    case LexBound::Kind::kLowest:
      return 0;
    case LexBound::Kind::kHighest:
      return size();
    case LexBound::Kind::kInclusive:
    case LexBound::Kind::kExclusive:
      break;
  }
  // Whether the members that are the bound itself lie before it.
  const bool equal_before = (bound.kind == LexBound::Kind::kInclusive) == is_max;
  const auto before = [&](std::string_view name) {
    return equal_before ? name <= bound.name : name < bound.name;
  };
  if (!is_small()) {
    return big()
        .tree()
        .FirstNot([&](const ScoredMember& member) { return before(member.member()); })
        .rank();
  }
  ListpackText scratch;
  return CountWhile(
      [&](ListpackPos at, ListpackPos) { return before(ListpackView::Get(at).Text(scratch)); });
}

RankInterval Zset::Within(const LexRange& range) const {
  const RankInterval found = {RankOfBound(range.min, false), RankOfBound(range.max, true)};
  return found.empty() ? RankInterval{} : found;
}

void Zset::Visit(RankInterval interval, bool reverse, VisitMember visit) const {
  interval.end = std::min(interval.end, size());
  if (interval.empty()) return;
  uint64_t left = interval.size();
  if (is_small()) {
    ListpackText scratch;
    const uint64_t first = reverse ? interval.end - 1 : interval.begin;
    ListpackPos at = small().At(static_cast<int64_t>(first * 2));
    while (true) {
      const ListpackPos score_at = small().Next(at);
      visit(ListpackView::Get(at).Text(scratch), ScoreAt(score_at));
      if (--left == 0) return;
      at = reverse ? small().Previous(small().Previous(at)) : small().Next(score_at);
    }
  }
  const ScoreTree& tree = big().tree();
  ScoreTree::Place place = tree.Select(reverse ? interval.end - 1 : interval.begin);
  while (true) {
    visit(place.get()->member(), place.get()->score);
    if (--left == 0) return;
    if (reverse) {
      ScoreTree::Previous(&place);
    } else {
      ScoreTree::Next(&place);
    }
  }
}

void Zset::Remove(RankInterval interval, VisitMember visit) {
  interval.end = std::min(interval.end, size());
  if (interval.empty()) return;
  if (is_small()) {
    Visit(interval, /*reverse=*/false, visit);
    small().Erase(small().At(static_cast<int64_t>(interval.begin * 2)),
                  static_cast<uint32_t>(interval.size() * 2));
    return;
  }
  for (uint64_t left = interval.size(); left > 0; --left) {
    const ScoredMember* member = big().tree().Select(interval.begin).get();
    visit(member->member(), member->score);
    big().Erase(member);
  }
}

uint64_t Zset::Scan(uint64_t cursor, VisitMember visit) const {
  if (is_small()) {
    Visit(All(), /*reverse=*/false, visit);
    return 0;
  }
  return big().Scan(cursor,
                    [&](const ScoredMember& member) { visit(member.member(), member.score); });
}

// --- The whole. ---

size_t Zset::Allocations() const { return is_small() ? 1 : big().Allocations(); }

size_t Zset::MemoryUsage(size_t samples) const {
  if (is_small()) return sizeof(*this) + small().MemoryUsage();
  const uint64_t wanted = samples == 0 ? size() : std::min<uint64_t>(samples, size());
  uint64_t bytes = 0;
  uint64_t left = wanted;
  for (ScoreTree::Place at = big().tree().Select(0); left > 0; ScoreTree::Next(&at), --left) {
    bytes += ScoreSet::MemoryOf(*at.get());
  }
  const double each = wanted == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(wanted);
  return sizeof(*this) + big().MemoryUsage() +
         static_cast<size_t>(each * static_cast<double>(size()));
}

Zset* Zset::Copy() const {
  if (is_small()) return new Zset(Listpack(small().raw()));
  auto* copy = new Zset(Listpack());
  copy->form_ = std::make_unique<ScoreSet>(big().hash_seed());
  Visit(All(), /*reverse=*/false, [&](std::string_view member, double score) {
    copy->big().Insert(copy->big().KeyOf(member), score);
  });
  return copy;
}

void Zset::CheckInvariants() const {
  if (!is_small()) return big().CheckInvariants();
  small().CheckInvariants();
  CHECK_EQ(small().count() % 2, 0u);
  std::optional<std::string> previous;
  double previous_score = 0;
  Visit(All(), /*reverse=*/false, [&](std::string_view member, double score) {
    CHECK(!std::isnan(score));
    CHECK(!previous || IsBefore(previous_score, *previous, score, member));
    previous = std::string(member);
    previous_score = score;
  });
}

}  // namespace slotmesh::node
