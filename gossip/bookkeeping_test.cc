// The parts that keep the machine's books: news, probing rounds, local health, suspicions, the
// overlay.
#include <algorithm>
#include <set>
#include <vector>

#include "gossip/overlay.h"
#include "gossip/probing.h"
#include "gossip/sim/random.h"
#include "gossip/suspicion.h"
#include "gossip/update_queue.h"
#include "gtest/gtest.h"

namespace slotmesh::gossip {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1000);

std::vector<slots::NodeId> Nodes(int count) {
  sim::Random random(4);
  std::vector<slots::NodeId> nodes;
  for (int i = 0; i < count; ++i) nodes.push_back(slots::NodeId::Random(random));
  return nodes;
}

TEST(UpdateQueueTest, TheLeastSentGoFirstAndOfThoseTheNewest) {
  const std::vector<slots::NodeId> n = Nodes(3);
  UpdateQueue queue;
  queue.Add(n[0]);
  queue.Add(n[1]);
  EXPECT_EQ(queue.Pick(1, 10, {}), std::vector{n[1]});
  queue.Add(n[2]);
  EXPECT_EQ(queue.Pick(3, 10, {}), (std::vector{n[2], n[0], n[1]}));
  queue.CheckInvariants();
}

TEST(UpdateQueueTest, EachIsSentSoOftenAndNoMore) {
  const std::vector<slots::NodeId> n = Nodes(10);
  UpdateQueue queue;
  for (const slots::NodeId& node : n) queue.Add(node);
  std::vector<int> sent(n.size());
  for (int i = 0; i < 100; ++i) {
    for (const slots::NodeId& node : queue.Pick(3, 5, {})) {
      ++sent[std::find(n.begin(), n.end(), node) - n.begin()];
    }
    queue.CheckInvariants();
  }
  EXPECT_EQ(sent, std::vector<int>(n.size(), 5));
  EXPECT_TRUE(queue.empty());
}

TEST(UpdateQueueTest, NobodyIsToldOfItselfAndFormerMembersAreForgotten) {
  const std::vector<slots::NodeId> n = Nodes(3);
  UpdateQueue queue;
  for (const slots::NodeId& node : n) queue.Add(node);
  const std::vector<slots::NodeId> picked = queue.Pick(3, 10, n[1]);
  EXPECT_EQ(std::count(picked.begin(), picked.end(), n[1]), 0);
  EXPECT_EQ(picked.size(), 2u);
  queue.Keep(*Members::Make({{.id = n[2]}}));
  EXPECT_EQ(queue.Pick(3, 10, {}), std::vector{n[2]});
  EXPECT_FALSE(queue.Contains(n[0]));
}

TEST(ProbeRoundTest, EachRoundVisitsEveryoneOnce) {
  const std::vector<slots::NodeId> nodes = Nodes(7);
  sim::Random random(1);
  ProbeRound round;
  std::vector<slots::NodeId> first;
  for (int r = 0; r < 3; ++r) {
    std::vector<slots::NodeId> seen;
    for (size_t i = 0; i < nodes.size(); ++i) {
      seen.push_back(*round.Next(
          random, [&] { return nodes; }, [](const auto&) { return true; }));
    }
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), nodes.size());
    EXPECT_NE(seen, first) << "the order changes";
    first = seen;
  }
  EXPECT_EQ(round.Next(
                random, [&] { return nodes; }, [](const auto&) { return false; }),
            std::nullopt);
}

TEST(LocalHealthTest, StretchesTimesUpToDouble) {
  LocalHealth health;
  EXPECT_EQ(health.Stretch(absl::Seconds(3)), absl::Seconds(3));
  health.Worsen(100);
  EXPECT_EQ(health.score(), LocalHealth::kWorst);
  EXPECT_EQ(health.Stretch(absl::Seconds(3)), absl::Seconds(6));
  for (int i = 0; i < 20; ++i) health.Improve();
  EXPECT_EQ(health.score(), 0);
}

