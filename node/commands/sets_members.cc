// Set commands about single members, and about all of them.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/lookup.h"
#include "node/commands/scan_request.h"
#include "node/commands/sets_handlers.h"
#include "node/types/set.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Adds to the set at the key, which is made if it is absent (`ref` is null then). Returns how many
// were not in it.
int64_t AddMembers(CommandContext& ctx, EntryRef& ref, const HashedKey& key, Args members) {
  const TypeSettings& settings = ctx.engine().type_settings;
  std::unique_ptr<Set> made;
  if (!ref) made.reset(Set::NewFor(members[0], members.size(), settings));
  Set& set = ref ? static_cast<Set&>(*ref->object()) : *made;
  int64_t added = 0;
  for (const std::string_view member : members) added += set.Add(member, settings);
  if (!ref) {
    ref = InsertObject(ctx, key, made.release());
  } else if (added > 0) {
    ctx.db().SignalModified(key);
  }
  if (added > 0) ctx.Notify(kNotifySet, "sadd", key.bytes);
  return added;
}

}  // namespace

// SADD key member ...: how many are new.
void SAdd(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Set* set;
  if (!FindObjectToWrite(ctx, key, &ref, &set)) return;
  const int64_t added = AddMembers(ctx, ref, key, args.subspan(2));
  ctx.MarkChanged(added);
  ctx.reply().Integer(added);
}

// SREM key member ...: how many were there.
void SRem(CommandContext& ctx, Args args) {
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Set* set;
  if (!FindObjectToWrite(ctx, key, &ref, &set)) return;
  if (set == nullptr) return ctx.reply().Integer(0);
  int64_t removed = 0;
  for (const std::string_view member : args.subspan(2)) {
    removed += set->Remove(member);
    if (set->empty()) break;
  }
  ctx.reply().Integer(removed);
  if (removed == 0) return;
  ctx.MarkChanged(removed);
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifySet, "srem", key.bytes);
  if (set->empty()) DeleteEmptied(ctx, key);
}

// SMOVE source destination member: 1 if it was in the source.
void SMove(CommandContext& ctx, Args args) {
  const HashedKey from = ctx.Hash(args[1]);
  const HashedKey to = ctx.Hash(args[2]);
  const std::string_view member = args[3];
  // An expired destination goes now: what is found afterwards stays where it is.
  const EntryRef destination = ctx.db().FindWrite(to, ctx.now_ms());
  const bool wrong_destination = destination && destination->kind() != Set::kKind;
  EntryRef ref;
  Set* set;
  if (!FindObjectToWrite(ctx, from, &ref, &set)) return;
  if (set == nullptr) return ctx.reply().Integer(0);
  if (wrong_destination) return ctx.reply().Error(errors::kWrongType);
  if (from.bytes == to.bytes) return ctx.reply().Integer(set->Contains(member));
  if (!set->Remove(member)) return ctx.reply().Integer(0);
  ctx.db().SignalModified(from);
  ctx.Notify(kNotifySet, "srem", from.bytes);
  if (set->empty()) DeleteEmptied(ctx, from);
  ctx.MarkChanged();
  EntryRef there = ctx.db().FindWrite(to, ctx.now_ms());
  ctx.MarkChanged(AddMembers(ctx, there, to, args.subspan(3)));
  ctx.reply().Integer(1);
}

// SCARD key
void SCard(CommandContext& ctx, Args args) {
  const Set* set;
  if (!FindObject(ctx, ctx.Key(1), &set)) return;
  ctx.reply().Integer(set == nullptr ? 0 : static_cast<int64_t>(set->size()));
}

// SISMEMBER key member
void SIsMember(CommandContext& ctx, Args args) {
  const Set* set;
  if (!FindObject(ctx, ctx.Key(1), &set)) return;
  ctx.reply().Integer(set != nullptr && set->Contains(args[2]) ? 1 : 0);
}

// SMISMEMBER key member ...: 1 or 0 for each.
void SMIsMember(CommandContext& ctx, Args args) {
  const Set* set;
  if (!FindObject(ctx, ctx.Key(1), &set)) return;
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    ctx.reply().Integer(set != nullptr && set->Contains(member) ? 1 : 0);
  }
}

// SMEMBERS key
void SMembers(CommandContext& ctx, Args args) {
  const Set* set;
  if (!FindObject(ctx, ctx.Key(1), &set)) return;
  if (set == nullptr) return ctx.reply().Set(0);
  Reply& reply = ctx.reply();
  reply.Set(set->size());
  set->ForEach([&](std::string_view member) { reply.Bulk(member); });
}

// SSCAN key cursor [MATCH pattern] [COUNT n]: the next cursor (0: done) and some members.
void SScan(CommandContext& ctx, Args args) {
  ScanRequest request;
  const std::optional<uint64_t> cursor = CursorOrReply(ctx, args[2]);
  if (!cursor) return;
  request.cursor = *cursor;
  const Set* set;
  if (!FindObject(ctx, ctx.Key(1), &set)) return;
  Reply& reply = ctx.reply();
  if (set == nullptr) {
    reply.Array(2);
    reply.Bulk("0");
    return reply.EmptyArray();
  }
  if (!ParseScanOptions(ctx, args.subspan(3), ScanTarget::kSet, &request)) return;
  // Of the small forms members are copied: their texts do not last.
  std::vector<std::string> copies;
  std::vector<std::string_view> members;
  int64_t met = 0;
  const uint64_t next = request.Run(&met, [&](uint64_t at) {
    return set->Scan(at, [&](std::string_view member) {
      ++met;
      if (!request.Matches(member)) return;
      if (set->form() == Set::Form::kTable) {
        members.push_back(member);
      } else {
        copies.emplace_back(member);
      }
    });
  });
  members.insert(members.end(), copies.begin(), copies.end());
  reply.Array(2);
  reply.Bulk(StrCat(next));
  reply.BulkStrings(members);
}

}  // namespace slotmesh::node
