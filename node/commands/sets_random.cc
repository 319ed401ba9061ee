// Set commands that choose members by chance: SPOP, SRANDMEMBER.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/lookup.h"
#include "node/commands/random_count.h"
#include "node/commands/sets_handlers.h"
#include "node/types/set.h"

namespace slotmesh::node {
namespace {

// Members in one SREM that stands for an SPOP.
constexpr size_t kMembersPerEffect = 1024;

void AnnouncePop(CommandContext& ctx, const HashedKey& key, const Set& set, uint64_t popped) {
  ctx.MarkChanged(static_cast<int64_t>(popped));
  ctx.db().SignalModified(key);
  ctx.Notify(kNotifySet, "spop", key.bytes);
  if (set.empty()) DeleteEmptied(ctx, key);
}

// Copies take out what was taken out here.
void JournalRemovals(CommandContext& ctx, const HashedKey& key,
                     const std::vector<std::string_view>& members) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < members.size(); i += kMembersPerEffect) {
    words.assign({"SREM", key.bytes});
    const size_t end = std::min(members.size(), i + kMembersPerEffect);
    words.insert(words.end(), members.begin() + i, members.begin() + end);
    ctx.Effect(words, ctx.keyspace().cluster() ? key.slot : kNoSlot);
  }
}

void PopOne(CommandContext& ctx, const HashedKey& key, Set& set) {
  ListpackText scratch;
  const std::string member(set.Random(ctx.random(), scratch));
  ctx.reply().Bulk(member);
  if (ctx.wants_effects()) ctx.Effect({"SREM", key.bytes, member});
  set.Remove(member);
  AnnouncePop(ctx, key, set, 1);
}

void PopAll(CommandContext& ctx, const HashedKey& key, const Set& set) {
  const auto size = static_cast<int64_t>(set.size());
  ctx.reply().Set(set.size());
  set.ForEach([&](std::string_view member) { ctx.reply().Bulk(member); });
  ctx.MarkChanged(size);
  ctx.Notify(kNotifySet, "spop", key.bytes);
  const bool lazy = ctx.engine().config.lazyfree_lazy_server_del;
  ctx.db().Delete(key, ctx.now_ms(), lazy);
  ctx.Notify(kNotifyGeneric, "del", key.bytes);
  if (ctx.wants_effects()) ctx.Effect({lazy ? "UNLINK" : "DEL", key.bytes});
}

void PopSome(CommandContext& ctx, const HashedKey& key, Set& set, uint64_t count) {
  std::vector<std::string> copies;
  set.Sample(count, ctx.random(), [&](std::string_view member) { copies.emplace_back(member); });
  const std::vector<std::string_view> members(copies.begin(), copies.end());
  ctx.reply().Set(members.size());
  for (const std::string_view member : members) {
    ctx.reply().Bulk(member);
    set.Remove(member);
  }
  if (ctx.wants_effects()) JournalRemovals(ctx, key, members);
  AnnouncePop(ctx, key, set, count);
}

}  // namespace

// SPOP key [count]: members by chance, which are gone afterwards.
void SPop(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(errors::kSyntax);
  std::optional<int64_t> count;
  if (args.size() == 3) {
    count = ParseInt64(args[2]);
    if (!count || *count < 0) return ctx.reply().Error(errors::kMustBePositive);
  }
  const HashedKey key = ctx.Key(1);
  EntryRef ref;
  Set* set;
  if (!FindObjectToWrite(ctx, key, &ref, &set)) return;
  if (!count) return set == nullptr ? ctx.reply().Null() : PopOne(ctx, key, *set);
  if (set == nullptr || *count == 0) return ctx.reply().Set(0);
  if (static_cast<uint64_t>(*count) >= set->size()) return PopAll(ctx, key, *set);
  PopSome(ctx, key, *set, static_cast<uint64_t>(*count));
}

// SRANDMEMBER key [count]: members by chance; different ones, or with a negative count any.
void SRandMember(CommandContext& ctx, Args args) {
  if (args.size() > 3) return ctx.reply().Error(errors::kSyntax);
  std::optional<RandomCount> count;
  if (args.size() == 3) {
    count = RandomCountOrReply(ctx, args[2]);
    if (!count) return;
  }
  const Set* set;
  if (!FindObject(ctx, ctx.Key(1), &set)) return;
  Reply& reply = ctx.reply();
  ListpackText scratch;
  if (!count) {
    return set == nullptr ? reply.Null() : reply.Bulk(set->Random(ctx.random(), scratch));
  }
  if (set == nullptr || count->n == 0) return reply.EmptyArray();
  if (count->repeats) {
    reply.Array(count->n);
    for (uint64_t i = 0; i < count->n && !ctx.client().output.overflowed(); ++i) {
      reply.Bulk(set->Random(ctx.random(), scratch));
    }
    return;
  }
  const uint64_t n = std::min(count->n, set->size());
  reply.Array(n);
  set->Sample(n, ctx.random(), [&](std::string_view member) { reply.Bulk(member); });
}

}  // namespace slotmesh::node
