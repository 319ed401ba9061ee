#include "node/stats/slow_log.h"

#include <gtest/gtest.h>

namespace slotmesh::node {
namespace {

TEST(SlowLogTest, LongRequestsAreCutAndSayByHowMuch) {
  SlowLog log;
  const std::string big(200, 'x');
  std::vector<std::string_view> words(40, "a");
  words[1] = big;
  log.Add(words, 20'000, 1, "127.0.0.1:1", "");
  const SlowLog::Entry& entry = log.entries().front();
  ASSERT_EQ(entry.words.size(), SlowLog::kArgumentsMax);
  EXPECT_EQ(entry.words[1], std::string(128, 'x') + "... (72 more bytes)");
  EXPECT_EQ(entry.words.back(), "... (9 more arguments)");
}

TEST(SlowLogTest, KeepsTheNewestEntriesFirstAndNoMoreThanItsBound) {
  SlowLog log;
  log.set_max_entries(2);
  for (int i = 0; i < 5; ++i) log.Add({"get"}, i, 1, "", "");
  ASSERT_EQ(log.entries().size(), 2u);
  EXPECT_EQ(log.entries()[0].id, 4);
  EXPECT_EQ(log.entries()[1].id, 3);
}

TEST(SlowLogTest, NegativeThresholdWantsNothing) {
  SlowLog log;
  log.set_threshold(-1);
  EXPECT_FALSE(log.Wants(1'000'000));
  log.set_threshold(0);
  EXPECT_TRUE(log.Wants(0));
}

}  // namespace
}  // namespace slotmesh::node
