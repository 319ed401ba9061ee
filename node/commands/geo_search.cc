// GEOSEARCH, GEORADIUS and their relatives: the places within a circle or a box.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/geo_handlers.h"
#include "node/commands/zsets_common.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kNoSuchMember = "ERR could not decode requested zset member";
constexpr std::string_view kCountPositive = "ERR COUNT must be > 0";
constexpr std::string_view kAnyNeedsCount = "ERR the ANY argument requires COUNT argument";
// Members that are looked at between two checks whether there are enough.
constexpr uint64_t kSlice = 64;

enum class Kind : uint8_t { kRadius, kByMember, kSearch, kSearchStore };
enum class Order : uint8_t { kNone, kNear, kFar };

struct Request {
  Kind kind = Kind::kSearch;
  bool may_store = false;  // STORE and STOREDIST of GEORADIUS.
  size_t source_at = 1;

  const Zset* source = nullptr;  // Null if absent.
  GeoShape shape;
  double unit = 1;
  bool has_center = false;
  bool from_member = false;
  bool by_radius = false;
  bool by_box = false;
  bool with_distance = false;
  bool with_hash = false;
  bool with_coordinates = false;
  Order order = Order::kNone;
  uint64_t count = 0;  // 0: all.
  bool any = false;
  size_t store_at = 0;  // The word with the destination, 0: none.
  bool store_distance = false;

  bool is_search() const { return kind == Kind::kSearch || kind == Kind::kSearchStore; }
};

struct Found {
  std::string member;
  double score;
  double distance;  // Metres.
};

std::optional<double> ParseLength(CommandContext& ctx, std::string_view word,
                                  std::string_view error) {
  const std::optional<double> length = ParseDouble(word);
  if (!length) ctx.reply().Error(error);
  return length;
}

// radius unit
bool ParseRadius(CommandContext& ctx, std::string_view radius, std::string_view unit,
                 Request* request) {
  const auto length = ParseLength(ctx, radius, "ERR need numeric radius");
  if (!length) return false;
  if (*length < 0) {
    ctx.reply().Error("ERR radius cannot be negative");
    return false;
  }
  const std::optional<double> metres = ParseGeoUnit(ctx, unit);
  if (!metres) return false;
  request->unit = *metres;
  request->shape.is_box = false;
  request->shape.radius = *length * *metres;
  return true;
}

// width height unit
bool ParseBox(CommandContext& ctx, Args words, Request* request) {
  const auto width = ParseLength(ctx, words[0], "ERR need numeric width");
  if (!width) return false;
  const auto height = ParseLength(ctx, words[1], "ERR need numeric height");
  if (!height) return false;
  if (*width < 0 || *height < 0) {
    ctx.reply().Error("ERR height or width cannot be negative");
    return false;
  }
  const std::optional<double> metres = ParseGeoUnit(ctx, words[2]);
  if (!metres) return false;
  request->unit = *metres;
  request->shape.is_box = true;
  request->shape.width = *width * *metres;
  request->shape.height = *height * *metres;
  return true;
}

// The centre is where a member is. Without a source there is nothing to find, and no error.
bool CenterOnMember(CommandContext& ctx, std::string_view member, Request* request) {
  if (request->source == nullptr) return true;
  const Zset::Spot spot = request->source->Find(member);
  if (!spot.found()) {
    ctx.reply().Error(kNoSuchMember);
    return false;
  }
  request->shape.center = GeoPlace(spot.score());
  return true;
}

// What GEORADIUS and GEORADIUSBYMEMBER have at fixed places; *at: where options begin.
bool ParseFixed(CommandContext& ctx, Args args, Request* request, size_t* at) {
  *at = request->source_at + 1;
  if (request->is_search()) return true;
  if (request->kind == Kind::kRadius) {
    *at = 6;
    const std::optional<GeoPoint> center = ParseGeoPoint(ctx, args[2], args[3]);
    if (!center) return false;
    request->shape.center = *center;
    return ParseRadius(ctx, args[4], args[5], request);
  }
  *at = 5;
  if (request->source == nullptr) return true;
  return CenterOnMember(ctx, args[2], request) && ParseRadius(ctx, args[3], args[4], request);
}

bool* PlainOption(Request& request, std::string_view word) {
  if (EqualsIgnoreCase(word, "WITHDIST")) return &request.with_distance;
  if (EqualsIgnoreCase(word, "WITHHASH")) return &request.with_hash;
  if (EqualsIgnoreCase(word, "WITHCOORD")) return &request.with_coordinates;
  if (EqualsIgnoreCase(word, "ANY")) return &request.any;
  if (request.kind == Kind::kSearchStore && EqualsIgnoreCase(word, "STOREDIST")) {
    return &request.store_distance;
  }
  return nullptr;
}

