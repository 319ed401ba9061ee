// LPOP, RPOP, LMPOP, and those that wait: BLPOP, BRPOP, BLMPOP.
//
// What leaves through the journal is always LPOP or RPOP.
#include <algorithm>
#include <limits>

#include "node/commands/blocking.h"
#include "node/commands/lists_handlers.h"
#include "node/commands/lookup.h"
#include "node/commands/multi_pop.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void PopOne(CommandContext& ctx, const HashedKey& key, List& list, ListEnd end) {
  ReplyElement(ctx.reply(), list.Peek(end));
  list.Drop(end, ctx.engine().type_settings);
  EndShrinking(ctx, key, list, PopEvent(end));
  ctx.MarkChanged();
}

// Replies and removes up to `count` elements, as an array.
int64_t PopSome(CommandContext& ctx, const HashedKey& key, List& list, ListEnd end,
                uint64_t count) {
  const uint64_t size = list.size();
  count = std::min(count, size);
  const bool backwards = end == ListEnd::kTail;
  Reply& reply = ctx.reply();
  reply.Array(count);
  list.Walk(backwards ? size - 1 : 0, count, backwards, [&](const ListpackValue& value) {
    ReplyElement(reply, value);
    return true;
  });
  list.Erase(backwards ? size - count : 0, count, ctx.engine().type_settings);
  EndShrinking(ctx, key, list, PopEvent(end));
  ctx.MarkChanged(static_cast<int64_t>(count));
  return static_cast<int64_t>(count);
}

void Pop(CommandContext& ctx, Args args, ListEnd end) {
  if (args.size() > 3) return ctx.reply().Error(WrongArity(ctx.command().full_name()));
  const HashedKey key = ctx.Key(1);
  std::optional<int64_t> count;
  if (args.size() == 3) {
    count = IntegerFromOrReply(ctx, args[2], 0, errors::kMustBePositive);
    if (!count) return;
  }
  EntryRef ref;
  List* list = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &list)) return;
  if (list == nullptr) return count ? ctx.reply().NullArray() : ctx.reply().Null();
  if (!count) return PopOne(ctx, key, *list, end);
  if (*count == 0) return ctx.reply().EmptyArray();
  PopSome(ctx, key, *list, end, static_cast<uint64_t>(*count));
}

// The first of the keys that holds a list. False, with WRONGTYPE replied, if one before it (or the
// first that is there) is of another kind.
bool FindFirst(CommandContext& ctx, Args keys, HashedKey* key, List** list) {
  for (const std::string_view name : keys) {
    *key = ctx.Hash(name);
    EntryRef ref;
    if (!FindObjectToWrite(ctx, *key, &ref, list)) return false;
    if (*list != nullptr) return true;
  }
  return true;
}

// True if it replied.
bool MultiPop(CommandContext& ctx, const MultiPopRequest& request) {
  HashedKey key;
  List* list = nullptr;
  if (!FindFirst(ctx, request.keys, &key, &list)) return true;
  if (list == nullptr) return false;
  ctx.reply().Array(2);
  ctx.reply().Bulk(key.bytes);
  const ListEnd end = request.from_end ? ListEnd::kTail : ListEnd::kHead;
  const int64_t count = PopSome(ctx, key, *list, end, request.count);
  ctx.Effect({end == ListEnd::kHead ? "LPOP" : "RPOP", key.bytes, IntegerWord(count)});
  return true;
}

KeyWaiters::Wish WaitForList(int64_t deadline) {
  return {.kind = ValueKind::kList, .deadline_ms = deadline, .on_timeout = [](Client& client) {
            client.reply().NullArray();
          }};
}

void BlockingPop(CommandContext& ctx, Args args, ListEnd end) {
  const std::optional<int64_t> deadline = DeadlineOfSeconds(ctx, args.back());
  if (!deadline) return;
  const Args keys = args.subspan(1, args.size() - 2);
  HashedKey key;
  List* list = nullptr;
  if (!FindFirst(ctx, keys, &key, &list)) return;
  if (list == nullptr) return WaitForKeys(ctx, args, keys, WaitForList(*deadline));
  ctx.reply().Array(2);
  ctx.reply().Bulk(key.bytes);
  PopOne(ctx, key, *list, end);
  ctx.Effect({end == ListEnd::kHead ? "LPOP" : "RPOP", key.bytes});
}

}  // namespace

// LPOP key [count]
void LPop(CommandContext& ctx, Args args) { Pop(ctx, args, ListEnd::kHead); }
// RPOP key [count]
void RPop(CommandContext& ctx, Args args) { Pop(ctx, args, ListEnd::kTail); }

// LMPOP numkeys key [key ...] LEFT|RIGHT [COUNT count]: of the first key that holds a list.
void LMPop(CommandContext& ctx, Args args) {
  MultiPopRequest request;
  if (!ParseMultiPop(ctx, args, 1, "LEFT", "RIGHT", &request)) return;
  if (!MultiPop(ctx, request)) ctx.reply().NullArray();
}

// BLPOP key [key ...] timeout
void BLPop(CommandContext& ctx, Args args) { BlockingPop(ctx, args, ListEnd::kHead); }
// BRPOP key [key ...] timeout
void BRPop(CommandContext& ctx, Args args) { BlockingPop(ctx, args, ListEnd::kTail); }

// BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]
void BLMPop(CommandContext& ctx, Args args) {
  MultiPopRequest request;
  if (!ParseMultiPop(ctx, args, 2, "LEFT", "RIGHT", &request)) return;
  const std::optional<int64_t> deadline = DeadlineOfSeconds(ctx, args[1]);
  if (!deadline) return;
  if (!MultiPop(ctx, request)) WaitForKeys(ctx, args, request.keys, WaitForList(*deadline));
}

}  // namespace slotmesh::node
