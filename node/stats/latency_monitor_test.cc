#include "node/stats/latency_monitor.h"

#include <gtest/gtest.h>

#include <string>

namespace slotmesh::node {
namespace {

TEST(LatencyMonitor, KeepsTheSlowestOfASecond) {
  LatencyMonitor monitor;
  monitor.Add("command", 100, 20);
  monitor.Add("command", 100, 50);
  monitor.Add("command", 100, 30);
  monitor.Add("command", 101, 10);
  const LatencyMonitor::Event* event = monitor.Find("command");
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(event->samples.size(), 2u);
  EXPECT_EQ(event->samples[0].millis, 50);
  EXPECT_EQ(event->samples[1].millis, 10);
  EXPECT_EQ(event->max_millis, 50);
}

TEST(LatencyMonitor, DropsTheOldestSamplesButKeepsTheMaximum) {
  LatencyMonitor monitor;
  monitor.Add("command", 1, 999);
  for (int second = 2; second < 500; ++second) monitor.Add("command", second, 10);
  const LatencyMonitor::Event* event = monitor.Find("command");
  EXPECT_EQ(event->samples.size(), LatencyMonitor::kSamplesMax);
  EXPECT_EQ(event->samples.back().unix_seconds, 499);
  EXPECT_EQ(event->max_millis, 999);
}

TEST(LatencyMonitor, TheNumberOfEventsIsBounded) {
  LatencyMonitor monitor;
  for (int i = 0; i < 200; ++i) monitor.Add(std::to_string(i), 1, 1);
  EXPECT_EQ(monitor.events().size(), LatencyMonitor::kEventsMax);
}

TEST(LatencyMonitor, ResetForgetsOneOrAll) {
  LatencyMonitor monitor;
  monitor.Add("a", 1, 1);
  monitor.Add("b", 1, 1);
  EXPECT_TRUE(monitor.Reset("a"));
  EXPECT_FALSE(monitor.Reset("a"));
  EXPECT_EQ(monitor.Find("a"), nullptr);
  EXPECT_EQ(monitor.ResetAll(), 1u);
  EXPECT_TRUE(monitor.events().empty());
}

}  // namespace
}  // namespace slotmesh::node
