#include "node/journal/memory_sink.h"

#include "absl/strings/str_join.h"

namespace slotmesh::node {

void MemorySink::OnUnit(const JournalUnit& unit) {
  std::vector<Seen>& seen = units_.emplace_back();
  for (const Effect& effect : unit.effects) {
    seen.push_back({effect.database, effect.slot, effect.origin,
                    std::vector<std::string>(effect.argv.begin(), effect.argv.end())});
  }
  resp_ += unit.resp;
}

std::vector<std::string> MemorySink::Lines() const {
  std::vector<std::string> lines;
  for (const std::vector<Seen>& unit : units_) {
    for (const Seen& seen : unit) lines.push_back(absl::StrJoin(seen.argv, " "));
  }
  return lines;
}

void MemorySink::Clear() {
  units_.clear();
  resp_.clear();
}

}  // namespace slotmesh::node
