// Generic commands over lists of keys: DEL, UNLINK, EXISTS, TOUCH; and TYPE.
#include <cstdint>

#include "node/commands/generic_handlers.h"
#include "node/commands/lookup.h"
#include "node/commands/prefetch.h"

namespace slotmesh::node {
namespace {

void DeleteAll(CommandContext& ctx, Args args, bool lazy) {
  int64_t deleted = 0;
  ForEachKeyAhead(ctx, args, /*first=*/1, /*step=*/1, [&](const HashedKey& key, size_t) {
    if (!ctx.db().Delete(key, ctx.now_ms(), lazy)) return;
    ctx.Notify(kNotifyGeneric, "del", key.bytes);
    ++deleted;
  });
  ctx.MarkChanged(deleted);
  ctx.reply().Integer(deleted);
}

void CountPresent(CommandContext& ctx, Args args, Lookup how) {
  int64_t present = 0;
  ForEachKeyAhead(ctx, args, /*first=*/1, /*step=*/1, [&](const HashedKey& key, size_t) {
    if (ctx.db().FindRead(key, ctx.now_ms(), how) != nullptr) ++present;
  });
  ctx.reply().Integer(present);
}

}  // namespace

// DEL key ...: how many there were.
void Del(CommandContext& ctx, Args args) {
  DeleteAll(ctx, args, ctx.engine().config.lazyfree_lazy_user_del);
}

// UNLINK key ...: the same, big values are freed in the background.
void Unlink(CommandContext& ctx, Args args) { DeleteAll(ctx, args, /*lazy=*/true); }

// EXISTS key ...: how many there are; a key that is named twice counts twice.
void Exists(CommandContext& ctx, Args args) { CountPresent(ctx, args, kPeek); }

// TOUCH key ...: the same, and counts as a use of the keys, whatever CLIENT NO-TOUCH says.
void Touch(CommandContext& ctx, Args args) {
  ctx.keyspace().set_touching(true);  // With CLIENT NO-TOUCH, too.
  CountPresent(ctx, args, {});
}

// TYPE key: "none" if absent.
void Type(CommandContext& ctx, Args args) {
  const Entry* entry = FindForReading(ctx, ctx.Key(1), kPeek);
  ctx.reply().Simple(entry == nullptr ? "none" : entry->type_name());
}

}  // namespace slotmesh::node
