// GEOADD, and what is known of single places.
#include <cstdio>
#include <optional>
#include <string_view>

#include "absl/strings/str_format.h"
#include "node/commands/geo_handlers.h"
#include "node/commands/zsets_common.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kUnit = "ERR unsupported unit provided. please use M, KM, FT, MI";
// A distance of %.4f: 309 digits before the point.
constexpr size_t kDistanceTextMax = 320;

// Calls reply(place) or a null for each member from word 2 on.
template <typename ReplyPlace>
void ForEachPlace(CommandContext& ctx, Args args, void (Reply::*null)(), ReplyPlace reply) {
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  ctx.reply().Array(args.size() - 2);
  for (const std::string_view member : args.subspan(2)) {
    const Zset::Spot spot = zset != nullptr ? zset->Find(member) : Zset::Spot();
    if (spot.found()) {
      reply(GeoPlace(spot.score()));
    } else {
      (ctx.reply().*null)();
    }
  }
}

}  // namespace

std::optional<double> ParseGeoUnit(CommandContext& ctx, std::string_view word) {
  if (EqualsIgnoreCase(word, "m")) return 1;
  if (EqualsIgnoreCase(word, "km")) return 1000;
  if (EqualsIgnoreCase(word, "ft")) return 0.3048;
  if (EqualsIgnoreCase(word, "mi")) return 1609.34;
  ctx.reply().Error(kUnit);
  return std::nullopt;
}

std::optional<GeoPoint> ParseGeoPoint(CommandContext& ctx, std::string_view longitude,
                                      std::string_view latitude) {
  const std::optional<double> x = ParseDouble(longitude);
  const std::optional<double> y = x ? ParseDouble(latitude) : std::nullopt;
  if (!y) {
    ctx.reply().Error(errors::kNotFloat);
    return std::nullopt;
  }
  const GeoPoint point = {*x, *y};
  if (IsValidPlace(point)) return point;
  ctx.reply().Error(absl::StrFormat("ERR invalid longitude,latitude pair %f,%f", *x, *y));
  return std::nullopt;
}

void ReplyGeoDistance(Reply& reply, double distance) {
  char text[kDistanceTextMax];
  const int size = std::snprintf(text, sizeof(text), "%.4f", distance);
  reply.Bulk({text, static_cast<size_t>(size)});
}

void ReplyGeoPoint(Reply& reply, const GeoPoint& point) {
  reply.Array(2);
  reply.HumanDouble(point.longitude);
  reply.HumanDouble(point.latitude);
}

// GEOADD key [NX|XX] [CH] longitude latitude member ...: how many were added.
void GeoAdd(CommandContext& ctx, Args args) {
  ZsetAddition request;
  size_t at = 2;
  for (; at < args.size(); ++at) {
    if (EqualsIgnoreCase(args[at], "NX")) {
      request.nx = true;
    } else if (EqualsIgnoreCase(args[at], "XX")) {
      request.xx = true;
    } else if (EqualsIgnoreCase(args[at], "CH")) {
      request.changed = true;
    } else {
      break;
    }
  }
  const size_t words = args.size() - at;
  if (words == 0 || words % 3 != 0 || (request.nx && request.xx)) {
    return ctx.reply().Error(errors::kSyntax);
  }
  for (; at < args.size(); at += 3) {
    const std::optional<GeoPoint> point = ParseGeoPoint(ctx, args[at], args[at + 1]);
    if (!point) return;
    request.members.push_back({args[at + 2], static_cast<double>(GeoNumber(*point))});
  }
  AddToZset(ctx, ctx.Key(1), request);
}

// GEODIST key member member [unit]: nil if either is absent.
void GeoDist(CommandContext& ctx, Args args) {
  if (args.size() > 5) return ctx.reply().Error(errors::kSyntax);
  const std::optional<double> unit = args.size() == 5 ? ParseGeoUnit(ctx, args[4]) : 1;
  if (!unit) return;
  const Zset* zset;
  if (!FindObject(ctx, ctx.Key(1), &zset)) return;
  if (zset == nullptr) return ctx.reply().Null();
  const Zset::Spot a = zset->Find(args[2]);
  const Zset::Spot b = zset->Find(args[3]);
  if (!a.found() || !b.found()) return ctx.reply().Null();
  ReplyGeoDistance(ctx.reply(), GeoDistance(GeoPlace(a.score()), GeoPlace(b.score())) / *unit);
}

// GEOHASH key member ...
void GeoHash(CommandContext& ctx, Args args) {
  ForEachPlace(ctx, args, &Reply::Null, [&](const GeoPoint& place) {
    const auto text = GeohashText(place);
    ctx.reply().Bulk({text.data(), text.size()});
  });
}

// GEOPOS key member ...
void GeoPos(CommandContext& ctx, Args args) {
  ForEachPlace(ctx, args, &Reply::NullArray,
               [&](const GeoPoint& place) { ReplyGeoPoint(ctx.reply(), place); });
}

}  // namespace slotmesh::node
