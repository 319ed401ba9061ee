// Places on the earth as numbers: 52 bits that interleave latitude and longitude, so that what is
// near each other mostly has near numbers. The arithmetic of the GEO commands, with the constants
// that Redis uses (latitudes to +-85.05112878 as in the web Mercator projection, a sphere of radius
// 6372797.560856 m), so that numbers and distances agree.
//
// Pure functions; safe from any thread. Angles are degrees, lengths metres. Cost: O(1).
#ifndef SLOTMESH_NODE_DATA_GEOHASH_H_
#define SLOTMESH_NODE_DATA_GEOHASH_H_

#include <array>
#include <cstdint>

#include "absl/container/inlined_vector.h"

namespace slotmesh::node {

struct GeoPoint {
  double longitude = 0;
  double latitude = 0;
};

inline constexpr double kGeoLongitudeMax = 180;
inline constexpr double kGeoLatitudeMax = 85.05112878;

// Within the limits above; no NaN.
bool IsValidPlace(const GeoPoint& point);
// The number of a place: a sorted set's score. REQUIRES: IsValidPlace(point).
uint64_t GeoNumber(const GeoPoint& point);
// The middle of the cell (0.6 m wide at the equator) that a score stands for. Any score gives some
// place.
GeoPoint GeoPlace(double score);
// Along a great circle.
double GeoDistance(const GeoPoint& a, const GeoPoint& b);
// The usual geohash (https://en.wikipedia.org/wiki/Geohash): 11 characters, of which the last is
// always '0' as 52 bits do not reach it.
std::array<char, 11> GeohashText(const GeoPoint& point);

// A circle, or a box whose sides run north and east.
struct GeoShape {
  GeoPoint center;
  bool is_box = false;
  double radius = 0;
  double width = 0;
  double height = 0;
};
// Whether the shape covers the place; then *distance is that from its centre.
bool Covers(const GeoShape& shape, const GeoPoint& place, double* distance);

// Numbers from `begin` up to, but not including, `end`.
struct GeoInterval {
  double begin = 0;
  double end = 0;
};
// Cells that together cover the shape: the one of its centre, then up to 8 around it. Some may
// come twice where a shape goes around the earth, but then one after the other is left out.
absl::InlinedVector<GeoInterval, 9> CellsAround(const GeoShape& shape);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_DATA_GEOHASH_H_