enum class Parsed : uint8_t { kNo, kYes, kFailed };

Parsed FromBool(bool ok) { return ok ? Parsed::kYes : Parsed::kFailed; }

// FROMMEMBER, FROMLONLAT, BYRADIUS, BYBOX: takes the words behind it.
Parsed ParseSearchOption(CommandContext& ctx, Args words, Request* request, size_t* taken) {
  const std::string_view word = words[0];
  if (EqualsIgnoreCase(word, "FROMMEMBER") && words.size() > 1 && !request->has_center) {
    request->from_member = true;
    *taken = 1;
    return FromBool(CenterOnMember(ctx, words[1], request));
  }
  if (EqualsIgnoreCase(word, "FROMLONLAT") && words.size() > 2 && !request->from_member) {
    const std::optional<GeoPoint> center = ParseGeoPoint(ctx, words[1], words[2]);
    if (!center) return Parsed::kFailed;
    request->shape.center = *center;
    request->has_center = true;
    *taken = 2;
    return Parsed::kYes;
  }
  if (EqualsIgnoreCase(word, "BYRADIUS") && words.size() > 2 && !request->by_box) {
    request->by_radius = true;
    *taken = 2;
    return FromBool(ParseRadius(ctx, words[1], words[2], request));
  }
  if (EqualsIgnoreCase(word, "BYBOX") && words.size() > 3 && !request->by_radius) {
    request->by_box = true;
    *taken = 3;
    return FromBool(ParseBox(ctx, words.subspan(1), request));
  }
  return Parsed::kNo;
}

// The option at word `at`; *taken: how many words behind it belong to it.
Parsed ParseOption(CommandContext& ctx, Args args, size_t at, Request* request, size_t* taken) {
  const std::string_view word = args[at];
  const bool has_value = at + 1 < args.size();
  if (bool* const option = PlainOption(*request, word); option != nullptr) {
    *option = true;
    return Parsed::kYes;
  }
  if (EqualsIgnoreCase(word, "ASC") || EqualsIgnoreCase(word, "DESC")) {
    request->order = EqualsIgnoreCase(word, "ASC") ? Order::kNear : Order::kFar;
    return Parsed::kYes;
  }
  if (EqualsIgnoreCase(word, "COUNT") && has_value) {
    const std::optional<int64_t> count = IntegerOrReply(ctx, args[at + 1]);
    if (!count) return Parsed::kFailed;
    if (*count <= 0) {
      ctx.reply().Error(kCountPositive);
      return Parsed::kFailed;
    }
    request->count = static_cast<uint64_t>(*count);
    *taken = 1;
    return Parsed::kYes;
  }
  const bool distance = EqualsIgnoreCase(word, "STOREDIST");
  if (request->may_store && has_value && (distance || EqualsIgnoreCase(word, "STORE"))) {
    request->store_at = at + 1;
    request->store_distance = distance;
    *taken = 1;
    return Parsed::kYes;
  }
  if (!request->is_search()) return Parsed::kNo;
  return ParseSearchOption(ctx, args.subspan(at), request, taken);
}

