// ZUNION, ZINTER and ZDIFF with their STORE and CARD forms, over sorted sets and sets (whose
// members count as scored 1).
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "node/commands/zsets_common.h"
#include "node/commands/zsets_handlers.h"
#include "node/types/set.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kWeightNotFloat = "ERR weight value is not a float";
constexpr std::string_view kLimitNegative = "ERR LIMIT can't be negative";

enum class Operation : uint8_t { kUnion, kIntersection, kDifference };
enum class Aggregate : uint8_t { kSum, kMin, kMax };

// One of the sets that are combined: absent, a sorted set or a set.
struct Source {
  const Zset* zset = nullptr;
  const Set* set = nullptr;
  double weight = 1;

  uint64_t size() const {
    if (set != nullptr) return set->size();
    return zset != nullptr ? zset->size() : 0;
  }
  std::optional<double> Score(std::string_view member) const {
    if (set != nullptr) return set->Contains(member) ? std::optional<double>(1) : std::nullopt;
    if (zset == nullptr) return std::nullopt;
    const Zset::Spot spot = zset->Find(member);
    return spot.found() ? std::optional<double>(spot.score()) : std::nullopt;
  }
  void Visit(Zset::VisitMember visit) const {
    if (set != nullptr) set->ForEach([&](std::string_view member) { visit(member, 1); });
    if (zset != nullptr) zset->Visit(zset->All(), /*reverse=*/false, visit);
  }
};

struct Request {
  Operation operation = Operation::kUnion;
  bool store = false;
  bool cardinality = false;

  std::vector<Source> sources;
  Aggregate aggregate = Aggregate::kSum;
  bool with_scores = false;
  uint64_t limit = 0;  // 0: none.
};

// A result: names are owned, because numbers in small sets have no text of their own.
using Result = std::vector<std::pair<std::string, double>>;

double Weighted(const Source& source, double score) {
  const double value = source.weight * score;
  return std::isnan(value) ? 0 : value;
}

double Combine(Aggregate aggregate, double a, double b) {
  switch (aggregate) {
    case Aggregate::kMin:
      return std::min(a, b);
    case Aggregate::kMax:
      return std::max(a, b);
    case Aggregate::kSum:
      break;
  }
  const double sum = a + b;
  return std::isnan(sum) ? 0 : sum;
}

bool FindSources(CommandContext& ctx, Args args, size_t count_at, Request* request) {
  const std::optional<int64_t> count = IntegerOrReply(ctx, args[count_at]);
  if (!count) return false;
  if (*count < 1) {
    ctx.reply().Error(
        StrCat("ERR at least 1 input key is needed for '", ctx.command().full_name(), "' command"));
    return false;
  }
  if (static_cast<uint64_t>(*count) > args.size() - count_at - 1) {
    ctx.reply().Error(errors::kSyntax);
    return false;
  }
  request->sources.resize(static_cast<size_t>(*count));
  for (size_t i = 0; i < request->sources.size(); ++i) {
    const Entry* entry = FindForReading(ctx, ctx.Key(count_at + 1 + i), ClientLookup(ctx));
    if (entry == nullptr) continue;
    if (entry->kind() == ValueKind::kZset) {
      request->sources[i].zset = &Zset::Of(*entry->object());
    } else if (entry->kind() == ValueKind::kSet) {
      request->sources[i].set = static_cast<const Set*>(entry->object());
    } else {
      ctx.reply().Error(errors::kWrongType);
      return false;
    }
  }
  return true;
}

// WEIGHTS, with the weights behind it.
bool ParseWeights(CommandContext& ctx, Args words, Request* request) {
  for (size_t i = 0; i < request->sources.size(); ++i) {
    const std::optional<double> weight = ParseDouble(words[i]);
    if (!weight) {
      ctx.reply().Error(kWeightNotFloat);
      return false;
    }
    request->sources[i].weight = *weight;
  }
  return true;
}

bool ParseAggregate(std::string_view word, Aggregate* aggregate) {
  if (EqualsIgnoreCase(word, "SUM")) {
    *aggregate = Aggregate::kSum;
  } else if (EqualsIgnoreCase(word, "MIN")) {
    *aggregate = Aggregate::kMin;
  } else if (EqualsIgnoreCase(word, "MAX")) {
    *aggregate = Aggregate::kMax;
  } else {
    return false;
  }
  return true;
}

