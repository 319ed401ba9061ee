// Hash commands that set, change and remove fields.
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/commands/hash_change.h"
#include "node/commands/hashes_handlers.h"
#include "node/commands/lookup.h"

namespace slotmesh::node {
namespace {

// Sets fields and values from word 2 on. Returns how many fields are new; nothing with the error
// replied.
std::optional<int64_t> SetPairs(CommandContext& ctx, Args args) {
  if (args.size() % 2 != 0) {
    ctx.reply().Error(WrongArity(ctx.command().full_name()));
    return std::nullopt;
  }
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return std::nullopt;
  const size_t pairs = args.size() / 2 - 1;
  change.Make().Expect(pairs, ctx.engine().type_settings);
  int64_t added = 0;
  for (size_t i = 2; i < args.size(); i += 2) added += change.Put(args[i], args[i + 1], {});
  ctx.Notify(kNotifyHash, "hset", key.bytes);
  change.Commit();
  ctx.MarkChanged(static_cast<int64_t>(pairs));
  return added;
}

// Ends the change of one field. (Where a field that has expired, but that copies still have, was
// taken for absent, the caller has given an effect that sets it there.)
void EndChange(CommandContext& ctx, HashChange& change, const HashedKey& key,
               std::string_view event) {
  ctx.Notify(kNotifyHash, event, key.bytes);
  change.Commit();
  ctx.MarkChanged();
}

}  // namespace

// HSET key field value ...: how many fields are new.
void HSet(CommandContext& ctx, Args args) {
  const std::optional<int64_t> added = SetPairs(ctx, args);
  if (added) ctx.reply().Integer(*added);
}

// HMSET key field value ...
void HMSet(CommandContext& ctx, Args args) {
  if (SetPairs(ctx, args)) ctx.reply().Ok();
}

// HSETNX key field value: 1 if the field was absent and is set.
void HSetNx(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  if (change.hash() != nullptr && change.hash()->Contains(args[2], change.clock())) {
    return ctx.reply().Integer(0);
  }
  change.Make();
  change.Put(args[2], args[3], {});
  if (change.had_expiring() && ctx.wants_effects()) {
    ctx.Effect({"HSET", key.bytes, args[2], args[3]});
  }
  EndChange(ctx, change, key, "hset");
  ctx.reply().Integer(1);
}

// HDEL key field ...: how many were there.
void HDel(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  Hash* hash = change.hash();
  int64_t removed = 0;
  for (size_t i = 2; hash != nullptr && i < args.size() && !hash->empty(); ++i) {
    removed += hash->Remove(args[i], change.clock());
  }
  ctx.reply().Integer(removed);
  if (removed == 0) return;
  ctx.MarkChanged(removed);
  ctx.Notify(kNotifyHash, "hdel", key.bytes);
  change.Commit();
}

// HINCRBY key field increment: the new value.
void HIncrBy(CommandContext& ctx, Args args) {
  const std::optional<int64_t> increment = IntegerOrReply(ctx, args[3]);
  if (!increment) return;
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  Hash::Scratch scratch;
  Hash::Pair old;
  int64_t value = 0;
  const bool found =
      change.hash() != nullptr && change.hash()->Find(args[2], change.clock(), scratch, &old);
  if (found) {
    const std::optional<int64_t> parsed = IntegerOrReply(ctx, old.value, errors::kHashNotInteger);
    if (!parsed) return;
    value = *parsed;
  }
  if (__builtin_add_overflow(value, *increment, &value)) {
    return ctx.reply().Error(errors::kIncrOverflow);
  }
  change.Make();
  const IntegerWord text(value);
  change.Put(args[2], text, {.keep_expiry = true});
  if (!found && change.had_expiring() && ctx.wants_effects()) {
    ctx.Effect({"HSET", key.bytes, args[2], text});
  }
  EndChange(ctx, change, key, "hincrby");
  ctx.reply().Integer(value);
}

// HINCRBYFLOAT key field increment: the new value. Copies get it as it is, so that they need not
// agree on arithmetic.
void HIncrByFloat(CommandContext& ctx, Args args) {
  const std::optional<long double> increment = ParseLongDouble(args[3]);
  if (!increment) return ctx.reply().Error(errors::kNotFloat);
  if (!std::isfinite(*increment)) return ctx.reply().Error("ERR value is NaN or Infinity");
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  Hash::Scratch scratch;
  Hash::Pair old;
  long double value = 0;
  if (change.hash() != nullptr && change.hash()->Find(args[2], change.clock(), scratch, &old)) {
    const std::optional<long double> parsed = ParseLongDouble(old.value);
    if (!parsed) return ctx.reply().Error(errors::kHashNotFloat);
    value = *parsed;
  }
  value += *increment;
  if (!std::isfinite(value)) return ctx.reply().Error(errors::kIncrNan);
  const bool expires = old.expiry != kNoExpiry;
  change.Make();
  const std::string text = LongDoubleText(value);
  change.Put(args[2], text, {.keep_expiry = true});
  if (ctx.wants_effects()) {
    if (expires) {
      ctx.Effect({"HSETEX", key.bytes, "KEEPTTL", "FIELDS", "1", args[2], text});
    } else {
      ctx.Effect({"HSET", key.bytes, args[2], text});
    }
  }
  EndChange(ctx, change, key, "hincrbyfloat");
  ctx.reply().Bulk(text);
}

}  // namespace slotmesh::node
