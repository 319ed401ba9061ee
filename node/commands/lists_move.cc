// LMOVE, RPOPLPUSH and those that wait: BLMOVE, BRPOPLPUSH.
#include <string>

#include "node/commands/blocking.h"
#include "node/commands/lists_handlers.h"
#include "node/commands/lookup.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

struct MoveRequest {
  std::string_view from;
  std::string_view to;
  ListEnd from_end;
  ListEnd to_end;
};

// True if it replied; false if there is nothing to move.
bool Move(CommandContext& ctx, const MoveRequest& request) {
  const HashedKey from = ctx.Hash(request.from);
  const HashedKey to = ctx.Hash(request.to);
  EntryRef ref;
  List* source = nullptr;
  if (!FindObjectToWrite(ctx, from, &ref, &source)) return true;
  if (source == nullptr) return false;
  List* target = nullptr;
  if (!FindObjectToWrite(ctx, to, &ref, &target)) return true;

  const TypeSettings& settings = ctx.engine().type_settings;
  const std::string element = source->Peek(request.from_end).ToString();
  ctx.reply().Bulk(element);
  const bool is_new = target == nullptr;
  if (is_new) target = new List;
  source->Drop(request.from_end, settings);
  target->ExpectGrowth(element.size(), 1, settings);
  target->Push(request.to_end, element, settings);
  if (is_new) {
    InsertObject(ctx, to, target);
  } else {
    ctx.db().SignalModified(to);
  }
  ctx.Notify(kNotifyList, PushEvent(request.to_end), to.bytes);
  EndShrinking(ctx, from, *source, PopEvent(request.from_end));
  ctx.MarkChanged();
  return true;
}

// As BLMOVE does when it finds something; what goes into the journal does not wait.
void MoveOrWait(CommandContext& ctx, Args args, const MoveRequest& request, int64_t deadline) {
  if (!Move(ctx, request)) {
    if (!ctx.may_block()) return ctx.reply().Null();
    // An array, though an element would come as a string: so it is defined.
    return WaitForKeys(ctx, args, args.subspan(1, 1),
                       {.kind = ValueKind::kList,
                        .deadline_ms = deadline,
                        .on_timeout = [](Client& client) { client.reply().NullArray(); }});
  }
  if (ctx.changes() == 0 || !ctx.wants_effects()) return;
  // Replicas know old commands by their old names.
  if (args.size() == 4) return ctx.Effect({"RPOPLPUSH", request.from, request.to});
  const auto name = [](ListEnd end) { return end == ListEnd::kHead ? "left" : "right"; };
  ctx.Effect({"LMOVE", request.from, request.to, name(request.from_end), name(request.to_end)});
}

bool ParseEnds(CommandContext& ctx, Args args, MoveRequest* request) {
  const std::optional<ListEnd> from = EndOrReply(ctx, args[3]);
  if (!from) return false;
  const std::optional<ListEnd> to = EndOrReply(ctx, args[4]);
  if (!to) return false;
  *request = {args[1], args[2], *from, *to};
  return true;
}

}  // namespace

// LMOVE source destination LEFT|RIGHT LEFT|RIGHT: the element, null without one.
void LMove(CommandContext& ctx, Args args) {
  MoveRequest request;
  if (!ParseEnds(ctx, args, &request)) return;
  if (!Move(ctx, request)) ctx.reply().Null();
}

// RPOPLPUSH source destination
void RPopLPush(CommandContext& ctx, Args args) {
  if (!Move(ctx, {args[1], args[2], ListEnd::kTail, ListEnd::kHead})) ctx.reply().Null();
}

// BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout
void BLMove(CommandContext& ctx, Args args) {
  MoveRequest request;
  if (!ParseEnds(ctx, args, &request)) return;
  const std::optional<int64_t> deadline = DeadlineOfSeconds(ctx, args[5]);
  if (deadline) MoveOrWait(ctx, args, request, *deadline);
}

// BRPOPLPUSH source destination timeout
void BRPopLPush(CommandContext& ctx, Args args) {
  const std::optional<int64_t> deadline = DeadlineOfSeconds(ctx, args[3]);
  if (!deadline) return;
  MoveOrWait(ctx, args, {args[1], args[2], ListEnd::kTail, ListEnd::kHead}, *deadline);
}

}  // namespace slotmesh::node
