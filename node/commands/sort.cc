#include "node/commands/sort.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "node/command/access_control.h"
#include "node/commands/lookup.h"
#include "node/commands/sort_pattern.h"
#include "node/types/list.h"
#include "slots/movable_keys.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNotNumbers = "ERR One or more scores can't be converted into double";

struct SortRequest {
  std::optional<SortPattern> by;
  bool keep_order = false;  // BY something that leads nowhere.
  std::vector<SortPattern> get;
  bool descending = false;
  bool alpha = false;
  int64_t offset = 0;
  int64_t count = -1;  // Negative: all.
  std::optional<std::string_view> store;
};

struct SortElement {
  std::string text;
  double score = 0;
  std::optional<std::string> weight;  // With BY and ALPHA.
};

// False, with the error replied, if the pattern may lead out of the key's slot.
bool CheckSlot(CommandContext& ctx, const SortPattern& pattern, std::string_view option) {
  if (!ctx.keyspace().cluster() || pattern.Slot() == ctx.Key(1).slot) return true;
  ctx.reply().Error(StrCat("ERR ", option,
                           " option of SORT denied in Cluster mode when keys formed by the "
                           "pattern may be in different slots."));
  return false;
}

// The same if the user may not read whatever keys the elements lead to.
bool CheckRules(CommandContext& ctx, Args args, std::string_view option) {
  if (AccessControl::AllowsReadingAnyKey(ctx.client(), ctx.command(), args)) return true;
  ctx.reply().Error(
      StrCat("ERR ", option, " option of SORT denied due to insufficient ACL permissions."));
  return false;
}

bool ParseBy(CommandContext& ctx, Args args, std::string_view word, SortRequest* request) {
  const SortPattern pattern(word);
  if (!pattern.leads_somewhere()) {
    request->keep_order = true;
    return true;
  }
  if (!CheckSlot(ctx, pattern, "BY") || !CheckRules(ctx, args, "BY")) return false;
  request->by = pattern;
  return true;
}

bool ParseGet(CommandContext& ctx, Args args, std::string_view word, SortRequest* request) {
  const SortPattern pattern(word);
  if (!pattern.is_element() && !CheckSlot(ctx, pattern, "GET")) return false;
  if (!CheckRules(ctx, args, "GET")) return false;
  request->get.push_back(pattern);
  return true;
}

bool ParseLimit(CommandContext& ctx, Args args, SortRequest* request) {
  const std::optional<int64_t> offset = IntegerOrReply(ctx, args[0]);
  if (!offset) return false;
  const std::optional<int64_t> count = IntegerOrReply(ctx, args[1]);
  if (!count) return false;
  request->offset = *offset;
  request->count = *count;
  return true;
}

