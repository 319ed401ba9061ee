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

}  // namespace

Zset& CreateZset(CommandContext& ctx, const HashedKey& key, uint64_t members, size_t longest) {
  auto* zset = new Zset(ctx.engine().type_settings, members, longest);
  ctx.db().Insert(key, Entry::NewObject(key.bytes, zset, kNoExpiry), ctx.now_ms());
  return *zset;
}

void AfterRemoval(CommandContext& ctx, const HashedKey& key, const Zset& zset,
                  std::string_view event) {
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifyZset, event, key.bytes);
  if (zset.size() > 0) return;
  ctx.db().Delete(key, ctx.now_ms());
  ctx.Notify(kNotifyGeneric, "del", key.bytes);
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
  ctx.db().Delete(key, ctx.now_ms());
  ctx.db().Insert(key, Entry::NewObject(key.bytes, zset, kNoExpiry), ctx.now_ms());
  ctx.Notify(kNotifyZset, event, key.bytes);
  ctx.MarkChanged();
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
