// XINFO.
#include "node/commands/help.h"
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kFullCountDefault = 10;

void BulkId(Reply& reply, std::string_view name, StreamId id) {
  reply.Bulk(name);
  reply.Bulk(StreamIdText(id));
}

void Number(Reply& reply, std::string_view name, uint64_t value) {
  reply.Bulk(name);
  reply.Integer(static_cast<int64_t>(value));
}

// The key's stream. False, with the error replied, if there is none.
bool FindStream(CommandContext& ctx, std::string_view key, const Stream** stream) {
  if (!FindObject(ctx, ctx.Hash(key), stream)) return false;
  if (*stream == nullptr) ctx.reply().Error(errors::kNoSuchKey);
  return *stream != nullptr;
}

void ReplyOverview(Reply& reply, const Stream& stream) {
  Number(reply, "length", stream.size());
  Number(reply, "radix-tree-keys", stream.blocks().size());
  Number(reply, "radix-tree-nodes", stream.RadixNodes());
  BulkId(reply, "last-generated-id", stream.last_id());
  BulkId(reply, "max-deleted-entry-id", stream.max_deleted_id());
  Number(reply, "entries-added", stream.entries_added());
  BulkId(reply, "recorded-first-entry-id", stream.first_id());
}

void ReplyEdge(Reply& reply, const Stream& stream, bool last) {
  bool found = false;
  stream.Walk({}, kStreamIdMax, /*backwards=*/last,
              [&](const StreamBlock& block, const StreamEntry& entry) {
                ReplyEntry(reply, block, entry);
                found = true;
                return false;
              });
  if (!found) reply.Null();
}

void ReplyProgress(Reply& reply, const Stream& stream, const StreamGroup& group) {
  reply.Bulk("entries-read");
  if (group.entries_read == StreamGroup::kReadUnknown) {
    reply.Null();
  } else {
    reply.Integer(group.entries_read);
  }
  reply.Bulk("lag");
  const std::optional<int64_t> lag = stream.Lag(group);
  lag ? reply.Integer(*lag) : reply.Null();
}

size_t Shown(size_t size, int64_t count) {
  return count != 0 && static_cast<uint64_t>(count) < size ? static_cast<size_t>(count) : size;
}

void ReplyConsumerInFull(Reply& reply, const StreamGroup& group, const StreamConsumer& consumer,
                         int64_t count) {
  reply.Map(5);
  reply.Bulk("name");
  reply.Bulk(consumer.name);
  reply.Bulk("seen-time");
  reply.Integer(consumer.seen_ms);
  reply.Bulk("active-time");
  reply.Integer(consumer.active_ms);
  Number(reply, "pel-count", consumer.pending.size());
  reply.Bulk("pending");
  size_t left = Shown(consumer.pending.size(), count);
  reply.Array(left);
  for (auto at = consumer.pending.begin(); left > 0; ++at, --left) {
    const StreamPending& pending = *group.FindPending(*at);
    reply.Array(3);
    reply.Bulk(StreamIdText(*at));
    reply.Integer(pending.delivered_ms);
    reply.Integer(static_cast<int64_t>(pending.deliveries));
  }
}

void ReplyGroupInFull(Reply& reply, const Stream& stream, const std::string& name,
                      const StreamGroup& group, int64_t count) {
  reply.Map(7);
  reply.Bulk("name");
  reply.Bulk(name);
  BulkId(reply, "last-delivered-id", group.last_id);
  ReplyProgress(reply, stream, group);
  Number(reply, "pel-count", group.pending().size());
  reply.Bulk("pending");
  size_t left = Shown(group.pending().size(), count);
  reply.Array(left);
  for (auto at = group.pending().begin(); left > 0; ++at, --left) {
    reply.Array(4);
    reply.Bulk(StreamIdText(at->first));
    reply.Bulk(at->second.consumer->name);
    reply.Integer(at->second.delivered_ms);
    reply.Integer(static_cast<int64_t>(at->second.deliveries));
  }
  reply.Bulk("consumers");
  reply.Array(group.consumers().size());
  for (const auto& [consumer_name, consumer] : group.consumers()) {
    ReplyConsumerInFull(reply, group, *consumer, count);
  }
}

