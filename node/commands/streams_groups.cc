// XGROUP.
#include "node/commands/help.h"
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kKeyRequired =
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use "
    "the MKSTREAM option to create an empty stream automatically.";

void ReplySyntax(CommandContext& ctx, Args args) {
  ctx.reply().Error(SubcommandSyntax(args[0], args[1]));
}

struct GroupOptions {
  bool make_stream = false;
  int64_t entries_read = StreamGroup::kReadUnknown;
};

// [MKSTREAM] [ENTRIESREAD count] from word 5 on; the first only for CREATE.
bool ParseOptions(CommandContext& ctx, Args args, bool create, GroupOptions* options) {
  for (size_t i = 5; i < args.size(); ++i) {
    if (create && EqualsIgnoreCase(args[i], "MKSTREAM")) {
      options->make_stream = true;
    } else if (EqualsIgnoreCase(args[i], "ENTRIESREAD") && i + 1 < args.size()) {
      const std::optional<int64_t> read = IntegerOrReply(ctx, args[++i]);
      if (!read) return false;
      if (*read < StreamGroup::kReadUnknown) {
        ctx.reply().Error("ERR value for ENTRIESREAD must be positive or -1");
        return false;
      }
      options->entries_read = *read;
    } else {
      ReplySyntax(ctx, args);
      return false;
    }
  }
  return true;
}

bool FindStream(CommandContext& ctx, const HashedKey& key, Stream** stream) {
  EntryRef ref;
  if (!FindObjectToWrite(ctx, key, &ref, stream)) return false;
  if (*stream != nullptr) return true;
  ctx.reply().Error(kKeyRequired);
  return false;
}

// The group named by word 3 of the key's stream. False, with the error replied, if it is not there.
bool FindGroup(CommandContext& ctx, Args args, const HashedKey& key, StreamGroup** group) {
  Stream* stream = nullptr;
  if (!FindStream(ctx, key, &stream)) return false;
  *group = stream->FindGroup(args[3]);
  if (*group != nullptr) return true;
  ReplyNoGroupOfKey(ctx, args[2], args[3]);
  return false;
}

void Changed(CommandContext& ctx, const HashedKey& key, std::string_view event) {
  ctx.MarkChanged();
  ctx.Notify(kNotifyStream, event, key.bytes);
}

}  // namespace

// XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD count]
void XGroupCreate(CommandContext& ctx, Args args) {
  GroupOptions options;
  if (!ParseOptions(ctx, args, /*create=*/true, &options)) return;
  const HashedKey key = ctx.Hash(args[2]);
  EntryRef ref;
  Stream* stream = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &stream)) return;
  if (stream == nullptr && !options.make_stream) return ctx.reply().Error(kKeyRequired);
  if (args.size() > 8) return ReplySyntax(ctx, args);
  StreamId id;
  if (args[4] == "$") {
    if (stream != nullptr) id = stream->last_id();
  } else if (!StrictIdOrReply(ctx, args[4], &id)) {
    return;
  }
  if (stream == nullptr) {
    stream = new Stream;
    InsertObject(ctx, key, stream);
  }
  if (stream->AddGroup(args[3], id, options.entries_read) == nullptr) {
    return ctx.reply().Error("BUSYGROUP Consumer Group name already exists");
  }
  ctx.reply().Ok();
  Changed(ctx, key, "xgroup-create");
}

// XGROUP SETID key group id|$ [ENTRIESREAD count]
void XGroupSetId(CommandContext& ctx, Args args) {
  GroupOptions options;
  if (!ParseOptions(ctx, args, /*create=*/false, &options)) return;
  const HashedKey key = ctx.Hash(args[2]);
  Stream* stream = nullptr;
  if (!FindStream(ctx, key, &stream)) return;
  StreamGroup* const group = stream->FindGroup(args[3]);
  if (group == nullptr) return ReplyNoGroupOfKey(ctx, args[2], args[3]);
  if (args.size() > 7) return ReplySyntax(ctx, args);
  ParsedStreamId parsed = {.id = stream->last_id()};
  if (args[4] != "$" && !ParseStreamId(args[4], StreamIdForm::kWithEnds, 0, &parsed)) {
    return ReplyInvalidId(ctx);
  }
  group->last_id = parsed.id;
  group->entries_read = options.entries_read;
  ctx.reply().Ok();
  Changed(ctx, key, "xgroup-setid");
}

// XGROUP DESTROY key group: 1 if it was there.
void XGroupDestroy(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Hash(args[2]);
  Stream* stream = nullptr;
  if (!FindStream(ctx, key, &stream)) return;
  if (!stream->RemoveGroup(args[3])) return ctx.reply().Integer(0);
  ctx.reply().Integer(1);
  Changed(ctx, key, "xgroup-destroy");
  // Who waits for the group learns that it is gone.
  ctx.engine().key_waiters.OnTouched(ctx.client().database, key.bytes);
}

// XGROUP CREATECONSUMER key group consumer: 1 if it was not there.
void XGroupCreateConsumer(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Hash(args[2]);
  StreamGroup* group = nullptr;
  if (!FindGroup(ctx, args, key, &group)) return;
  if (group->FindConsumer(args[4]) != nullptr) return ctx.reply().Integer(0);
  group->AddConsumer(args[4], ctx.now_ms());
  ctx.reply().Integer(1);
  Changed(ctx, key, "xgroup-createconsumer");
}

// XGROUP DELCONSUMER key group consumer: how many entries were pending for it.
void XGroupDelConsumer(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Hash(args[2]);
  StreamGroup* group = nullptr;
  if (!FindGroup(ctx, args, key, &group)) return;
  StreamConsumer* const consumer = group->FindConsumer(args[4]);
  if (consumer == nullptr) return ctx.reply().Integer(0);
  ctx.reply().Integer(static_cast<int64_t>(group->RemoveConsumer(consumer)));
  Changed(ctx, key, "xgroup-delconsumer");
}

// XGROUP HELP
void XGroupHelp(CommandContext& ctx, Args) {
  static constexpr std::string_view kLines[] = {
      "CREATE <key> <groupname> <id|$> [option]",
      "    Make a consumer group that starts behind <id>. Options:",
      "    * MKSTREAM: make an empty stream if there is none.",
      "    * ENTRIESREAD <entries_read>: how many entries the group is past.",
      "CREATECONSUMER <key> <groupname> <consumer>",
      "    Make a consumer of the group.",
      "DELCONSUMER <key> <groupname> <consumer>",
      "    Remove a consumer and what is pending for it.",
      "DESTROY <key> <groupname>",
      "    Remove the group.",
      "SETID <key> <groupname> <id|$> [ENTRIESREAD <entries_read>]",
      "    Set the group's last delivered id.",
  };
  ReplyHelp(ctx.reply(), "XGROUP", kLines);
}

}  // namespace slotmesh::node
