// Sorted set commands that add, change or remove members.
#include <optional>
#include <string_view>

#include "node/commands/zsets_common.h"
#include "node/commands/zsets_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNxAndXx = "ERR XX and NX options at the same time are not compatible";
constexpr std::string_view kGtLtNx =
    "ERR GT, LT, and/or NX options at the same time are not compatible";
constexpr std::string_view kOnePairForIncr =
    "ERR INCR option supports a single increment-element pair";

bool* OptionOf(ZsetAddition& request, std::string_view word) {
  if (word.size() == 2) {
    if (EqualsIgnoreCase(word, "NX")) return &request.nx;
    if (EqualsIgnoreCase(word, "XX")) return &request.xx;
    if (EqualsIgnoreCase(word, "CH")) return &request.changed;
    if (EqualsIgnoreCase(word, "GT")) return &request.gt;
    if (EqualsIgnoreCase(word, "LT")) return &request.lt;
  }
  return EqualsIgnoreCase(word, "INCR") ? &request.increment : nullptr;
}

bool ParseAdd(CommandContext& ctx, Args args, ZsetAddition* request) {
  size_t at = 2;
  for (; at < args.size(); ++at) {
    bool* const option = OptionOf(*request, args[at]);
    if (option == nullptr) break;
    *option = true;
  }
  const size_t words = args.size() - at;
  std::string_view error;
  if (words == 0 || words % 2 != 0) {
    error = errors::kSyntax;
  } else if (request->nx && request->xx) {
    error = kNxAndXx;
  } else if ((request->nx && (request->gt || request->lt)) || (request->gt && request->lt)) {
    error = kGtLtNx;
  } else if (request->increment && words > 2) {
    error = kOnePairForIncr;
  }
  for (; at < args.size() && error.empty(); at += 2) {
    const std::optional<double> score = ParseDouble(args[at]);
    if (!score) error = errors::kNotFloat;
    request->members.push_back({args[at + 1], score.value_or(0)});
  }
  if (error.empty()) return true;
  ctx.reply().Error(error);
  return false;
}

template <typename Range>
void RemoveWithin(CommandContext& ctx, const Range& range, std::string_view event) {
  const HashedKey key = ctx.Key(1);
  Zset* zset;
  if (!FindZsetToWrite(ctx, key, &zset)) return;
  if (zset == nullptr) return ctx.reply().Integer(0);
  const RankInterval found = range(*zset);
  ctx.reply().Integer(static_cast<int64_t>(found.size()));
  if (found.empty()) return;
  zset->Remove(found, [](std::string_view, double) {});
  ctx.MarkChanged(static_cast<int64_t>(found.size()));
  AfterRemoval(ctx, key, *zset, event);
}

}  // namespace

// ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member ...: how many were added.
void ZAdd(CommandContext& ctx, Args args) {
  ZsetAddition request;
  if (ParseAdd(ctx, args, &request)) AddToZset(ctx, ctx.Key(1), request);
}

// ZINCRBY key increment member: the new score.
void ZIncrBy(CommandContext& ctx, Args args) {
  ZsetAddition request;
  request.increment = true;
  if (ParseAdd(ctx, args, &request)) AddToZset(ctx, ctx.Key(1), request);
}

// ZREM key member ...: how many were there.
void ZRem(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  Zset* zset;
  if (!FindZsetToWrite(ctx, key, &zset)) return;
  int64_t removed = 0;
  if (zset != nullptr) {
    for (const std::string_view member : args.subspan(2)) removed += zset->Remove(member) ? 1 : 0;
  }
  ctx.reply().Integer(removed);
  if (removed == 0) return;
  ctx.MarkChanged(removed);
  AfterRemoval(ctx, key, *zset, "zrem");
}

// ZREMRANGEBYRANK key first last
void ZRemRangeByRank(CommandContext& ctx, Args args) {
  const std::optional<int64_t> first = IntegerOrReply(ctx, args[2]);
  if (!first) return;
  const std::optional<int64_t> last = IntegerOrReply(ctx, args[3]);
  if (!last) return;
  RemoveWithin(
      ctx, [&](const Zset& zset) { return RankRange(*first, *last, zset.size()); },
      "zremrangebyrank");
}

// ZREMRANGEBYSCORE key min max
void ZRemRangeByScore(CommandContext& ctx, Args args) {
  const std::optional<ScoreRange> range = ParseScoreRange(args[2], args[3]);
  if (!range) return ctx.reply().Error(errors::kMinOrMaxNotFloat);
  RemoveWithin(
      ctx, [&](const Zset& zset) { return zset.Within(*range); }, "zremrangebyscore");
}

// ZREMRANGEBYLEX key min max
void ZRemRangeByLex(CommandContext& ctx, Args args) {
  const std::optional<LexRange> range = ParseLexRange(args[2], args[3]);
  if (!range) return ctx.reply().Error(errors::kMinOrMaxNotString);
  RemoveWithin(
      ctx, [&](const Zset& zset) { return zset.Within(*range); }, "zremrangebylex");
}

}  // namespace slotmesh::node
