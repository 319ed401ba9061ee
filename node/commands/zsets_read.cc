// Sorted set commands that read, apart from ranges and combinations.
#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/random/distributions.h"
#include "node/commands/random_count.h"
#include "node/commands/scan_request.h"
#include "node/commands/zsets_common.h"
#include "node/commands/zsets_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void Rank(CommandContext& ctx, Args args, bool reverse) {
  if (args.size() > 4) return ctx.reply().Error(WrongArity(reverse ? "zrevrank" : "zrank"));
  const bool with_score = args.size() == 4;
  if (with_score && !EqualsIgnoreCase(args[3], "WITHSCORE")) {
    return ctx.reply().Error(errors::kSyntax);
  }
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  const Zset::Spot spot = zset != nullptr ? zset->Find(args[2]) : Zset::Spot();
  if (!spot.found()) return with_score ? ctx.reply().NullArray() : ctx.reply().Null();
  const uint64_t before = zset->Rank(spot);
  if (with_score) ctx.reply().Array(2);
  ctx.reply().Integer(static_cast<int64_t>(reverse ? zset->size() - 1 - before : before));
  if (with_score) ctx.reply().Double(spot.score());
}

template <typename Range>
void Count(CommandContext& ctx, const Range& range) {
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  ctx.reply().Integer(zset == nullptr ? 0 : static_cast<int64_t>(zset->Within(range).size()));
}

// `count` different numbers below `size`, each choice equally likely.
std::vector<uint64_t> DifferentRanks(CommandContext& ctx, uint64_t count, uint64_t size) {
  absl::flat_hash_set<uint64_t> chosen;
  std::vector<uint64_t> ranks;
  ranks.reserve(count);
  for (uint64_t last = size - count; last < size; ++last) {
    const uint64_t rank = absl::Uniform<uint64_t>(ctx.random(), 0, last + 1);
    ranks.push_back(chosen.insert(rank).second ? rank : last);
    chosen.insert(ranks.back());
  }
  return ranks;
}

void RandomMembers(CommandContext& ctx, const Zset* zset, RandomCount count, bool with_scores) {
  if (zset == nullptr || count.n == 0) return ctx.reply().EmptyArray();
  MemberReply reply(ctx.reply(), with_scores);
  const auto write = [&](std::string_view member, double score) { reply.Member(member, score); };
  const uint64_t size = zset->size();
  if (count.repeats) {
    reply.Begin(count.n);
    for (uint64_t i = 0; i < count.n && !ctx.client().output.overflowed(); ++i) {
      const uint64_t rank = absl::Uniform<uint64_t>(ctx.random(), 0, size);
      zset->Visit({rank, rank + 1}, /*reverse=*/false, write);
    }
    return;
  }
  if (count.n >= size) {
    reply.Begin(size);
    return zset->Visit(zset->All(), /*reverse=*/true, write);
  }
  reply.Begin(count.n);
  for (const uint64_t rank : DifferentRanks(ctx, count.n, size)) {
    zset->Visit({rank, rank + 1}, /*reverse=*/false, write);
  }
}

}  // namespace

// ZCARD key
void ZCard(CommandContext& ctx, Args args) {
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  ctx.reply().Integer(zset == nullptr ? 0 : static_cast<int64_t>(zset->size()));
}

// ZSCORE key member: nil if absent.
void ZScore(CommandContext& ctx, Args args) {
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  const Zset::Spot spot = zset != nullptr ? zset->Find(args[2]) : Zset::Spot();
  if (!spot.found()) return ctx.reply().Null();
  ctx.reply().Double(spot.score());
}

// ZMSCORE key member ...
void ZMScore(CommandContext& ctx, Args args) {
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    const Zset::Spot spot = zset != nullptr ? zset->Find(member) : Zset::Spot();
    if (spot.found()) {
      ctx.reply().Double(spot.score());
    } else {
      ctx.reply().Null();
    }
  }
}

// ZRANK key member [WITHSCORE]
void ZRank(CommandContext& ctx, Args args) { Rank(ctx, args, /*reverse=*/false); }
void ZRevRank(CommandContext& ctx, Args args) { Rank(ctx, args, /*reverse=*/true); }

// ZCOUNT key min max
void ZCount(CommandContext& ctx, Args args) {
  const std::optional<ScoreRange> range = ParseScoreRange(args[2], args[3]);
  if (!range) return ctx.reply().Error(errors::kMinOrMaxNotFloat);
  Count(ctx, *range);
}

// ZLEXCOUNT key min max
void ZLexCount(CommandContext& ctx, Args args) {
  const std::optional<LexRange> range = ParseLexRange(args[2], args[3]);
  if (!range) return ctx.reply().Error(errors::kMinOrMaxNotString);
  Count(ctx, *range);
}

// ZRANDMEMBER key [count [WITHSCORES]]: a negative count allows repetitions.
void ZRandMember(CommandContext& ctx, Args args) {
  const Zset* zset;
  if (args.size() == 2) {
    if (!FindObject(ctx, ctx.Key(1), &zset)) return;
    if (zset == nullptr) return ctx.reply().Null();
    const uint64_t rank = absl::Uniform<uint64_t>(ctx.random(), 0, zset->size());
    return zset->Visit({rank, rank + 1}, /*reverse=*/false,
                       [&](std::string_view member, double) { ctx.reply().Bulk(member); });
  }
  const std::optional<RandomCount> count = RandomCountOrReply(ctx, args[2]);
  if (!count) return;
  const bool with_scores = args.size() == 4;
  if (args.size() > 4 || (with_scores && !EqualsIgnoreCase(args[3], "WITHSCORES"))) {
    return ctx.reply().Error(errors::kSyntax);
  }
  // The reply has two words a member.
  if (with_scores && count->n > INT64_MAX / 2) {
    return ctx.reply().Error(errors::kOutOfRange);
  }
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  RandomMembers(ctx, zset, *count, with_scores);
}

// ZSCAN key cursor [MATCH pattern] [COUNT n] [NOSCORES]: the next cursor (0: done) and some
// members.
void ZScan(CommandContext& ctx, Args args) {
  const std::optional<uint64_t> cursor = CursorOrReply(ctx, args[2]);
  if (!cursor) return;
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  ScanRequest request = {.cursor = *cursor};
  if (zset != nullptr &&
      !ParseScanOptions(ctx, args.subspan(3), ScanTarget::kSortedSet, &request)) {
    return;
  }
  ctx.reply().Array(2);
  if (zset == nullptr) {
    ctx.reply().Bulk("0");
    return ctx.reply().EmptyArray();
  }
  // The cursor stands before the members that lead to it.
  OutputBuffer members;
  Reply reply(&members, ctx.reply().protocol());
  size_t words = 0;
  int64_t met = 0;
  const uint64_t next = request.Run(&met, [&](uint64_t at) {
    return zset->Scan(at, [&](std::string_view member, double score) {
      ++met;
      if (!request.Matches(member)) return;
      reply.Bulk(member);
      if (!request.no_values) reply.BulkDouble(score);
      words += request.no_values ? 1 : 2;
    });
  });
  ctx.reply().Bulk(StrCat(next));
  ctx.reply().Array(words);
  ctx.reply().buffer().AppendBuffer(std::move(members));
}

}  // namespace slotmesh::node
