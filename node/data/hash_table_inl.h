// The less frequent half of HashTable's members. Included by hash_table.h only.
#ifndef SLOTMESH_NODE_DATA_HASH_TABLE_INL_H_
#define SLOTMESH_NODE_DATA_HASH_TABLE_INL_H_

#include "node/data/hash_table.h"

namespace slotmesh::node {

template <typename Policy>
auto HashTable<Policy>::InsertInto(Bucket* bucket, uint8_t tag, uint64_t word) -> Position {
  for (;; bucket = bucket->next()) {
    if (const uint32_t free = bucket->Free(); free != 0) {
      const int place = std::countr_zero(free);
      bucket->tags[place] = tag;
      bucket->words[place] = word;
      return {bucket, place};
    }
    if (!bucket->chained()) break;
  }
  // Full: the last place makes way for the chain.
  constexpr int kLast = Bucket::kPlaces - 1;
  Bucket* next = buckets_.NewOverflow();
  next->tags[0] = bucket->tags[kLast];
  next->words[0] = bucket->words[kLast];
  next->tags[1] = tag;
  next->words[1] = word;
  bucket->tags[kLast] = 0;
  bucket->Chain(next);
  return {next, 1};
}

template <typename Policy>
auto HashTable<Policy>::Erase(uint64_t hash, Position at) -> Element* {
  Element* element = At(at);
  at.bucket->tags[at.place] = 0;
  at.bucket->words[at.place] = 0;
  Bucket* head = buckets_.ForHash(hash);
  if (head->chained()) CompactChain(head, at);
  --size_;
  ShrinkIfEmpty();
  return element;
}

// Fills the hole from the end of the chain; a last bucket with one element dissolves into its
// predecessor.
template <typename Policy>
void HashTable<Policy>::CompactChain(Bucket* head, Position hole) {
  Bucket* before = nullptr;
  Bucket* last = head;
  while (last->chained()) {
    before = last;
    last = last->next();
  }
  if (hole.bucket != last) {
    const int from = std::countr_zero(last->Used());
    hole.bucket->tags[hole.place] = last->tags[from];
    hole.bucket->words[hole.place] = last->words[from];
    last->tags[from] = 0;
    last->words[from] = 0;
  }
  if (std::popcount(last->Used()) > 1) return;
  const int only = std::countr_zero(last->Used());
  constexpr int kLast = Bucket::kPlaces - 1;
  before->Unchain();
  before->tags[kLast] = last->tags[only];
  before->words[kLast] = last->words[only];
  buckets_.FreeOverflow(last);
}

template <typename Policy>
void HashTable<Policy>::FreeChain(Bucket* head) {
  if (!head->chained()) return;
  for (Bucket* bucket = head->next(); bucket != nullptr;) {
    Bucket* next = bucket->chained() ? bucket->next() : nullptr;
    buckets_.FreeOverflow(bucket);
    bucket = next;
  }
  head->Unchain();
}

template <typename Policy>
void HashTable<Policy>::Clear() {
  if (buckets_.allocated()) {
    for (uint32_t i = 0; i < buckets_.size(); ++i) FreeChain(buckets_.At(i));
  }
  buckets_.Reset();
  size_ = 0;
}

template <typename Policy>
void HashTable<Policy>::ShrinkIfEmpty() {
  if (walking_) return;
  if (size_ == 0) {
    Clear();
    return;
  }
  for (int i = 0; i < kSplitsPerInsertMax; ++i) {
    if (buckets_.size() > 1 && size_ * 2 < buckets_.size() * kShrinkHalves) MergeLast();
  }
}

template <typename Policy>
void HashTable<Policy>::Split() {
  buckets_.Grow();
  const uint32_t to = buckets_.size() - 1;
  const uint32_t bit = std::bit_floor(to);
  Redistribute(buckets_.At(to - bit), buckets_.At(to), bit);
}

// Moves the elements whose hash has `bit` set from one chain to the other.
template <typename Policy>
void HashTable<Policy>::Redistribute(Bucket* from, Bucket* to, uint64_t bit) {
  VisitChain(from, [](Position at) { Prefetch(At(at)); });
  Bucket copy = *from;
  std::memset(static_cast<void*>(from), 0, sizeof(Bucket));
  from->set_mark(copy.mark());
  to->set_mark(copy.mark());
  VisitChain(&copy, [&](Position at) {
    const uint64_t word = at.bucket->words[at.place];
    const uint64_t hash = Policy::Hash(*Pointer(word), seed_);
    InsertInto((hash & bit) != 0 ? to : from, at.bucket->tags[at.place], word);
  });
  FreeChain(&copy);
}

template <typename Policy>
void HashTable<Policy>::MergeLast() {
  const uint32_t last = buckets_.size() - 1;
  Bucket* from = buckets_.At(last);
  Bucket* to = buckets_.At(last - std::bit_floor(last));
  VisitChain(from, [&](Position at) {
    InsertInto(to, at.bucket->tags[at.place], at.bucket->words[at.place]);
  });
  FreeChain(from);
  buckets_.Shrink();
}

template <typename Policy>
template <typename Below>
auto HashTable<Policy>::Sample(Below&& below) const -> Element* {
  if (size_ == 0) return nullptr;
  // A bucket and a place in its chain, until that place is taken: so each element is as likely as
  // any other. (Chains longer than kSampleChain have odds of one in millions.)
  for (;;) {
    Bucket* bucket = buckets_.At(static_cast<uint32_t>(below(buckets_.size())));
    uint64_t rank = below(uint64_t{kSampleChain});
    for (;; bucket = bucket->next()) {
      uint32_t used = bucket->Used();
      const uint64_t count = std::popcount(used);
      if (rank < count) {
        for (; rank > 0; --rank) used &= used - 1;
        return Pointer(bucket->words[std::countr_zero(used)]);
      }
      if (!bucket->chained()) break;
      rank -= count;
    }
  }
}

template <typename Policy>
void HashTable<Policy>::BeginWalk() {
  CHECK(!walking_);
  walking_ = true;
  buckets_.Allocate();
  if (mark_ == uniform_mark_) {
    // Every mark may be in use: start over.
    for (uint32_t i = 0; i < buckets_.size(); ++i) buckets_.At(i)->set_mark(0);
    mark_ = 1;
    uniform_mark_ = Bucket::kMarkMask;
  }
}

template <typename Policy>
void HashTable<Policy>::EndWalk(bool finished) {
  CHECK(walking_);
  walking_ = false;
  if (finished) uniform_mark_ = mark_;
  mark_ = mark_ == Bucket::kMarkMask ? 1 : mark_ + 1;
  if (size_ == 0) Clear();
}

template <typename Policy>
template <typename Visit>
bool HashTable<Policy>::Drain(uint32_t buckets, Visit&& visit) {
  for (; size_ > 0 && buckets > 0; --buckets) {
    Bucket* last = buckets_.At(buckets_.size() - 1);
    VisitChain(last, [&](Position at) { Prefetch(At(at)); });
    VisitChain(last, [&](Position at) {
      --size_;
      visit(At(at));
    });
    FreeChain(last);
    if (buckets_.size() > 1) buckets_.Shrink();
  }
  if (size_ == 0) Clear();
  return size_ == 0;
}

template <typename Policy>
void HashTable<Policy>::CheckInvariants() const {
  buckets_.CheckInvariants();
  uint64_t count = 0;
  for (uint32_t i = 0; i < buckets_.size(); ++i) {
    const Bucket* head = buckets_.At(i);
    for (const Bucket* bucket = head; bucket->chained(); bucket = bucket->next()) {
      CHECK(std::popcount(bucket->next()->Used()) > 1 || bucket->next()->chained());
      CHECK_EQ(bucket->tags[Bucket::kPlaces - 1], 0);
    }
    VisitChain(buckets_.At(i), [&](Position at) {
      ++count;
      const uint64_t hash = Policy::Hash(*At(at), seed_);
      CHECK_EQ(buckets_.IndexOf(hash), i);
      CHECK_EQ(at.bucket->tags[at.place], TagOf(hash));
    });
  }
  CHECK_EQ(count, size_);
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_HASH_TABLE_INL_H_
