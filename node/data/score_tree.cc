#include "node/data/score_tree.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "node/data/prefetch.h"
#include "slots/check.h"

namespace slotmesh::node {

struct ScoreTree::Leaf {
  static constexpr size_t kWord = 6;  // 48 bits of pointer.

  Leaf* next = nullptr;
  Leaf* previous = nullptr;
  uint16_t count = 0;
  uint8_t words[kLeafMax * kWord + 2];  // The last one is read as 8 bytes.

  ScoredMember* Get(int i) const {
    static_assert(std::endian::native == std::endian::little);
    uint64_t word;
    std::memcpy(&word, words + i * kWord, sizeof(word));
    return reinterpret_cast<ScoredMember*>(word & ((uint64_t{1} << 48) - 1));
  }
  void Set(int i, const ScoredMember* member) {
    const auto word = reinterpret_cast<uint64_t>(member);
    std::memcpy(words + i * kWord, &word, kWord);
  }
  // `count` if it is not here.
  int IndexOf(const ScoredMember* member) const {
    int i = 0;
    while (i < count && Get(i) != member) ++i;
    return i;
  }
  void Open(int at) {
    std::memmove(words + (at + 1) * kWord, words + at * kWord, (count - at) * kWord);
    ++count;
  }
  void Close(int at) {
    std::memmove(words + at * kWord, words + (at + 1) * kWord, (count - at - 1) * kWord);
    --count;
  }
};

struct ScoreTree::Inner {
  uint64_t count = 0;
  double score[kInnerMax];  // Of `first`.
  ScoredMember* first[kInnerMax];
  void* child[kInnerMax];
  uint64_t below[kInnerMax];  // Members.

