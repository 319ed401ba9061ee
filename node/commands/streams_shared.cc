// What stream commands share: ids, entries in replies, errors, effects on groups.
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// As "%s" shows a word.
std::string_view UpToNul(std::string_view word) { return word.substr(0, word.find('\0')); }

}  // namespace

void ReplyInvalidId(CommandContext& ctx) {
  ctx.reply().Error("ERR Invalid stream ID specified as stream command argument");
}

bool StrictIdOrReply(CommandContext& ctx, std::string_view word, StreamId* id) {
  ParsedStreamId parsed;
  if (!ParseStreamId(word, StreamIdForm::kStrict, 0, &parsed)) {
    ReplyInvalidId(ctx);
    return false;
  }
  *id = parsed.id;
  return true;
}

bool IntervalIdOrReply(CommandContext& ctx, std::string_view word, IntervalEnd end, StreamId* id) {
  const bool is_start = end == IntervalEnd::kStart;
  const bool exclusive = word.size() > 1 && word[0] == '(';
  const StreamIdForm form = exclusive ? StreamIdForm::kStrict : StreamIdForm::kWithEnds;
  ParsedStreamId parsed;
  if (!ParseStreamId(exclusive ? word.substr(1) : word, form, is_start ? 0 : UINT64_MAX, &parsed)) {
    ReplyInvalidId(ctx);
    return false;
  }
  *id = parsed.id;
  if (!exclusive) return true;
  if (is_start ? id->Increment() : id->Decrement()) return true;
  ctx.reply().Error(is_start ? "ERR invalid start ID for the interval"
                             : "ERR invalid end ID for the interval");
  return false;
}

namespace {

void ReplyValue(Reply& reply, const ListpackValue& value) {
  if (value.is_integer()) return reply.BulkInt(value.integer);
  reply.Bulk({value.text, value.length});
}

}  // namespace

void ReplyEntry(Reply& reply, const StreamBlock& block, const StreamEntry& entry) {
  reply.Array(2);
  reply.Bulk(StreamIdText(entry.id));
  reply.Array(uint64_t{2} * entry.fields);
  block.ForEachPair(entry, [&](const ListpackValue& field, const ListpackValue& value) {
    ReplyValue(reply, field);
    ReplyValue(reply, value);
  });
}

bool ReplyEntryWithId(Reply& reply, const Stream& stream, StreamId id) {
  bool found = false;
  stream.Walk(id, id, /*backwards=*/false, [&](const StreamBlock& block, const StreamEntry& entry) {
    ReplyEntry(reply, block, entry);
    found = true;
    return false;
  });
  return found;
}

void ReplyNoGroup(CommandContext& ctx, std::string_view key, std::string_view group,
                  std::string_view suffix) {
  ctx.reply().Error(StrCat("NOGROUP No such key '", UpToNul(key), "' or consumer group '",
                           UpToNul(group), "'", suffix));
}

void ReplyNoGroupOfKey(CommandContext& ctx, std::string_view key, std::string_view group) {
  ctx.reply().Error(StrCat("NOGROUP No such consumer group '", UpToNul(group), "' for key name '",
                           UpToNul(key), "'"));
}

int SlotOf(CommandContext& ctx, const HashedKey& key) {
  return ctx.keyspace().cluster() ? key.slot : kNoSlot;
}

StreamConsumer* SeeConsumer(CommandContext& ctx, const GroupInUse& use, std::string_view name,
                            bool claims) {
  StreamConsumer* consumer = use.group->FindConsumer(name);
  if (consumer == nullptr) {
    consumer = use.group->AddConsumer(name, ctx.now_ms());
    ctx.Notify(kNotifyStream, "xgroup-createconsumer", use.key.bytes);
    ctx.MarkChanged();
    if (!claims) {
      const std::string_view words[] = {"XGROUP", "CREATECONSUMER", use.key.bytes, use.name, name};
      ctx.Effect(words, SlotOf(ctx, use.key));
    }
  }
  consumer->seen_ms = ctx.now_ms();
  return consumer;
}

void ClaimEffect(CommandContext& ctx, const GroupInUse& use, StreamId id) {
  if (!ctx.wants_effects()) return;
  const StreamPending& pending = *use.group->FindPending(id);
  const StreamIdText id_word(id);
  const StreamIdText last_word(use.group->last_id);
  const IntegerWord time(pending.delivered_ms);
  const IntegerWord deliveries(static_cast<int64_t>(pending.deliveries));
  const std::string_view words[] = {"XCLAIM",     use.key.bytes, use.name, pending.consumer->name,
                                    "0",          id_word,       "TIME",   time,
                                    "RETRYCOUNT", deliveries,    "FORCE",  "JUSTID",
                                    "LASTID",     last_word};
  ctx.Effect(words, SlotOf(ctx, use.key));
}

void GroupIdEffect(CommandContext& ctx, const GroupInUse& use) {
  if (!ctx.wants_effects()) return;
  const StreamIdText last_word(use.group->last_id);
  const IntegerWord read(use.group->entries_read);
  const std::string_view words[] = {"XGROUP",  "SETID",       use.key.bytes, use.name,
                                    last_word, "ENTRIESREAD", read};
  ctx.Effect(words, SlotOf(ctx, use.key));
}

void AckEffect(CommandContext& ctx, const GroupInUse& use, StreamId id) {
  if (!ctx.wants_effects()) return;
  const StreamIdText id_word(id);
  const std::string_view words[] = {"XACK", use.key.bytes, use.name, id_word};
  ctx.Effect(words, SlotOf(ctx, use.key));
}

}  // namespace slotmesh::node
