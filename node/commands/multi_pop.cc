#include "node/commands/multi_pop.h"

#include <optional>

#include "slots/strings.h"

namespace slotmesh::node {

bool ParseMultiPop(CommandContext& ctx, Args args, size_t at, std::string_view begin,
                   std::string_view end, MultiPopRequest* request) {
  const auto malformed = [&] {
    ctx.reply().Error(errors::kSyntax);
    return false;
  };
  const std::optional<int64_t> keys =
      IntegerFromOrReply(ctx, args[at], 1, "ERR numkeys should be greater than 0");
  if (!keys) return false;
  if (static_cast<uint64_t>(*keys) >= args.size() - at - 1) return malformed();
  request->keys = args.subspan(at + 1, static_cast<size_t>(*keys));
  at += 1 + request->keys.size();
  request->from_end = EqualsIgnoreCase(args[at], end);
  if (!request->from_end && !EqualsIgnoreCase(args[at], begin)) return malformed();
  for (bool counted = false; ++at < args.size(); counted = true, ++at) {
    if (counted || at + 1 == args.size() || !EqualsIgnoreCase(args[at], "COUNT")) {
      return malformed();
    }
    const std::optional<int64_t> count =
        IntegerFromOrReply(ctx, args[at + 1], 1, "ERR count should be greater than 0");
    if (!count) return false;
    request->count = static_cast<uint64_t>(*count);
  }
  return true;
}

}  // namespace slotmesh::node
