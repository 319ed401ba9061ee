// Word 2 of EVAL and FCALL: how many of the words behind it are keys.
#ifndef SLOTMESH_FUNCTIONS_KEY_COUNT_H_
#define SLOTMESH_FUNCTIONS_KEY_COUNT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node/command/command_context.h"
#include "node/resp/numbers.h"

namespace slotmesh::functions {

// Nothing, with the reply written, if it cannot be right; `no_number` is what to say of a word that
// is no number.
inline std::optional<size_t> KeyCountOrReply(node::CommandContext& ctx, node::Args args,
                                             std::string_view no_number) {
  constexpr size_t kBefore = 3;
  const std::optional<int64_t> count = node::ParseInt64(args[2]);
  if (!count) {
    ctx.reply().Error(no_number);
  } else if (*count > static_cast<int64_t>(args.size() - kBefore)) {
    ctx.reply().Error("ERR Number of keys can't be greater than number of args");
  } else if (*count < 0) {
    ctx.reply().Error("ERR Number of keys can't be negative");
  } else {
    return static_cast<size_t>(*count);
  }
  return std::nullopt;
}

}  // namespace slotmesh::functions

#endif  // SLOTMESH_FUNCTIONS_KEY_COUNT_H_