TEST(SuspicionTest, IndependentAccusersShortenTheTimeToRefute) {
  const slots::NodeId node = Nodes(1)[0];
  Suspicions suspicions(3);
  const auto time = [&] {
    return suspicions.TimeToRefute(suspicions.all().at(node), absl::Seconds(3), absl::Seconds(9));
  };
  EXPECT_TRUE(suspicions.Add(kNow, node, 1));
  EXPECT_EQ(time(), absl::Seconds(9));
  EXPECT_FALSE(suspicions.Add(kNow, node, 1)) << "the same accuser does not count twice";
  EXPECT_EQ(time(), absl::Seconds(9));
  EXPECT_TRUE(suspicions.Add(kNow, node, 2));
  EXPECT_EQ(time(), absl::Seconds(6));
  EXPECT_TRUE(suspicions.Add(kNow, node, 3));
  EXPECT_TRUE(suspicions.Add(kNow, node, 4));
  EXPECT_EQ(time(), absl::Seconds(3));
  EXPECT_FALSE(suspicions.Add(kNow, node, 5)) << "enough is enough";
  EXPECT_EQ(suspicions.all().at(node).accusers.size(), 4u);
  EXPECT_TRUE(suspicions.Remove(node));
  EXPECT_FALSE(suspicions.Remove(node));
}

struct OverlayFixture {
  explicit OverlayFixture(int count, int voters = 3) {
    const std::vector<slots::NodeId> nodes = Nodes(count);
    std::vector<Member> members;
    for (int i = 0; i < count; ++i) {
      if (i % 2 == 0) shard = slots::ShardId::Random(random);
      members.push_back({.id = nodes[i], .shard = shard, .voter = i < voters});
    }
    self = members[count - 1];
    table.SetMembers(kNow, Members::Make(std::move(members)));
  }
  sim::Random random{7};
  slots::ShardId shard;
  Member self;
  MemberTable table;
};

TEST(OverlayTest, WantsTheShardTheVotersAndSomeOthers) {
  OverlayFixture f(100);
  Overlay overlay(f.self.id, 16);
  EXPECT_TRUE(overlay.Update(f.table, f.random));
  EXPECT_EQ(overlay.wanted().size(), 1u + 3u + 16u);
  for (const Member& member : f.table.members().all()) {
    const bool wanted =
        std::binary_search(overlay.wanted().begin(), overlay.wanted().end(), member.id);
    if (member.id == f.self.id) {
      EXPECT_FALSE(wanted);
    } else if (AreDirect(member, f.self)) {
      EXPECT_TRUE(wanted);
    }
  }
  EXPECT_FALSE(overlay.Update(f.table, f.random)) << "nothing has changed";
}

TEST(OverlayTest, SmallClustersAreFullyMeshed) {
  OverlayFixture f(9);
  Overlay overlay(f.self.id, 16);
  EXPECT_TRUE(overlay.Update(f.table, f.random));
  EXPECT_EQ(overlay.wanted().size(), 8u);
  overlay.Rotate(f.table, f.random);
  EXPECT_FALSE(overlay.Update(f.table, f.random)) << "there is nobody to exchange anyone for";
}

TEST(OverlayTest, RotationExchangesOneAndTheDeadAreReplaced) {
  OverlayFixture f(100);
  Overlay overlay(f.self.id, 16);
  overlay.Update(f.table, f.random);
  const std::vector<slots::NodeId> before = overlay.wanted();
  overlay.Rotate(f.table, f.random);
  EXPECT_TRUE(overlay.Update(f.table, f.random));
  std::vector<slots::NodeId> gone;
  std::set_difference(before.begin(), before.end(), overlay.wanted().begin(),
                      overlay.wanted().end(), std::back_inserter(gone));
  EXPECT_EQ(gone.size(), 1u);
  EXPECT_EQ(overlay.wanted().size(), before.size());

  const std::vector<slots::NodeId> wanted = overlay.wanted();
  for (const slots::NodeId& node : wanted) {
    f.table.Set(kNow, f.table.members().IndexOf(node), {.node = node, .state = State::kDead});
  }
  EXPECT_TRUE(overlay.Update(f.table, f.random));
  EXPECT_EQ(overlay.wanted().size(), before.size());
  for (const slots::NodeId& node : overlay.wanted()) {
    const Member& member = *f.table.members().Find(node);
    EXPECT_TRUE(f.table.Find(node)->state != State::kDead || AreDirect(member, f.self));
  }
}

TEST(OverlayTest, WhoIsNoMemberWantsNobody) {
  OverlayFixture f(10);
  Overlay overlay(f.self.id, 16);
  overlay.Update(f.table, f.random);
  f.table.SetMembers(kNow, Members::Make({}));
  EXPECT_TRUE(overlay.Update(f.table, f.random));
  EXPECT_TRUE(overlay.wanted().empty());
}

}  // namespace
}  // namespace slotmesh::gossip
