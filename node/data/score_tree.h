// ScoreTree: the members of a sorted set in order of (score, member), a B+ tree with order
// statistics.
//
// Leaves of 512 bytes hold up to 82 pointers of 48 bits and are linked both ways; inner nodes of
// 2 KiB hold up to 63 children with the first member of each, its score and how many members are
// below. So a search reads scores in inner nodes alone and touches members only in its leaf, and
// rank and select add up counts on one path. A full node first shares with a neighbour, and two
// full ones become three: nodes stay about 85% full under random insertion, and full where members
// come in ascending order (a new one starts at the end). About 7.7 bytes a member.
//
// Thread-compatible. Owns its nodes, not the members, which must not change in any way that
// matters for their order while they are in the tree. A Place is valid until the tree changes.
// Invariants: all leaves at one depth; no leaf but the root's is empty; counts, first members and
// scores in inner nodes are those of the children. Cost: everything O(log n); Next and Previous
// O(1). A search by score and bytes touches 7 members of a leaf, one for a member of the tree none.
#ifndef SLOTMESH_NODE_DATA_SCORE_TREE_H_
#define SLOTMESH_NODE_DATA_SCORE_TREE_H_

#include <cstddef>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "node/data/scored_member.h"

namespace slotmesh::node {

class ScoreTree {
  struct Leaf;
  struct Inner;

 public:
  // Where a member stands, or (at_end()) behind the last one.
  class Place {
   public:
    bool at_end() const { return leaf_ == nullptr; }
    // How many members come before.
    uint64_t rank() const { return rank_; }
    // REQUIRES: !at_end().
    ScoredMember* get() const;

   private:
    friend class ScoreTree;
    Leaf* leaf_ = nullptr;
    int index_ = 0;
    uint64_t rank_ = 0;
  };

  ScoreTree() = default;
  ~ScoreTree() { Clear(); }
  ScoreTree(const ScoreTree&) = delete;
  ScoreTree& operator=(const ScoreTree&) = delete;

  uint64_t size() const { return size_; }

  // REQUIRES: no member of the tree has the same score and bytes.
  void Insert(ScoredMember* member);
  // REQUIRES: the tree points to this very member.
  void Erase(const ScoredMember& member);
  // `to`, of the same score and bytes, takes the place of `from`. REQUIRES: the tree points to
  // `from`.
  void Replace(const ScoredMember& from, ScoredMember* to);
  // Gives a member another score, in place if its neighbours allow it. REQUIRES: the tree points to
  // it; `score` is not NaN.
  void SetScore(ScoredMember* member, double score);

  // How many members come before this one. REQUIRES: the tree points to it.
  uint64_t Rank(const ScoredMember& member) const;
  // at_end() from size() on.
  Place Select(uint64_t rank) const;
  // The first member that is not before (score, member).
  Place LowerBound(double score, std::string_view member) const;
  // The first member for which `before` is false. REQUIRES: `before` is true for some first members
  // and false for all others.
  Place FirstNot(absl::FunctionRef<bool(const ScoredMember&)> before) const;
  // The same for the score alone: the first member with a score of at least (if `after`: above)
  // `score`.
  Place ScoreBound(double score, bool after) const;

  // REQUIRES: !place->at_end().
  static void Next(Place* place);
  // False at the first member. REQUIRES: !place->at_end().
  static bool Previous(Place* place);

  void Clear();
  // Every member, in order.
  void ForEach(absl::FunctionRef<void(ScoredMember*)> visit) const;

  // Bytes of the nodes.
  size_t MemoryUsage() const { return leaves_ * kLeafSize + inners_ * kInnerSize; }
  // How many nodes.
  uint64_t nodes() const { return leaves_ + inners_; }
  void CheckInvariants() const;

 private:
  static constexpr size_t kLeafSize = 512;
  static constexpr size_t kInnerSize = 2048;
  static constexpr int kLeafMax = 82;
  static constexpr int kInnerMax = 63;
  // Nodes are at least a quarter full, apart from those on the tree's right edge.
  static constexpr int kDepthMax = 16;

  // The way from the root to a leaf: at each level from 1 on the inner node and which of its
  // children comes next.
  struct Path {
    Inner* inner[kDepthMax];
    int child[kDepthMax];
    Leaf* leaf;
    int index;  // In the leaf.
  };

  static int SearchLeaf(const Leaf& leaf, double score, std::string_view member);
  static int SearchInner(const Inner& inner, double score, std::string_view member);
  Path DescendInner(double score, std::string_view member) const;
  Path Descend(double score, std::string_view member) const;
  Path PathTo(const ScoredMember& member) const;
  uint64_t RankOf(const Path& path) const;
  Place PlaceOf(Leaf* leaf, int index, uint64_t rank) const;
  template <typename Before>
  Place Bound(Before before) const;

  void EraseAt(const Path& path);
  void SetFirst(const Path& path, int level, ScoredMember* first);
  void MakeRoom(const Path& path, int level, bool at_end);
  void SplitTwo(Inner& parent, int at, int level);
  void AddRoot();
  void* SplitOff(Inner& parent, int at, int level);
  void RemoveChild(Inner& parent, int at, int level);
  void EvenOut(Inner& parent, int left, int level);
  void Underflow(const Path& path, int level);
  void DropRoot();
  void* NewNode(int level);
  void DeleteNode(void* node, int level);
  void FreeTree(void* node, int level);
  struct Summary;
  Summary Check(const void* node, int level, const Leaf** previous) const;

  // Level 0 nodes are leaves; a node at level n has children at level n - 1.
  static void Refresh(Inner& parent, int at, int level);
  static int Count(const void* node, int level);
  static uint64_t Below(const void* node, int level);
  static ScoredMember* First(const void* node, int level);
  static void MoveItems(void* from, int from_at, void* to, int to_at, int n, int level);

  void* root_ = nullptr;
  int height_ = 0;  // Levels above the leaves.
  uint64_t size_ = 0;
  uint64_t leaves_ = 0;
  uint64_t inners_ = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_SCORE_TREE_H_