bool ParseOptions(CommandContext& ctx, Args args, size_t at, Request* request) {
  const bool scored = request->operation != Operation::kDifference && !request->cardinality;
  while (at < args.size()) {
    const size_t left = args.size() - at;
    if (scored && left > request->sources.size() && EqualsIgnoreCase(args[at], "WEIGHTS")) {
      if (!ParseWeights(ctx, args.subspan(at + 1), request)) return false;
      at += 1 + request->sources.size();
    } else if (scored && left >= 2 && EqualsIgnoreCase(args[at], "AGGREGATE") &&
               ParseAggregate(args[at + 1], &request->aggregate)) {
      at += 2;
    } else if (!request->store && !request->cardinality &&
               EqualsIgnoreCase(args[at], "WITHSCORES")) {
      request->with_scores = true;
      ++at;
    } else if (request->cardinality && left >= 2 && EqualsIgnoreCase(args[at], "LIMIT")) {
      const std::optional<int64_t> limit = ParseInt64(args[at + 1]);
      if (!limit || *limit < 0) {
        ctx.reply().Error(kLimitNegative);
        return false;
      }
      request->limit = static_cast<uint64_t>(*limit);
      at += 2;
    } else {
      ctx.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

Result Union(const Request& request) {
  Result result;
  absl::flat_hash_map<std::string, double> scores;
  for (const Source& source : request.sources) {
    source.Visit([&](std::string_view member, double score) {
      const double value = Weighted(source, score);
      const auto [at, is_new] = scores.try_emplace(std::string(member), value);
      if (!is_new) at->second = Combine(request.aggregate, at->second, value);
    });
  }
  result.reserve(scores.size());
  for (auto& [member, score] : scores) result.emplace_back(member, score);
  return result;
}

// Calls found(member, score) for each common member until it returns false.
void Intersect(const Request& request,
               absl::FunctionRef<bool(std::string_view member, double score)> found) {
  const Source& first = request.sources[0];
  bool more = true;
  first.Visit([&](std::string_view member, double score) {
    if (!more) return;
    double value = Weighted(first, score);
    for (size_t i = 1; i < request.sources.size(); ++i) {
      const std::optional<double> other = request.sources[i].Score(member);
      if (!other) return;
      value = Combine(request.aggregate, value, request.sources[i].weight * *other);
    }
    more = found(member, value);
  });
}

Result Difference(const Request& request) {
  Result result;
  request.sources[0].Visit([&](std::string_view member, double score) {
    for (size_t i = 1; i < request.sources.size(); ++i) {
      if (request.sources[i].Score(member)) return;
    }
    result.emplace_back(member, score);
  });
  return result;
}

Result Evaluate(Request& request) {
  // Small ones first, as sums of scores may depend on the order.
  if (request.operation != Operation::kDifference) {
    std::stable_sort(request.sources.begin(), request.sources.end(),
                     [](const Source& a, const Source& b) { return a.size() < b.size(); });
  }
  Result result;
  switch (request.operation) {
    case Operation::kUnion:
      result = Union(request);
      break;
    case Operation::kIntersection:
      Intersect(request, [&](std::string_view member, double score) {
        result.emplace_back(member, score);
        return true;
      });
      break;
    case Operation::kDifference:
      result = Difference(request);
      break;
  }
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second < b.second : a.first < b.first;
  });
  return result;
}

void ReplyCardinality(CommandContext& ctx, Request& request) {
  std::stable_sort(request.sources.begin(), request.sources.end(),
                   [](const Source& a, const Source& b) { return a.size() < b.size(); });
  uint64_t count = 0;
  Intersect(request, [&](std::string_view, double) { return ++count != request.limit; });
  ctx.reply().Integer(static_cast<int64_t>(count));
}

// The number of sources is word `count_at`; the destination, if there is one, word 1.
void Run(CommandContext& ctx, Args args, size_t count_at, Request request,
         std::string_view event = {}) {
  if (!FindSources(ctx, args, count_at, &request)) return;
  if (!ParseOptions(ctx, args, count_at + 1 + request.sources.size(), &request)) return;
  if (request.cardinality) return ReplyCardinality(ctx, request);
  const Result result = Evaluate(request);
  if (!request.store) {
    MemberReply reply(ctx.reply(), request.with_scores);
    reply.Begin(result.size());
    for (const auto& [member, score] : result) reply.Member(member, score);
    return;
  }
  std::vector<MemberScore> members;
  members.reserve(result.size());
  for (const auto& [member, score] : result) members.push_back({member, score});
  StoreZset(ctx, ctx.Key(1), members, event);
}

}  // namespace

// ZUNION numkeys key ... [WEIGHTS w ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]
void ZUnion(CommandContext& ctx, Args args) { Run(ctx, args, 1, {}); }

// ZUNIONSTORE destination numkeys key ... [WEIGHTS w ...] [AGGREGATE SUM|MIN|MAX]
void ZUnionStore(CommandContext& ctx, Args args) {
  Run(ctx, args, 2, {.store = true}, "zunionstore");
}

void ZInter(CommandContext& ctx, Args args) {
  Run(ctx, args, 1, {.operation = Operation::kIntersection});
}

void ZInterStore(CommandContext& ctx, Args args) {
  Run(ctx, args, 2, {.operation = Operation::kIntersection, .store = true}, "zinterstore");
}

// ZINTERCARD numkeys key ... [LIMIT limit]
void ZInterCard(CommandContext& ctx, Args args) {
  Run(ctx, args, 1, {.operation = Operation::kIntersection, .cardinality = true});
}

// ZDIFF numkeys key ... [WITHSCORES]
void ZDiff(CommandContext& ctx, Args args) {
  Run(ctx, args, 1, {.operation = Operation::kDifference});
}

// ZDIFFSTORE destination numkeys key ...
void ZDiffStore(CommandContext& ctx, Args args) {
  Run(ctx, args, 2, {.operation = Operation::kDifference, .store = true}, "zdiffstore");
}

}  // namespace slotmesh::node
