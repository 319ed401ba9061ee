// XREAD and XREADGROUP.
//
// What a group's reading changes leaves through the journal as XGROUP SETID and, per entry, XCLAIM.
#include <list>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "node/commands/blocking.h"
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

struct ReadRequest {
  bool of_group = false;
  std::optional<std::string_view> group;
  std::string_view consumer;
  std::optional<int64_t> deadline;  // With BLOCK.
  int64_t count = 0;                // 0: all.
  bool no_ack = false;
  size_t first_key = 0;  // Its word.
  size_t streams = 0;
  // Entries behind these are wanted; of a group kStreamIdMax stands for new ones.
  absl::InlinedVector<StreamId, 8> behind;
};

bool Refuse(CommandContext& ctx, std::string_view error) {
  ctx.reply().Error(error);
  return false;
}

bool OnlyOfGroups(CommandContext& ctx, const ReadRequest& request, std::string_view option) {
  return request.of_group ||
         Refuse(ctx, StrCat("ERR The ", option,
                            " option is only supported by XREADGROUP. You called XREAD instead."));
}

bool ParseBlock(CommandContext& ctx, std::string_view word, ReadRequest* request) {
  request->deadline = DeadlineOfMillis(ctx, word);
  return request->deadline.has_value();
}

bool ParseCount(CommandContext& ctx, std::string_view word, ReadRequest* request) {
  const std::optional<int64_t> count = IntegerOrReply(ctx, word);
  if (count) request->count = *count < 0 ? 0 : *count;
  return count.has_value();
}

bool ParseStreams(CommandContext& ctx, Args args, size_t first_key, ReadRequest* request) {
  request->first_key = first_key;
  request->streams = args.size() - first_key;
  if (request->streams % 2 != 0) {
    const std::string_view id = request->of_group ? ">" : "$";
    return Refuse(ctx, StrCat("ERR Unbalanced '", ctx.command().full_name(),
                              "' list of streams: for each stream key an ID or '", id,
                              "' must be specified."));
  }
  request->streams /= 2;
  return true;
}

bool ParseOptions(CommandContext& ctx, Args args, ReadRequest* request) {
  for (size_t i = 1; i < args.size() && request->first_key == 0; ++i) {
    const size_t more = args.size() - i - 1;
    if (more >= 1 && EqualsIgnoreCase(args[i], "BLOCK")) {
      if (!ParseBlock(ctx, args[++i], request)) return false;
    } else if (more >= 1 && EqualsIgnoreCase(args[i], "COUNT")) {
      if (!ParseCount(ctx, args[++i], request)) return false;
    } else if (more >= 1 && EqualsIgnoreCase(args[i], "STREAMS")) {
      if (!ParseStreams(ctx, args, i + 1, request)) return false;
    } else if (more >= 2 && EqualsIgnoreCase(args[i], "GROUP")) {
      if (!OnlyOfGroups(ctx, *request, "GROUP")) return false;
      request->group = args[i + 1];
      request->consumer = args[i + 2];
      i += 2;
    } else if (EqualsIgnoreCase(args[i], "NOACK")) {
      if (!OnlyOfGroups(ctx, *request, "NOACK")) return false;
      request->no_ack = true;
    } else {
      return Refuse(ctx, errors::kSyntax);
    }
  }
  if (request->first_key == 0) return Refuse(ctx, errors::kSyntax);
  if (request->of_group && !request->group) {
    return Refuse(ctx, "ERR Missing GROUP option for XREADGROUP");
  }
  return true;
}

constexpr std::string_view kMeaningless =
    " ID is meaningless in the context of XREADGROUP: you want to read the history of this "
    "consumer by specifying a proper ID, or use the > ID to get new messages. The ";