bool ParseSort(CommandContext& ctx, Args args, bool may_store, SortRequest* request) {
  for (size_t i = 2; i < args.size(); ++i) {
    const std::string_view word = args[i];
    const size_t left = args.size() - i - 1;
    if (EqualsIgnoreCase(word, "ASC")) {
      request->descending = false;
    } else if (EqualsIgnoreCase(word, "DESC")) {
      request->descending = true;
    } else if (EqualsIgnoreCase(word, "ALPHA")) {
      request->alpha = true;
    } else if (EqualsIgnoreCase(word, "LIMIT") && left >= 2) {
      if (!ParseLimit(ctx, args.subspan(i + 1, 2), request)) return false;
      i += 2;
    } else if (EqualsIgnoreCase(word, "STORE") && left >= 1 && may_store) {
      request->store = args[++i];
    } else if (EqualsIgnoreCase(word, "BY") && left >= 1) {
      if (!ParseBy(ctx, args, args[++i], request)) return false;
    } else if (EqualsIgnoreCase(word, "GET") && left >= 1) {
      if (!ParseGet(ctx, args, args[++i], request)) return false;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

// As strtod reads it to the end of the C string; the empty text is 0.
bool ScoreOf(const std::string& text, double* score) {
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(text.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*score);
}

// Looks up what the elements are sorted by. False if that is no number.
bool Weigh(CommandContext& ctx, const SortRequest& request, std::vector<SortElement>& elements) {
  for (SortElement& element : elements) {
    if (request.alpha) {
      if (request.by) element.weight = request.by->Find(ctx, element.text);
      continue;
    }
    const std::optional<std::string> text =
        request.by ? request.by->Find(ctx, element.text) : element.text;
    if (text && !ScoreOf(*text, &element.score)) return false;
  }
  return true;
}

bool IsBefore(const SortRequest& request, const SortElement& a, const SortElement& b) {
  if (!request.alpha) return a.score != b.score ? a.score < b.score : a.text < b.text;
  if (!request.by) return a.text < b.text;
  // Who has no weight comes first.
  if (!a.weight || !b.weight) return !a.weight && b.weight;
  return *a.weight < *b.weight;
}

// From the source's elements those that the request wants, in its order. False, with the error
// replied, if they cannot be sorted.
bool Arrange(CommandContext& ctx, const SortRequest& request, bool ranked,
             std::vector<SortElement>& elements) {
  if (!request.keep_order) {
    if (!Weigh(ctx, request, elements)) {
      ctx.reply().Error(kNotNumbers);
      return false;
    }
    std::stable_sort(
        elements.begin(), elements.end(), [&](const SortElement& a, const SortElement& b) {
          return request.descending ? IsBefore(request, b, a) : IsBefore(request, a, b);
        });
  } else if (ranked && request.descending) {
    std::reverse(elements.begin(), elements.end());
  }
  const auto size = static_cast<int64_t>(elements.size());
  const int64_t begin = std::clamp<int64_t>(request.offset, 0, size);
  int64_t end = size;
  if (request.count >= 0) end = begin + std::min(request.count, size - begin);
  elements.erase(elements.begin() + end, elements.end());
  elements.erase(elements.begin(), elements.begin() + begin);
  return true;
}

// Visits what is replied or stored; absent for what a GET pattern does not find.
template <typename Visit>
void VisitResults(CommandContext& ctx, const SortRequest& request,
                  const std::vector<SortElement>& elements, Visit visit) {
  for (const SortElement& element : elements) {
    if (request.get.empty()) visit(std::optional<std::string>(element.text));
    for (const SortPattern& pattern : request.get) visit(pattern.Find(ctx, element.text));
  }
}

void ReplyResults(CommandContext& ctx, const SortRequest& request,
                  const std::vector<SortElement>& elements) {
  ctx.reply().Array(elements.size() * std::max<size_t>(request.get.size(), 1));
  VisitResults(ctx, request, elements, [&](const std::optional<std::string>& text) {
    text ? ctx.reply().Bulk(*text) : ctx.reply().Null();
  });
}

void StoreResults(CommandContext& ctx, const SortRequest& request,
                  const std::vector<SortElement>& elements) {
  List* const list = new List;
  const TypeSettings& settings = ctx.engine().type_settings;
  VisitResults(ctx, request, elements, [&](const std::optional<std::string>& text) {
    const std::string_view element = text ? std::string_view(*text) : std::string_view();
    list->ExpectGrowth(element.size(), 1, settings);
    list->Push(ListEnd::kTail, element, settings);
  });
  const HashedKey key = ctx.Hash(*request.store);
  const auto stored = static_cast<int64_t>(list->size());
  ctx.reply().Integer(stored);
  const bool existed = ctx.db().Delete(key, ctx.now_ms());
  if (stored > 0) {
    InsertObject(ctx, key, list);
    ctx.Notify(kNotifyList, "sortstore", key.bytes);
    return ctx.MarkChanged(stored);
  }
  delete list;
  if (!existed) return;
  ctx.Notify(kNotifyGeneric, "del", key.bytes);
  ctx.MarkChanged();
}

void SortKey(CommandContext& ctx, Args args, bool may_store) {
  SortRequest request;
  if (!ParseSort(ctx, args, may_store, &request)) return;
  const Entry* entry = FindForReading(ctx, ctx.Key(1), ClientLookup(ctx));
  std::vector<SortElement> elements;
  if (entry != nullptr) {
    const bool sortable =
        !entry->is_string() &&
        entry->object()->type->VisitElements(*entry->object(), [&](std::string_view element) {
          elements.push_back({.text = std::string(element)});
        });
    if (!sortable) return ctx.reply().Error(errors::kWrongType);
    // A set has no order that copies would share: what is stored, or computed by a script, gets
    // one.
    if (request.keep_order && entry->kind() == ValueKind::kSet &&
        (request.store || ctx.origin() == RequestOrigin::kScript)) {
      request.keep_order = false;
      request.alpha = true;
      request.by.reset();
    }
  }
  const bool ranked = entry != nullptr && entry->kind() == ValueKind::kZset;
  if (!Arrange(ctx, request, ranked, elements)) return;
  request.store ? StoreResults(ctx, request, elements) : ReplyResults(ctx, request, elements);
}

// SORT key [BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [ALPHA] [STORE key]
void Sort(CommandContext& ctx, Args args) { SortKey(ctx, args, /*may_store=*/true); }
// SORT_RO: the same without STORE.
void SortRo(CommandContext& ctx, Args args) { SortKey(ctx, args, /*may_store=*/false); }

using slots::KeyFlag;
using slots::KeySpec;

constexpr KeyFlag kRead = KeyFlag::kRo | KeyFlag::kAccess;
constexpr Acl kSortAcl = Acl::kSet | Acl::kSortedSet | Acl::kList | Acl::kDangerous;
constexpr std::string_view kSortComplexity =
    "O(N+M*log(N)), N elements of the key, M elements replied.";

constexpr CommandSpec kSortCommands[] = {
    {
        .name = "sort",
        .handler = &Sort,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kWrite | Flag::kDenyOom,
        .keys = {KeySpec::At(1, kRead), KeySpec::Unknown(kRead),
                 KeySpec::Unknown(KeyFlag::kOw | KeyFlag::kUpdate)},
        .get_keys = &slots::SortKeys,
        .acl = kSortAcl,
        .group = "generic",
        .since = "1.0.0",
        .summary = "The elements of a list, set or sorted set in order; may store them.",
        .complexity = kSortComplexity,
        .arguments = "key#0 [BY=by-pattern:pattern#1{pattern}] "
                     "[LIMIT=limit(offset:integer count:integer)] "
                     "[GET=get-pattern:pattern#1{pattern}++] [order<!ASC|!DESC>] "
                     "[!ALPHA=sorting] [STORE=destination:key#2]",
    },
    {
        .name = "sort_ro",
        .handler = &SortRo,
        .arity = Arity::AtLeast(2),
        .flags = Flag::kReadOnly,
        .keys = {KeySpec::At(1, kRead), KeySpec::Unknown(kRead)},
        .get_keys = &slots::SortReadOnlyKeys,
        .acl = kSortAcl,
        .group = "generic",
        .since = "7.0.0",
        .summary = "The elements of a list, set or sorted set in order.",
        .complexity = kSortComplexity,
        .arguments = "key#0 [BY=by-pattern:pattern#1{pattern}] "
                     "[LIMIT=limit(offset:integer count:integer)] "
                     "[GET=get-pattern:pattern#1{pattern}++] [order<!ASC|!DESC>] "
                     "[!ALPHA=sorting]",
    },
};
static_assert(AllValid(kSortCommands));

}  // namespace

absl::Span<const CommandSpec> SortCommands() { return kSortCommands; }

}  // namespace slotmesh::node
