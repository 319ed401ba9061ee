// LLEN, LINDEX, LRANGE, LPOS.
#include <algorithm>
#include <limits>
#include <string>

#include "node/commands/lists_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kRankZero =
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
    "negative to start from the end of the list";

struct PositionRequest {
  int64_t rank = 1;
  std::optional<int64_t> count;  // 0: all.
  int64_t max_looked_at = 0;     // 0: no bound.
};

bool ParseRank(CommandContext& ctx, std::string_view word, int64_t* rank) {
  const std::optional<int64_t> value = IntegerOrReply(ctx, word);
  if (!value) return false;
  if (*value == std::numeric_limits<int64_t>::min()) {
    ctx.reply().Error(StrCat("ERR value is out of range, value must between ",
                             -std::numeric_limits<int64_t>::max(), " and ",
                             std::numeric_limits<int64_t>::max()));
    return false;
  }
  if (*value == 0) {
    ctx.reply().Error(kRankZero);
    return false;
  }
  *rank = *value;
  return true;
}

bool ParsePositionOptions(CommandContext& ctx, Args args, PositionRequest* request) {
  for (size_t i = 3; i < args.size(); i += 2) {
    const bool has_value = i + 1 < args.size();
    if (EqualsIgnoreCase(args[i], "RANK") && has_value) {
      if (!ParseRank(ctx, args[i + 1], &request->rank)) return false;
    } else if (EqualsIgnoreCase(args[i], "COUNT") && has_value) {
      request->count = IntegerFromOrReply(ctx, args[i + 1], 0, "ERR COUNT can't be negative");
      if (!request->count) return false;
    } else if (EqualsIgnoreCase(args[i], "MAXLEN") && has_value) {
      const auto max = IntegerFromOrReply(ctx, args[i + 1], 0, "ERR MAXLEN can't be negative");
      if (!max) return false;
      request->max_looked_at = *max;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

// Visits the indexes at which `item` stands, as the request wants them.
template <typename Visit>
void FindPositions(const List& list, const ListpackItem& item, const PositionRequest& request,
                   Visit visit) {
  const bool backwards = request.rank < 0;
  const uint64_t size = list.size();
  uint64_t looks = size;
  if (request.max_looked_at != 0) looks = std::min<uint64_t>(size, request.max_looked_at);
  uint64_t to_skip = static_cast<uint64_t>(backwards ? -request.rank : request.rank) - 1;
  uint64_t wanted = static_cast<uint64_t>(request.count.value_or(1));
  if (wanted == 0) wanted = size;
  uint64_t looked_at = 0;
  list.Walk(backwards ? size - 1 : 0, looks, backwards, [&](const ListpackValue& value) {
    const uint64_t index = backwards ? size - 1 - looked_at : looked_at;
    ++looked_at;
    if (!item.Matches(value)) return true;
    if (to_skip > 0) {
      --to_skip;
      return true;
    }
    visit(index);
    return --wanted > 0;
  });
}

}  // namespace

// LLEN key: 0 if absent.
void LLen(CommandContext& ctx, Args) {
  const List* list = nullptr;
  if (!FindObject(ctx, ctx.Key(1), &list)) return;
  ctx.reply().Integer(list == nullptr ? 0 : static_cast<int64_t>(list->size()));
}

// LINDEX key index: the element, null outside.
void LIndex(CommandContext& ctx, Args args) {
  const List* list = nullptr;
  if (!FindObject(ctx, ctx.Key(1), &list)) return;
  if (list == nullptr) return ctx.reply().Null();
  const std::optional<int64_t> index = IntegerOrReply(ctx, args[2]);
  if (!index) return;
  std::string scratch;
  ListpackValue value;
  if (!list->At(*index, scratch, &value)) return ctx.reply().Null();
  ReplyElement(ctx.reply(), value);
}

// LRANGE key start stop: the elements, both ends included.
void LRange(CommandContext& ctx, Args args) {
  const std::optional<int64_t> first = IntegerOrReply(ctx, args[2]);
  if (!first) return;
  const std::optional<int64_t> last = IntegerOrReply(ctx, args[3]);
  if (!last) return;
  const List* list = nullptr;
  if (!FindObject(ctx, ctx.Key(1), &list)) return;
  if (list == nullptr) return ctx.reply().EmptyArray();
  const auto size = static_cast<int64_t>(list->size());
  const int64_t begin = std::max<int64_t>(*first < 0 ? *first + size : *first, 0);
  const int64_t end = std::min<int64_t>(*last < 0 ? *last + size : *last, size - 1);
  if (begin > end) return ctx.reply().EmptyArray();
  const auto count = static_cast<size_t>(end - begin + 1);
  Reply& reply = ctx.reply();
  reply.Array(count);
  list->Walk(static_cast<uint64_t>(begin), count, /*backwards=*/false,
             [&](const ListpackValue& value) {
               ReplyElement(reply, value);
               return true;
             });
}

// LPOS key element [RANK rank] [COUNT n] [MAXLEN n]: where the element stands.
void LPos(CommandContext& ctx, Args args) {
  PositionRequest request;
  if (!ParsePositionOptions(ctx, args, &request)) return;
  const List* list = nullptr;
  if (!FindObject(ctx, ctx.Key(1), &list)) return;
  if (list == nullptr) return request.count ? ctx.reply().EmptyArray() : ctx.reply().Null();
  const ListpackItem item(args[2]);
  if (!request.count) {
    std::optional<int64_t> found;
    FindPositions(*list, item, request, [&](uint64_t index) { found = index; });
    return found ? ctx.reply().Integer(*found) : ctx.reply().Null();
  }
  std::vector<uint64_t> found;
  FindPositions(*list, item, request, [&](uint64_t index) { found.push_back(index); });
  ctx.reply().Array(found.size());
  for (const uint64_t index : found) ctx.reply().Integer(static_cast<int64_t>(index));
}

}  // namespace slotmesh::node
