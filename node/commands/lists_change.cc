// LSET, LINSERT, LREM, LTRIM.
#include <algorithm>
#include <limits>

#include "node/commands/lists_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {

// LSET key index element
void LSet(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  if (!CheckElements(ctx, args.subspan(3))) return;
  EntryRef ref;
  List* list = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &list)) return;
  if (list == nullptr) return ctx.reply().Error(errors::kNoSuchKey);
  const std::optional<int64_t> index = IntegerOrReply(ctx, args[2]);
  if (!index) return;
  const TypeSettings& settings = ctx.engine().type_settings;
  list->ExpectGrowth(args[3].size(), 1, settings);
  if (!list->Set(*index, args[3], settings)) return ctx.reply().Error(errors::kIndexOutOfRange);
  list->SettleAfterShrinking(settings);
  ctx.reply().Ok();
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifyList, "lset", key.bytes);
  ctx.MarkChanged();
}

// LINSERT key BEFORE|AFTER pivot element: the new length, -1 without pivot, 0 without list.
void LInsert(CommandContext& ctx, Args args) {
  const bool before = EqualsIgnoreCase(args[2], "BEFORE");
  if (!before && !EqualsIgnoreCase(args[2], "AFTER")) return ctx.reply().Error(errors::kSyntax);
  if (!CheckElements(ctx, args.subspan(4))) return;
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  List* list = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &list)) return;
  if (list == nullptr) return ctx.reply().Integer(0);
  const TypeSettings& settings = ctx.engine().type_settings;
  list->ExpectGrowth(args[4].size(), 1, settings);
  if (!list->Insert(args[3], before, args[4], settings)) return ctx.reply().Integer(-1);
  ctx.reply().Integer(static_cast<int64_t>(list->size()));
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifyList, "linsert", key.bytes);
  ctx.MarkChanged();
}

// LREM key count element: how many went; a negative count begins at the tail, 0 means all.
void LRem(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  const std::optional<int64_t> count = IntegerOrReply(ctx, args[2]);
  if (!count) return;
  EntryRef ref;
  List* list = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &list)) return;
  if (list == nullptr) return ctx.reply().Integer(0);
  uint64_t max = std::numeric_limits<uint64_t>::max();
  if (*count != 0) max = *count < 0 ? 0 - static_cast<uint64_t>(*count) : *count;
  const ListEnd from = *count < 0 ? ListEnd::kTail : ListEnd::kHead;
  const uint64_t removed = list->Remove(args[3], max, from, ctx.engine().type_settings);
  ctx.reply().Integer(static_cast<int64_t>(removed));
  if (removed == 0) return;
  EndShrinking(ctx, key, *list, "lrem");
  ctx.MarkChanged(static_cast<int64_t>(removed));
}

// LTRIM key start stop: keeps these, both ends included.
void LTrim(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  const std::optional<int64_t> first = IntegerOrReply(ctx, args[2]);
  if (!first) return;
  const std::optional<int64_t> last = IntegerOrReply(ctx, args[3]);
  if (!last) return;
  EntryRef ref;
  List* list = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &list)) return;
  if (list == nullptr) return ctx.reply().Ok();
  const auto size = static_cast<int64_t>(list->size());
  const int64_t begin = std::max<int64_t>(*first < 0 ? *first + size : *first, 0);
  const int64_t end = std::min<int64_t>(*last < 0 ? *last + size : *last, size - 1);
  const TypeSettings& settings = ctx.engine().type_settings;
  if (begin > end) {
    list->Erase(0, list->size(), settings);
  } else {
    list->Erase(static_cast<uint64_t>(end) + 1, static_cast<uint64_t>(size - 1 - end), settings);
    list->Erase(0, static_cast<uint64_t>(begin), settings);
  }
  ctx.reply().Ok();
  const int64_t removed = size - static_cast<int64_t>(list->size());
  EndShrinking(ctx, key, *list, "ltrim");
  ctx.MarkChanged(removed);
}

}  // namespace slotmesh::node
