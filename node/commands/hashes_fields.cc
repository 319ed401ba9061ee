// Hash commands that read or set fields and say at once what becomes of them: HGETEX, HSETEX,
// HGETDEL.
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

using Words = std::vector<std::string_view>;

struct FieldOptions {
  ExpiryOption expiry;
  bool persist = false;         // HGETEX
  bool keep_ttl = false;        // HSETEX, as those below.
  bool key_absent = false;      // NX
  bool key_present = false;     // XX
  bool fields_absent = false;   // FNX
  bool fields_present = false;  // FXX
};

// One word that stands alone. False if it is none, or contradicts another.
bool ParseFlag(std::string_view word, bool setting, FieldOptions* options) {
  const bool has_time = options->expiry || options->persist || options->keep_ttl;
  if (!setting) {
    if (!EqualsIgnoreCase(word, "PERSIST") || has_time) return false;
    return options->persist = true;
  }
  if (EqualsIgnoreCase(word, "KEEPTTL")) return !has_time && (options->keep_ttl = true);
  if (EqualsIgnoreCase(word, "NX")) return !options->key_present && (options->key_absent = true);
  if (EqualsIgnoreCase(word, "XX")) return !options->key_absent && (options->key_present = true);
  if (EqualsIgnoreCase(word, "FNX")) {
    return !options->fields_present && (options->fields_absent = true);
  }
  return EqualsIgnoreCase(word, "FXX") && !options->fields_absent &&
         (options->fields_present = true);
}

bool ParseFieldOptions(CommandContext& ctx, Args words, bool setting, FieldOptions* options) {
  for (size_t i = 0; i < words.size(); ++i) {
    const ExpiryOption::Kind kind = ExpiryOption::KindOf(words[i]);
    if (kind == ExpiryOption::Kind::kNone) {
      if (ParseFlag(words[i], setting, options)) continue;
    } else if (i + 1 < words.size() && !options->expiry && !options->persist &&
               !options->keep_ttl) {
      options->expiry = {kind, words[++i]};
      continue;
    }
    ctx.reply().Error(errors::kSyntax);
    return false;
  }
  return true;
}

// The point in time that the option means; kNoExpiry if there is no option. Nothing with the error
// replied.
std::optional<UnixMillis> WhenOrReply(CommandContext& ctx, const ExpiryOption& option) {
  if (!option) return kNoExpiry;
  return FieldExpiryOrReply(ctx, option.amount, option.unit(),
                            option.is_absolute() ? 0 : ctx.now_ms());
}

// What HGETEX does with the fields that it returns.
enum class Fate { kStay, kDelete, kExpire, kPersist };

// False if the field stays as it is.
bool ChangeField(CommandContext& ctx, HashChange& change, const Hash::Pair& pair,
                 std::string_view field, Fate fate, UnixMillis when) {
  switch (fate) {
    case Fate::kStay:
      return false;
    case Fate::kDelete:
      return change.hash()->Remove(field, change.clock());
    case Fate::kPersist:
      if (pair.expiry == kNoExpiry) return false;
      when = kNoExpiry;
      break;
    case Fate::kExpire:
      break;
  }
  change.hash()->SetExpiry(field, when, change.clock(), ctx.engine().type_settings);
  return true;
}

// Tells everyone what has become of the fields, and ends the change.
void AnnounceFate(CommandContext& ctx, HashChange& change, const HashedKey& key, Fate fate,
                  UnixMillis when, const Words& fields) {
  ctx.MarkChanged(static_cast<int64_t>(fields.size()));
  const bool deleted = fate == Fate::kDelete;
  if (deleted) ctx.engine().stats.expired_fields += fields.size();
  if (ctx.wants_effects()) {
    const IntegerWord count(static_cast<int64_t>(fields.size()));
    const IntegerWord when_word(when);
    Words effect = {deleted                 ? "HDEL"
                    : fate == Fate::kExpire ? "HPEXPIREAT"
                                            : "HPERSIST",
                    key.bytes};
    if (fate == Fate::kExpire) effect.push_back(when_word);
    if (!deleted) effect.insert(effect.end(), {"FIELDS", count});
    effect.insert(effect.end(), fields.begin(), fields.end());
    EffectOnKey(ctx, key, effect);
  }
  ctx.Notify(kNotifyHash,
             deleted                 ? "hexpired"
             : fate == Fate::kExpire ? "hexpire"
                                     : "hpersist",
             key.bytes);
  change.Commit();
}

// Replies the values of the fields and does with each as `fate` says. Returns those that changed.
Words TakeFields(CommandContext& ctx, HashChange& change, Args fields, Fate fate, UnixMillis when) {
  Words changed;
  Hash::Scratch scratch;
  ctx.reply().Array(fields.size());
  for (const std::string_view field : fields) {
    Hash::Pair pair;
    if (change.hash() == nullptr || !change.hash()->Find(field, change.clock(), scratch, &pair)) {
      ctx.reply().Null();
      continue;
    }
    ctx.reply().Bulk(pair.value);
    if (ChangeField(ctx, change, pair, field, fate, when)) changed.push_back(field);
  }
  return changed;
}

}  // namespace

// HGETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST] FIELDS n field ...: the values.
void HGetEx(CommandContext& ctx, Args args) {
  const std::optional<FieldWords> words = FieldWordsOrReply(ctx, args, 2, 1);
  FieldOptions options;
  if (!words || !ParseFieldOptions(ctx, words->options, /*setting=*/false, &options)) return;
  const std::optional<UnixMillis> when = WhenOrReply(ctx, options.expiry);
  if (!when) return;
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  Fate fate = options.persist ? Fate::kPersist : Fate::kStay;
  if (options.expiry) fate = IsPast(ctx, *when) ? Fate::kDelete : Fate::kExpire;
  const Words changed = TakeFields(ctx, change, words->fields, fate, *when);
  if (!changed.empty()) AnnounceFate(ctx, change, key, fate, *when, changed);
}

// HGETDEL key FIELDS n field ...: the values; the fields are gone afterwards.
void HGetDel(CommandContext& ctx, Args args) {
  if (!EqualsIgnoreCase(args[2], "FIELDS")) return ctx.reply().Error(errors::kSyntax);
  const std::optional<FieldWords> words = FieldWordsOrReply(ctx, args, 2, 1);
  if (!words) return;
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  const Words removed = TakeFields(ctx, change, words->fields, Fate::kDelete, kNoExpiry);
  if (removed.empty()) return;
  ctx.MarkChanged(static_cast<int64_t>(removed.size()));
  if (ctx.wants_effects()) {
    Words effect = {"HDEL", key.bytes};
    effect.insert(effect.end(), removed.begin(), removed.end());
    EffectOnKey(ctx, key, effect);
  }
  ctx.Notify(kNotifyHash, "hdel", key.bytes);
  change.Commit();
}

namespace {

bool ConditionsHold(const HashChange& change, const FieldOptions& options, Args pairs) {
  const Hash* hash = change.hash();
  if (options.key_absent && hash != nullptr) return false;
  if (options.key_present && hash == nullptr) return false;
  if (!options.fields_absent && !options.fields_present) return true;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const bool there = hash != nullptr && hash->Contains(pairs[i], change.clock());
    if (there ? options.fields_absent : options.fields_present) return false;
  }
  return true;
}

// HSETEX with a time that has passed: the fields go. Replies 1 if all were there.
void DeletePairs(CommandContext& ctx, HashChange& change, const HashedKey& key, Args pairs) {
  Words removed;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    if (change.hash() != nullptr && change.hash()->Remove(pairs[i], change.clock())) {
      removed.push_back(pairs[i]);
    }
  }
  ctx.reply().Integer(removed.size() == pairs.size() / 2 ? 1 : 0);
  if (!removed.empty()) AnnounceFate(ctx, change, key, Fate::kDelete, kNoExpiry, removed);
}

// What copies do instead of HSETEX: one command of `words` and pairs, in whose place `count_at` (0:
// none) stands how many follow. Nothing if there are no pairs.
struct PairsEffect {
  Words words;
  size_t count_at = 0;
  size_t pair_words = 0;

  void Add(std::string_view field, std::string_view value) {
    words.insert(words.end(), {field, value});
    pair_words += 2;
  }
  void Emit(CommandContext& ctx, const HashedKey& key) {
    if (pair_words == 0) return;
    const IntegerWord count(static_cast<int64_t>(pair_words / 2));
    if (count_at > 0) words[count_at] = count;
    EffectOnKey(ctx, key, words);
  }
};

}  // namespace

// HSETEX key [NX | XX] [FNX | FXX] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL] FIELDS n field value
// ...: 1 if the fields were set.
void HSetEx(CommandContext& ctx, Args args) {
  const std::optional<FieldWords> words = FieldWordsOrReply(ctx, args, 2, 2);
  FieldOptions options;
  if (!words || !ParseFieldOptions(ctx, words->options, /*setting=*/true, &options)) return;
  const Args pairs = words->fields;
  const HashedKey key = ctx.Key(1);
  HashChange change(ctx, key);
  if (!change.Find()) return;
  const std::optional<UnixMillis> when = WhenOrReply(ctx, options.expiry);
  if (!when) return;
  if (!ConditionsHold(change, options, pairs)) return ctx.reply().Integer(0);
  if (options.expiry && IsPast(ctx, *when)) return DeletePairs(ctx, change, key, pairs);

  change.Make().Expect(pairs.size() / 2, ctx.engine().type_settings);
  // Where an expiry is kept, copies may still have fields that were not seen here: these they set
  // anew.
  const IntegerWord when_word(options.expiry ? *when : 0);
  PairsEffect fresh = {{"HSET", key.bytes}};
  if (options.expiry) fresh = {{"HSETEX", key.bytes, "PXAT", when_word, "FIELDS", ""}, 5};
  PairsEffect kept = {{"HSETEX", key.bytes, "KEEPTTL", "FIELDS", ""}, 4};
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const bool is_new =
        change.Put(pairs[i], pairs[i + 1], {.expiry = *when, .keep_expiry = options.keep_ttl});
    if (ctx.wants_effects())
      (options.keep_ttl && !is_new ? kept : fresh).Add(pairs[i], pairs[i + 1]);
  }
  fresh.Emit(ctx, key);
  kept.Emit(ctx, key);
  ctx.MarkChanged(static_cast<int64_t>(pairs.size() / 2));
  ctx.Notify(kNotifyHash, "hset", key.bytes);
  if (options.expiry) ctx.Notify(kNotifyHash, "hexpire", key.bytes);
  change.Commit();
  ctx.reply().Integer(1);
}

}  // namespace slotmesh::node