void ReplyInFull(Reply& reply, const Stream& stream, int64_t count) {
  reply.Map(9);
  ReplyOverview(reply, stream);
  reply.Bulk("entries");
  const Reply::Deferred array = reply.DeferArray();
  int64_t shown = 0;
  stream.Walk({}, kStreamIdMax, /*backwards=*/false,
              [&](const StreamBlock& block, const StreamEntry& entry) {
                ReplyEntry(reply, block, entry);
                return ++shown != count;
              });
  reply.Finish(array, static_cast<size_t>(shown));
  reply.Bulk("groups");
  reply.Array(stream.groups().size());
  for (const auto& [name, group] : stream.groups()) {
    ReplyGroupInFull(reply, stream, name, *group, count);
  }
}

}  // namespace

// XINFO STREAM key [FULL [COUNT count]]
void XInfoStream(CommandContext& ctx, Args args) {
  const Stream* stream = nullptr;
  if (!FindStream(ctx, args[2], &stream)) return;
  Reply& reply = ctx.reply();
  if (args.size() == 3) {
    reply.Map(10);
    ReplyOverview(reply, *stream);
    Number(reply, "groups", stream->groups().size());
    reply.Bulk("first-entry");
    ReplyEdge(reply, *stream, /*last=*/false);
    reply.Bulk("last-entry");
    return ReplyEdge(reply, *stream, /*last=*/true);
  }
  const bool with_count = args.size() == 6;
  if ((args.size() != 4 && !with_count) || !EqualsIgnoreCase(args[3], "FULL") ||
      (with_count && !EqualsIgnoreCase(args[4], "COUNT"))) {
    return reply.Error(SubcommandSyntax(args[0], args[1]));
  }
  int64_t count = kFullCountDefault;
  if (with_count) {
    const std::optional<int64_t> word = IntegerOrReply(ctx, args[5]);
    if (!word) return;
    if (*word >= 0) count = *word;
  }
  ReplyInFull(reply, *stream, count);
}

// XINFO GROUPS key
void XInfoGroups(CommandContext& ctx, Args args) {
  const Stream* stream = nullptr;
  if (!FindStream(ctx, args[2], &stream)) return;
  Reply& reply = ctx.reply();
  reply.Array(stream->groups().size());
  for (const auto& [name, group] : stream->groups()) {
    reply.Map(6);
    reply.Bulk("name");
    reply.Bulk(name);
    Number(reply, "consumers", group->consumers().size());
    Number(reply, "pending", group->pending().size());
    BulkId(reply, "last-delivered-id", group->last_id);
    ReplyProgress(reply, *stream, *group);
  }
}

// XINFO CONSUMERS key group
void XInfoConsumers(CommandContext& ctx, Args args) {
  const Stream* stream = nullptr;
  if (!FindStream(ctx, args[2], &stream)) return;
  const StreamGroup* group = stream->FindGroup(args[3]);
  if (group == nullptr) return ReplyNoGroupOfKey(ctx, args[2], args[3]);
  Reply& reply = ctx.reply();
  const auto since = [&](int64_t then) { return std::max<int64_t>(ctx.now_ms() - then, 0); };
  reply.Array(group->consumers().size());
  for (const auto& [name, consumer] : group->consumers()) {
    reply.Map(4);
    reply.Bulk("name");
    reply.Bulk(name);
    Number(reply, "pending", consumer->pending.size());
    reply.Bulk("idle");
    reply.Integer(since(consumer->seen_ms));
    reply.Bulk("inactive");
    const bool never = consumer->active_ms == StreamConsumer::kNever;
    reply.Integer(never ? StreamConsumer::kNever : since(consumer->active_ms));
  }
}

// XINFO HELP
void XInfoHelp(CommandContext& ctx, Args) {
  static constexpr std::string_view kLines[] = {
      "CONSUMERS <key> <groupname>",
      "    Show the consumers of the group.",
      "GROUPS <key>",
      "    Show the groups of the stream.",
      "STREAM <key> [FULL [COUNT <count>]]",
      "    Show what is known of the stream; with FULL also entries, groups and consumers, each up",
      "    to <count> (10 by default, 0 for all).",
  };
  ReplyHelp(ctx.reply(), "XINFO", kLines);
}

}  // namespace slotmesh::node
