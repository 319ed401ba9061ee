#include "node/replication/discarded_tail.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "node/persist/aof_commands.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// What the stream says besides data.
constexpr std::array<std::string_view, 5> kNoData = {"select", "multi", "exec", "ping", "replconf"};

bool ChangesData(std::string_view word) {
  return std::none_of(kNoData.begin(), kNoData.end(),
                      [word](std::string_view name) { return EqualsIgnoreCase(word, name); });
}

}  // namespace

DiscardedTail MeasureTail(const Backlog& backlog, uint64_t from) {
  DiscardedTail tail;
  if (from >= backlog.end()) return tail;
  tail.bytes = backlog.end() - from;
  tail.complete = from >= backlog.begin();
  if (!tail.complete) return tail;
  std::string bytes;
  for (uint64_t at = from; at < backlog.end(); at = from + bytes.size()) bytes += backlog.Read(at);
  AofCommands commands(bytes, 0);
  std::vector<std::string_view> words;
  AofCommands::Step step = AofCommands::Step::kEnd;
  while ((step = commands.Next(&words)) == AofCommands::Step::kCommand) {
    if (ChangesData(words[0])) ++tail.commands;
  }
  tail.complete = step == AofCommands::Step::kEnd;
  return tail;
}

std::string Describe(const DiscardedTail& tail) {
  if (tail.complete) return StrCat(tail.bytes, " bytes, ", tail.commands, " commands");
  return StrCat(tail.bytes, " bytes, in how many commands is not known any more");
}

}  // namespace slotmesh::node
