// Handlers of the geospatial commands, for geo_table.cc. See Handler in command_spec.h.
#ifndef SLOTMESH_NODE_COMMANDS_GEO_HANDLERS_H_
#define SLOTMESH_NODE_COMMANDS_GEO_HANDLERS_H_

#include <optional>
#include <string_view>

#include "node/command/command_context.h"
#include "node/data/geohash.h"
#include "node/types/zset.h"

namespace slotmesh::node {

// geo_places.cc
void GeoAdd(CommandContext& ctx, Args args);
void GeoDist(CommandContext& ctx, Args args);
void GeoHash(CommandContext& ctx, Args args);
void GeoPos(CommandContext& ctx, Args args);
// geo_search.cc
void GeoRadius(CommandContext& ctx, Args args);
void GeoRadiusRo(CommandContext& ctx, Args args);
void GeoRadiusByMember(CommandContext& ctx, Args args);
void GeoRadiusByMemberRo(CommandContext& ctx, Args args);
void GeoSearch(CommandContext& ctx, Args args);
void GeoSearchStore(CommandContext& ctx, Args args);

// What both files need; each gives nothing with the error replied.
// Metres in a unit: m, km, ft, mi.
std::optional<double> ParseGeoUnit(CommandContext& ctx, std::string_view word);
std::optional<GeoPoint> ParseGeoPoint(CommandContext& ctx, std::string_view longitude,
                                      std::string_view latitude);
// Four digits behind the point.
void ReplyGeoDistance(Reply& reply, double distance);
void ReplyGeoPoint(Reply& reply, const GeoPoint& point);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_GEO_HANDLERS_H_
