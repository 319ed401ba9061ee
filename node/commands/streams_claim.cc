// XCLAIM and XAUTOCLAIM.
//
// A copy gets, for each entry that changed hands, an XCLAIM that leaves nothing open.
#include <algorithm>
#include <limits>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Finds stream and group of words 1 and 2. False, with WRONGTYPE replied, for another kind of
// value; the group may then still be null.
bool FindGroupToWrite(CommandContext& ctx, Args args, GroupInUse* use) {
  EntryRef ref;
  use->key = ctx.Key(1);
  use->name = args[2];
  if (!FindObjectToWrite(ctx, use->key, &ref, &use->stream)) return false;
  if (use->stream != nullptr) use->group = use->stream->FindGroup(args[2]);
  return true;
}

struct ClaimRequest {
  absl::InlinedVector<StreamId, 8> ids;
  int64_t idle_min = 0;
  int64_t delivered_ms = -1;
  int64_t deliveries = -1;
  bool force = false;
  bool just_id = false;
  StreamId last_id;
};

bool ClaimOption(CommandContext& ctx, Args args, size_t* at, ClaimRequest* request) {
  const std::string_view word = args[*at];
  const bool more = *at + 1 < args.size();
  const auto number = [&](std::string_view error, int64_t* value) {
    const std::optional<int64_t> read = IntegerOrReply(ctx, args[++*at], error);
    if (read) *value = *read;
    return read.has_value();
  };
  if (EqualsIgnoreCase(word, "FORCE")) {
    request->force = true;
    return true;
  }
  if (EqualsIgnoreCase(word, "JUSTID")) {
    request->just_id = true;
    return true;
  }
  if (more && EqualsIgnoreCase(word, "IDLE")) {
    int64_t idle;
    if (!number("ERR Invalid IDLE option argument for XCLAIM", &idle)) return false;
    // Around the end of time it is bogus anyhow.
    request->delivered_ms =
        static_cast<int64_t>(static_cast<uint64_t>(ctx.now_ms()) - static_cast<uint64_t>(idle));
    return true;
  }
  if (more && EqualsIgnoreCase(word, "TIME")) {
    return number("ERR Invalid TIME option argument for XCLAIM", &request->delivered_ms);
  }
  if (more && EqualsIgnoreCase(word, "RETRYCOUNT")) {
    return number("ERR Invalid RETRYCOUNT option argument for XCLAIM", &request->deliveries);
  }
  if (more && EqualsIgnoreCase(word, "LASTID")) {
    return StrictIdOrReply(ctx, args[++*at], &request->last_id);
  }
  ctx.reply().Error(
      StrCat("ERR Unrecognized XCLAIM option '", word.substr(0, word.find('\0')), "'"));
  return false;
}

bool ParseClaim(CommandContext& ctx, Args args, ClaimRequest* request) {
  const std::optional<int64_t> idle =
      IntegerOrReply(ctx, args[4], "ERR Invalid min-idle-time argument for XCLAIM");
  if (!idle) return false;
  request->idle_min = std::max<int64_t>(*idle, 0);
  size_t i = 5;
  for (; i < args.size(); ++i) {
    ParsedStreamId parsed;
    if (!ParseStreamId(args[i], StreamIdForm::kStrict, 0, &parsed)) break;
    request->ids.push_back(parsed.id);
  }
  for (; i < args.size(); ++i) {
    if (!ClaimOption(ctx, args, &i, request)) return false;
  }
  if (request->delivered_ms < 0 || request->delivered_ms > ctx.now_ms()) {
    request->delivered_ms = ctx.now_ms();
  }
  return true;
}

void ReplyClaimed(Reply& reply, const Stream& stream, StreamId id, bool just_id) {
  if (just_id) return reply.Bulk(StreamIdText(id));
  ReplyEntryWithId(reply, stream, id);
}

// True if the entry is the consumer's now.
bool ClaimOne(CommandContext& ctx, const GroupInUse& use, StreamConsumer* consumer, StreamId id,
              const ClaimRequest& request) {
  const StreamPending* pending = use.group->FindPending(id);
  if (!use.stream->Contains(id)) {
    if (pending == nullptr) return false;
    use.group->RemovePending(id);
    AckEffect(ctx, use, id);
    ctx.MarkChanged();
    return false;
  }
  if (pending == nullptr && !request.force) return false;
  if (pending != nullptr && request.idle_min != 0 &&
      ctx.now_ms() - pending->delivered_ms < request.idle_min) {
    return false;
  }
  // One that FORCE makes counts as delivered once before.
  uint64_t deliveries = pending == nullptr ? 1 : pending->deliveries;
  if (request.deliveries >= 0) {
    deliveries = static_cast<uint64_t>(request.deliveries);
  } else if (!request.just_id) {
    ++deliveries;
  }
  use.group->Assign(id, consumer, request.delivered_ms, deliveries);
  consumer->active_ms = ctx.now_ms();
  ClaimEffect(ctx, use, id);
  ctx.MarkChanged();
  return true;
}

}  // namespace