bool ParseOptions(CommandContext& ctx, Args args, size_t at, Request* request) {
  for (; at < args.size(); ++at) {
    size_t taken = 0;
    const Parsed parsed = ParseOption(ctx, args, at, request, &taken);
    if (parsed == Parsed::kNo) ctx.reply().Error(errors::kSyntax);
    if (parsed != Parsed::kYes) return false;
    at += taken;
  }
  std::string error;
  if (request->store_at != 0 &&
      (request->with_distance || request->with_hash || request->with_coordinates)) {
    error = StrCat("ERR ", request->is_search() ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS",
                   " is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
  } else if (request->is_search() && !request->from_member && !request->has_center) {
    error = StrCat("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ", args[0]);
  } else if (request->is_search() && !request->by_radius && !request->by_box) {
    error = StrCat("ERR exactly one of BYRADIUS and BYBOX can be specified for ", args[0]);
  } else if (request->any && request->count == 0) {
    error = kAnyNeedsCount;
  }
  if (!error.empty()) ctx.reply().Error(error);
  return error.empty();
}

std::vector<Found> Find(const Request& request) {
  std::vector<Found> found;
  const uint64_t enough = request.any ? request.count : UINT64_MAX;
  for (const GeoInterval& cell : CellsAround(request.shape)) {
    const RankInterval ranks = request.source->Within(
        ScoreRange{.min = cell.begin, .max = cell.end, .max_exclusive = true});
    for (uint64_t at = ranks.begin; at < ranks.end && found.size() < enough; at += kSlice) {
      const RankInterval slice = {at, std::min(at + kSlice, ranks.end)};
      request.source->Visit(slice, /*reverse=*/false, [&](std::string_view member, double score) {
        double distance;
        if (found.size() < enough && Covers(request.shape, GeoPlace(score), &distance)) {
          found.push_back({std::string(member), score, distance});
        }
      });
    }
  }
  return found;
}

// The wanted number of places, in the wanted order.
void Arrange(const Request& request, std::vector<Found>* found) {
  Order order = request.order;
  // The first so many are meant to be the nearest.
  if (request.count != 0 && order == Order::kNone && !request.any) order = Order::kNear;
  const size_t wanted =
      request.count == 0 ? found->size() : std::min<uint64_t>(request.count, found->size());
  const auto before = [order](const Found& a, const Found& b) {
    return order == Order::kNear ? a.distance < b.distance : a.distance > b.distance;
  };
  const auto middle = found->begin() + static_cast<ptrdiff_t>(wanted);
  if (order != Order::kNone && wanted == found->size()) {
    std::stable_sort(found->begin(), found->end(), before);
  } else if (order != Order::kNone) {
    std::partial_sort(found->begin(), middle, found->end(), before);
  }
  found->resize(wanted);
}

void ReplyFound(CommandContext& ctx, const Request& request, const std::vector<Found>& found) {
  Reply& reply = ctx.reply();
  reply.Array(found.size());
  const size_t extras = static_cast<size_t>(request.with_distance) +
                        static_cast<size_t>(request.with_hash) +
                        static_cast<size_t>(request.with_coordinates);
  for (const Found& one : found) {
    if (extras > 0) reply.Array(1 + extras);
    reply.Bulk(one.member);
    if (request.with_distance) ReplyGeoDistance(reply, one.distance / request.unit);
    if (request.with_hash) reply.Integer(static_cast<int64_t>(one.score));
    if (request.with_coordinates) ReplyGeoPoint(reply, GeoPlace(one.score));
  }
}

void Run(CommandContext& ctx, Args args, Request request) {
  if (!FindObject(ctx, ctx.Key(request.source_at), &request.source)) return;
  if (request.kind == Kind::kSearchStore) request.store_at = 1;
  size_t options_at;
  if (!ParseFixed(ctx, args, &request, &options_at)) return;
  if (!ParseOptions(ctx, args, options_at, &request)) return;
  std::vector<Found> found;
  if (request.source != nullptr) {
    found = Find(request);
    Arrange(request, &found);
  }
  if (request.store_at == 0) return ReplyFound(ctx, request, found);
  std::vector<MemberScore> members;
  members.reserve(found.size());
  for (const Found& one : found) {
    members.push_back(
        {one.member, request.store_distance ? one.distance / request.unit : one.score});
  }
  StoreZset(ctx, ctx.Key(request.store_at), members,
            request.is_search() ? "geosearchstore" : "georadiusstore");
}

}  // namespace

// GEORADIUS key longitude latitude radius unit [options] [STORE|STOREDIST destination]
void GeoRadius(CommandContext& ctx, Args args) {
  Run(ctx, args, {.kind = Kind::kRadius, .may_store = true});
}

void GeoRadiusRo(CommandContext& ctx, Args args) { Run(ctx, args, {.kind = Kind::kRadius}); }

// GEORADIUSBYMEMBER key member radius unit [options] [STORE|STOREDIST destination]
void GeoRadiusByMember(CommandContext& ctx, Args args) {
  Run(ctx, args, {.kind = Kind::kByMember, .may_store = true});
}

void GeoRadiusByMemberRo(CommandContext& ctx, Args args) {
  Run(ctx, args, {.kind = Kind::kByMember});
}

// GEOSEARCH key FROMMEMBER m|FROMLONLAT x y BYRADIUS r unit|BYBOX w h unit [ASC|DESC]
// [COUNT n [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]
void GeoSearch(CommandContext& ctx, Args args) { Run(ctx, args, {.kind = Kind::kSearch}); }

// GEOSEARCHSTORE destination source ... [STOREDIST]
void GeoSearchStore(CommandContext& ctx, Args args) {
  Run(ctx, args, {.kind = Kind::kSearchStore, .source_at = 2});
}

}  // namespace slotmesh::node
