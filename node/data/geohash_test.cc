#include "node/data/geohash.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

namespace slotmesh::node {
namespace {

constexpr GeoPoint kPalermo = {13.361389, 38.115556};
constexpr GeoPoint kCatania = {15.087269, 37.502669};

std::string Text(const GeoPoint& point) {
  const auto text = GeohashText(point);
  return {text.begin(), text.end()};
}

TEST(Geohash, KnownPlacesHaveTheirKnownNumbers) {
  EXPECT_EQ(GeoNumber(kPalermo), 3479099956230698u);
  EXPECT_EQ(GeoNumber(kCatania), 3479447370796909u);
  EXPECT_EQ(Text(GeoPlace(3479099956230698)), "sqc8b49rny0");
  EXPECT_NEAR(GeoDistance(GeoPlace(3479099956230698), GeoPlace(3479447370796909)), 166274.1516,
              0.0001);
}

TEST(Geohash, LimitsAreValidPlaces) {
  EXPECT_TRUE(IsValidPlace({180, kGeoLatitudeMax}));
  EXPECT_TRUE(IsValidPlace({-180, -kGeoLatitudeMax}));
  EXPECT_FALSE(IsValidPlace({180.1, 0}));
  EXPECT_FALSE(IsValidPlace({0, 85.06}));
  EXPECT_FALSE(IsValidPlace({NAN, 0}));
  EXPECT_FALSE(IsValidPlace({0, NAN}));
}

TEST(Geohash, PlaceOfANumberIsWithinItsCell) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> longitude(-180, 180);
  std::uniform_real_distribution<double> latitude(-kGeoLatitudeMax, kGeoLatitudeMax);
  for (int i = 0; i < 10000; ++i) {
    const GeoPoint point = {longitude(random), latitude(random)};
    const GeoPoint back = GeoPlace(static_cast<double>(GeoNumber(point)));
    EXPECT_NEAR(back.longitude, point.longitude, 360.0 / (1 << 26));
    EXPECT_NEAR(back.latitude, point.latitude, 171.0 / (1 << 26));
    EXPECT_EQ(GeoNumber(back), GeoNumber(point));
  }
}

TEST(Geohash, AnyScoreIsSomePlace) {
  for (const double score : {-1.0, -1e300, 1e300, 9.3e18, 0x1p53, (double)INFINITY, -0.5}) {
    EXPECT_TRUE(IsValidPlace(GeoPlace(score))) << score;
  }
}

// Whatever lies within a shape lies within its cells too.
TEST(Geohash, CellsCoverTheShape) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> longitude(-180, 180);
  std::uniform_real_distribution<double> latitude(-70, 70);
  std::uniform_real_distribution<double> exponent(0, 6);
  std::uniform_real_distribution<double> near(-1, 1);
  int covered = 0;
  for (int i = 0; i < 200'000; ++i) {
    GeoShape shape = {.center = {longitude(random), latitude(random)}};
    shape.is_box = i % 2 == 0;
    shape.radius = std::pow(10, exponent(random));
    shape.width = std::pow(10, exponent(random));
    shape.height = std::pow(10, exponent(random));
    const double reach = shape.is_box ? std::max(shape.width, shape.height) : shape.radius;
    const double degrees = reach / 111'000;
    const GeoPoint place = GeoPlace(static_cast<double>(GeoNumber(
        {std::fmin(179.99, std::fmax(-180, shape.center.longitude + near(random) * degrees)),
         std::fmin(80, std::fmax(-80, shape.center.latitude + near(random) * degrees))})));
    double distance;
    if (!Covers(shape, place, &distance)) continue;
    ++covered;
    const auto number = static_cast<double>(GeoNumber(place));
    bool found = false;
    for (const GeoInterval& cell : CellsAround(shape)) {
      found = found || (number >= cell.begin && number < cell.end);
    }
    ASSERT_TRUE(found) << shape.center.longitude << " " << shape.center.latitude << " "
                       << shape.is_box << " " << shape.radius << " " << shape.width << "x"
                       << shape.height << " " << place.longitude << " " << place.latitude;
  }
  EXPECT_GT(covered, 10'000);
}

}  // namespace
}  // namespace slotmesh::node
