#include "node/commands/zsets_common.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

namespace slotmesh::node {
namespace {

// As strtod reads it: white space in front, an empty text and too big numbers are taken.
std::optional<double> ParseEnd(std::string_view text, bool* exclusive) {
  *exclusive = !text.empty() && text[0] == '(';
  if (*exclusive) text.remove_prefix(1);
  const std::optional<double> plain = ParseDouble(text);
  if (plain) return plain;
  const std::string copy(text);
  char* end;
  const double value = std::strtod(copy.c_str(), &end);
  if (*end != '\0' || std::isnan(value)) return std::nullopt;
  return value;
}

bool ParseLexEnd(std::string_view text, LexBound* bound) {
  if (text == "-") {
    bound->kind = LexBound::Kind::kLowest;
    return true;
  }
  if (text == "+") {
    bound->kind = LexBound::Kind::kHighest;
    return true;
  }
  if (text.empty() || (text[0] != '(' && text[0] != '[')) return false;
  bound->kind = text[0] == '(' ? LexBound::Kind::kExclusive : LexBound::Kind::kInclusive;
  bound->name = text.substr(1);
  return true;
}

struct AddResult {
  int64_t added = 0;
  int64_t updated = 0;
  bool nan = false;
  // Of the last member, unless a condition kept it as it was.
  std::optional<double> score;
};

void AddOne(CommandContext& ctx, Zset& zset, const ZsetAddition& request, std::string_view member,
            double score, AddResult* result) {
  const Zset::Spot spot = zset.Find(member);
  result->score.reset();
  if (!spot.found()) {
    if (request.xx) return;
    zset.Insert(spot, score, ctx.engine().type_settings);
    ++result->added;
    result->score = score;
    return;
  }
  if (request.nx) return;
  const double old = spot.score();
  if (request.increment) score += old;
  if (std::isnan(score)) {
    result->nan = true;
    return;
  }
  if ((request.lt && score >= old) || (request.gt && score <= old)) return;
  result->score = score;
  if (score == old) return;
  zset.SetScore(spot, score);
  ++result->updated;
}

}  // namespace

Zset& CreateZset(CommandContext& ctx, const HashedKey& key, uint64_t members, size_t longest) {
  auto* zset = new Zset(ctx.engine().type_settings, members, longest);
  InsertObject(ctx, key, zset);
  return *zset;
}

void AfterRemoval(CommandContext& ctx, const HashedKey& key, const Zset& zset,
                  std::string_view event) {
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifyZset, event, key.bytes);
  if (zset.size() == 0) DeleteEmptied(ctx, key);
}

void StoreZset(CommandContext& ctx, const HashedKey& key, absl::Span<const MemberScore> members,
               std::string_view event) {
  ctx.reply().Integer(static_cast<int64_t>(members.size()));
  if (members.empty()) {
    if (!ctx.db().Delete(key, ctx.now_ms())) return;
    ctx.Notify(kNotifyGeneric, "del", key.bytes);
    ctx.MarkChanged();
    return;
  }
  size_t longest = 0;
  for (const MemberScore& member : members) longest = std::max(longest, member.member.size());
  const TypeSettings& settings = ctx.engine().type_settings;
  auto* zset = new Zset(settings, members.size(), longest);
  for (const MemberScore& member : members) zset->Put(member.member, member.score, settings);
  ctx.db().Delete(key, ctx.now_ms(), ctx.engine().config.lazyfree_lazy_server_del);
  InsertObject(ctx, key, zset);
  ctx.Notify(kNotifyZset, event, key.bytes);
  ctx.MarkChanged();
}

void AddToZset(CommandContext& ctx, const HashedKey& key, const ZsetAddition& request) {
  Zset* zset;
  if (!FindZsetToWrite(ctx, key, &zset)) return;
  AddResult result;
  if (zset == nullptr && !request.xx) {
    size_t longest = 0;
    for (const MemberScore& one : request.members) longest = std::max(longest, one.member.size());
    zset = &CreateZset(ctx, key, request.members.size(), longest);
  }
  if (zset != nullptr) {
    for (const MemberScore& one : request.members) {
      AddOne(ctx, *zset, request, one.member, one.score, &result);
      if (result.nan) break;
    }
  }
  if (result.added + result.updated > 0) {
    ctx.db().SignalModified(key);
    ctx.MarkChanged(result.added + result.updated);
    ctx.Notify(kNotifyZset, request.increment ? "zincr" : "zadd", key.bytes);
  }
  if (result.nan) return ctx.reply().Error(errors::kScoreNan);
  if (!request.increment) {
    return ctx.reply().Integer(result.added + (request.changed ? result.updated : 0));
  }
  if (!result.score) return ctx.reply().Null();
  ctx.reply().Double(*result.score);
}

std::optional<ScoreRange> ParseScoreRange(std::string_view min, std::string_view max) {
  ScoreRange range;
  const std::optional<double> low = ParseEnd(min, &range.min_exclusive);
  const std::optional<double> high = ParseEnd(max, &range.max_exclusive);
  if (!low || !high) return std::nullopt;
  range.min = *low;
  range.max = *high;
  return range;
}

std::optional<LexRange> ParseLexRange(std::string_view min, std::string_view max) {
  LexRange range;
  if (!ParseLexEnd(min, &range.min) || !ParseLexEnd(max, &range.max)) return std::nullopt;
  return range;
}

RankInterval RankRange(int64_t first, int64_t last, uint64_t size) {
  const auto count = static_cast<int64_t>(size);
  if (first < 0) first = std::max<int64_t>(first + count, 0);
  if (last < 0) last += count;
  if (last < 0 || first > last || first >= count) return {};
  return {static_cast<uint64_t>(first), static_cast<uint64_t>(std::min(last, count - 1)) + 1};
}

}  // namespace slotmesh::node
