// Set commands over several sets: intersection, union, difference.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "node/commands/lookup.h"
#include "node/commands/sets_handlers.h"
#include "node/types/set.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// Sets of a request in its order; null where the key is absent. They stay while nothing but expired
// keys goes.
using Sets = absl::InlinedVector<const Set*, 8>;

// False, with the error replied, if a key holds something else.
bool FindSets(CommandContext& ctx, Args keys, Sets* sets) {
  for (const std::string_view key : keys) {
    const Set* set;
    if (!FindObject(ctx, ctx.Hash(key), &set)) return false;
    sets->push_back(set);
  }
  return true;
}

// Calls visit(member) for each member of all sets, until it returns true.
template <typename Visit>
void Intersect(Sets sets, Visit&& visit) {
  if (std::find(sets.begin(), sets.end(), nullptr) != sets.end()) return;
  std::sort(sets.begin(), sets.end(),
            [](const Set* a, const Set* b) { return a->size() < b->size(); });
  // A set that is named twice is looked into once.
  sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  sets[0]->ForEachUntil([&](std::string_view member) {
    for (size_t i = 1; i < sets.size(); ++i) {
      if (!sets[i]->Contains(member)) return false;
    }
    return visit(member);
  });
}

// Calls visit(member) for each member of the first set that is in none of the others.
template <typename Visit>
void Subtract(Sets sets, Visit&& visit) {
  const Set* first = sets[0];
  if (first == nullptr) return;
  sets.erase(sets.begin());
  if (std::find(sets.begin(), sets.end(), first) != sets.end()) return;
  sets.erase(std::remove(sets.begin(), sets.end(), nullptr), sets.end());
  // The biggest most probably has it.
  std::sort(sets.begin(), sets.end(),
            [](const Set* a, const Set* b) { return a->size() > b->size(); });
  first->ForEach([&](std::string_view member) {
    for (const Set* other : sets) {
      if (other->Contains(member)) return;
    }
    visit(member);
  });
}

// Members that come one by one, kept as a set. Null as long as there are none.
class Collector {
 public:
  explicit Collector(const TypeSettings& settings) : settings_(settings) {}

  // False if it was there.
  bool Add(std::string_view member) {
    if (set_ == nullptr) set_.reset(Set::NewFor(member, 1, settings_));
    return set_->Add(member, settings_);
  }
  // The first member goes into a set of this form.
  void StartWith(Set::Form form) { set_ = std::make_unique<Set>(form, settings_); }
  std::unique_ptr<Set> Take() {
    if (set_ != nullptr && set_->empty()) set_.reset();
    return std::move(set_);
  }

 private:
  const TypeSettings& settings_;
  std::unique_ptr<Set> set_;
};

// The key becomes this set, or goes if there is none. Replies how many members.
void Store(CommandContext& ctx, const HashedKey& key, std::string_view event,
           std::unique_ptr<Set> set) {
  const bool lazy = ctx.engine().config.lazyfree_lazy_server_del;
  const bool was_there = ctx.db().Delete(key, ctx.now_ms(), lazy);
  if (set == nullptr) {
    if (was_there) {
      ctx.MarkChanged();
      ctx.Notify(kNotifyGeneric, "del", key.bytes);
    }
    return ctx.reply().Integer(0);
  }
  const auto size = static_cast<int64_t>(set->size());
  InsertObject(ctx, key, set.release());
  ctx.MarkChanged();
  ctx.Notify(kNotifySet, event, key.bytes);
  ctx.reply().Integer(size);
}

// Replies members as they come.
class SetReply {
 public:
  explicit SetReply(Reply& reply) : reply_(reply), length_(reply.DeferSet()) {}
  void Add(std::string_view member) {
    reply_.Bulk(member);
    ++count_;
  }
  void Finish() { reply_.Finish(length_, count_); }

 private:
  Reply& reply_;
  Reply::Deferred length_;
  size_t count_ = 0;
};

}  // namespace

// SINTER key ...
void SInter(CommandContext& ctx, Args args) {
  Sets sets;
  if (!FindSets(ctx, args.subspan(1), &sets)) return;
  SetReply reply(ctx.reply());
  Intersect(std::move(sets), [&](std::string_view member) {
    reply.Add(member);
    return false;
  });
  reply.Finish();
}

