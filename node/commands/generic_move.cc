// Generic commands that put a value elsewhere: RENAME, RENAMENX, COPY, MOVE.
#include <climits>
#include <cstdint>
#include <optional>
#include <string_view>

#include "node/commands/generic_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void RenameKey(CommandContext& ctx, Args args, bool only_if_new) {
  Database& db = ctx.db();
  const HashedKey from = ctx.Hash(args[1]);
  const HashedKey to = ctx.Hash(args[2]);
  if (!db.FindWrite(from, ctx.now_ms())) return ctx.reply().Error(errors::kNoSuchKey);
  const bool exists = static_cast<bool>(db.FindWrite(to, ctx.now_ms()));
  if (only_if_new && exists) return ctx.reply().Integer(0);
  if (from.bytes != to.bytes) {
    if (exists) db.Delete(to, ctx.now_ms(), ctx.engine().config.lazyfree_lazy_server_del);
    EntryRef ref = db.FindWrite(from, ctx.now_ms());
    db.Insert(to, Entry::MoveToKey(db.Extract(ref, from), to.bytes), ctx.now_ms());
    ctx.MarkChanged();
    ctx.Notify(kNotifyGeneric, "rename_from", from.bytes);
    ctx.Notify(kNotifyGeneric, "rename_to", to.bytes);
  }
  if (only_if_new) return ctx.reply().Integer(1);
  ctx.reply().Ok();
}

// A database's number. False, with the error replied, if there is none of that number.
bool ParseDatabase(CommandContext& ctx, std::string_view word, int* database) {
  const std::optional<int64_t> value = IntegerOrReply(ctx, word);
  if (!value) return false;
  if (*value < INT_MIN || *value > INT_MAX) {
    ctx.reply().Error(
        StrCat("ERR value is out of range, value must between ", INT_MIN, " and ", INT_MAX));
    return false;
  }
  if (*value < 0 || *value >= ctx.keyspace().database_count()) {
    ctx.reply().Error(errors::kDbIndexOutOfRange);
    return false;
  }
  *database = static_cast<int>(*value);
  return true;
}

struct CopyRequest {
  int database = 0;
  bool replace = false;
};

bool ParseCopyOptions(CommandContext& ctx, Args args, CopyRequest* request) {
  for (size_t i = 3; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "REPLACE")) {
      request->replace = true;
    } else if (EqualsIgnoreCase(args[i], "DB") && i + 1 < args.size()) {
      if (!ParseDatabase(ctx, args[++i], &request->database)) return false;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

}  // namespace

// RENAME key newkey
void Rename(CommandContext& ctx, Args args) { RenameKey(ctx, args, /*only_if_new=*/false); }

// RENAMENX key newkey: 1, or 0 if newkey exists.
void RenameNx(CommandContext& ctx, Args args) { RenameKey(ctx, args, /*only_if_new=*/true); }

// COPY source destination [DB n] [REPLACE]: 1 if it was copied, with its expiry.
void Copy(CommandContext& ctx, Args args) {
  CopyRequest request = {.database = ctx.client().database};
  if (!ParseCopyOptions(ctx, args, &request)) return;
  if (request.database == ctx.client().database && args[1] == args[2]) {
    return ctx.reply().Error(errors::kSameObject);
  }
  const HashedKey from = ctx.Hash(args[1]);
  const HashedKey to = ctx.Hash(args[2]);
  Database& target = ctx.keyspace().database(request.database);
  if (FindForReading(ctx, from, ClientLookup(ctx)) == nullptr) return ctx.reply().Integer(0);
  const bool exists = static_cast<bool>(target.FindWrite(to, ctx.now_ms()));
  if (exists && !request.replace) return ctx.reply().Integer(0);
  const Entry* source = ctx.db().FindRead(from, ctx.now_ms(), {.touch = false, .count = false});
  if (source == nullptr) return ctx.reply().Integer(0);
  Entry* copy = Entry::CopyToKey(*source, to.bytes, ctx.client().database, request.database);
  if (copy == nullptr) return ctx.reply().Error("ERR not supported for this module key");
  if (exists) target.Delete(to, ctx.now_ms(), ctx.engine().config.lazyfree_lazy_server_del);
  target.Insert(to, copy, ctx.now_ms());
  ctx.MarkChanged();
  ctx.engine().notifier.Notify(kNotifyGeneric, "copy_to", to.bytes, request.database);
  ctx.reply().Integer(1);
}

// MOVE key db: 1 if it is there now.
void Move(CommandContext& ctx, Args args) {
  int database = 0;
  if (!ParseDatabase(ctx, args[2], &database)) return;
  if (database == ctx.client().database) return ctx.reply().Error(errors::kSameObject);
  const HashedKey key = ctx.Key(1);
  Database& target = ctx.keyspace().database(database);
  EntryRef ref = ctx.db().FindWrite(key, ctx.now_ms());
  if (!ref || target.FindWrite(key, ctx.now_ms())) return ctx.reply().Integer(0);
  ref = ctx.db().FindWrite(key, ctx.now_ms());
  target.Insert(key, ctx.db().Extract(ref, key), ctx.now_ms());
  ctx.MarkChanged();
  ctx.Notify(kNotifyGeneric, "move_from", key.bytes);
  ctx.engine().notifier.Notify(kNotifyGeneric, "move_to", key.bytes, database);
  ctx.reply().Integer(1);
}

}  // namespace slotmesh::node
