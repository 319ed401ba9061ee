// ScoreSet: members with scores, found by name in a hash table and by order in a tree: what a
// sorted set of more than a few members is made of.
//
// Both structures point to the same member (scored_member.h). A million members of 14 bytes take
// about 48 bytes each, all included.
//
// Thread-compatible; owns its members. Pointers and places are valid until the next change (also to
// other members: a change may move members to keep memory dense). Invariants: table and tree hold
// the same members; no two have the same name; no score is NaN. Cost: Find O(1); all else O(log n).
#ifndef SLOTMESH_NODE_DATA_SCORE_SET_H_
#define SLOTMESH_NODE_DATA_SCORE_SET_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "node/data/hash.h"
#include "node/data/hash_table.h"
#include "node/data/odd_blocks.h"
#include "node/data/score_tree.h"
#include "node/data/scored_member.h"

namespace slotmesh::node {

class ScoreSet {
 public:
  // A name that is looked for, with its hash.
  struct Key {
    std::string_view name;
    uint64_t hash;
  };

  // `hash_seed` of the table.
  explicit ScoreSet(uint64_t hash_seed) : table_(hash_seed) {}
  ~ScoreSet();
  ScoreSet(const ScoreSet&) = delete;
  ScoreSet& operator=(const ScoreSet&) = delete;

  uint64_t size() const { return table_.size(); }
  uint64_t hash_seed() const { return table_.seed(); }
  const ScoreTree& tree() const { return tree_; }
  Key KeyOf(std::string_view name) const { return {name, HashBytes(name, table_.seed())}; }

  // Null if absent.
  const ScoredMember* Find(const Key& key) const {
    const Table::Position at = table_.Find(key.hash, key.name);
    return at ? Table::At(at) : nullptr;
  }
  // REQUIRES: no member has this name; `score` is not NaN.
  void Insert(const Key& key, double score);
  // REQUIRES: Find gave it.
  void SetScore(const ScoredMember* member, double score) {
    tree_.SetScore(const_cast<ScoredMember*>(member), score);
  }
  // False if it is absent.
  bool Erase(const Key& key);
  // The same for a member of which only the place is known. REQUIRES: Find or a place gave it.
  void Erase(const ScoredMember* member) { Erase(KeyOf(member->member())); }

  // As HashTable::Scan: visits some members in no order, gives the next cursor.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const {
    return table_.Scan(cursor, visit);
  }
  template <typename Visit>
  void ForEachUnordered(Visit&& visit) const {
    table_.ForEach(visit);
  }

  // Bytes of table and nodes, and those of members that share chunks; of the others, the caller
  // adds up what it looks at.
  size_t MemoryUsage() const;
  static size_t MemoryOf(const ScoredMember& member) {
    return OddBlocks::IsPlain(member.size()) ? member.size() : 0;
  }
  // How many allocations there are.
  uint64_t Allocations() const { return tree_.nodes() + table_.bucket_count() + size(); }
  void CheckInvariants() const;

 private:
  struct Policy {
    using Element = ScoredMember;
    static uint64_t Hash(const ScoredMember& member, uint64_t seed) {
      return HashBytes(member.member(), seed);
    }
    static bool Matches(const ScoredMember& member, std::string_view name) {
      return member.member() == name;
    }
  };
  using Table = HashTable<Policy>;

  void MoveMember(ScoredMember* from, ScoredMember* to);

  OddBlocks blocks_;
  Table table_;
  ScoreTree tree_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_SCORE_SET_H_
