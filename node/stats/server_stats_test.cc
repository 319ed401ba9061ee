#include "node/stats/server_stats.h"

#include <gtest/gtest.h>

#include <string>

namespace slotmesh::node {
namespace {

TEST(ServerStatsTest, CodesThatScriptsMakeUpAreCountedTogetherOnceThereAreMany) {
  ServerStats stats;
  for (size_t i = 0; i < kErrorCodesMax + 10; ++i) {
    stats.CountError(std::to_string(i), /*made_up=*/true);
  }
  EXPECT_EQ(stats.error_replies, kErrorCodesMax + 10);
  EXPECT_EQ(stats.errors.find(kOtherErrorCodes)->second, 10u);
  // The server's own go on to be counted one by one, as do those that are there already.
  stats.CountError("WRONGTYPE", /*made_up=*/false);
  stats.CountError("1", /*made_up=*/true);
  EXPECT_EQ(stats.errors.find("WRONGTYPE")->second, 1u);
  EXPECT_EQ(stats.errors.find("1")->second, 2u);
  EXPECT_EQ(stats.errors.find(kOtherErrorCodes)->second, 10u);
}

TEST(ServerStatsTest, ThereIsNoEndlessNumberOfCodes) {
  ServerStats stats;
  for (size_t i = 0; i < 10 * kErrorCodesMax; ++i) {
    stats.CountError(std::to_string(i), /*made_up=*/false);
  }
  EXPECT_EQ(stats.errors.size(), 2 * kErrorCodesMax + 1);
}

}  // namespace
}  // namespace slotmesh::node
