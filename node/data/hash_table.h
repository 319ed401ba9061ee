// HashTable: a set of pointers to elements that know their own key; the table of keyspaces, hashes,
// sets and sorted sets.
//
// Shape: linear hashing over cache-line buckets (bucket_array.h). One bucket is split for every 4.5
// elements inserted and merged again when fewer than 3 are left per bucket, so memory per element
// is the same at every size (15 to 17 bytes) and no operation does more than split two buckets. The
// alternative, a second table of double size filled step by step, needs 11 to 27 bytes depending on
// where between two powers of two the table stands and looks in two places meanwhile; the price
// here is a chain of two buckets for 5 to 10% of the elements.
//
// Each element has a 16-bit note that the table keeps for its owner, readable without touching the
// element; each bucket has a mark for point-in-time walks (see BeginWalk).
//
// Policy:
//   using Element = ...;
//   static uint64_t Hash(const Element&, uint64_t seed);
//   static bool Matches(const Element&, const Key&);     // For each Key type passed to Find.
// Hashes are the caller's to compute, with the table's seed; the table asks for them only when it
// splits.
//
// Thread-compatible. Owns buckets, not elements. A Position is valid until the next Insert, Erase
// or Clear. Invariants: an element is in the chain of its hash; no two elements match each other;
// chains have no empty bucket but the head. Cost: one cache miss plus one per element compared
// (tags keep that near one).
#ifndef SLOTMESH_NODE_DATA_HASH_TABLE_H_
#define SLOTMESH_NODE_DATA_HASH_TABLE_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "node/data/bit_reverse.h"
#include "node/data/bucket_array.h"
#include "node/data/prefetch.h"
#include "slots/check.h"

namespace slotmesh::node {

// Half elements per bucket: Policy::kGrowHalves, 9 where it says nothing. More make the table
// smaller (13: 13 to 14 bytes per element) and chains more frequent (a third of the elements).
template <typename Policy>
constexpr uint64_t GrowHalvesOf() {
  uint64_t halves = 9;
  if constexpr (requires { Policy::kGrowHalves; }) halves = Policy::kGrowHalves;
  return halves;
}

template <typename Policy>
class HashTable {
 public:
  using Element = typename Policy::Element;
  using Note = uint16_t;

  // Where an element stands.
  struct Position {
    Bucket* bucket = nullptr;
    int place = 0;
    explicit operator bool() const { return bucket != nullptr; }
  };

  explicit HashTable(uint64_t seed) : seed_(seed) {}
  ~HashTable() { Clear(); }
  HashTable(const HashTable&) = delete;
  HashTable& operator=(const HashTable&) = delete;

  uint64_t size() const { return size_; }
  uint64_t seed() const { return seed_; }

  // The element that matches `key`; false if there is none. REQUIRES: `hash` is the key's.
  template <typename Key>
  Position Find(uint64_t hash, const Key& key) const {
    const uint8_t tag = TagOf(hash);
    for (Bucket* bucket = buckets_.ForHash(hash);; bucket = bucket->next()) {
      for (uint32_t match = bucket->Match(tag); match != 0; match &= match - 1) {
        const int place = std::countr_zero(match);
        if (Policy::Matches(*Pointer(bucket->words[place]), key)) return {bucket, place};
      }
      if (!bucket->chained()) return {};
    }
  }
  static Element* At(Position at) { return Pointer(at.bucket->words[at.place]); }
  static Note NoteAt(Position at) {
    return static_cast<Note>(at.bucket->words[at.place] >> Bucket::kNoteShift);
  }
  // The element has moved or is replaced by one with the same key.
  static void Replace(Position at, Element* element) {
    uint64_t& word = at.bucket->words[at.place];
    word = (word & ~Bucket::kPointerMask) | Word(element, 0);
  }
  static void SetNote(Position at, Note note) {
    uint64_t& word = at.bucket->words[at.place];
    word = (word & Bucket::kPointerMask) | (uint64_t{note} << Bucket::kNoteShift);
  }

