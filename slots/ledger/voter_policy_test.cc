#include "slots/ledger/voter_policy.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "slots/ledger/random_entries.h"

namespace slotmesh::ledger {
namespace {

using testing::Node;

// Members 1 to n, all alive, member i running server i; every learner catches up at once.
class VoterPolicyTest : public ::testing::Test {
 protected:
  void Members(int n) {
    for (int i = 1; i <= n; ++i) {
      slots::NodeInfo info = testing::Info(static_cast<uint64_t>(i));
      map_.nodes.push_back(info);
      facts_.alive.insert(info.id);
      facts_.servers[info.id] = static_cast<ServerId>(i);
    }
  }
  void Voters(std::vector<uint64_t> ids) {
    for (const uint64_t id : ids) configuration_.voters.push_back({id, Node(id)});
  }
  // Takes steps until nothing is to be done; the number of votes that changed at most at a time,
  // and the most voters that there were.
  void Settle() {
    facts_.configuration = &configuration_;
    facts_.map = &map_;
    for (int i = 0; i < 50; ++i) {
      for (const Server& learner : configuration_.learners) facts_.caught_up.insert(learner.id);
      const VoterStep step = NextVoterStep(facts_);
      if (std::holds_alternative<KeepVoters>(step)) return;
      const auto* change = std::get_if<ChangeVoters>(&step);
      if (change == nullptr) {
        facts_.servers[std::get<InviteNode>(step).node] = 1000 + static_cast<ServerId>(i);
        continue;
      }
      const auto before = static_cast<int>(configuration_.voters.size());
      configuration_ = change->next;
      const auto after = static_cast<int>(configuration_.voters.size());
      ASSERT_LE(std::abs(after - before), 1);
      most_ = std::max(most_, after);
    }
    FAIL() << "it never settles";
  }
  std::vector<ServerId> Ids() {
    std::vector<ServerId> ids;
    for (const Server& voter : configuration_.voters) ids.push_back(voter.id);
    return ids;
  }
  slots::SlotMapData map_;
  Configuration configuration_;
  VoterFacts facts_;
  int most_ = 0;
};

TEST_F(VoterPolicyTest, OneOrTwoMembersHaveOneVoterThreeHaveThreeManyHaveFive) {
  for (const auto& [members, voters] :
       std::map<int, size_t>{{1, 1}, {2, 1}, {3, 3}, {4, 3}, {5, 5}, {9, 5}}) {
    map_.nodes.clear();
    configuration_ = {};
    Members(members);
    Voters({1});
    Settle();
    EXPECT_EQ(configuration_.voters.size(), voters) << members;
    EXPECT_TRUE(configuration_.learners.empty());
  }
}

TEST_F(VoterPolicyTest, ArbiterVotesBeforeOthers) {
  Members(6);
  map_.nodes.back().arbiter = true;
  Voters({1});
  Settle();
  EXPECT_EQ(configuration_.voters.size(), 5u);
  EXPECT_TRUE(configuration_.IsVoter(6));
}

TEST_F(VoterPolicyTest, Safety10ADeadOneOfFiveIsReplacedOverSix) {
  Members(6);
  Voters({1, 2, 3, 4, 5});
  facts_.alive.erase(Node(3));
  Settle();
  EXPECT_EQ(Ids(), (std::vector<ServerId>{1, 2, 4, 5, 6}));
  EXPECT_EQ(most_, 6);
}

TEST_F(VoterPolicyTest, Safety10AVoterWhoseDiskWasLostComesBackAsANewServer) {
  Members(3);
  Voters({1, 2, 3});
  facts_.servers[Node(2)] = 22;
  Settle();
  EXPECT_EQ(Ids(), (std::vector<ServerId>{1, 3, 22}));
}

TEST_F(VoterPolicyTest, WithoutAReplacementADeadVoterStays) {
  Members(3);
  Voters({1, 2, 3});
  facts_.alive.erase(Node(3));
  Settle();
  EXPECT_EQ(Ids().size(), 3u);
}

TEST_F(VoterPolicyTest, NewVotersComeFromOtherHostsThenOtherZones) {
  Members(6);
  for (int i : {0, 1, 2}) map_.nodes[i].ip = "10.9.9.9";
  for (int i : {3, 4}) map_.nodes[i].zone = "a";
  map_.nodes[0].zone = "a";
  map_.nodes[5].zone = "b";
  Voters({1});
  facts_.configuration = &configuration_;
  facts_.map = &map_;
  const VoterStep step = NextVoterStep(facts_);
  EXPECT_EQ(std::get<ChangeVoters>(step).next.learners, (std::vector<Server>{{6, Node(6)}}));
}

TEST_F(VoterPolicyTest, AMemberThatLeavesLosesItsVoteFirstToAnother) {
  Members(4);
  Voters({1, 2, 3});
  facts_.leaving.insert(Node(1));
  Settle();
  EXPECT_EQ(Ids(), (std::vector<ServerId>{2, 3, 4}));
}

TEST_F(VoterPolicyTest, NoChangeThatThoseWhoAreThereCouldNotCommit) {
  Members(3);
  Voters({1, 2, 3});
  facts_.alive.erase(Node(3));
  facts_.leaving.insert(Node(2));
  Settle();
  EXPECT_EQ(Ids().size(), 3u);  // {1, 3} would wait for 3.
}

TEST_F(VoterPolicyTest, ANodeWhoseServerIsUnknownIsAskedFirst) {
  Members(3);
  Voters({1});
  facts_.servers.clear();
  facts_.configuration = &configuration_;
  facts_.map = &map_;
  EXPECT_EQ(std::get<InviteNode>(NextVoterStep(facts_)).node, Node(2));
}

TEST_F(VoterPolicyTest, AnEvenNumberOfVotersLastsNoLongerThanOneChange) {
  Members(3);
  Voters({1});
  facts_.configuration = &configuration_;
  facts_.map = &map_;
  configuration_ = std::get<ChangeVoters>(NextVoterStep(facts_)).next;
  configuration_ = std::get<ChangeVoters>(NextVoterStep(facts_)).next;
  ASSERT_EQ(configuration_.learners.size(), 2u);
  facts_.caught_up.insert(2);
  EXPECT_TRUE(std::holds_alternative<KeepVoters>(NextVoterStep(facts_)));
  facts_.caught_up.insert(3);
  configuration_ = std::get<ChangeVoters>(NextVoterStep(facts_)).next;
  EXPECT_EQ(Ids(), (std::vector<ServerId>{1, 2}));
  configuration_ = std::get<ChangeVoters>(NextVoterStep(facts_)).next;
  EXPECT_EQ(Ids(), (std::vector<ServerId>{1, 2, 3}));
}

TEST_F(VoterPolicyTest, ALearnerWithoutAPartnerGetsNoVote) {
  Members(3);
  Voters({1});
  facts_.alive.erase(Node(3));
  Settle();
  EXPECT_EQ(Ids(), std::vector<ServerId>{1});
  EXPECT_EQ(configuration_.learners.size(), 1u);
}

TEST_F(VoterPolicyTest, ALearnerWaitsUntilItHasCaughtUpAndGoesIfItDies) {
  Members(3);
  Voters({1, 2});
  configuration_.learners = {{3, Node(3)}};
  facts_.configuration = &configuration_;
  facts_.map = &map_;
  EXPECT_TRUE(std::holds_alternative<KeepVoters>(NextVoterStep(facts_)));
  facts_.alive.erase(Node(3));
  EXPECT_TRUE(std::get<ChangeVoters>(NextVoterStep(facts_)).next.learners.empty());
}

}  // namespace
}  // namespace slotmesh::ledger
