// String commands that set whole values: SET and its older forms.
#include <optional>
#include <string_view>

#include "node/commands/expiry_option.h"
#include "node/commands/lookup.h"
#include "node/commands/prefetch.h"
#include "node/commands/strings_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

struct SetRequest {
  std::string_view value;
  bool if_absent = false;                         // NX
  bool if_present = false;                        // XX
  std::optional<std::string_view> if_equal = {};  // IFEQ
  bool get = false;
  bool keep_ttl = false;
  ExpiryOption expiry = {};

  bool has_condition() const { return if_absent || if_present || if_equal.has_value(); }
};

// Options of SET from word 3 on. False for a syntax error.
bool ParseSetOptions(Args args, SetRequest* request) {
  for (size_t i = 3; i < args.size(); ++i) {
    const std::string_view word = args[i];
    const bool has_value = i + 1 < args.size();
    const ExpiryOption::Kind kind = ExpiryOption::KindOf(word);
    if (EqualsIgnoreCase(word, "NX") && !request->if_present && !request->if_equal) {
      request->if_absent = true;
    } else if (EqualsIgnoreCase(word, "XX") && !request->if_absent && !request->if_equal) {
      request->if_present = true;
    } else if (EqualsIgnoreCase(word, "IFEQ") && has_value && !request->has_condition()) {
      request->if_equal = args[++i];
    } else if (EqualsIgnoreCase(word, "GET")) {
      request->get = true;
    } else if (EqualsIgnoreCase(word, "KEEPTTL") && !request->expiry) {
      request->keep_ttl = true;
    } else if (kind != ExpiryOption::Kind::kNone && has_value && !request->keep_ttl &&
               (!request->expiry || request->expiry.kind == kind)) {
      request->expiry = {kind, args[++i]};
    } else {
      return false;
    }
  }
  return true;
}

bool ConditionHolds(const SetRequest& request, const EntryRef& ref) {
  if (request.if_absent) return !ref;
  if (request.if_present) return static_cast<bool>(ref);
  if (!request.if_equal) return true;
  IntText scratch;
  return ref && ref->string_bytes(scratch) == *request.if_equal;
}

void ReplyString(CommandContext& ctx, const EntryRef& ref) {
  if (!ref) return ctx.reply().Null();
  IntText scratch;
  ctx.reply().Bulk(ref->string_bytes(scratch));
}

// Tells everyone of a value that SET or a relative has set. With an expiry copies get it as a point
// in time; GET is left out for them.
void AnnounceSet(CommandContext& ctx, std::string_view key, const SetRequest& request,
                 UnixMillis expiry) {
  ctx.MarkChanged();
  ctx.Notify(kNotifyString, "set", key);
  if (request.expiry) ctx.Notify(kNotifyGeneric, "expire", key);
  if (!ctx.wants_effects()) return;
  // What a copy can take as it is goes as it is.
  if (request.expiry.kind == ExpiryOption::Kind::kPxAt && !request.get) return;
  if (request.expiry) {
    ctx.Effect({"SET", key, request.value, "PXAT", IntegerWord(expiry)});
  } else if (request.get && request.keep_ttl) {
    ctx.Effect({"SET", key, request.value, "KEEPTTL"});
  } else if (request.get) {
    ctx.Effect({"SET", key, request.value});
  }
}

// What to reply besides values that GET asks for.
enum class SetReply { kOkOrNull, kOneOrZero };

// What GET asks for, or the refusal of a condition. False if that was the reply and the value is
// not to be set.
bool ReplyBeforeSet(CommandContext& ctx, const SetRequest& request, const EntryRef& ref,
                    SetReply how) {
  if ((request.get || request.if_equal) && ref && !ref->is_string()) {
    ctx.reply().Error(errors::kWrongType);
    return false;
  }
  if (request.get) ReplyString(ctx, ref);
  if (ConditionHolds(request, ref)) return true;
  if (request.get) return false;
  how == SetReply::kOkOrNull ? ctx.reply().Null() : ctx.reply().Integer(0);
  return false;
}

