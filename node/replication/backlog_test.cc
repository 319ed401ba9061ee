#include "node/replication/backlog.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace slotmesh::node {
namespace {

std::string ReadAll(const Backlog& backlog, uint64_t from) {
  std::string all;
  while (from + all.size() < backlog.end()) all += backlog.Read(from + all.size());
  return all;
}

TEST(Backlog, GivesBackWhatIsKept) {
  std::mt19937_64 random(1);
  Backlog backlog;
  backlog.Restart(1000);
  std::string model;
  for (int i = 0; i < 500; ++i) {
    const std::string bytes(random() % 5000, static_cast<char>('a' + i % 26));
    backlog.Append(bytes);
    model += bytes;
    ASSERT_EQ(backlog.end(), 1000 + model.size());
    if (i % 50 != 0) continue;
    const uint64_t needed = backlog.end() - random() % (backlog.size() + 1);
    backlog.Trim(needed, 30'000);
    ASSERT_LE(backlog.begin(), needed);
    ASSERT_GE(backlog.size(), std::min<size_t>(30'000, model.size()));
    ASSERT_EQ(ReadAll(backlog, backlog.begin()), model.substr(backlog.begin() - 1000));
  }
  EXPECT_TRUE(backlog.Read(backlog.end()).empty());
}

TEST(Backlog, ForgetsNoMoreThanItMay) {
  Backlog backlog;
  backlog.Append(std::string(10 * Backlog::kBlockBytes, 'x'));
  backlog.Trim(3 * Backlog::kBlockBytes + 1, 0);
  EXPECT_EQ(backlog.begin(), 3 * Backlog::kBlockBytes);
  backlog.Trim(backlog.end(), 2 * Backlog::kBlockBytes);
  EXPECT_EQ(backlog.size(), 2 * Backlog::kBlockBytes);
  backlog.Restart(7);
  EXPECT_EQ(backlog.begin(), 7u);
  EXPECT_EQ(backlog.size(), 0u);
}

}  // namespace
}  // namespace slotmesh::node
