// Generic commands about when a key expires.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "node/commands/expiry_option.h"
#include "node/commands/generic_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// The point in time that word 2 means, or nothing with the error replied. Any sign is welcome.
std::optional<UnixMillis> ParseWhen(CommandContext& ctx, Args args, TimeUnit unit, int64_t base) {
  const std::optional<int64_t> amount = IntegerOrReply(ctx, args[2]);
  if (!amount) return std::nullopt;
  const std::optional<int64_t> millis = ToMillis(*amount, unit);
  if (!millis || *millis > INT64_MAX - base) {
    ctx.reply().Error(InvalidExpire(ctx.command().full_name()));
    return std::nullopt;
  }
  // The lowest number says "never" in the keyspace.
  return std::max(*millis + base, kNoExpiry + 1);
}

// `base` is what word 2 counts from: now, or 0 for a point in time.
void SetExpiry(CommandContext& ctx, Args args, TimeUnit unit, int64_t base) {
  ExpireCondition condition;
  if (!ParseExpireCondition(ctx, args.subspan(3), &condition)) return;
  const std::optional<UnixMillis> when = ParseWhen(ctx, args, unit, base);
  if (!when) return;
  const HashedKey key = ctx.Key(1);
  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  if (!ref || !condition.Holds(ref->expiry(), *when)) return ctx.reply().Integer(0);
  if (IsPast(ctx, *when)) {
    DeleteExpired(ctx, key);
    return ctx.reply().Integer(1);
  }
  ctx.db().SetExpiry(ref, key, *when);
  ctx.MarkChanged();
  ctx.Notify(kNotifyGeneric, "expire", key.bytes);
  if (ctx.wants_effects()) ctx.Effect({"PEXPIREAT", key.bytes, IntegerWord(*when)});
  ctx.reply().Integer(1);
}

// -2 for an absent key, -1 for one that never expires, else the expiry as `shown` gives it.
template <typename Shown>
void ReplyExpiry(CommandContext& ctx, Shown shown) {
  const Entry* entry = FindForReading(ctx, ctx.Key(1), kPeek);
  if (entry == nullptr) return ctx.reply().Integer(-2);
  if (!entry->has_expiry()) return ctx.reply().Integer(-1);
  ctx.reply().Integer(shown(entry->expiry()));
}

}  // namespace

// EXPIRE key seconds [NX | XX | GT | LT]: 1 if the expiry was set, or the key deleted because it
// lies in the past.
void Expire(CommandContext& ctx, Args args) {
  SetExpiry(ctx, args, TimeUnit::kSeconds, ctx.now_ms());
}
void PExpire(CommandContext& ctx, Args args) {
  SetExpiry(ctx, args, TimeUnit::kMillis, ctx.now_ms());
}
void ExpireAt(CommandContext& ctx, Args args) { SetExpiry(ctx, args, TimeUnit::kSeconds, 0); }
void PExpireAt(CommandContext& ctx, Args args) { SetExpiry(ctx, args, TimeUnit::kMillis, 0); }

// TTL key
void Ttl(CommandContext& ctx, Args args) {
  ReplyExpiry(
      ctx, [&](UnixMillis at) { return RoundToSeconds(std::max<int64_t>(0, at - ctx.now_ms())); });
}
void PTtl(CommandContext& ctx, Args args) {
  ReplyExpiry(ctx, [&](UnixMillis at) { return std::max<int64_t>(0, at - ctx.now_ms()); });
}
// EXPIRETIME key
void ExpireTime(CommandContext& ctx, Args args) { ReplyExpiry(ctx, &RoundToSeconds); }
void PExpireTime(CommandContext& ctx, Args args) {
  ReplyExpiry(ctx, [](UnixMillis at) { return at; });
}

// PERSIST key: 1 if it had an expiry.
void Persist(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  if (!ref || !ref->has_expiry()) return ctx.reply().Integer(0);
  ctx.db().SetExpiry(ref, key, kNoExpiry);
  ctx.MarkChanged();
  ctx.Notify(kNotifyGeneric, "persist", key.bytes);
  ctx.reply().Integer(1);
}

}  // namespace slotmesh::node