// The value would be over as soon as it is set: nothing is left of the key.
void SetInPast(CommandContext& ctx, const SetRequest& request, const HashedKey& key) {
  const EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  if (!ReplyBeforeSet(ctx, request, ref, SetReply::kOkOrNull)) return;
  if (ref) DeleteExpired(ctx, key);
  if (!request.get) ctx.reply().Ok();
}

void SetValue(CommandContext& ctx, const SetRequest& request, SetReply how) {
  UnixMillis expiry = kNoExpiry;
  if (request.expiry) {
    const std::optional<UnixMillis> at = ExpiryOrReply(ctx, request.expiry);
    if (!at) return;
    expiry = *at;
  }
  const HashedKey key = ctx.Key(1);
  if (request.expiry && IsPast(ctx, expiry)) [[unlikely]] {
    return SetInPast(ctx, request, key);
  }
  const Database::SetOptions options = {.expiry = expiry, .keep_ttl = request.keep_ttl};
  if (!request.has_condition() && !request.get && !request.keep_ttl) {
    ctx.db().SetString(key, request.value, options, ctx.now_ms());
  } else {
    EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
    if (!ReplyBeforeSet(ctx, request, ref, how)) return;
    PutString(ctx, ref, key, request.value, options);
  }
  AnnounceSet(ctx, key.bytes, request, expiry);
  if (request.get) return;
  return how == SetReply::kOkOrNull ? ctx.reply().Ok() : ctx.reply().Integer(1);
}

}  // namespace

// SET key value [NX | XX | IFEQ comparison] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
void Set(CommandContext& ctx, Args args) {
  SetRequest request = {.value = args[2]};
  if (args.size() > 3 && !ParseSetOptions(args, &request)) {
    return ctx.reply().Error(errors::kSyntax);
  }
  SetValue(ctx, request, SetReply::kOkOrNull);
}

// SETEX key seconds value
void SetEx(CommandContext& ctx, Args args) {
  SetValue(ctx, {.value = args[3], .expiry = {ExpiryOption::Kind::kEx, args[2]}},
           SetReply::kOkOrNull);
}

// PSETEX key milliseconds value
void PSetEx(CommandContext& ctx, Args args) {
  SetValue(ctx, {.value = args[3], .expiry = {ExpiryOption::Kind::kPx, args[2]}},
           SetReply::kOkOrNull);
}

// SETNX key value: 1 if it was set.
void SetNx(CommandContext& ctx, Args args) {
  SetValue(ctx, {.value = args[2], .if_absent = true}, SetReply::kOneOrZero);
}

// GETSET key value: the old value.
void GetSet(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  ReplyString(ctx, ref);
  PutString(ctx, ref, key, args[2], {});
  ctx.MarkChanged();
  ctx.Notify(kNotifyString, "set", key.bytes);
  if (ctx.wants_effects()) ctx.Effect({"SET", key.bytes, args[2]});
}

namespace {

void SetPairs(CommandContext& ctx, Args args) {
  ForEachKeyAhead(ctx, args, /*first=*/1, /*step=*/2, [&](const HashedKey& key, size_t word) {
    ctx.db().SetString(key, args[word + 1], {}, ctx.now_ms());
    ctx.Notify(kNotifyString, "set", key.bytes);
  });
  ctx.MarkChanged(static_cast<int64_t>(args.size() / 2));
}

bool ArePairs(CommandContext& ctx, Args args) {
  if (args.size() % 2 == 1) return true;
  ctx.reply().Error(WrongArity(ctx.command().full_name()));
  return false;
}

}  // namespace

// MSET key value ...
void MSet(CommandContext& ctx, Args args) {
  if (!ArePairs(ctx, args)) return;
  SetPairs(ctx, args);
  ctx.reply().Ok();
}

// MSETNX key value ...: 1, or 0 (and nothing set) if any of the keys exists.
void MSetNx(CommandContext& ctx, Args args) {
  if (!ArePairs(ctx, args)) return;
  for (size_t i = 1; i < args.size(); i += 2) {
    if (ctx.db().FindWrite(ctx.Hash(args[i]), ctx.now_ms())) return ctx.reply().Integer(0);
  }
  SetPairs(ctx, args);
  ctx.reply().Integer(1);
}

}  // namespace slotmesh::node