  // REQUIRES: no element matches it.
  Position Insert(uint64_t hash, Element* element, Note note = 0) {
    buckets_.Allocate();
    ++size_;
    GrowIfFull();
    return InsertInto(buckets_.ForHash(hash), TagOf(hash), Word(element, note));
  }
  // Removes the element at the position and returns it. REQUIRES: `hash` is the element's.
  Element* Erase(uint64_t hash, Position at);
  // Forgets all elements.
  void Clear();

  // For batches: brings the bucket into the cache; then, once that has arrived, the element.
  void PrefetchBucket(uint64_t hash) const { Prefetch(buckets_.ForHash(hash)); }
  // Visits elements of the hash's first bucket whose tags match: all that are likely to be the one,
  // without a look at them.
  template <typename Visit>
  void ForEachCandidate(uint64_t hash, const Visit& visit) const {
    const Bucket* bucket = buckets_.ForHash(hash);
    for (uint32_t match = bucket->Match(TagOf(hash)); match != 0; match &= match - 1) {
      visit(*Pointer(bucket->words[std::countr_zero(match)]));
    }
  }
  void PrefetchElement(uint64_t hash) const {
    const Bucket* bucket = buckets_.ForHash(hash);
    uint32_t match = bucket->Match(TagOf(hash));
    if (match == 0 && bucket->chained()) Prefetch(bucket->next());
    for (; match != 0; match &= match - 1) {
      Prefetch(Pointer(bucket->words[std::countr_zero(match)]));
    }
  }

  // One step of a scan from `cursor` (0 starts): visit(Element&) for each element of one bucket,
  // then the next cursor (0: done). An element that is present from start to end is visited at
  // least once, however the table grows or shrinks meanwhile: cursors are positions in the order of
  // bit-reversed hashes, and a bucket is an interval of that order. Any cursor value is safe.
  // `visit` must not change the table.
  template <typename Visit>
  uint64_t Scan(uint64_t cursor, Visit&& visit) const {
    VisitChain(buckets_.ForHash(cursor), [&](Position at) { visit(*At(at)); });
    return NextCursor(cursor);
  }
  template <typename Visit>
  void ForEach(Visit&& visit) const {
    for (uint32_t i = 0; i < buckets_.size(); ++i) {
      PrefetchElementsAt(i + kForEachAhead);
      VisitChain(buckets_.At(i), [&](Position at) { visit(*At(at)); });
    }
  }
  // The elements of a bucket that will be visited soon; nothing if there is no such bucket.
  void PrefetchElementsAt(uint32_t index) const {
    if (index >= buckets_.size()) return;
    const Bucket* bucket = buckets_.At(index);
    if (bucket->chained()) Prefetch(bucket->next());
    for (uint32_t used = bucket->Used(); used != 0; used &= used - 1) {
      Prefetch(Pointer(bucket->words[std::countr_zero(used)]));
    }
  }
  // Buckets by number, for background sweeps over notes: visit(Position). REQUIRES: index <
  // bucket_count().
  uint32_t bucket_count() const { return buckets_.size(); }
  template <typename Visit>
  void VisitBucket(uint32_t index, Visit&& visit) const {
    VisitChain(buckets_.At(index), visit);
  }

  // A random element, each equally likely; null if there is none. below(n) gives a random number
  // under n.
  template <typename Below>
  Element* Sample(Below&& below) const;

  // --- Point-in-time walks. One at a time. Shrinking stops while one runs; growth goes on. ---

