// Sorted set commands that remove the first or last members: ZPOPMIN, ZMPOP and those that wait.
#include <algorithm>
#include <optional>
#include <string_view>

#include "node/commands/blocking.h"
#include "node/commands/multi_pop.h"
#include "node/commands/zsets_common.h"
#include "node/commands/zsets_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

enum class End : uint8_t { kMin, kMax };

std::string_view EventOf(End end) { return end == End::kMin ? "zpopmin" : "zpopmax"; }

// How what was popped is replied.
enum class Form : uint8_t {
  kFlat,    // member score ...
  kPairs,   // [member score] ...
  kKeyed,   // key member score
  kNested,  // key [[member score] ...]
};

// Pops up to `count` members of a set that has some. `write_count`: copies are told how many.
void PopFrom(CommandContext& ctx, const HashedKey& key, Zset& zset, End end, uint64_t count,
             Form form) {
  const uint64_t popped = std::min(count, zset.size());
  Reply& reply = ctx.reply();
  switch (form) {
    case Form::kFlat:
      reply.Array(popped * 2);
      break;
    case Form::kPairs:
      reply.Array(popped);
      break;
    case Form::kKeyed:
      reply.Array(3);
      reply.Bulk(key.bytes);
      break;
    case Form::kNested:
      reply.Array(2);
      reply.Bulk(key.bytes);
      reply.Array(popped);
      break;
  }
  const RankInterval range =
      end == End::kMin ? RankInterval{0, popped} : RankInterval{zset.size() - popped, zset.size()};
  const bool pairs = form == Form::kPairs || form == Form::kNested;
  zset.Visit(range, end == End::kMax, [&](std::string_view member, double score) {
    if (pairs) reply.Array(2);
    reply.Bulk(member);
    reply.Double(score);
  });
  zset.Remove(range, [](std::string_view, double) {});
  ctx.MarkChanged(static_cast<int64_t>(popped));
  AfterRemoval(ctx, key, zset, EventOf(end));
  if (form == Form::kFlat || form == Form::kPairs || !ctx.wants_effects()) return;
  const std::string_view command = end == End::kMin ? "ZPOPMIN" : "ZPOPMAX";
  if (form == Form::kKeyed) {
    ctx.Effect({command, key.bytes});
  } else {
    ctx.Effect({command, key.bytes, IntegerWord(static_cast<int64_t>(popped))});
  }
}

// Pops from the first key that has members; false if there is none. An error counts as done.
bool PopFirst(CommandContext& ctx, size_t first_key, size_t keys, End end, uint64_t count,
              Form form) {
  for (size_t i = first_key; i < first_key + keys; ++i) {
    const HashedKey key = ctx.Key(i);
    Zset* zset;
    if (!FindZsetToWrite(ctx, key, &zset)) return true;
    if (zset == nullptr) continue;
    PopFrom(ctx, key, *zset, end, count, form);
    return true;
  }
  return false;
}

void Pop(CommandContext& ctx, Args args, End end) {
  if (args.size() > 3) return ctx.reply().Error(errors::kSyntax);
  uint64_t count = 1;
  if (args.size() == 3) {
    const std::optional<int64_t> wanted = ParseInt64(args[2]);
    if (!wanted || *wanted < 0) return ctx.reply().Error(errors::kMustBePositive);
    count = static_cast<uint64_t>(*wanted);
  }
  const HashedKey key = ctx.Key(1);
  Zset* zset;
  if (!FindZsetToWrite(ctx, key, &zset)) return;
  if (zset == nullptr || count == 0) return ctx.reply().EmptyArray();
  const bool pairs = ctx.reply().resp3() && args.size() == 3;
  PopFrom(ctx, key, *zset, end, count, pairs ? Form::kPairs : Form::kFlat);
}

End EndOf(const MultiPopRequest& request) { return request.from_end ? End::kMax : End::kMin; }

// Pops from one of the keys, or waits until one has members.
void PopOrWait(CommandContext& ctx, Args args, size_t timeout_at, size_t first_key, size_t keys,
               End end, uint64_t count, Form form) {
  const std::optional<int64_t> deadline = DeadlineOfSeconds(ctx, args[timeout_at]);
  if (!deadline) return;
  if (PopFirst(ctx, first_key, keys, end, count, form)) return;
  WaitForKeys(ctx, args, args.subspan(first_key, keys),
              {.kind = ValueKind::kZset,
               .deadline_ms = *deadline,
               .on_timeout = [](Client& client) { client.reply().NullArray(); }});
}

void BlockingPop(CommandContext& ctx, Args args, End end) {
  PopOrWait(ctx, args, args.size() - 1, 1, args.size() - 2, end, 1, Form::kKeyed);
}

}  // namespace

// ZPOPMIN key [count]
void ZPopMin(CommandContext& ctx, Args args) { Pop(ctx, args, End::kMin); }
void ZPopMax(CommandContext& ctx, Args args) { Pop(ctx, args, End::kMax); }

// ZMPOP numkeys key ... MIN|MAX [COUNT count]
void ZMPop(CommandContext& ctx, Args args) {
  MultiPopRequest request;
  if (!ParseMultiPop(ctx, args, 1, "MIN", "MAX", &request)) return;
  if (!PopFirst(ctx, 2, request.keys.size(), EndOf(request), request.count, Form::kNested)) {
    ctx.reply().NullArray();
  }
}

// BZPOPMIN key ... timeout: key, member and score; null after the timeout.
void BZPopMin(CommandContext& ctx, Args args) { BlockingPop(ctx, args, End::kMin); }
void BZPopMax(CommandContext& ctx, Args args) { BlockingPop(ctx, args, End::kMax); }

// BZMPOP timeout numkeys key ... MIN|MAX [COUNT count]
void BZMPop(CommandContext& ctx, Args args) {
  MultiPopRequest request;
  if (!ParseMultiPop(ctx, args, 2, "MIN", "MAX", &request)) return;
  PopOrWait(ctx, args, 1, 3, request.keys.size(), EndOf(request), request.count, Form::kNested);
}

}  // namespace slotmesh::node