// `stream` is null if there is none.
bool ParsePosition(CommandContext& ctx, std::string_view word, const Stream* stream,
                   const ReadRequest& request, StreamId* behind) {
  if (word == "$" || word == "+") {
    if (request.of_group) {
      return Refuse(ctx, StrCat("ERR The ", word, kMeaningless, word,
                                " ID would just return an empty result set."));
    }
    *behind = stream == nullptr ? StreamId{} : stream->last_id();
    if (word == "+" && stream != nullptr && stream->size() > 0) {
      *behind = stream->LastEntryId();
      behind->Decrement();
    }
    return true;
  }
  if (word == ">") {
    *behind = kStreamIdMax;
    return request.of_group ||
           Refuse(ctx,
                  "ERR The > ID can be specified only when calling XREADGROUP using the GROUP "
                  "<group> <consumer> option.");
  }
  return StrictIdOrReply(ctx, word, behind);
}

// Looks at every stream, so that all errors come before anything happens.
bool ParsePositions(CommandContext& ctx, Args args, ReadRequest* request) {
  for (size_t i = 0; i < request->streams; ++i) {
    const std::string_view key = args[request->first_key + i];
    const Stream* stream = nullptr;
    if (!FindObject(ctx, ctx.Hash(key), &stream)) return false;
    if (request->of_group && (stream == nullptr || !stream->FindGroup(*request->group))) {
      ReplyNoGroup(ctx, key, *request->group, " in XREADGROUP with GROUP option");
      return false;
    }
    request->behind.emplace_back();
    if (!ParsePosition(ctx, args[request->first_key + request->streams + i], stream, *request,
                       &request->behind.back())) {
      return false;
    }
  }
  return true;
}

// The reply of one or several streams: begun with the first that has something.
class StreamsReply {
 public:
  explicit StreamsReply(Reply& reply) : reply_(reply) {}

  void Begin(std::string_view key) {
    if (count_++ == 0) place_ = reply_.resp3() ? reply_.DeferMap() : reply_.DeferArray();
    if (!reply_.resp3()) reply_.Array(2);
    reply_.Bulk(key);
  }
  // False if there was none.
  bool Finish() {
    if (count_ > 0) reply_.Finish(place_, count_);
    return count_ > 0;
  }

 private:
  Reply& reply_;
  Reply::Deferred place_;
  size_t count_ = 0;
};

// Replies entries behind `behind`, at most `count` (0: all).
template <typename Each>
void ReplyBehind(Reply& reply, const Stream& stream, StreamId behind, int64_t count, Each each) {
  const Reply::Deferred array = reply.DeferArray();
  int64_t shown = 0;
  if (behind.Increment()) {
    stream.Walk(behind, kStreamIdMax, /*backwards=*/false,
                [&](const StreamBlock& block, const StreamEntry& entry) {
                  each(entry.id);
                  ReplyEntry(reply, block, entry);
                  return ++shown != count;
                });
  }
  reply.Finish(array, static_cast<size_t>(shown));
}

// What is pending for the consumer behind `behind`; delivers it once more.
void ReplyHistory(CommandContext& ctx, const GroupInUse& use, StreamConsumer* consumer,
                  StreamId behind, int64_t count) {
  Reply& reply = ctx.reply();
  const Reply::Deferred array = reply.DeferArray();
  int64_t shown = 0;
  for (auto at = consumer->pending.upper_bound(behind); at != consumer->pending.end(); ++at) {
    if (ReplyEntryWithId(reply, *use.stream, *at)) {
      const uint64_t deliveries = use.group->FindPending(*at)->deliveries;
      use.group->Assign(*at, consumer, ctx.now_ms(), deliveries + 1);
      ClaimEffect(ctx, use, *at);
    } else {
      reply.Array(2);
      reply.Bulk(StreamIdText(*at));
      reply.NullArray();
    }
    if (++shown == count) break;
  }
  reply.Finish(array, static_cast<size_t>(shown));
}

