// LPUSH, RPUSH, LPUSHX, RPUSHX, and what list commands share.
#include "node/commands/lists_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void PushAll(CommandContext& ctx, Args args, ListEnd end, bool only_if_there) {
  const Args elements = args.subspan(2);
  if (!CheckElements(ctx, elements)) return;
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  List* list = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &list)) return;
  if (list == nullptr && only_if_there) return ctx.reply().Integer(0);
  const bool is_new = list == nullptr;
  if (is_new) list = new List;

  const TypeSettings& settings = ctx.engine().type_settings;
  size_t bytes = 0;
  for (const std::string_view element : elements) bytes += element.size();
  list->ExpectGrowth(bytes, elements.size(), settings);
  for (const std::string_view element : elements) list->Push(end, element, settings);
  ctx.reply().Integer(static_cast<int64_t>(list->size()));

  if (is_new) {
    InsertObject(ctx, key, list);
  } else {
    ctx.db().SignalModified(key);
  }
  ctx.Notify(kNotifyList, PushEvent(end), key.bytes);
  ctx.MarkChanged(static_cast<int64_t>(elements.size()));
}

}  // namespace

std::optional<ListEnd> EndOrReply(CommandContext& ctx, std::string_view word) {
  if (EqualsIgnoreCase(word, "left")) return ListEnd::kHead;
  if (EqualsIgnoreCase(word, "right")) return ListEnd::kTail;
  ctx.reply().Error(errors::kSyntax);
  return std::nullopt;
}

void ReplyElement(Reply& reply, const ListpackValue& value) {
  if (value.is_integer()) return reply.BulkInt(value.integer);
  reply.Bulk({value.text, value.length});
}

bool CheckElements(CommandContext& ctx, Args elements) {
  for (const std::string_view element : elements) {
    if (element.size() <= List::kElementMax) continue;
    ctx.reply().Error(errors::kStringTooLong);
    return false;
  }
  return true;
}

void EndShrinking(CommandContext& ctx, const HashedKey& key, List& list, std::string_view event) {
  ctx.Notify(kNotifyList, event, key.bytes);
  if (list.empty()) return DeleteEmptied(ctx, key);
  list.SettleAfterShrinking(ctx.engine().type_settings);
  ctx.db().SignalModified(key);
}

// LPUSH key element [element ...]: how long the list is now.
void LPush(CommandContext& ctx, Args args) { PushAll(ctx, args, ListEnd::kHead, false); }
// RPUSH key element [element ...]
void RPush(CommandContext& ctx, Args args) { PushAll(ctx, args, ListEnd::kTail, false); }
// LPUSHX key element [element ...]: 0 without a list.
void LPushX(CommandContext& ctx, Args args) { PushAll(ctx, args, ListEnd::kHead, true); }
// RPUSHX key element [element ...]
void RPushX(CommandContext& ctx, Args args) { PushAll(ctx, args, ListEnd::kTail, true); }

}  // namespace slotmesh::node
