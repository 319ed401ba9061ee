// The count of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER: so many different elements, or with a minus
// so many draws.
//
// Pure but for the errors that are replied.
#ifndef SLOTMESH_NODE_COMMANDS_RANDOM_COUNT_H_
#define SLOTMESH_NODE_COMMANDS_RANDOM_COUNT_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {

struct RandomCount {
  uint64_t n = 0;
  bool repeats = false;
};

// More draws would fill the memory with one reply, unless that has a limit.
inline constexpr int64_t kRandomDrawsMax = int64_t{1} << 26;

// Nothing, with the error replied, if the word is no such count.
inline std::optional<RandomCount> RandomCountOrReply(CommandContext& ctx, std::string_view word) {
  const std::optional<int64_t> count = IntegerOrReply(ctx, word);
  if (!count) return std::nullopt;
  if (*count == INT64_MIN) {
    ctx.reply().Error(
        StrCat("ERR value is out of range, value must between ", -INT64_MAX, " and ", INT64_MAX));
    return std::nullopt;
  }
  if (*count >= 0) return RandomCount{static_cast<uint64_t>(*count), false};
  if (-*count > kRandomDrawsMax && !ctx.client().output.limited()) {
    ctx.reply().Error(errors::kOutOfRange);
    return std::nullopt;
  }
  return RandomCount{static_cast<uint64_t>(-*count), true};
}

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_RANDOM_COUNT_H_
