// Hash commands that read.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/hash_change.h"
#include "node/commands/hashes_handlers.h"
#include "node/commands/lookup.h"
#include "node/commands/random_count.h"
#include "node/commands/scan_request.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void ReplyValue(CommandContext& ctx, const Hash* hash, std::string_view field,
                const FieldClock& clock) {
  Hash::Scratch scratch;
  Hash::Pair pair;
  if (hash == nullptr || !hash->Find(field, clock, scratch, &pair)) return ctx.reply().Null();
  ctx.reply().Bulk(pair.value);
}

// Which halves of the pairs are wanted.
enum class Parts { kFields, kValues, kBoth };

template <Parts kParts>
void ReplyAll(CommandContext& ctx) {
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  Reply& reply = ctx.reply();
  const auto begin = [&](size_t n) { kParts == Parts::kBoth ? reply.Map(n) : reply.Array(n); };
  if (hash == nullptr) return begin(0);
  const FieldClock clock = FieldClockOf(ctx);
  begin(hash->CountVisible(clock));
  hash->ForEach(clock, [&](const Hash::Pair& pair) {
    if (kParts != Parts::kValues) reply.Bulk(pair.field);
    if (kParts != Parts::kFields) reply.Bulk(pair.value);
  });
}

}  // namespace

// HGET key field
void HGet(CommandContext& ctx, Args args) {
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  ReplyValue(ctx, hash, args[2], FieldClockOf(ctx));
}

// HMGET key field ...: the value of each, or nil.
void HMGet(CommandContext& ctx, Args args) {
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  const FieldClock clock = FieldClockOf(ctx);
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view field : args.subspan(2)) ReplyValue(ctx, hash, field, clock);
}

// HGETALL, HKEYS, HVALS key
void HGetAll(CommandContext& ctx, Args) { ReplyAll<Parts::kBoth>(ctx); }
void HKeys(CommandContext& ctx, Args) { ReplyAll<Parts::kFields>(ctx); }
void HVals(CommandContext& ctx, Args) { ReplyAll<Parts::kValues>(ctx); }

// HLEN key: fields that have expired count until they are removed.
void HLen(CommandContext& ctx, Args) {
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  ctx.reply().Integer(hash == nullptr ? 0 : static_cast<int64_t>(hash->size()));
}

// HSTRLEN key field: 0 for an absent field.
void HStrLen(CommandContext& ctx, Args args) {
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  Hash::Scratch scratch;
  Hash::Pair pair;
  const bool found = hash != nullptr && hash->Find(args[2], FieldClockOf(ctx), scratch, &pair);
  ctx.reply().Integer(found ? static_cast<int64_t>(pair.value.size()) : 0);
}

// HEXISTS key field
void HExists(CommandContext& ctx, Args args) {
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  ctx.reply().Integer(hash != nullptr && hash->Contains(args[2], FieldClockOf(ctx)) ? 1 : 0);
}

// HSCAN key cursor [MATCH pattern] [COUNT n] [NOVALUES]: the next cursor (0: done) and some fields
// with their values.
void HScan(CommandContext& ctx, Args args) {
  ScanRequest request;
  const std::optional<uint64_t> cursor = CursorOrReply(ctx, args[2]);
  if (!cursor) return;
  request.cursor = *cursor;
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  Reply& reply = ctx.reply();
  if (hash == nullptr) {
    reply.Array(2);
    reply.Bulk("0");
    return reply.EmptyArray();
  }
  if (!ParseScanOptions(ctx, args.subspan(3), ScanTarget::kHash, &request)) return;
  // Of a listpack texts are copied: they do not last.
  std::vector<std::string> copies;
  std::vector<std::string_view> words;
  const auto add = [&](std::string_view word) {
    if (hash->is_table()) {
      words.push_back(word);
    } else {
      copies.emplace_back(word);
    }
  };
  int64_t met = 0;
  const uint64_t next = request.Run(&met, [&](uint64_t at) {
    return hash->Scan(at, FieldClockOf(ctx), [&](const Hash::Pair& pair) {
      ++met;
      if (!request.Matches(pair.field)) return;
      add(pair.field);
      if (!request.no_values) add(pair.value);
    });
  });
  words.insert(words.end(), copies.begin(), copies.end());
  reply.Array(2);
  reply.Bulk(StrCat(next));
  reply.BulkStrings(words);
}

// HRANDFIELD key [count [WITHVALUES]]: fields by chance; different ones, or with a negative count
// any.
void HRandField(CommandContext& ctx, Args args) {
  std::optional<RandomCount> count;
  const bool with_values = args.size() == 4 && EqualsIgnoreCase(args[3], "WITHVALUES");
  if (args.size() >= 3) {
    count = RandomCountOrReply(ctx, args[2]);
    if (!count) return;
    if (args.size() > 4 || (args.size() == 4 && !with_values)) {
      return ctx.reply().Error(errors::kSyntax);
    }
    if (with_values && count->n > INT64_MAX / 2) return ctx.reply().Error(errors::kOutOfRange);
  }
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  Reply& reply = ctx.reply();
  const FieldClock clock = FieldClockOf(ctx);
  Hash::Scratch scratch;
  Hash::Pair drawn;
  if (!count) {
    const bool found = hash != nullptr && hash->Random(ctx.random(), clock, scratch, &drawn);
    return found ? reply.Bulk(drawn.field) : reply.Null();
  }
  if (hash == nullptr || count->n == 0) return reply.EmptyArray();
  const Reply::Deferred length = reply.DeferArray();
  size_t items = 0;
  const auto add = [&](const Hash::Pair& pair) {
    if (with_values && reply.resp3()) reply.Array(2);
    items += with_values && !reply.resp3() ? 2 : 1;
    reply.Bulk(pair.field);
    if (with_values) reply.Bulk(pair.value);
  };
  if (!count->repeats) {
    hash->Sample(count->n, ctx.random(), clock, add);
  } else {
    for (uint64_t i = 0; i < count->n && !ctx.client().output.overflowed(); ++i) {
      if (!hash->Random(ctx.random(), clock, scratch, &drawn)) break;
      add(drawn);
    }
  }
  reply.Finish(length, items);
}

}  // namespace slotmesh::node
