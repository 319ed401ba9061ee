// LPOP, RPOP, LMPOP, and those that wait: BLPOP, BRPOP, BLMPOP.
//
// What leaves through the journal is always LPOP or RPOP.
#include <algorithm>
#include <limits>

#include "node/commands/blocking.h"
#include "node/commands/lists_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// A number of at least `least`, or nothing with the error replied.
std::optional<int64_t> NumberOrReply(CommandContext& ctx, std::string_view word, int64_t least,
                                     std::string_view error) {
  const std::optional<int64_t> value = IntegerOrReply(ctx, word, error);
  if (value && *value >= least) return value;
  if (value) ctx.reply().Error(error);
  return std::nullopt;
}

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
    count = NumberOrReply(ctx, args[2], 0, errors::kMustBePositive);
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

struct MultiPopRequest {
  Args keys;
  ListEnd end = ListEnd::kHead;
  uint64_t count = 1;
};

// numkeys key [key ...] LEFT|RIGHT [COUNT count], from word `first` on.
bool ParseMultiPop(CommandContext& ctx, Args args, size_t first, MultiPopRequest* request) {
  const std::optional<int64_t> keys =
      NumberOrReply(ctx, args[first], 1, "ERR numkeys should be greater than 0");
  if (!keys) return false;
  const size_t end_word = first + 1 + static_cast<size_t>(*keys);
  if (static_cast<uint64_t>(*keys) >= args.size() || end_word >= args.size()) {
    ctx.reply().Error(errors::kSyntax);
    return false;
  }
  request->keys = args.subspan(first + 1, static_cast<size_t>(*keys));
  const std::optional<ListEnd> end = EndOrReply(ctx, args[end_word]);
  if (!end) return false;
  request->end = *end;
  bool has_count = false;
  for (size_t i = end_word + 1; i < args.size(); i += 2) {
    if (has_count || !EqualsIgnoreCase(args[i], "COUNT") || i + 1 >= args.size()) {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
    has_count = true;
    const std::optional<int64_t> count =
        NumberOrReply(ctx, args[i + 1], 1, "ERR count should be greater than 0");
    if (!count) return false;
    request->count = static_cast<uint64_t>(*count);
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
  const int64_t count = PopSome(ctx, key, *list, request.end, request.count);
  ctx.Effect({request.end == ListEnd::kHead ? "LPOP" : "RPOP", key.bytes, IntegerWord(count)});
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
  if (!ParseMultiPop(ctx, args, 1, &request)) return;
  if (!MultiPop(ctx, request)) ctx.reply().NullArray();
}

// BLPOP key [key ...] timeout
void BLPop(CommandContext& ctx, Args args) { BlockingPop(ctx, args, ListEnd::kHead); }
// BRPOP key [key ...] timeout
void BRPop(CommandContext& ctx, Args args) { BlockingPop(ctx, args, ListEnd::kTail); }

// BLMPOP timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]
void BLMPop(CommandContext& ctx, Args args) {
  MultiPopRequest request;
  if (!ParseMultiPop(ctx, args, 2, &request)) return;
  const std::optional<int64_t> deadline = DeadlineOfSeconds(ctx, args[1]);
  if (!deadline) return;
  if (!MultiPop(ctx, request)) WaitForKeys(ctx, args, request.keys, WaitForList(*deadline));
}

}  // namespace slotmesh::node
