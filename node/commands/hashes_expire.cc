// Hash commands about when fields expire.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "node/commands/expiry_option.h"
#include "node/commands/hash_change.h"
#include "node/commands/hash_words.h"
#include "node/commands/hashes_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// What is replied for a field.
constexpr int64_t kAbsent = -2;
constexpr int64_t kNoExpiryThere = -1;
constexpr int64_t kConditionFailed = 0;
constexpr int64_t kDone = 1;
constexpr int64_t kDeleted = 2;

using Words = std::vector<std::string_view>;

// The time has passed already: the fields go.
void DeleteFields(CommandContext& ctx, HashChange& change, const HashedKey& key, Args fields) {
  Words effect = {"HDEL", key.bytes};
  for (const std::string_view field : fields) {
    const bool removed = change.hash() != nullptr && change.hash()->Remove(field, change.clock());
    if (removed) effect.push_back(field);
    ctx.reply().Integer(removed ? kDeleted : kAbsent);
  }
  const size_t removed = effect.size() - 2;
  if (removed == 0) return;
  ctx.MarkChanged(static_cast<int64_t>(removed));
  ctx.engine().stats.expired_fields += removed;
  if (ctx.wants_effects()) EffectOnKey(ctx, key, effect);
  ctx.Notify(kNotifyHash, "hexpired", key.bytes);
  change.Commit();
}

void SetExpiries(CommandContext& ctx, HashChange& change, const HashedKey& key, Args fields,
                 const ExpireCondition& condition, UnixMillis when) {
  Words changed;
  Hash::Scratch scratch;
  for (const std::string_view field : fields) {
    Hash::Pair pair;
    if (change.hash() == nullptr || !change.hash()->Find(field, change.clock(), scratch, &pair)) {
      ctx.reply().Integer(kAbsent);
    } else if (!condition.Holds(pair.expiry, when)) {
      ctx.reply().Integer(kConditionFailed);
    } else {
      change.hash()->SetExpiry(field, when, change.clock(), ctx.engine().type_settings);
      changed.push_back(field);
      ctx.reply().Integer(kDone);
    }
  }
  if (changed.empty()) return;
  ctx.MarkChanged(static_cast<int64_t>(changed.size()));
  if (ctx.wants_effects()) {
    const IntegerWord when_word(when);
    const IntegerWord count(static_cast<int64_t>(changed.size()));
    Words effect = {"HPEXPIREAT", key.bytes, when_word, "FIELDS", count};
    effect.insert(effect.end(), changed.begin(), changed.end());
    EffectOnKey(ctx, key, effect);
  }
  ctx.Notify(kNotifyHash, "hexpire", key.bytes);
  change.Commit();
}

// `base` is what word 2 counts from: now, or 0 for a point in time.
void ExpireFields(CommandContext& ctx, Args args, TimeUnit unit, UnixMillis base) {
  ExpireCondition condition;
  const std::optional<FieldWords> words = FieldWordsOrReply(ctx, args, 3, 1);
  if (!words || !ParseExpireCondition(ctx, words->options, &condition)) return;
  const std::optional<UnixMillis> when = FieldExpiryOrReply(ctx, args[2], unit, base);
  if (!when) return;
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  ctx.reply().Array(words->fields.size());
  if (IsPast(ctx, *when)) return DeleteFields(ctx, change, key, words->fields);
  SetExpiries(ctx, change, key, words->fields, condition, *when);
}

// Replies for each field its expiry as `shown` gives it.
template <typename Shown>
void ReplyExpiries(CommandContext& ctx, Args args, Shown shown) {
  if (!EqualsIgnoreCase(args[2], "FIELDS")) return ctx.reply().Error(errors::kSyntax);
  const std::optional<FieldWords> words = FieldWordsOrReply(ctx, args, 2, 1);
  if (!words) return;
  const Hash* hash;
  if (!FindObject(ctx, ctx.Key(1), &hash)) return;
  const FieldClock clock = FieldClockOf(ctx);
  Hash::Scratch scratch;
  ctx.reply().Array(words->fields.size());
  for (const std::string_view field : words->fields) {
    Hash::Pair pair;
    if (hash == nullptr || !hash->Find(field, clock, scratch, &pair)) {
      ctx.reply().Integer(kAbsent);
    } else {
      ctx.reply().Integer(pair.expiry == kNoExpiry ? kNoExpiryThere : shown(pair.expiry));
    }
  }
}

}  // namespace

// HEXPIRE key seconds [NX | XX | GT | LT] FIELDS n field ...: for each field whether it was set.
void HExpire(CommandContext& ctx, Args args) {
  ExpireFields(ctx, args, TimeUnit::kSeconds, ctx.now_ms());
}
void HPExpire(CommandContext& ctx, Args args) {
  ExpireFields(ctx, args, TimeUnit::kMillis, ctx.now_ms());
}
void HExpireAt(CommandContext& ctx, Args args) { ExpireFields(ctx, args, TimeUnit::kSeconds, 0); }
void HPExpireAt(CommandContext& ctx, Args args) { ExpireFields(ctx, args, TimeUnit::kMillis, 0); }

// HPERSIST key FIELDS n field ...
void HPersist(CommandContext& ctx, Args args) {
  if (!EqualsIgnoreCase(args[2], "FIELDS")) return ctx.reply().Error(errors::kSyntax);
  const std::optional<FieldWords> words = FieldWordsOrReply(ctx, args, 2, 1);
  if (!words) return;
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  int64_t persisted = 0;
  Hash::Scratch scratch;
  ctx.reply().Array(words->fields.size());
  for (const std::string_view field : words->fields) {
    Hash::Pair pair;
    if (change.hash() == nullptr || !change.hash()->Find(field, change.clock(), scratch, &pair)) {
      ctx.reply().Integer(kAbsent);
    } else if (pair.expiry == kNoExpiry) {
      ctx.reply().Integer(kNoExpiryThere);
    } else {
      change.hash()->SetExpiry(field, kNoExpiry, change.clock(), ctx.engine().type_settings);
      ++persisted;
      ctx.reply().Integer(kDone);
    }
  }
  if (persisted == 0) return;
  ctx.MarkChanged(persisted);
  ctx.Notify(kNotifyHash, "hpersist", key.bytes);
  change.Commit();
}

// HTTL key FIELDS n field ...: for each field the time that is left.
void HTtl(CommandContext& ctx, Args args) {
  ReplyExpiries(ctx, args, [&](UnixMillis at) {
    return RoundToSeconds(std::max<int64_t>(0, at - ctx.now_ms()));
  });
}
void HPTtl(CommandContext& ctx, Args args) {
  ReplyExpiries(ctx, args, [&](UnixMillis at) { return std::max<int64_t>(0, at - ctx.now_ms()); });
}
// HEXPIRETIME key FIELDS n field ...: for each field the point in time.
void HExpireTime(CommandContext& ctx, Args args) { ReplyExpiries(ctx, args, &RoundToSeconds); }
void HPExpireTime(CommandContext& ctx, Args args) {
  ReplyExpiries(ctx, args, [](UnixMillis at) { return at; });
}

}  // namespace slotmesh::node
