// String commands that read a value and then do something to its key: GETDEL, GETEX, DELIFEQ.
#include <optional>
#include <string_view>

#include "node/commands/expiry_option.h"
#include "node/commands/lookup.h"
#include "node/commands/strings_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void DeleteKey(CommandContext& ctx, const HashedKey& key) {
  ctx.db().Delete(key, ctx.now_ms());
  ctx.MarkChanged();
  ctx.Notify(kNotifyGeneric, "del", key.bytes);
  if (ctx.wants_effects()) ctx.Effect({"DEL", key.bytes});
}

struct GetExRequest {
  ExpiryOption expiry;
  bool persist = false;
};

bool ParseGetExOptions(Args args, GetExRequest* request) {
  for (size_t i = 2; i < args.size(); ++i) {
    const ExpiryOption::Kind kind = ExpiryOption::KindOf(args[i]);
    if (EqualsIgnoreCase(args[i], "PERSIST") && !request->expiry) {
      request->persist = true;
    } else if (kind != ExpiryOption::Kind::kNone && i + 1 < args.size() && !request->persist &&
               (!request->expiry || request->expiry.kind == kind)) {
      request->expiry = {kind, args[++i]};
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

// GETDEL key: the value, which is gone afterwards.
void GetDel(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  const Entry* entry = nullptr;
  if (!FindString(ctx, key, &entry)) return;
  if (entry == nullptr) return ctx.reply().Null();
  IntText scratch;
  ctx.reply().Bulk(entry->string_bytes(scratch));
  DeleteKey(ctx, key);
}

// GETEX key [EX s | PX ms | EXAT s | PXAT ms | PERSIST]: the value.
void GetEx(CommandContext& ctx, Args args) {
  GetExRequest request;
  if (!ParseGetExOptions(args, &request)) return ctx.reply().Error(errors::kSyntax);
  const HashedKey key = ctx.Key(1);
  const Entry* entry = nullptr;
  if (!FindString(ctx, key, &entry)) return;
  if (entry == nullptr) return ctx.reply().Null();
  std::optional<UnixMillis> expiry;
  if (request.expiry) {
    expiry = ExpiryOrReply(ctx, request.expiry);
    if (!expiry) return;
  }
  IntText scratch;
  ctx.reply().Bulk(entry->string_bytes(scratch));
  if (expiry && request.expiry.is_absolute() && IsPast(ctx, *expiry)) {
    return DeleteExpired(ctx, key);
  }
  if (!expiry && !(request.persist && entry->has_expiry())) return;

  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  ctx.db().SetExpiry(ref, key, expiry.value_or(kNoExpiry));
  ctx.MarkChanged();
  ctx.Notify(kNotifyGeneric, expiry ? "expire" : "persist", key.bytes);
  if (!ctx.wants_effects()) return;
  if (expiry) {
    ctx.Effect({"PEXPIREAT", key.bytes, IntegerWord(*expiry)});
  } else {
    ctx.Effect({"PERSIST", key.bytes});
  }
}

// DELIFEQ key value: 1 if the key held exactly this value and is now gone.
void DelIfEq(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  if (!FindStringToWrite(ctx, key, &ref)) return;
  IntText scratch;
  if (!ref || ref->string_bytes(scratch) != args[2]) return ctx.reply().Integer(0);
  DeleteKey(ctx, key);
  ctx.reply().Integer(1);
}

}  // namespace slotmesh::node
