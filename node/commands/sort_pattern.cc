#include "node/commands/sort_pattern.h"

#include "node/commands/hash_change.h"
#include "node/commands/lookup.h"
#include "node/types/hash.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {

SortPattern::SortPattern(std::string_view text) : text_(text), star_(text.find('*')) {
  if (!leads_somewhere()) return;
  tail_ = text.substr(star_ + 1);
  constexpr std::string_view kArrow = "->";
  const size_t arrow = tail_.find(kArrow);
  if (arrow == std::string_view::npos || arrow + kArrow.size() == tail_.size()) return;
  field_ = tail_.substr(arrow + kArrow.size());
  tail_ = tail_.substr(0, arrow);
}

std::optional<int> SortPattern::Slot() const {
  // Known only if a hash tag stands before anything that is a pattern.
  const size_t open = text_.find('{');
  const size_t close = open == std::string_view::npos ? open : text_.find('}', open + 1);
  const size_t wild = text_.find_first_of("*?[\\");
  const bool tagged = close != std::string_view::npos && close != open + 1;
  if (wild != std::string_view::npos && (!tagged || wild < close)) return std::nullopt;
  return slots::HashSlot(text_);
}

std::optional<std::string> SortPattern::Find(CommandContext& ctx, std::string_view element) const {
  if (is_element()) return std::string(element);
  if (!leads_somewhere()) return std::nullopt;
  const std::string name = StrCat(text_.substr(0, star_), element, tail_);
  const Entry* entry = FindForReading(ctx, ctx.Hash(name), ClientLookup(ctx));
  if (entry == nullptr) return std::nullopt;
  if (field_.empty()) {
    if (!entry->is_string()) return std::nullopt;
    IntText scratch;
    return std::string(entry->string_bytes(scratch));
  }
  if (entry->kind() != Hash::kKind) return std::nullopt;
  Hash::Scratch scratch;
  Hash::Pair pair;
  const auto& hash = static_cast<const Hash&>(*entry->object());
  if (!hash.Find(field_, FieldClockOf(ctx), scratch, &pair)) return std::nullopt;
  return std::string(pair.value);
}

}  // namespace slotmesh::node