  void Move(int from_at, Inner& to, int to_at, int n) {
    const auto bytes = static_cast<size_t>(n) * 8;
    std::memmove(to.score + to_at, score + from_at, bytes);
    std::memmove(to.first + to_at, first + from_at, bytes);
    std::memmove(to.child + to_at, child + from_at, bytes);
    std::memmove(to.below + to_at, below + from_at, bytes);
  }
};

namespace {

// A node takes some of a neighbour's items if the neighbour is less full than this.
constexpr int ShareMax(int capacity) { return capacity - capacity / 8; }

}  // namespace

ScoredMember* ScoreTree::Place::get() const { return leaf_->Get(index_); }

// --- Searching. ---

int ScoreTree::SearchLeaf(const Leaf& leaf, double score, std::string_view member) {
  int low = 0;
  int high = leaf.count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (high - low > 3) {  // The next two that may be looked at.
      Prefetch(leaf.Get((low + middle) / 2));
      Prefetch(leaf.Get((middle + 1 + high) / 2));
    }
    if (CompareScored(score, member, *leaf.Get(middle)) > 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// The last child whose first member is not behind (score, member), or the first child.
int ScoreTree::SearchInner(const Inner& inner, double score, std::string_view member) {
  const double* const end = inner.score + inner.count;
  const double* const equal = std::lower_bound(inner.score, end, score);
  auto low = static_cast<int>(equal - inner.score);
  if (equal != end && *equal == score) {
    auto high = static_cast<int>(std::upper_bound(equal, end, score) - inner.score);
    while (low < high) {
      const int middle = (low + high) / 2;
      if (member.compare(inner.first[middle]->member()) < 0) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
  }
  return std::max(low - 1, 0);
}

// The whole way but for the place in the leaf.
ScoreTree::Path ScoreTree::DescendInner(double score, std::string_view member) const {
  Path path;
  const void* node = root_;
  for (int level = height_; level > 0; --level) {
    auto* inner = static_cast<Inner*>(const_cast<void*>(node));
    path.inner[level] = inner;
    path.child[level] = SearchInner(*inner, score, member);
    node = inner->child[path.child[level]];
  }
  path.leaf = static_cast<Leaf*>(const_cast<void*>(node));
  return path;
}

ScoreTree::Path ScoreTree::Descend(double score, std::string_view member) const {
  Path path = DescendInner(score, member);
  path.index = SearchLeaf(*path.leaf, score, member);
  return path;
}

// Looks for the pointer itself, so that none of the leaf's members is touched.
ScoreTree::Path ScoreTree::PathTo(const ScoredMember& member) const {
  CHECK(root_ != nullptr);
  Path path = DescendInner(member.score, member.member());
  path.index = path.leaf->IndexOf(&member);
  CHECK(path.index < path.leaf->count);
  return path;
}

uint64_t ScoreTree::RankOf(const Path& path) const {
  uint64_t rank = static_cast<uint64_t>(path.index);
  for (int level = height_; level > 0; --level) {
    for (int i = 0; i < path.child[level]; ++i) rank += path.inner[level]->below[i];
  }
  return rank;
}

ScoreTree::Place ScoreTree::PlaceOf(Leaf* leaf, int index, uint64_t rank) const {
  Place place;
  place.leaf_ = leaf;
  place.index_ = index;
  place.rank_ = rank;
  if (leaf != nullptr && index == leaf->count) {
    place.leaf_ = leaf->next;
    place.index_ = 0;
  }
  return place;
}

uint64_t ScoreTree::Rank(const ScoredMember& member) const { return RankOf(PathTo(member)); }

ScoreTree::Place ScoreTree::LowerBound(double score, std::string_view member) const {
  if (root_ == nullptr) return {};
  const Path path = Descend(score, member);
  return PlaceOf(path.leaf, path.index, RankOf(path));
}

ScoreTree::Place ScoreTree::Select(uint64_t rank) const {
  if (rank >= size_) {
    Place end;
    end.rank_ = size_;
    return end;
  }
  uint64_t left = rank;
  void* node = root_;
  for (int level = height_; level > 0; --level) {
    const auto* inner = static_cast<Inner*>(node);
    int i = 0;
    for (; left >= inner->below[i]; ++i) left -= inner->below[i];
    node = inner->child[i];
  }
  return PlaceOf(static_cast<Leaf*>(node), static_cast<int>(left), rank);
}

// `before(score, member pointer)` as in FirstNot.
template <typename Before>
ScoreTree::Place ScoreTree::Bound(Before before) const {
  if (root_ == nullptr) return {};
  uint64_t rank = 0;
  void* node = root_;
  for (int level = height_; level > 0; --level) {
    const auto& inner = *static_cast<Inner*>(node);
    int low = 0;
    int high = static_cast<int>(inner.count);
    while (low < high) {
      const int middle = (low + high) / 2;
      if (before(inner.score[middle], inner.first[middle])) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const int child = std::max(low - 1, 0);
    for (int i = 0; i < child; ++i) rank += inner.below[i];
    node = inner.child[child];
  }
  auto* leaf = static_cast<Leaf*>(node);
  int low = 0;
  int high = leaf->count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (high - low > 3) {
      Prefetch(leaf->Get((low + middle) / 2));
      Prefetch(leaf->Get((middle + 1 + high) / 2));
    }
    const ScoredMember* member = leaf->Get(middle);
    if (before(member->score, member)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return PlaceOf(leaf, low, rank + static_cast<uint64_t>(low));
}

ScoreTree::Place ScoreTree::FirstNot(absl::FunctionRef<bool(const ScoredMember&)> before) const {
  return Bound([&](double, const ScoredMember* member) { return before(*member); });
}

ScoreTree::Place ScoreTree::ScoreBound(double score, bool after) const {
  if (after) return Bound([score](double other, const ScoredMember*) { return other <= score; });
  return Bound([score](double other, const ScoredMember*) { return other < score; });
}

void ScoreTree::Next(Place* place) {
  ++place->rank_;
  if (++place->index_ < place->leaf_->count) return;
  place->leaf_ = place->leaf_->next;
  place->index_ = 0;
}

bool ScoreTree::Previous(Place* place) {
  if (place->index_ == 0) {
    if (place->leaf_->previous == nullptr) return false;
    place->leaf_ = place->leaf_->previous;
    place->index_ = place->leaf_->count;
  }
  --place->index_;
  --place->rank_;
  return true;
}

// --- Nodes of either kind. ---

int ScoreTree::Count(const void* node, int level) {
  return level == 0 ? static_cast<const Leaf*>(node)->count
                    : static_cast<int>(static_cast<const Inner*>(node)->count);
}

uint64_t ScoreTree::Below(const void* node, int level) {
  if (level == 0) return static_cast<const Leaf*>(node)->count;
  const auto& inner = *static_cast<const Inner*>(node);
  uint64_t below = 0;
  for (uint64_t i = 0; i < inner.count; ++i) below += inner.below[i];
  return below;
}

ScoredMember* ScoreTree::First(const void* node, int level) {
  return level == 0 ? static_cast<const Leaf*>(node)->Get(0)
                    : static_cast<const Inner*>(node)->first[0];
}

// Moves n items into a gap that opens at to_at; the items behind from_at + n close up.
void ScoreTree::MoveItems(void* from, int from_at, void* to, int to_at, int n, int level) {
  if (level == 0) {
    auto& source = *static_cast<Leaf*>(from);
    auto& target = *static_cast<Leaf*>(to);
    constexpr size_t kWord = Leaf::kWord;
    uint8_t* const gap = target.words + to_at * kWord;
    std::memmove(gap + n * kWord, gap, (target.count - to_at) * kWord);
    uint8_t* const taken = source.words + from_at * kWord;
    std::memcpy(gap, taken, n * kWord);
    std::memmove(taken, taken + n * kWord, (source.count - from_at - n) * kWord);
    source.count = static_cast<uint16_t>(source.count - n);
    target.count = static_cast<uint16_t>(target.count + n);
    return;
  }
  auto& source = *static_cast<Inner*>(from);
  auto& target = *static_cast<Inner*>(to);
  target.Move(to_at, target, to_at + n, static_cast<int>(target.count) - to_at);
  source.Move(from_at, target, to_at, n);
  source.Move(from_at + n, source, from_at, static_cast<int>(source.count) - from_at - n);
  source.count -= static_cast<uint64_t>(n);
  target.count += static_cast<uint64_t>(n);
}

void* ScoreTree::NewNode(int level) {
  static_assert(sizeof(Leaf) <= kLeafSize && sizeof(Inner) <= kInnerSize);
  if (level == 0) {
    ++leaves_;
    return new Leaf;
  }
  ++inners_;
  return new Inner;
}

void ScoreTree::DeleteNode(void* node, int level) {
  if (level == 0) {
    --leaves_;
    delete static_cast<Leaf*>(node);
  } else {
    --inners_;
    delete static_cast<Inner*>(node);
  }
}

// Brings what the parent says of a child up to date.
void ScoreTree::Refresh(Inner& parent, int at, int level) {
  parent.first[at] = First(parent.child[at], level);
  parent.score[at] = parent.first[at]->score;
  parent.below[at] = Below(parent.child[at], level);
}

// An empty node, sibling of and behind the child `at`. Refresh it when it has items.
void* ScoreTree::SplitOff(Inner& parent, int at, int level) {
  void* const node = NewNode(level);
  if (level == 0) {
    auto* leaf = static_cast<Leaf*>(node);
    auto* before = static_cast<Leaf*>(parent.child[at]);
    leaf->previous = before;
    leaf->next = before->next;
    before->next = leaf;
    if (leaf->next != nullptr) leaf->next->previous = leaf;
  }
  parent.Move(at + 1, parent, at + 2, static_cast<int>(parent.count) - at - 1);
  ++parent.count;
  parent.child[at + 1] = node;
  return node;
}

void ScoreTree::RemoveChild(Inner& parent, int at, int level) {
  if (level == 0) {
    auto* leaf = static_cast<Leaf*>(parent.child[at]);
    if (leaf->next != nullptr) leaf->next->previous = leaf->previous;
    if (leaf->previous != nullptr) leaf->previous->next = leaf->next;
  }
  DeleteNode(parent.child[at], level);
  parent.Move(at + 1, parent, at, static_cast<int>(parent.count) - at - 1);
  --parent.count;
}

// The first member below the path's node at `level` - 1 is now `first`.
void ScoreTree::SetFirst(const Path& path, int level, ScoredMember* first) {
  for (; level <= height_; ++level) {
    const int at = path.child[level];
    path.inner[level]->first[at] = first;
    path.inner[level]->score[at] = first->score;
    if (at != 0) return;
  }
}

// --- Inserting. ---

void ScoreTree::Insert(ScoredMember* member) {
  if (root_ == nullptr) root_ = NewNode(0);
  const std::string_view bytes = member->member();
  Path path = Descend(member->score, bytes);
  while (path.leaf->count == kLeafMax) {
    const bool at_end = path.leaf->next == nullptr && path.index == path.leaf->count;
    MakeRoom(path, 0, at_end);
    path = Descend(member->score, bytes);
  }
  path.leaf->Open(path.index);
  path.leaf->Set(path.index, member);
  ++size_;
  for (int level = 1; level <= height_; ++level) ++path.inner[level]->below[path.child[level]];
  if (path.index == 0) SetFirst(path, 1, member);
}

// One step towards room in the path's node at `level`, which is full. The path is stale afterwards.
void ScoreTree::MakeRoom(const Path& path, int level, bool at_end) {
  if (level == height_) return AddRoot();
  Inner& parent = *path.inner[level + 1];
  const int at = path.child[level + 1];
  const int last = static_cast<int>(parent.count) - 1;
  const int capacity = level == 0 ? kLeafMax : kInnerMax;
  const int left = at > 0 ? Count(parent.child[at - 1], level) : capacity;
  const int right = at < last ? Count(parent.child[at + 1], level) : capacity;
  if (!at_end && std::min(left, right) <= ShareMax(capacity)) {
    return EvenOut(parent, left < right ? at - 1 : at, level);
  }
  if (parent.count == kInnerMax) return MakeRoom(path, level + 1, at_end);
  if (at_end) {
    void* const node = SplitOff(parent, at, level);
    MoveItems(parent.child[at], capacity - 1, node, 0, 1, level);
    Refresh(parent, at, level);
    return Refresh(parent, at + 1, level);
  }
  if (last == 0) {
    void* const node = SplitOff(parent, at, level);
    MoveItems(parent.child[at], capacity / 2, node, 0, capacity - capacity / 2, level);
    Refresh(parent, at, level);
    return Refresh(parent, at + 1, level);
  }
  SplitTwo(parent, at > 0 ? at - 1 : at, level);
}

// Two full neighbours become three nodes.
void ScoreTree::SplitTwo(Inner& parent, int at, int level) {
  void* const left = parent.child[at];
  void* const right = parent.child[at + 1];
  const int left_count = Count(left, level);
  const int right_count = Count(right, level);
  const int third = (left_count + right_count) / 3;
  void* const node = SplitOff(parent, at, level);
  MoveItems(left, third, node, 0, left_count - third, level);
  MoveItems(right, 0, node, left_count - third, right_count - third, level);
  for (int i = at; i < at + 3; ++i) Refresh(parent, i, level);
}

void ScoreTree::AddRoot() {
  auto* inner = static_cast<Inner*>(NewNode(height_ + 1));
  inner->count = 1;
  inner->child[0] = root_;
  Refresh(*inner, 0, height_);
  root_ = inner;
  ++height_;
}

// The children `left` and `left` + 1 get equally many items.
void ScoreTree::EvenOut(Inner& parent, int left, int level) {
  void* const a = parent.child[left];
  void* const b = parent.child[left + 1];
  const int count = Count(a, level);
  const int wanted = (count + Count(b, level)) / 2;
  if (count > wanted) {
    MoveItems(a, wanted, b, 0, count - wanted, level);
  } else {
    MoveItems(b, 0, a, count, wanted - count, level);
  }
  Refresh(parent, left, level);
  Refresh(parent, left + 1, level);
}

// --- Erasing and changing. ---

void ScoreTree::Erase(const ScoredMember& member) { EraseAt(PathTo(member)); }

void ScoreTree::EraseAt(const Path& path) {
  path.leaf->Close(path.index);
  --size_;
  for (int level = 1; level <= height_; ++level) --path.inner[level]->below[path.child[level]];
  if (path.index == 0 && path.leaf->count > 0) SetFirst(path, 1, path.leaf->Get(0));
  Underflow(path, 0);
}

// The path's node at `level` has lost an item and may be empty (then what its parents say of their
// first members is still to be mended).
void ScoreTree::Underflow(const Path& path, int level) {
  if (level == height_) return DropRoot();
  Inner& parent = *path.inner[level + 1];
  const int at = path.child[level + 1];
  const int capacity = level == 0 ? kLeafMax : kInnerMax;
  const int count = Count(parent.child[at], level);
  if (count >= capacity / 2) return;
  if (parent.count == 1) {
    if (count > 0) return;
    RemoveChild(parent, 0, level);
    return Underflow(path, level + 1);
  }
  const int left = at > 0 ? at - 1 : at;
  const int left_count = Count(parent.child[left], level);
  const int right_count = Count(parent.child[left + 1], level);
  const bool merge = left_count + right_count <= ShareMax(capacity);
  if (merge) {
    MoveItems(parent.child[left + 1], 0, parent.child[left], left_count, right_count, level);
    RemoveChild(parent, left + 1, level);
    Refresh(parent, left, level);
  } else if (count < capacity / 4) {
    EvenOut(parent, left, level);
  } else {
    return;
  }
  SetFirst(path, level + 2, parent.first[0]);
  if (merge) Underflow(path, level + 1);
}

// Levels that do not branch any more go.
void ScoreTree::DropRoot() {
  while (height_ > 0 && Count(root_, height_) == 1) {
    void* const child = static_cast<Inner*>(root_)->child[0];
    DeleteNode(root_, height_);
    root_ = child;
    --height_;
  }
  if (Count(root_, height_) > 0) return;
  DeleteNode(root_, height_);
  root_ = nullptr;
  height_ = 0;
}

void ScoreTree::Replace(const ScoredMember& from, ScoredMember* to) {
  const Path path = PathTo(from);
  path.leaf->Set(path.index, to);
  if (path.index == 0) SetFirst(path, 1, to);
}

void ScoreTree::SetScore(ScoredMember* member, double score) {
  const std::string_view bytes = member->member();
  const Path path = PathTo(*member);
  const Place here = PlaceOf(path.leaf, path.index, 0);
  Place after = here;
  Next(&after);
  Place before = here;
  const bool stays = (after.at_end() || CompareScored(score, bytes, *after.get()) < 0) &&
                     (!Previous(&before) || CompareScored(score, bytes, *before.get()) > 0);
  if (stays) {
    member->score = score;
    if (path.index == 0) SetFirst(path, 1, member);
    return;
  }
  EraseAt(path);
  member->score = score;
  Insert(member);
}

// --- The whole. ---

void ScoreTree::FreeTree(void* node, int level) {
  if (level > 0) {
    auto* inner = static_cast<Inner*>(node);
    for (uint64_t i = 0; i < inner->count; ++i) FreeTree(inner->child[i], level - 1);
  }
  DeleteNode(node, level);
}

void ScoreTree::Clear() {
  if (root_ != nullptr) FreeTree(root_, height_);
  root_ = nullptr;
  height_ = 0;
  size_ = 0;
}

void ScoreTree::ForEach(absl::FunctionRef<void(ScoredMember*)> visit) const {
  for (Place place = Select(0); !place.at_end(); Next(&place)) visit(place.get());
}

struct ScoreTree::Summary {
  const ScoredMember* first;
  uint64_t below;
};

// `*previous` is the leaf before.
ScoreTree::Summary ScoreTree::Check(const void* node, int level, const Leaf** previous) const {
  if (level == 0) {
    const auto* leaf = static_cast<const Leaf*>(node);
    CHECK(leaf->previous == *previous);
    CHECK(leaf->count > 0 && leaf->count <= kLeafMax);
    if (*previous != nullptr) {
      CHECK((*previous)->next == leaf);
      const ScoredMember& last = *(*previous)->Get((*previous)->count - 1);
      CHECK(CompareScored(last.score, last.member(), *leaf->Get(0)) < 0);
    }
    for (int i = 1; i < leaf->count; ++i) {
      const ScoredMember& before = *leaf->Get(i - 1);
      CHECK(CompareScored(before.score, before.member(), *leaf->Get(i)) < 0);
    }
    *previous = leaf;
    return {leaf->Get(0), leaf->count};
  }
  const auto& inner = *static_cast<const Inner*>(node);
  CHECK(inner.count > 0 && inner.count <= kInnerMax);
  uint64_t below = 0;
  for (uint64_t i = 0; i < inner.count; ++i) {
    const Summary child = Check(inner.child[i], level - 1, previous);
    CHECK(child.first == inner.first[i]);
    CHECK_EQ(child.first->score, inner.score[i]);
    CHECK_EQ(child.below, inner.below[i]);
    below += child.below;
  }
  return {inner.first[0], below};
}

void ScoreTree::CheckInvariants() const {
  if (root_ == nullptr) {
    CHECK_EQ(size_, 0u);
    CHECK_EQ(leaves_ + inners_, 0u);
    return;
  }
  CHECK(height_ == 0 || Count(root_, height_) > 1);
  const Leaf* last = nullptr;
  CHECK_EQ(Check(root_, height_, &last).below, size_);
  CHECK(last->next == nullptr);
}

}  // namespace slotmesh::node
