#include "node/data/geohash.h"

#include <algorithm>
#include <cmath>

namespace slotmesh::node {
namespace {

constexpr double kEarthRadius = 6372797.560856;
constexpr double kDegree = M_PI / 180;
// Half the circumference of the Mercator projection's sphere.
constexpr double kMercatorMax = 20037726.37;
constexpr int kStepsMax = 26;  // Bits of each coordinate.
constexpr uint64_t kLatitudeBits = 0x5555555555555555;
constexpr uint64_t kLongitudeBits = 0xaaaaaaaaaaaaaaaa;

double ToRadians(double degrees) { return degrees * kDegree; }
double ToDegrees(double radians) { return radians / kDegree; }

struct Limits {
  double longitude;
  double latitude;
};
constexpr Limits kMercator = {kGeoLongitudeMax, kGeoLatitudeMax};
constexpr Limits kWholeEarth = {kGeoLongitudeMax, 90};

// A cell: the first `steps` bits of each coordinate.
struct Cell {
  uint64_t bits = 0;
  int steps = 0;
};
struct Area {
  GeoPoint low;
  GeoPoint high;
};

// Bit i goes to bit 2i.
uint64_t Spread(uint32_t value) {
  uint64_t bits = value;
  bits = (bits | (bits << 16)) & 0x0000ffff0000ffff;
  bits = (bits | (bits << 8)) & 0x00ff00ff00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x3333333333333333;
  return (bits | (bits << 1)) & kLatitudeBits;
}

// Bit 2i goes to bit i.
uint32_t Gather(uint64_t bits) {
  bits &= kLatitudeBits;
  bits = (bits | (bits >> 1)) & 0x3333333333333333;
  bits = (bits | (bits >> 2)) & 0x0f0f0f0f0f0f0f0f;
  bits = (bits | (bits >> 4)) & 0x00ff00ff00ff00ff;
  bits = (bits | (bits >> 8)) & 0x0000ffff0000ffff;
  return static_cast<uint32_t>(bits | (bits >> 16));
}

Cell CellOf(const GeoPoint& point, const Limits& limits, int steps) {
  const double latitude = (point.latitude + limits.latitude) / (2 * limits.latitude);
  const double longitude = (point.longitude + limits.longitude) / (2 * limits.longitude);
  const auto scale = static_cast<double>(uint64_t{1} << steps);
  return {Spread(static_cast<uint32_t>(latitude * scale)) |
              Spread(static_cast<uint32_t>(longitude * scale)) << 1,
          steps};
}

Area AreaOf(const Cell& cell) {
  const auto scale = static_cast<double>(uint64_t{1} << cell.steps);
  const double latitude = Gather(cell.bits);
  const double longitude = Gather(cell.bits >> 1);
  const auto at = [scale](double index, double limit) {
    return -limit + (index / scale) * (2 * limit);
  };
  return {{at(longitude, kMercator.longitude), at(latitude, kMercator.latitude)},
          {at(longitude + 1, kMercator.longitude), at(latitude + 1, kMercator.latitude)}};
}

// One coordinate of a cell goes up or down by one, around the earth if need be.
uint64_t Moved(uint64_t bits, uint64_t mask, int steps, int by) {
  const int unused = 64 - 2 * steps;
  const uint64_t fill = ~mask >> unused;
  uint64_t own = bits & mask;
  if (by > 0) own += fill + 1;
  if (by < 0) own = (own | fill) - (fill + 1);
  return own & (mask >> unused);
}

Cell Neighbour(const Cell& cell, int east, int north) {
  return {Moved(cell.bits, kLongitudeBits, cell.steps, east) |
              Moved(cell.bits, kLatitudeBits, cell.steps, north),
          cell.steps};
}

double LatitudeDistance(double a, double b) {
  return kEarthRadius * std::abs(ToRadians(b) - ToRadians(a));
}

// The box around a shape.
Area BoundsOf(const GeoShape& shape) {
  const double height = shape.is_box ? shape.height / 2 : shape.radius;
  const double width = shape.is_box ? shape.width / 2 : shape.radius;
  const double up = ToDegrees(height / kEarthRadius);
  const auto [longitude, latitude] = shape.center;
  // Where the box is nearer to a pole, degrees of longitude are shorter.
  const double nearer = latitude < 0 ? latitude - up : latitude + up;
  const double aside = ToDegrees(width / kEarthRadius / std::cos(ToRadians(nearer)));
  return {{longitude - aside, latitude - up}, {longitude + aside, latitude + up}};
}

// How fine cells may be so that 9 of them cover the radius.
int StepsFor(double radius, double latitude) {
  if (radius == 0) return kStepsMax;
  int steps = 1;
  for (; radius < kMercatorMax; radius *= 2) ++steps;
  steps -= 2;
  // Cells are narrower towards the poles.
  if (std::abs(latitude) > 66) --steps;
  if (std::abs(latitude) > 80) --steps;
  return std::clamp(steps, 1, kStepsMax);
}

// Whether the cells around this one reach to all sides of the bounds.
bool Reaches(const Cell& cell, const Area& bounds) {
  return AreaOf(Neighbour(cell, 0, 1)).high.latitude >= bounds.high.latitude &&
         AreaOf(Neighbour(cell, 0, -1)).low.latitude <= bounds.low.latitude &&
         AreaOf(Neighbour(cell, 1, 0)).high.longitude >= bounds.high.longitude &&
         AreaOf(Neighbour(cell, -1, 0)).low.longitude <= bounds.low.longitude;
}

GeoInterval IntervalOf(const Cell& cell) {
  const int shift = 2 * (kStepsMax - cell.steps);
  return {static_cast<double>(cell.bits << shift), static_cast<double>((cell.bits + 1) << shift)};
}

}  // namespace

bool IsValidPlace(const GeoPoint& point) {
  return std::abs(point.longitude) <= kGeoLongitudeMax &&
         std::abs(point.latitude) <= kGeoLatitudeMax;
}

uint64_t GeoNumber(const GeoPoint& point) { return CellOf(point, kMercator, kStepsMax).bits; }

GeoPoint GeoPlace(double score) {
  Cell cell = {.steps = kStepsMax};
  if (std::abs(score) < 0x1p63) cell.bits = static_cast<uint64_t>(static_cast<int64_t>(score));
  const Area area = AreaOf(cell);
  const auto middle = [](double low, double high, double limit) {
    return std::clamp((low + high) / 2, -limit, limit);
  };
  return {middle(area.low.longitude, area.high.longitude, kGeoLongitudeMax),
          middle(area.low.latitude, area.high.latitude, kGeoLatitudeMax)};
}

// The haversine formula.
double GeoDistance(const GeoPoint& a, const GeoPoint& b) {
  const double east = std::sin((ToRadians(b.longitude) - ToRadians(a.longitude)) / 2);
  if (east == 0) return LatitudeDistance(a.latitude, b.latitude);
  const double latitude_a = ToRadians(a.latitude);
  const double latitude_b = ToRadians(b.latitude);
  const double north = std::sin((latitude_b - latitude_a) / 2);
  const double chord = north * north + std::cos(latitude_a) * std::cos(latitude_b) * east * east;
  return 2 * kEarthRadius * std::asin(std::sqrt(chord));
}

std::array<char, 11> GeohashText(const GeoPoint& point) {
  constexpr char kAlphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  const uint64_t bits = CellOf(point, kWholeEarth, kStepsMax).bits;
  std::array<char, 11> text;
  for (int i = 0; i < 10; ++i) text[i] = kAlphabet[bits >> (52 - (i + 1) * 5) & 31];
  text[10] = '0';
  return text;
}

bool Covers(const GeoShape& shape, const GeoPoint& place, double* distance) {
  if (shape.is_box) {
    if (LatitudeDistance(shape.center.latitude, place.latitude) > shape.height / 2) return false;
    const double aside =
        GeoDistance(place, {.longitude = shape.center.longitude, .latitude = place.latitude});
    if (aside > shape.width / 2) return false;
  }
  *distance = GeoDistance(shape.center, place);
  return shape.is_box || *distance <= shape.radius;
}

absl::InlinedVector<GeoInterval, 9> CellsAround(const GeoShape& shape) {
  const Area bounds = BoundsOf(shape);
  const double radius = shape.is_box
                            ? std::sqrt(shape.width * shape.width + shape.height * shape.height) / 2
                            : shape.radius;
  int steps = StepsFor(radius, shape.center.latitude);
  Cell center = CellOf(shape.center, kMercator, steps);
  if (steps > 1 && !Reaches(center, bounds)) {
    --steps;
    center = CellOf(shape.center, kMercator, steps);
  }
  const Area area = AreaOf(center);
  const bool fine = steps >= 2;
  // A side that the centre's own cell covers needs no cells beyond.
  const bool south = !fine || area.low.latitude >= bounds.low.latitude;
  const bool north = !fine || area.high.latitude <= bounds.high.latitude;
  const bool west = !fine || area.low.longitude >= bounds.low.longitude;
  const bool east = !fine || area.high.longitude <= bounds.high.longitude;
  struct Around {
    int east;
    int north;
    bool wanted;
  };
  const Around cells[] = {
      {0, 0, true},           {0, 1, north},          {0, -1, south},
      {1, 0, east},           {-1, 0, west},          {1, 1, north && east},
      {-1, 1, north && west}, {1, -1, south && east}, {-1, -1, south && west},
  };
  absl::InlinedVector<GeoInterval, 9> intervals;
  for (const Around& around : cells) {
    if (!around.wanted) continue;
    const GeoInterval interval = IntervalOf(Neighbour(center, around.east, around.north));
    if (!intervals.empty() && intervals.back().begin == interval.begin) continue;
    intervals.push_back(interval);
  }
  return intervals;
}

}  // namespace slotmesh::node
