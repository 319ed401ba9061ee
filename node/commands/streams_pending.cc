// XACK and XPENDING.
#include "absl/container/inlined_vector.h"
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {

// XACK key group id [id ...]: how many were pending.
void XAck(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Stream* stream = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &stream)) return;
  StreamGroup* const group = stream == nullptr ? nullptr : stream->FindGroup(args[2]);
  if (group == nullptr) return ctx.reply().Integer(0);
  absl::InlinedVector<StreamId, 8> ids;
  for (const std::string_view word : args.subspan(3)) {
    ids.emplace_back();
    if (!StrictIdOrReply(ctx, word, &ids.back())) return;
  }
  int64_t acknowledged = 0;
  for (const StreamId id : ids) acknowledged += group->RemovePending(id) ? 1 : 0;
  ctx.reply().Integer(acknowledged);
  if (acknowledged > 0) ctx.MarkChanged(acknowledged);
}

namespace {

struct PendingRequest {
  bool summary = false;
  int64_t idle_min = 0;
  StreamId first;
  StreamId last;
  int64_t count = 0;
  std::optional<std::string_view> consumer;
};

// [[IDLE ms] start end count [consumer]] from word 3 on.
bool ParsePending(CommandContext& ctx, Args args, PendingRequest* request) {
  request->summary = args.size() == 3;
  if (request->summary) return true;
  const auto refuse = [&] {
    ctx.reply().Error(errors::kSyntax);
    return false;
  };
  if (args.size() < 6 || args.size() > 9) return refuse();
  size_t start = 3;
  if (EqualsIgnoreCase(args[3], "IDLE")) {
    const std::optional<int64_t> idle = IntegerOrReply(ctx, args[4]);
    if (!idle) return false;
    if (args.size() < 8) return refuse();
    request->idle_min = *idle;
    start += 2;
  }
  const std::optional<int64_t> count = IntegerOrReply(ctx, args[start + 2]);
  if (!count) return false;
  request->count = *count < 0 ? 0 : *count;
  if (start + 3 < args.size()) request->consumer = args[start + 3];
  return IntervalIdOrReply(ctx, args[start], IntervalEnd::kStart, &request->first) &&
         IntervalIdOrReply(ctx, args[start + 1], IntervalEnd::kEnd, &request->last);
}

void ReplySummary(Reply& reply, const StreamGroup& group) {
  reply.Array(4);
  reply.Integer(static_cast<int64_t>(group.pending().size()));
  if (group.pending().empty()) {
    reply.Null();
    reply.Null();
    return reply.NullArray();
  }
  reply.Bulk(StreamIdText(group.pending().begin()->first));
  reply.Bulk(StreamIdText(group.pending().rbegin()->first));
  const Reply::Deferred array = reply.DeferArray();
  size_t shown = 0;
  for (const auto& [name, consumer] : group.consumers()) {
    if (consumer->pending.empty()) continue;
    reply.Array(2);
    reply.Bulk(name);
    reply.BulkInt(static_cast<int64_t>(consumer->pending.size()));
    ++shown;
  }
  reply.Finish(array, shown);
}

// False if it was left out.
bool ReplyPending(CommandContext& ctx, const PendingRequest& request, StreamId id,
                  const StreamPending& pending) {
  const int64_t idle = ctx.now_ms() - pending.delivered_ms;
  if (request.idle_min != 0 && idle < request.idle_min) return false;
  Reply& reply = ctx.reply();
  reply.Array(4);
  reply.Bulk(StreamIdText(id));
  reply.Bulk(pending.consumer->name);
  reply.Integer(idle < 0 ? 0 : idle);
  reply.Integer(static_cast<int64_t>(pending.deliveries));
  return true;
}

}  // namespace

// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
void XPending(CommandContext& ctx, Args args) {
  PendingRequest request;
  if (!ParsePending(ctx, args, &request)) return;
  const Stream* stream = nullptr;
  if (!FindObject(ctx, ctx.Key(1), &stream)) return;
  const StreamGroup* group = stream == nullptr ? nullptr : stream->FindGroup(args[2]);
  if (group == nullptr) return ReplyNoGroup(ctx, args[1], args[2]);
  if (request.summary) return ReplySummary(ctx.reply(), *group);

  int64_t left = request.count;
  int64_t shown = 0;
  const auto show = [&](StreamId id, const StreamPending& pending) {
    if (id > request.last || left == shown) return false;
    shown += ReplyPending(ctx, request, id, pending) ? 1 : 0;
    return true;
  };
  const Reply::Deferred array = ctx.reply().DeferArray();
  if (request.consumer.has_value()) {
    if (const StreamConsumer* consumer = group->FindConsumer(*request.consumer)) {
      auto at = consumer->pending.lower_bound(request.first);
      while (at != consumer->pending.end() && show(*at, *group->FindPending(*at))) ++at;
    }
  } else {
    auto at = group->pending().lower_bound(request.first);
    while (at != group->pending().end() && show(at->first, at->second)) ++at;
  }
  ctx.reply().Finish(array, static_cast<size_t>(shown));
}

}  // namespace slotmesh::node
