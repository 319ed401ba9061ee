// XLEN, XRANGE and XREVRANGE.
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

void Range(CommandContext& ctx, Args args, bool backwards) {
  StreamId first;
  StreamId last;
  if (!IntervalIdOrReply(ctx, args[backwards ? 3 : 2], IntervalEnd::kStart, &first) ||
      !IntervalIdOrReply(ctx, args[backwards ? 2 : 3], IntervalEnd::kEnd, &last)) {
    return;
  }
  int64_t count = -1;
  for (size_t i = 4; i < args.size(); i += 2) {
    if (!EqualsIgnoreCase(args[i], "COUNT") || i + 1 >= args.size()) {
      return ctx.reply().Error(errors::kSyntax);
    }
    const std::optional<int64_t> word = IntegerOrReply(ctx, args[i + 1]);
    if (!word) return;
    count = *word < 0 ? 0 : *word;
  }
  const Stream* stream = nullptr;
  if (!FindObject(ctx, ctx.Key(1), &stream)) return;
  if (stream == nullptr) return ctx.reply().EmptyArray();
  if (count == 0) return ctx.reply().NullArray();
  Reply& reply = ctx.reply();
  const Reply::Deferred array = reply.DeferArray();
  size_t shown = 0;
  stream->Walk(first, last, backwards, [&](const StreamBlock& block, const StreamEntry& entry) {
    ReplyEntry(reply, block, entry);
    return static_cast<int64_t>(++shown) != count;
  });
  reply.Finish(array, shown);
}

}  // namespace

// XLEN key
void XLen(CommandContext& ctx, Args args) {
  const Stream* stream = nullptr;
  if (!FindObject(ctx, ctx.Key(1), &stream)) return;
  ctx.reply().Integer(stream == nullptr ? 0 : static_cast<int64_t>(stream->size()));
}

// XRANGE key start end [COUNT count]
void XRange(CommandContext& ctx, Args args) { Range(ctx, args, /*backwards=*/false); }
// XREVRANGE key end start [COUNT count]
void XRevRange(CommandContext& ctx, Args args) { Range(ctx, args, /*backwards=*/true); }

}  // namespace slotmesh::node
