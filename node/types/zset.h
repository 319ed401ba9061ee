// Zset: the value of a sorted set: members with scores, in order of (score, member).
//
// Two forms: up to zset-max-listpack-entries members of at most zset-max-listpack-value bytes stand
// in a listpack (member, score, member, score... in order, byte for byte as Redis keeps it), more
// in a ScoreSet, which reports itself as "skiplist". A value changes to the bigger form when it
// grows and never back.
//
// Every range is an interval of ranks: by score or by name it is found first (Within), then visited
// or removed. Engine thread only. Owns its members; a Spot and all views are valid until the next
// change. Invariants: at least one member once the first was inserted, else the key is deleted (the
// caller's task); no NaN. Cost: in the small form O(n) with small n; in the big one Find O(1), all
// else O(log n), and O(1) for each member visited.
#ifndef SLOTMESH_NODE_TYPES_ZSET_H_
#define SLOTMESH_NODE_TYPES_ZSET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "node/codec/rdb_format.h"
#include "node/codec/rdb_reader.h"
#include "node/data/listpack.h"
#include "node/data/score_set.h"
#include "node/types/type_settings.h"
#include "node/types/value_loader.h"
#include "node/types/value_type.h"

namespace slotmesh::node {

struct ScoreRange {
  double min = 0;
  double max = 0;
  bool min_exclusive = false;
  bool max_exclusive = false;
};

// An end of a range of names. kLowest is before and kHighest behind all names.
struct LexBound {
  enum class Kind : uint8_t { kLowest, kInclusive, kExclusive, kHighest };
  Kind kind = Kind::kLowest;
  std::string_view name;
};
// Meant for members that have all the same score.
struct LexRange {
  LexBound min;
  LexBound max;
};

// Ranks from `begin` up to, but not including, `end`.
struct RankInterval {
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size() const { return end > begin ? end - begin : 0; }
  bool empty() const { return size() == 0; }
};

class Zset final : public Object {
 public:
  static constexpr ValueKind kKind = ValueKind::kZset;
  using VisitMember = absl::FunctionRef<void(std::string_view member, double score)>;

  // A member that was looked for.
  class Spot {
   public:
    bool found() const { return found_; }
    // REQUIRES: found().
    double score() const { return score_; }

   private:
    friend class Zset;
    bool found_ = false;
    double score_ = 0;
    ScoreSet::Key key_;
    const ScoredMember* member_ = nullptr;
    ListpackPos at_ = nullptr;
  };

  // Empty, in the form for `members` members of at most `longest` bytes.
  Zset(const TypeSettings& settings, uint64_t members, size_t longest);
  // The small form, as it is. REQUIRES: a listpack of a sorted set.
  explicit Zset(Listpack members);
  ~Zset() = default;
  static Zset& Of(Object& object) { return static_cast<Zset&>(object); }
  static const Zset& Of(const Object& object) { return static_cast<const Zset&>(object); }

  uint64_t size() const;
  bool is_small() const { return std::holds_alternative<Listpack>(form_); }
  // See ValueType::Prefetch.
  void Prefetch() const {
    if (const auto* small = std::get_if<Listpack>(&form_); small != nullptr) small->Prefetch();
  }

  // `name` stays where it is as long as the spot is used.
  Spot Find(std::string_view name) const;
  // REQUIRES: found(); no NaN.
  void SetScore(const Spot& spot, double score);
  // REQUIRES: !found(); no NaN.
  void Insert(const Spot& spot, double score, const TypeSettings& settings);
  // Both at once.
  void Put(std::string_view name, double score, const TypeSettings& settings);
  // False if it is absent.
  bool Remove(std::string_view name);

  // How many come before. REQUIRES: found().
  uint64_t Rank(const Spot& spot) const;
  RankInterval Within(const ScoreRange& range) const;
  RankInterval Within(const LexRange& range) const;
  RankInterval All() const { return {0, size()}; }

  // The members of an interval (cut at the end of the set) in order, or from last to first. `visit`
  // must not change the set.
  void Visit(RankInterval interval, bool reverse, VisitMember visit) const;
  // Visits and removes them.
  void Remove(RankInterval interval, VisitMember visit);

  // As HashTable::Scan, for ZSCAN: a small set is visited as a whole.
  uint64_t Scan(uint64_t cursor, VisitMember visit) const;

  // For ZsetType.
  size_t Allocations() const;
  size_t MemoryUsage(size_t samples) const;
  Zset* Copy() const;
  // The listpack's bytes. REQUIRES: is_small().
  std::string_view small_bytes() const { return std::get<Listpack>(form_).raw(); }
  void CheckInvariants() const;

 private:
  using Big = std::unique_ptr<ScoreSet>;

  Listpack& small() { return std::get<Listpack>(form_); }
  const Listpack& small() const { return std::get<Listpack>(form_); }
  ScoreSet& big() { return *std::get<Big>(form_); }
  const ScoreSet& big() const { return *std::get<Big>(form_); }

  void Enlarge(uint64_t hash_seed);
  void InsertSmall(std::string_view name, double score);
  template <typename Before>
  uint64_t CountWhile(Before before) const;
  uint64_t RankOfBound(double score, bool after) const;
  uint64_t RankOfBound(const LexBound& bound, bool is_max) const;

  std::variant<Listpack, Big> form_;
};

// The one description of all sorted sets.
const ValueType& ZsetType();

// A sorted set out of one of its serialised forms; see LoadValue. Members out of order, twice or
// with a score that is no number are DATA_LOSS.
absl::StatusOr<Object*> LoadZset(RdbType form, RdbReader& reader, const TypeSettings& settings);
// See NewValueLoader. REQUIRES: kZset or kZset2.
std::unique_ptr<ValueLoader> NewZsetLoader(RdbType form, const TypeSettings& settings);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_TYPES_ZSET_H_
