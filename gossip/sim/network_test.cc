#include "gossip/sim/network.h"

#include <memory>
#include <vector>

#include "gtest/gtest.h"

namespace slotmesh::sim {
namespace {

struct Fixture {
  explicit Fixture(LinkFaults faults = {}, bool across_restarts = false, uint64_t seed = 1)
      : scheduler(seed),
        hosts(scheduler, {.count = 4}),
        links(scheduler, faults),
        network(hosts, links,
                [this](HostIndex from, HostIndex to, int message) {
                  got.push_back({from, to, message});
                },
                {.deliver_across_restarts = across_restarts}) {}

  struct Got {
    HostIndex from, to;
    int message;
    friend bool operator==(const Got&, const Got&) = default;
  };
  Scheduler scheduler;
  Hosts hosts;
  Links links;
  std::vector<Got> got;
  Network<int> network;
};

TEST(NetworkTest, DeliversLaterAndCountsBytes) {
  Fixture f;
  f.network.Send(0, 1, 42, 100);
  EXPECT_TRUE(f.got.empty());
  f.scheduler.RunFor(absl::Seconds(1));
  EXPECT_EQ(f.got, (std::vector<Fixture::Got>{{0, 1, 42}}));
  EXPECT_EQ(f.network.traffic(0).bytes_sent, 100u);
  EXPECT_EQ(f.network.traffic(1).bytes_received, 100u);
}

TEST(NetworkTest, LosesAndDoublesAboutAsOftenAsAsked) {
  Fixture f({.loss_percent = 20, .duplicate_percent = 10});
  for (int i = 0; i < 10'000; ++i) f.network.Send(0, 1, i);
  f.scheduler.RunFor(absl::Seconds(1));
  EXPECT_NEAR(static_cast<double>(f.network.traffic(0).messages_lost), 2000, 200);
  EXPECT_NEAR(static_cast<double>(f.got.size()), 8800, 250);
}

TEST(NetworkTest, ReordersUnlessOrdered) {
  for (const bool ordered : {false, true}) {
    Fixture f({.duplicate_percent = 5, .ordered = ordered});
    for (int i = 0; i < 1000; ++i) {
      f.scheduler.After(absl::Microseconds(10 * i), [&f, i] { f.network.Send(0, 1, i); });
    }
    f.scheduler.RunFor(absl::Seconds(1));
    bool sorted = true;
    for (size_t i = 1; i < f.got.size(); ++i) sorted &= f.got[i - 1].message <= f.got[i].message;
    EXPECT_EQ(sorted, ordered);
  }
}

TEST(NetworkTest, AOneWayCutDropsOneWayAndWhatIsUnderWay) {
  Fixture f;
  f.network.Send(0, 1, 1);
  f.links.Cut(0, 1);
  f.network.Send(0, 1, 2);
  f.network.Send(1, 0, 3);
  f.scheduler.RunFor(absl::Seconds(1));
  EXPECT_EQ(f.got, (std::vector<Fixture::Got>{{1, 0, 3}}));
  f.links.HealAll();
  f.network.Send(0, 1, 4);
  f.scheduler.RunFor(absl::Seconds(1));
  EXPECT_EQ(f.got.back().message, 4);
}

TEST(NetworkTest, APartitionSplitsTheHosts) {
  Fixture f;
  f.links.Partition({0, 1}, {2, 3});
  for (int from = 0; from < 4; ++from) {
    for (int to = 0; to < 4; ++to) {
      if (from != to) f.network.Send(from, to, 0);
    }
  }
  f.scheduler.RunFor(absl::Seconds(1));
  EXPECT_EQ(f.got.size(), 4u);
  for (const Fixture::Got& got : f.got) EXPECT_EQ(got.from / 2, got.to / 2);
}

TEST(NetworkTest, MessagesToAnEarlierLifeAreLostUnlessAskedFor) {
  for (const bool across : {false, true}) {
    Fixture f({}, across);
    f.network.Send(0, 1, 1);
    f.hosts.Restart(1);
    f.network.Send(1, 0, 2);
    f.hosts.Crash(1);  // What it sent before still arrives.
    f.scheduler.RunFor(absl::Seconds(1));
    EXPECT_EQ(f.got, (std::vector<Fixture::Got>{{1, 0, 2}}));
    f.got.clear();
    f.hosts.Start(1);
    f.network.Send(0, 1, 3);
    f.hosts.Restart(1);
    f.scheduler.RunFor(absl::Seconds(1));
    EXPECT_EQ(f.got.size(), across ? 1u : 0u);
  }
}

TEST(NetworkTest, APausedHostGetsItsMessagesWhenItGoesOn) {
  Fixture f({.ordered = true});
  f.hosts.Pause(1);
  f.network.Send(0, 1, 1);
  f.network.Send(0, 1, 2);
  f.scheduler.RunFor(absl::Seconds(1));
  EXPECT_TRUE(f.got.empty());
  f.hosts.Resume(1);
  f.scheduler.RunFor(absl::Seconds(1));
  EXPECT_EQ(f.got, (std::vector<Fixture::Got>{{0, 1, 1}, {0, 1, 2}}));
}

TEST(NetworkTest, OneSeedGivesOneTrace) {
  const auto trace = [](uint64_t seed) {
    Fixture f({.loss_percent = 5, .duplicate_percent = 5, .slow_percent = 5}, false, seed);
    for (int i = 0; i < 500; ++i) f.network.Send(i % 4, (i + 1) % 4, i, i);
    f.scheduler.RunFor(absl::Seconds(1));
    return f.scheduler.trace_hash();
  };
  EXPECT_EQ(trace(9), trace(9));
  EXPECT_NE(trace(9), trace(10));
}

}  // namespace
}  // namespace slotmesh::sim