// SINTERCARD numkeys key ... [LIMIT n]: how many are in all, at most n (0: no limit).
void SInterCard(CommandContext& ctx, Args args) {
  const std::optional<int64_t> keys =
      IntegerFromOrReply(ctx, args[1], 1, "ERR numkeys should be greater than 0");
  if (!keys) return;
  if (static_cast<uint64_t>(*keys) > args.size() - 2) {
    return ctx.reply().Error("ERR Number of keys can't be greater than number of args");
  }
  uint64_t limit = 0;
  for (size_t i = 2 + static_cast<size_t>(*keys); i < args.size(); i += 2) {
    if (!EqualsIgnoreCase(args[i], "LIMIT") || i + 1 == args.size()) {
      return ctx.reply().Error(errors::kSyntax);
    }
    const std::optional<int64_t> wanted = ParseInt64(args[i + 1]);
    if (!wanted || *wanted < 0) return ctx.reply().Error("ERR LIMIT can't be negative");
    limit = static_cast<uint64_t>(*wanted);
  }
  Sets sets;
  if (!FindSets(ctx, args.subspan(2, static_cast<size_t>(*keys)), &sets)) return;
  uint64_t count = 0;
  Intersect(std::move(sets), [&](std::string_view) { return ++count == limit; });
  ctx.reply().Integer(static_cast<int64_t>(count));
}

// SINTERSTORE destination key ...: how many are in all.
void SInterStore(CommandContext& ctx, Args args) {
  Sets sets;
  if (!FindSets(ctx, args.subspan(2), &sets)) return;
  const TypeSettings& settings = ctx.engine().type_settings;
  Collector result(settings);
  const bool missing = std::find(sets.begin(), sets.end(), nullptr) != sets.end();
  if (!missing) {
    // Integers of an intset come in order; for anything else appending to a listpack is cheaper.
    const Set* smallest = *std::min_element(
        sets.begin(), sets.end(), [](const Set* a, const Set* b) { return a->size() < b->size(); });
    const bool integers = smallest->form() == Set::Form::kIntset;
    result.StartWith(integers ? Set::Form::kIntset : Set::Form::kListpack);
  }
  Intersect(std::move(sets), [&](std::string_view member) {
    result.Add(member);
    return false;
  });
  std::unique_ptr<Set> set = result.Take();
  if (set != nullptr) set->NarrowToIntset(settings);
  Store(ctx, ctx.Hash(args[1]), "sinterstore", std::move(set));
}

// SUNION key ...
void SUnion(CommandContext& ctx, Args args) {
  Sets sets;
  if (!FindSets(ctx, args.subspan(1), &sets)) return;
  SetReply reply(ctx.reply());
  Collector seen(ctx.engine().type_settings);
  seen.StartWith(Set::Form::kTable);
  for (const Set* set : sets) {
    if (set == nullptr) continue;
    set->ForEach([&](std::string_view member) {
      if (sets.size() == 1 || seen.Add(member)) reply.Add(member);
    });
  }
  reply.Finish();
}

// SUNIONSTORE destination key ...: how many are in any.
void SUnionStore(CommandContext& ctx, Args args) {
  Sets sets;
  if (!FindSets(ctx, args.subspan(2), &sets)) return;
  Collector result(ctx.engine().type_settings);
  result.StartWith(Set::Form::kIntset);
  for (const Set* set : sets) {
    if (set != nullptr) set->ForEach([&](std::string_view member) { result.Add(member); });
  }
  Store(ctx, ctx.Hash(args[1]), "sunionstore", result.Take());
}

// SDIFF key other ...: members of the first that are in no other.
void SDiff(CommandContext& ctx, Args args) {
  Sets sets;
  if (!FindSets(ctx, args.subspan(1), &sets)) return;
  SetReply reply(ctx.reply());
  Subtract(std::move(sets), [&](std::string_view member) { reply.Add(member); });
  reply.Finish();
}

// SDIFFSTORE destination key other ...
void SDiffStore(CommandContext& ctx, Args args) {
  Sets sets;
  if (!FindSets(ctx, args.subspan(2), &sets)) return;
  Collector result(ctx.engine().type_settings);
  result.StartWith(Set::Form::kIntset);
  Subtract(std::move(sets), [&](std::string_view member) { result.Add(member); });
  Store(ctx, ctx.Hash(args[1]), "sdiffstore", result.Take());
}

}  // namespace slotmesh::node
