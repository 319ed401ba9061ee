// XDEL and XSETID.
#include "absl/container/inlined_vector.h"
#include "node/commands/lookup.h"
#include "node/commands/streams_handlers.h"
#include "slots/strings.h"

namespace slotmesh::node {

// XDEL key id [id ...]: how many were there.
void XDel(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Stream* stream = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &stream)) return;
  if (stream == nullptr) return ctx.reply().Integer(0);
  absl::InlinedVector<StreamId, 8> ids;
  for (const std::string_view word : args.subspan(2)) {
    ids.emplace_back();
    if (!StrictIdOrReply(ctx, word, &ids.back())) return;
  }
  int64_t deleted = 0;
  for (const StreamId id : ids) deleted += stream->Delete(id) ? 1 : 0;
  ctx.reply().Integer(deleted);
  if (deleted == 0) return;
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifyStream, "xdel", key.bytes);
  ctx.MarkChanged(deleted);
}

namespace {

struct SetIdRequest {
  StreamId last;
  std::optional<int64_t> added;
  StreamId max_deleted;
};

bool ParseSetId(CommandContext& ctx, Args args, SetIdRequest* request) {
  if (!StrictIdOrReply(ctx, args[2], &request->last)) return false;
  for (size_t i = 3; i < args.size(); i += 2) {
    const bool more = i + 1 < args.size();
    if (more && EqualsIgnoreCase(args[i], "ENTRIESADDED")) {
      request->added = IntegerOrReply(ctx, args[i + 1]);
      if (!request->added) return false;
      if (*request->added < 0) {
        ctx.reply().Error("ERR entries_added must be positive");
        return false;
      }
    } else if (more && EqualsIgnoreCase(args[i], "MAXDELETEDID")) {
      if (!StrictIdOrReply(ctx, args[i + 1], &request->max_deleted)) return false;
      if (request->last < request->max_deleted) {
        ctx.reply().Error(
            "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        return false;
      }
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

}  // namespace

// XSETID key last-id [ENTRIESADDED count] [MAXDELETEDID id]
void XSetId(CommandContext& ctx, Args args) {
  SetIdRequest request;
  if (!ParseSetId(ctx, args, &request)) return;
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Stream* stream = nullptr;
  if (!FindObjectToWrite(ctx, key, &ref, &stream)) return;
  if (stream == nullptr) return ctx.reply().Error(errors::kNoSuchKey);
  if (request.last < stream->max_deleted_id()) {
    return ctx.reply().Error(
        "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
  }
  if (stream->size() > 0) {
    if (request.last < stream->LastEntryId()) {
      return ctx.reply().Error(
          "ERR The ID specified in XSETID is smaller than the target stream top item");
    }
    if (request.added && stream->size() > static_cast<uint64_t>(*request.added)) {
      return ctx.reply().Error(
          "ERR The entries_added specified in XSETID is smaller than the target stream length");
    }
  }
  stream->SetLastId(request.last);
  if (request.added) stream->SetEntriesAdded(static_cast<uint64_t>(*request.added));
  if (!request.max_deleted.is_zero()) stream->SetMaxDeletedId(request.max_deleted);
  ctx.reply().Ok();
  ctx.MarkChanged();
  ctx.Notify(kNotifyStream, "xsetid", key.bytes);
}

}  // namespace slotmesh::node
