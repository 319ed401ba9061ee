#include "slots/slot_set.h"

#include <charconv>

namespace slotmesh::slots {
namespace {

// Calls f(word index, mask) for each word that the range touches.
template <typename F>
void ForEachMask(Slot first, Slot last, F f) {
  CHECK_LE(first, last);
  CHECK_LT(last, kSlotCount);
  const int first_word = first / 64;
  const int last_word = last / 64;
  for (int w = first_word; w <= last_word; ++w) {
    uint64_t mask = ~uint64_t{0};
    if (w == first_word) mask &= ~uint64_t{0} << (first % 64);
    if (w == last_word) mask &= ~uint64_t{0} >> (63 - last % 64);
    f(w, mask);
  }
}

// Takes a decimal slot without sign or leading zeros off the front of *text.
std::optional<Slot> TakeSlot(std::string_view* text) {
  int value = 0;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || text->front() == '-' || value >= kSlotCount) return std::nullopt;
  if (text->front() == '0' && rest - text->data() > 1) return std::nullopt;
  text->remove_prefix(rest - text->data());
  return static_cast<Slot>(value);
}

bool TakeChar(char c, std::string_view* text) {
  if (text->empty() || text->front() != c) return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

SlotSet SlotSet::All() { return Of(0, kSlotCount - 1); }

SlotSet SlotSet::Of(Slot first, Slot last) {
  SlotSet set;
  set.AddRange(first, last);
  return set;
}

std::optional<SlotSet> SlotSet::Parse(std::string_view text) {
  SlotSet set;
  if (text.empty()) return set;
  do {
    if (text.empty()) return std::nullopt;
    const std::optional<Slot> first = TakeSlot(&text);
    if (!first.has_value()) return std::nullopt;
    std::optional<Slot> last = first;
    if (TakeChar('-', &text)) {
      if (text.empty()) return std::nullopt;
      last = TakeSlot(&text);
      if (!last.has_value() || *last < *first) return std::nullopt;
    }
    set.AddRange(*first, *last);
  } while (TakeChar(',', &text));
  if (!text.empty()) return std::nullopt;
  return set;
}

void SlotSet::AddRange(Slot first, Slot last) {
  ForEachMask(first, last, [this](int w, uint64_t mask) { words_[w] |= mask; });
}

void SlotSet::RemoveRange(Slot first, Slot last) {
  ForEachMask(first, last, [this](int w, uint64_t mask) { words_[w] &= ~mask; });
}

int SlotSet::count() const {
  int count = 0;
  for (uint64_t word : words_) count += std::popcount(word);
  return count;
}

bool SlotSet::empty() const {
  uint64_t any = 0;
  for (uint64_t word : words_) any |= word;
  return any == 0;
}

std::optional<Slot> SlotSet::First() const { return NextFrom(0); }

std::optional<Slot> SlotSet::NextFrom(int from) const {
  CHECK(from >= 0 && from <= kSlotCount);
  for (int w = from / 64; w < kWords; ++w) {
    uint64_t bits = words_[w];
    if (w == from / 64) bits &= ~uint64_t{0} << (from % 64);
    if (bits != 0) return static_cast<Slot>(w * 64 + std::countr_zero(bits));
  }
  return std::nullopt;
}

SlotSet& SlotSet::operator|=(const SlotSet& other) {
  for (int w = 0; w < kWords; ++w) words_[w] |= other.words_[w];
  return *this;
}

SlotSet& SlotSet::operator&=(const SlotSet& other) {
  for (int w = 0; w < kWords; ++w) words_[w] &= other.words_[w];
  return *this;
}

SlotSet& SlotSet::operator-=(const SlotSet& other) {
  for (int w = 0; w < kWords; ++w) words_[w] &= ~other.words_[w];
  return *this;
}

SlotSet SlotSet::Complement() const {
  SlotSet result;
  for (int w = 0; w < kWords; ++w) result.words_[w] = ~words_[w];
  return result;
}

bool SlotSet::Intersects(const SlotSet& other) const {
  uint64_t both = 0;
  for (int w = 0; w < kWords; ++w) both |= words_[w] & other.words_[w];
  return both != 0;
}

bool SlotSet::ContainsAll(const SlotSet& other) const {
  uint64_t missing = 0;
  for (int w = 0; w < kWords; ++w) missing |= other.words_[w] & ~words_[w];
  return missing == 0;
}

std::vector<SlotRange> SlotSet::Ranges() const {
  std::vector<SlotRange> ranges;
  const SlotSet holes = Complement();
  std::optional<Slot> first = First();
  while (first.has_value()) {
    const std::optional<Slot> hole = holes.NextFrom(*first);
    const int end = hole.has_value() ? *hole : kSlotCount;
    ranges.push_back({*first, static_cast<Slot>(end - 1)});
    first = NextFrom(end);
  }
  return ranges;
}

std::vector<Slot> SlotSet::ToVector() const {
  std::vector<Slot> slots;
  slots.reserve(count());
  ForEach([&slots](Slot slot) { slots.push_back(slot); });
  return slots;
}

std::string SlotSet::ToString() const {
  std::string text;
  for (const SlotRange& range : Ranges()) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) {
      text += '-';
      text += std::to_string(range.last);
    }
  }
  return text;
}

}  // namespace slotmesh::slots
