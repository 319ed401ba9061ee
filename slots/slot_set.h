// A set of hash slots: one bit for each of the 16384, 2 KB in all, never a heap allocation.
//
// A plain value: copyable, comparable, hashable; const access is safe from any thread. Every Slot
// that is handed in must be below kSlotCount (checked); text from outside goes through Parse. Add,
// Remove and Contains are one word; everything over the whole set touches 256 words.
#ifndef SLOTMESH_SLOTS_SLOT_SET_H_
#define SLOTMESH_SLOTS_SLOT_SET_H_

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "slots/check.h"
#include "slots/ids.h"

namespace slotmesh::slots {

// The slots from `first` to `last`, both included.
struct SlotRange {
  Slot first = 0;
  Slot last = 0;

  constexpr int size() const { return last - first + 1; }
  friend auto operator<=>(const SlotRange&, const SlotRange&) = default;
};

class SlotSet {
 public:
  static constexpr int kWords = kSlotCount / 64;

  constexpr SlotSet() = default;  // The empty set.
  static SlotSet All();
  static SlotSet Of(Slot first, Slot last);  // REQUIRES: first <= last.
  // Reads what ToString writes: "0-5,7,100-16383" in any order, overlaps allowed; "" is the empty
  // set. Absent if `text` is anything else (a slot past 16383, a range turned round, blanks).
  static std::optional<SlotSet> Parse(std::string_view text);

  void Add(Slot slot) { Word(slot) |= Bit(slot); }
  void Remove(Slot slot) { Word(slot) &= ~Bit(slot); }
  bool Contains(Slot slot) const {
    CHECK_LT(slot, kSlotCount);
    return (words_[slot / 64] & Bit(slot)) != 0;
  }
  void AddRange(Slot first, Slot last);     // REQUIRES: first <= last.
  void RemoveRange(Slot first, Slot last);  // REQUIRES: first <= last.
  void Clear() { words_.fill(0); }

  int count() const;
  bool empty() const;
  std::optional<Slot> First() const;  // The lowest; absent if the set is empty.
  // The lowest slot that is at least `from`; absent if there is none. `from` may be kSlotCount.
  std::optional<Slot> NextFrom(int from) const;

  SlotSet& operator|=(const SlotSet& other);  // Union.
  SlotSet& operator&=(const SlotSet& other);  // Intersection.
  SlotSet& operator-=(const SlotSet& other);  // Difference.
  friend SlotSet operator|(SlotSet a, const SlotSet& b) { return a |= b; }
  friend SlotSet operator&(SlotSet a, const SlotSet& b) { return a &= b; }
  friend SlotSet operator-(SlotSet a, const SlotSet& b) { return a -= b; }
  SlotSet Complement() const;
  bool Intersects(const SlotSet& other) const;
  bool ContainsAll(const SlotSet& other) const;

  // Calls f(Slot) for each member, rising.
  template <typename F>
  void ForEach(F&& f) const {
    for (int w = 0; w < kWords; ++w) {
      for (uint64_t bits = words_[w]; bits != 0; bits &= bits - 1) {
        f(static_cast<Slot>(w * 64 + std::countr_zero(bits)));
      }
    }
  }
  // The maximal ranges, rising; no two of them touch.
  std::vector<SlotRange> Ranges() const;
  std::vector<Slot> ToVector() const;
  std::string ToString() const;  // Its ranges: "0-5,7". "" if empty.

  // Bit s%64 of word s/64 is slot s.
  const std::array<uint64_t, kWords>& words() const { return words_; }

  // By the words: an order to sort by, not inclusion.
  friend auto operator<=>(const SlotSet&, const SlotSet&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const SlotSet& set) {
    return H::combine_contiguous(std::move(h), set.words_.data(), set.words_.size());
  }

 private:
  static constexpr uint64_t Bit(Slot slot) { return uint64_t{1} << (slot % 64); }
  uint64_t& Word(Slot slot) {
    CHECK_LT(slot, kSlotCount);
    return words_[slot / 64];
  }

  std::array<uint64_t, kWords> words_{};
};

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_SLOT_SET_H_
