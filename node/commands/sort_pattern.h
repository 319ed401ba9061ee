// Where BY and GET of SORT find their values: in other keys, whose names follow from a pattern and
// an element.
//
// "weight_*" is the string of the key in which the element stands for the first '*'; "data_*->name"
// the field `name` of that hash. A pattern without '*' leads nowhere. Engine thread only.
#ifndef SLOTMESH_NODE_COMMANDS_SORT_PATTERN_H_
#define SLOTMESH_NODE_COMMANDS_SORT_PATTERN_H_

#include <optional>
#include <string>
#include <string_view>

#include "node/command/command_context.h"

namespace slotmesh::node {

class SortPattern {
 public:
  // Borrows the text.
  explicit SortPattern(std::string_view text);

  // "#": the element itself.
  bool is_element() const { return text_ == "#"; }
  bool leads_somewhere() const { return star_ != std::string_view::npos; }
  // The slot in which all keys are that it can lead to; nothing if they may be in several.
  std::optional<int> Slot() const;
  // Absent if there is no such key or field, or a value of another kind.
  std::optional<std::string> Find(CommandContext& ctx, std::string_view element) const;

 private:
  std::string_view text_;
  size_t star_ = std::string_view::npos;
  std::string_view tail_;   // Of the key's name, behind the '*'.
  std::string_view field_;  // Empty: the key is a string.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_SORT_PATTERN_H_