// XCLAIM key group consumer min-idle-time id [id ...] [IDLE ms] [TIME ms] [RETRYCOUNT count]
// [FORCE] [JUSTID] [LASTID id]
void XClaim(CommandContext& ctx, Args args) {
  GroupInUse use;
  if (!FindGroupToWrite(ctx, args, &use)) return;
  if (use.group == nullptr) return ReplyNoGroup(ctx, args[1], args[2]);
  ClaimRequest request;
  if (!ParseClaim(ctx, args, &request)) return;
  if (request.last_id > use.group->last_id) {
    use.group->last_id = request.last_id;
    GroupIdEffect(ctx, use);
    ctx.MarkChanged();
  }
  StreamConsumer* const consumer = SeeConsumer(ctx, use, args[3]);
  const Reply::Deferred array = ctx.reply().DeferArray();
  size_t claimed = 0;
  for (const StreamId id : request.ids) {
    if (!ClaimOne(ctx, use, consumer, id, request)) continue;
    ReplyClaimed(ctx.reply(), *use.stream, id, request.just_id);
    ++claimed;
  }
  ctx.reply().Finish(array, claimed);
}

namespace {

// Entries looked at per entry that may be claimed.
constexpr int64_t kLooksPerEntry = 10;
constexpr int64_t kCountDefault = 100;
constexpr int64_t kCountMax = std::numeric_limits<int64_t>::max() / 16;

struct AutoClaimRequest {
  int64_t idle_min = 0;
  StreamId start;
  int64_t count = kCountDefault;
  bool just_id = false;
};

bool ParseAutoClaim(CommandContext& ctx, Args args, AutoClaimRequest* request) {
  const std::optional<int64_t> idle =
      IntegerOrReply(ctx, args[4], "ERR Invalid min-idle-time argument for XAUTOCLAIM");
  if (!idle) return false;
  request->idle_min = std::max<int64_t>(*idle, 0);
  if (!IntervalIdOrReply(ctx, args[5], IntervalEnd::kStart, &request->start)) return false;
  for (size_t i = 6; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "COUNT") && i + 1 < args.size()) {
      constexpr std::string_view kError = "ERR COUNT must be > 0";
      const std::optional<int64_t> count = IntegerOrReply(ctx, args[++i], kError);
      if (!count) return false;
      if (*count < 1 || *count > kCountMax) {
        ctx.reply().Error(kError);
        return false;
      }
      request->count = *count;
    } else if (EqualsIgnoreCase(args[i], "JUSTID")) {
      request->just_id = true;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

struct AutoClaimed {
  std::vector<StreamId> claimed;
  std::vector<StreamId> gone;  // Were pending, but not in the stream any more.
  StreamId next;               // Where the next call goes on; 0-0: nowhere.
};

AutoClaimed AutoClaim(CommandContext& ctx, const GroupInUse& use, StreamConsumer* consumer,
                      const AutoClaimRequest& request) {
  AutoClaimed result;
  int64_t looks = 0;
  // kCountMax times this may be more than an int64.
  const int64_t looks_max = request.count > kCountMax / kLooksPerEntry
                                ? std::numeric_limits<int64_t>::max()
                                : request.count * kLooksPerEntry;
  const auto full = [&] {
    const size_t found = result.claimed.size() + result.gone.size();
    return looks == looks_max || static_cast<int64_t>(found) == request.count;
  };
  auto at = use.group->pending().lower_bound(request.start);
  while (at != use.group->pending().end() && !full()) {
    ++looks;
    const auto [id, pending] = *at;
    if (!use.stream->Contains(id)) {
      use.group->RemovePending(id);
      at = use.group->pending().lower_bound(id);
      result.gone.push_back(id);
      AckEffect(ctx, use, id);
      ctx.MarkChanged();
      continue;
    }
    ++at;
    if (request.idle_min != 0 && ctx.now_ms() - pending.delivered_ms < request.idle_min) continue;
    // Changes what is there; nothing moves.
    use.group->Assign(id, consumer, ctx.now_ms(), pending.deliveries + (request.just_id ? 0 : 1));
    consumer->active_ms = ctx.now_ms();
    result.claimed.push_back(id);
    ClaimEffect(ctx, use, id);
    ctx.MarkChanged();
  }
  if (at != use.group->pending().end()) result.next = at->first;
  return result;
}

}  // namespace

// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
void XAutoClaim(CommandContext& ctx, Args args) {
  AutoClaimRequest request;
  if (!ParseAutoClaim(ctx, args, &request)) return;
  GroupInUse use;
  if (!FindGroupToWrite(ctx, args, &use)) return;
  if (use.group == nullptr) return ReplyNoGroup(ctx, args[1], args[2]);
  StreamConsumer* const consumer = SeeConsumer(ctx, use, args[3]);
  const AutoClaimed result = AutoClaim(ctx, use, consumer, request);
  Reply& reply = ctx.reply();
  reply.Array(3);
  reply.Bulk(StreamIdText(result.next));
  reply.Array(result.claimed.size());
  for (const StreamId id : result.claimed) ReplyClaimed(reply, *use.stream, id, request.just_id);
  reply.Array(result.gone.size());
  for (const StreamId id : result.gone) reply.Bulk(StreamIdText(id));
}

}  // namespace slotmesh::node
