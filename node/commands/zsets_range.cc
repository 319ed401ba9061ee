// ZRANGE in all its forms: by rank, score or name, either way, with LIMIT, replied or stored.
#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "node/commands/zsets_common.h"
#include "node/commands/zsets_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kLimitNeedsKind =
    "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
constexpr std::string_view kNoScoresByLex =
    "ERR syntax error, WITHSCORES not supported in combination with BYLEX";

enum class By : uint8_t { kAny, kRank, kScore, kLex };

struct RangeRequest {
  // What the command's name fixes; kAny and no `reverse_fixed` leave it to options.
  By by = By::kAny;
  bool reverse_fixed = false;
  bool reverse = false;
  bool store = false;

  bool with_scores = false;
  int64_t offset = 0;
  int64_t limit = -1;
  int64_t first = 0;
  int64_t last = 0;
  ScoreRange scores;
  LexRange names;
};

// Options from word `at` on.
bool ParseOptions(CommandContext& ctx, Args args, size_t at, RangeRequest* request) {
  const bool open = request->by == By::kAny;
  for (; at < args.size(); ++at) {
    const std::string_view word = args[at];
    if (!request->store && EqualsIgnoreCase(word, "WITHSCORES")) {
      request->with_scores = true;
    } else if (EqualsIgnoreCase(word, "LIMIT") && at + 2 < args.size()) {
      const std::optional<int64_t> offset = IntegerOrReply(ctx, args[at + 1]);
      if (!offset) return false;
      const std::optional<int64_t> limit = IntegerOrReply(ctx, args[at + 2]);
      if (!limit) return false;
      request->offset = *offset;
      request->limit = *limit;
      at += 2;
    } else if (!request->reverse_fixed && EqualsIgnoreCase(word, "REV")) {
      request->reverse = true;
    } else if (open && EqualsIgnoreCase(word, "BYLEX")) {
      request->by = By::kLex;
    } else if (open && EqualsIgnoreCase(word, "BYSCORE")) {
      request->by = By::kScore;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  if (request->by == By::kAny) request->by = By::kRank;
  std::string_view error;
  if (request->limit != -1 && request->by == By::kRank) error = kLimitNeedsKind;
  if (request->with_scores && request->by == By::kLex) error = kNoScoresByLex;
  if (!error.empty()) ctx.reply().Error(error);
  return error.empty();
}

bool ParseEnds(CommandContext& ctx, std::string_view min, std::string_view max,
               RangeRequest* request) {
  if (request->by == By::kRank) {
    const std::optional<int64_t> first = IntegerOrReply(ctx, min);
    if (!first) return false;
    const std::optional<int64_t> last = IntegerOrReply(ctx, max);
    if (!last) return false;
    request->first = *first;
    request->last = *last;
    return true;
  }
  if (request->reverse) std::swap(min, max);
  if (request->by == By::kScore) {
    const std::optional<ScoreRange> scores = ParseScoreRange(min, max);
    if (!scores) ctx.reply().Error(errors::kMinOrMaxNotFloat);
    request->scores = scores.value_or(ScoreRange());
    return scores.has_value();
  }
  const std::optional<LexRange> names = ParseLexRange(min, max);
  if (!names) ctx.reply().Error(errors::kMinOrMaxNotString);
  request->names = names.value_or(LexRange());
  return names.has_value();
}

// LIMIT: a negative offset leaves nothing, a negative limit all.
RankInterval Limited(RankInterval found, const RangeRequest& request) {
  if (request.offset < 0 || static_cast<uint64_t>(request.offset) >= found.size()) return {};
  const auto offset = static_cast<uint64_t>(request.offset);
  uint64_t size = found.size() - offset;
  if (request.limit >= 0) size = std::min(size, static_cast<uint64_t>(request.limit));
  if (request.reverse) return {found.end - offset - size, found.end - offset};
  return {found.begin + offset, found.begin + offset + size};
}

RankInterval Select(const Zset& zset, const RangeRequest& request) {
  if (request.by == By::kScore) return Limited(zset.Within(request.scores), request);
  if (request.by == By::kLex) return Limited(zset.Within(request.names), request);
  const RankInterval ranks = RankRange(request.first, request.last, zset.size());
  if (!request.reverse || ranks.empty()) return ranks;
  return {zset.size() - ranks.end, zset.size() - ranks.begin};
}

// The key is word `key_at`, the ends follow it.
void Range(CommandContext& ctx, Args args, size_t key_at, RangeRequest request) {
  if (!ParseOptions(ctx, args, key_at + 3, &request)) return;
  if (!ParseEnds(ctx, args[key_at + 1], args[key_at + 2], &request)) return;
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(key_at), &zset)) return;
  const RankInterval found = zset != nullptr ? Select(*zset, request) : RankInterval{};
  if (!request.store) {
    MemberReply reply(ctx.reply(), request.with_scores);
    reply.Begin(found.size());
    if (found.empty()) return;
    return zset->Visit(found, request.reverse,
                       [&](std::string_view member, double score) { reply.Member(member, score); });
  }
  // Members of a small set are not borrowed: numbers among them have no text of their own.
  std::vector<std::pair<std::string, double>> owned;
  std::vector<MemberScore> members;
  if (!found.empty()) {
    owned.reserve(found.size());
    zset->Visit(found, request.reverse,
                [&](std::string_view member, double score) { owned.emplace_back(member, score); });
  }
  for (const auto& [member, score] : owned) members.push_back({member, score});
  StoreZset(ctx, ctx.Key(1), members, "zrangestore");
}

}  // namespace

// ZRANGE key first last [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]
void ZRange(CommandContext& ctx, Args args) { Range(ctx, args, 1, {}); }

// ZRANGESTORE destination key first last [BYSCORE|BYLEX] [REV] [LIMIT offset count]
void ZRangeStore(CommandContext& ctx, Args args) { Range(ctx, args, 2, {.store = true}); }

// ZREVRANGE key first last [WITHSCORES]
void ZRevRange(CommandContext& ctx, Args args) {
  Range(ctx, args, 1, {.by = By::kRank, .reverse_fixed = true, .reverse = true});
}

// ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]
void ZRangeByScore(CommandContext& ctx, Args args) {
  Range(ctx, args, 1, {.by = By::kScore, .reverse_fixed = true});
}

// ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]
void ZRevRangeByScore(CommandContext& ctx, Args args) {
  Range(ctx, args, 1, {.by = By::kScore, .reverse_fixed = true, .reverse = true});
}

// ZRANGEBYLEX key min max [LIMIT offset count]
void ZRangeByLex(CommandContext& ctx, Args args) {
  Range(ctx, args, 1, {.by = By::kLex, .reverse_fixed = true});
}

// ZREVRANGEBYLEX key max min [LIMIT offset count]
void ZRevRangeByLex(CommandContext& ctx, Args args) {
  Range(ctx, args, 1, {.by = By::kLex, .reverse_fixed = true, .reverse = true});
}

}  // namespace slotmesh::node