  // All elements there are now become unsaved. Usually free; one pass over all buckets after 126
  // walks in a row that were not finished.
  void BeginWalk();
  // `finished`: every bucket is saved.
  void EndWalk(bool finished);
  bool walking() const { return walking_; }
  // Visits the elements that share a bucket with `hash`, unless that was done before in this walk.
  // Call it before anything in that bucket changes. True if it had to be done. REQUIRES: walking().
  template <typename Visit>
  bool SaveBucket(uint64_t hash, Visit&& visit) {
    Bucket* head = buckets_.ForHash(hash);
    if (head->mark() == mark_ || !buckets_.allocated()) return false;
    head->set_mark(mark_);
    VisitChain(head, [&](Position at) { visit(*At(at)); });
    return true;
  }
  // Scan, but only over what is unsaved.
  template <typename Visit>
  uint64_t WalkStep(uint64_t cursor, Visit&& visit) {
    SaveBucket(cursor, visit);
    return NextCursor(cursor);
  }

  // Empties the table from its end, up to `buckets` of them: visit(Element*), who may free it. True
  // when nothing is left. Only Drain, Clear and destruction may follow until then. For freeing big
  // tables in slices.
  template <typename Visit>
  bool Drain(uint32_t buckets, Visit&& visit);

  // Bytes allocated for the table (not its elements).
  size_t MemoryUsage() const { return buckets_.MemoryUsage(); }
  void CheckInvariants() const;

 private:
  // A bucket is split when there are more than this many halves of an element per bucket.
  static constexpr uint64_t kGrowHalves = GrowHalvesOf<Policy>();
  static constexpr uint64_t kShrinkHalves = kGrowHalves * 2 / 3;
  // So that the first bucket fills up before it is split.
  static constexpr uint64_t kSlackHalves = 2 * Bucket::kPlaces - kGrowHalves;
  static constexpr int kSplitsPerInsertMax = 2;
  static constexpr uint32_t kForEachAhead = 2;
  static constexpr int kSampleChain = kGrowHalves * 8 / 3;

  static uint8_t TagOf(uint64_t hash) {
    const uint8_t tag = static_cast<uint8_t>(hash >> 56);
    return tag + static_cast<uint8_t>(tag == 0);
  }
  static uint64_t Word(Element* element, Note note) {
    return reinterpret_cast<uint64_t>(element) | (uint64_t{note} << Bucket::kNoteShift);
  }
  static Element* Pointer(uint64_t word) {
    return reinterpret_cast<Element*>(word & Bucket::kPointerMask);
  }
  template <typename Visit>
  static void VisitChain(Bucket* bucket, Visit&& visit) {
    for (;; bucket = bucket->next()) {
      for (uint32_t used = bucket->Used(); used != 0; used &= used - 1) {
        visit(Position{bucket, std::countr_zero(used)});
      }
      if (!bucket->chained()) return;
    }
  }

  uint64_t NextCursor(uint64_t cursor) const {
    const int depth = buckets_.DepthOf(buckets_.IndexOf(cursor));
    if (depth == 0) return 0;
    const uint64_t interval = (BitReverse(cursor) >> (64 - depth)) + 1;
    return (interval >> depth) != 0 ? 0 : BitReverse(interval << (64 - depth));
  }

  Position InsertInto(Bucket* bucket, uint8_t tag, uint64_t word);
  void CompactChain(Bucket* head, Position hole);
  void GrowIfFull() {
    if (size_ * 2 <= buckets_.size() * kGrowHalves + kSlackHalves) [[likely]]
      return;
    for (int i = 0; i < kSplitsPerInsertMax; ++i) {
      if (size_ * 2 > buckets_.size() * kGrowHalves + kSlackHalves) Split();
    }
  }
  void ShrinkIfEmpty();
  void Split();
  void Redistribute(Bucket* from, Bucket* to, uint64_t bit);
  void MergeLast();
  void FreeChain(Bucket* head);

  BucketArray buckets_;
  uint64_t size_ = 0;
  uint64_t seed_;
  uint8_t mark_ = 1;  // Of the current or the next walk; 1 to 127.
  uint8_t uniform_mark_ =
      Bucket::kMarkMask;  // Marks from this one (cyclically) up to mark_ may stand in buckets.
  bool walking_ = false;
};

}  // namespace slotmesh::node

#include "node/data/hash_table_inl.h"

#endif  // SLOTMESH_NODE_DATA_HASH_TABLE_H_