// What the group has not seen yet; it is the consumer's then.
void ReplyNew(CommandContext& ctx, const GroupInUse& use, StreamConsumer* consumer,
              const ReadRequest& request) {
  consumer->active_ms = ctx.now_ms();
  std::vector<StreamId> delivered;
  const bool wants_claims = !request.no_ack && ctx.wants_effects();
  ReplyBehind(ctx.reply(), *use.stream, use.group->last_id, request.count, [&](StreamId id) {
    use.stream->Advance(*use.group, id);
    if (!request.no_ack) use.group->Assign(id, consumer, ctx.now_ms(), 1);
    if (wants_claims) delivered.push_back(id);
  });
  for (const StreamId id : delivered) ClaimEffect(ctx, use, id);
  GroupIdEffect(ctx, use);
  ctx.MarkChanged();
}

// Reads stream `i` for a group.
void ServeGroup(CommandContext& ctx, Args args, const ReadRequest& request, size_t i,
                StreamsReply& streams) {
  const std::string_view name = args[request.first_key + i];
  GroupInUse use = {.key = ctx.Hash(name), .name = *request.group};
  EntryRef ref;
  // ParsePositions has seen it, for reading.
  if (!FindObjectToWrite(ctx, use.key, &ref, &use.stream) || use.stream == nullptr) return;
  use.group = use.stream->FindGroup(*request.group);
  if (use.group == nullptr) return;
  const bool is_new = use.stream->size() != 0 && use.stream->LastEntryId() > use.group->last_id;
  const bool reads_new = request.behind[i] == kStreamIdMax && is_new;
  StreamConsumer* const consumer =
      SeeConsumer(ctx, use, request.consumer, /*claims=*/reads_new && !request.no_ack);
  if (request.behind[i] != kStreamIdMax) {
    streams.Begin(name);
    return ReplyHistory(ctx, use, consumer, request.behind[i], request.count);
  }
  if (!reads_new) return;
  streams.Begin(name);
  ReplyNew(ctx, use, consumer, request);
}

// Reads stream `i`.
void Serve(CommandContext& ctx, Args args, const ReadRequest& request, size_t i,
           StreamsReply& streams) {
  const std::string_view name = args[request.first_key + i];
  const Stream* stream = nullptr;
  if (!FindObject(ctx, ctx.Hash(name), &stream) || stream == nullptr || stream->size() == 0) return;
  if (stream->LastEntryId() <= request.behind[i]) return;
  streams.Begin(name);
  ReplyBehind(ctx.reply(), *stream, request.behind[i], request.count, [](StreamId) {});
}

// Waits with `$` and `+` replaced by what they mean now.
void Wait(CommandContext& ctx, Args args, const ReadRequest& request) {
  std::vector<std::string_view> words(args.begin(), args.end());
  std::list<StreamIdText> ids;
  for (size_t i = 0; i < request.streams; ++i) {
    std::string_view& word = words[request.first_key + request.streams + i];
    if (word == "$" || word == "+") word = ids.emplace_back(request.behind[i]);
  }
  WaitForKeys(ctx, words, args.subspan(request.first_key, request.streams),
              {.kind = ValueKind::kStream,
               .or_without_key = request.of_group,
               .deadline_ms = *request.deadline,
               .on_timeout = [](Client& client) { client.reply().NullArray(); }});
}

void Read(CommandContext& ctx, Args args, bool of_group) {
  ReadRequest request = {.of_group = of_group};
  if (!ParseOptions(ctx, args, &request) || !ParsePositions(ctx, args, &request)) return;
  StreamsReply streams(ctx.reply());
  for (size_t i = 0; i < request.streams; ++i) {
    of_group ? ServeGroup(ctx, args, request, i, streams) : Serve(ctx, args, request, i, streams);
  }
  if (streams.Finish()) return;
  if (request.deadline) return Wait(ctx, args, request);
  ctx.reply().NullArray();
}

}  // namespace

// XREAD [COUNT count] [BLOCK ms] STREAMS key [key ...] id [id ...]
void XRead(CommandContext& ctx, Args args) { Read(ctx, args, /*of_group=*/false); }

// XREADGROUP GROUP group consumer [COUNT count] [BLOCK ms] [NOACK] STREAMS key [...] id [...]
void XReadGroup(CommandContext& ctx, Args args) { Read(ctx, args, /*of_group=*/true); }

}  // namespace slotmesh::node
