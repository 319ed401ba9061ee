#include "slots/key_count.h"

namespace slotmesh::slots {

std::optional<int64_t> ParseKeyCount(std::string_view word) {
  // Longer ones are more than a request can hold, whatever they say.
  if (word.empty() || word.size() > 18 || (word[0] == '0' && word.size() > 1)) return std::nullopt;
  int64_t value = 0;
  for (char c : word) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace slotmesh::slots
