// One server against a scripted world: the rules that whole-cluster simulations reach too rarely.
// Servers 1 to 3 (or 5), of which 1 is the one under test.
#include "slots/ledger/raft.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gossip/sim/random.h"
#include "slots/ledger/random_entries.h"

namespace slotmesh::ledger {
namespace {

using Type = RaftMessage::Type;

Configuration Voters(std::vector<uint64_t> ids) {
  Configuration configuration;
  for (const uint64_t id : ids) configuration.voters.push_back({id, testing::Node(id)});
  return configuration;
}

LogEntry ConfigurationEntry(Index index, Term term, std::vector<uint64_t> ids) {
  return {index, term, LogKind::kConfiguration, EncodeConfiguration(Voters(ids))};
}

LogEntry Data(Index index, Term term) {
  return {index, term, LogKind::kEntry, "at " + std::to_string(index) + "." + std::to_string(term)};
}

class RaftTest : public ::testing::Test {
 protected:
  void Start(HardState hard, std::vector<LogEntry> entries, SnapshotPtr snapshot = nullptr) {
    raft_ = std::make_unique<Raft>(
        *Raft::Create({.self = 1}, hard, std::move(snapshot), std::move(entries), now_, random_));
  }
  void StartWithThree(HardState hard, std::vector<LogEntry> more) {
    more.insert(more.begin(), ConfigurationEntry(1, 1, {1, 2, 3}));
    Start(hard, std::move(more));
  }
  RaftMessage From(ServerId from, Type type, Term term) {
    RaftMessage message;
    message.type = type;
    message.from = from;
    message.to = 1;
    message.term = term;
    return message;
  }
  RaftOutput Receive(const RaftMessage& message) {
    RaftOutput out;
    raft_->Receive(now_, message, &out);
    raft_->CheckInvariants();
    Take(out);
    return out;
  }
  RaftOutput Tick(absl::Duration after) {
    now_ += after;
    RaftOutput out;
    raft_->Tick(now_, &out);
    raft_->CheckInvariants();
    Take(out);
    return out;
  }
  // All that was given out to write is written.
  RaftOutput Stored() {
    RaftOutput out;
    raft_->Stored(now_, persisted_, &out);
    raft_->CheckInvariants();
    Take(out);
    return out;
  }
  // Makes it the leader, with a vote of 2 (and of 3 if there are five).
  void Elect(int votes = 1) {
    Tick(absl::Seconds(1));
    ASSERT_EQ(raft_->role(), Role::kPreCandidate);
    for (const bool pre : {true, false}) {
      for (int i = 0; i < votes; ++i) {
        RaftMessage vote =
            From(static_cast<ServerId>(2 + i), Type::kVoteReply, raft_->term() + (pre ? 1 : 0));
        vote.pre = pre;
        vote.ok = true;
        Receive(vote);
      }
    }
    ASSERT_EQ(raft_->role(), Role::kLeader);
    Stored();
  }
  RaftMessage Ok(ServerId from, Index index, uint64_t round = 0) {
    RaftMessage reply = From(from, Type::kAppendReply, raft_->term());
    reply.ok = true;
    reply.index = index;
    reply.round = round;
    return reply;
  }
  RaftMessage Append(ServerId from, Term term, Index index, Term log_term,
                     std::vector<LogEntry> entries, Index commit = 0) {
    RaftMessage message = From(from, Type::kAppend, term);
    message.index = index;
    message.log_term = log_term;
    message.entries = std::move(entries);
    message.commit = commit;
    return message;
  }
  RaftMessage Vote(ServerId from, Term term, Index index, Term log_term) {
    RaftMessage vote = From(from, Type::kVote, term);
    vote.index = index;
    vote.log_term = log_term;
    return vote;
  }
  uint64_t LastRound(const RaftOutput& out) {
    uint64_t round = 0;
    for (const RaftMessage& message : out.sends) round = std::max(round, message.round);
    return round;
  }

  void Take(const RaftOutput& out) {
    for (const Persist& persist : out.persists) persisted_ = persist.id;
  }

  absl::Time now_ = absl::FromUnixSeconds(1000);
  sim::Random random_{1};
  std::unique_ptr<Raft> raft_;
  uint64_t persisted_ = 0;
};

TEST_F(RaftTest, EntriesOfEarlierTermsAreNotCommittedByCounting) {
  StartWithThree({3, 0}, {Data(2, 2)});
  Elect();
  ASSERT_EQ(raft_->term(), 4u);
  EXPECT_TRUE(Receive(Ok(2, 2)).committed.empty());  // A majority has entry 2, of term 2.
  EXPECT_EQ(raft_->commit_index(), 0u);
  EXPECT_FALSE(raft_->is_settled_leader());
  EXPECT_EQ(Receive(Ok(2, 3)).committed.size(), 3u);  // With the entry of term 4 it is committed.
  EXPECT_TRUE(raft_->is_settled_leader());
}

TEST_F(RaftTest, OwnEntriesCountOnlyWhenStored) {
  StartWithThree({3, 0}, {});
  Elect();
  Receive(Ok(2, 2));
  RaftOutput out;
  const Index index = raft_->Propose(now_, "x", &out);
  Take(out);
  EXPECT_TRUE(Receive(Ok(2, index)).committed.empty());
  EXPECT_EQ(Stored().committed.size(), 1u);
}

TEST_F(RaftTest, AVoteIsGivenOnceATermAndLeavesWhenItIsStored) {
  StartWithThree({3, 0}, {});
  const RaftOutput first = Receive(Vote(2, 5, 1, 1));
  EXPECT_TRUE(first.sends.empty());
  ASSERT_EQ(first.persists.size(), 1u);
  EXPECT_EQ(first.persists[0].hard, (HardState{5, 2}));
  const RaftOutput sent = Stored();
  ASSERT_EQ(sent.sends.size(), 1u);
  EXPECT_TRUE(sent.sends[0].ok);
  const RaftOutput second = Receive(Vote(3, 5, 9, 4));
  ASSERT_EQ(second.sends.size(), 1u);
  EXPECT_FALSE(second.sends[0].ok);
}

TEST_F(RaftTest, WhoHasLessInItsLogGetsNoVote) {
  StartWithThree({3, 0}, {Data(2, 2), Data(3, 2)});
  for (const auto& [index, term, ok] :
       std::vector<std::tuple<Index, Term, bool>>{{2, 2, false}, {9, 1, false}, {3, 2, true}}) {
    Receive(Vote(2, raft_->term() + 1, index, term));
    const RaftOutput out = Stored();
    ASSERT_EQ(out.sends.size(), 1u);
    EXPECT_EQ(out.sends[0].ok, ok) << index << "." << term;
  }
}

TEST_F(RaftTest, WhoHearsALeaderGivesNoVote) {
  StartWithThree({3, 2}, {});
  Receive(Append(2, 3, 1, 1, {}));
  RaftMessage pre = Vote(3, 4, 9, 9);
  pre.pre = true;
  EXPECT_TRUE(Receive(pre).sends.empty());
  EXPECT_TRUE(Receive(Vote(3, 4, 9, 9)).sends.empty());
  EXPECT_EQ(raft_->term(), 3u);
  now_ += absl::Seconds(1);
  EXPECT_EQ(Receive(pre).sends.size(), 1u);
}

TEST_F(RaftTest, EntriesAreAcknowledgedWhenTheyAreStored) {
  StartWithThree({3, 0}, {});
  EXPECT_TRUE(Receive(Append(2, 3, 1, 1, {Data(2, 3)})).sends.empty());
  const RaftOutput out = Stored();
  ASSERT_EQ(out.sends.size(), 1u);
  EXPECT_TRUE(out.sends[0].ok);
  EXPECT_EQ(out.sends[0].index, 2u);
}

TEST_F(RaftTest, CommitGoesNoFurtherThanWhatIsKnownToAgree) {
  StartWithThree({3, 0}, {Data(2, 2), Data(3, 2)});
  Receive(Append(2, 3, 1, 1, {}, /*commit=*/3));  // 2 and 3 may differ from the leader's.
  EXPECT_EQ(raft_->commit_index(), 1u);
  Receive(Append(2, 3, 1, 1, {Data(2, 3)}, 3));
  EXPECT_EQ(raft_->commit_index(), 2u);
  EXPECT_EQ(raft_->log().last_index(), 2u);
}

TEST_F(RaftTest, ARefusalPointsBeforeTheTermThatDiffers) {
  StartWithThree({5, 0}, {Data(2, 2), Data(3, 3), Data(4, 3)});
  Receive(Append(2, 5, 4, 4, {}));
  RaftOutput out = Stored();
  if (out.sends.empty()) out = Receive(Append(2, 5, 4, 4, {}));
  ASSERT_FALSE(out.sends.empty());
  EXPECT_FALSE(out.sends[0].ok);
  EXPECT_EQ(out.sends[0].hint, 2u);
}

TEST_F(RaftTest, AConfigurationThatIsDroppedNoLongerHolds) {
  StartWithThree({3, 0}, {ConfigurationEntry(2, 2, {1, 2, 3, 4})});
  EXPECT_EQ(raft_->configuration().voters.size(), 4u);
  Receive(Append(2, 3, 1, 1, {Data(2, 3)}));
  EXPECT_EQ(raft_->configuration().voters.size(), 3u);
}

TEST_F(RaftTest, AConfigurationThatIsDroppedGoesBackToTheSnapshots) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->index = 10;
  snapshot->term = 2;
  snapshot->configuration = Voters({1, 2, 3});
  Start({3, 0}, {ConfigurationEntry(11, 2, {1, 2, 3, 4})}, snapshot);
  EXPECT_EQ(raft_->configuration().voters.size(), 4u);
  Receive(Append(2, 3, 10, 2, {Data(11, 3)}));
  EXPECT_EQ(raft_->configuration(), Voters({1, 2, 3}));
}

TEST_F(RaftTest, AnOldSnapshotDropsNothingThatWasPromised) {
  StartWithThree({3, 0}, {Data(2, 2), Data(3, 2)});
  RaftMessage message = From(2, Type::kSnapshot, 3);
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->index = 2;
  snapshot->term = 2;
  snapshot->configuration = Voters({1, 2, 3});
  message.snapshot = snapshot;
  const RaftOutput out = Receive(message);
  EXPECT_EQ(out.restored, nullptr);
  EXPECT_EQ(out.committed.size(), 2u);
  EXPECT_EQ(raft_->log().last_index(), 3u);
}

TEST_F(RaftTest, ConfigurationsChangeOneVoterAtATimeAfterSomethingOfTheTermIsCommitted) {
  StartWithThree({3, 0}, {});
  Elect();
  RaftOutput out;
  EXPECT_FALSE(raft_->ProposeConfiguration(now_, Voters({1, 2, 3, 4}), &out));
  Receive(Ok(2, 2));
  EXPECT_FALSE(raft_->ProposeConfiguration(now_, Voters({1, 2, 3, 4, 5}), &out));
  EXPECT_FALSE(raft_->ProposeConfiguration(now_, Voters({1, 2, 4}), &out));
  EXPECT_TRUE(raft_->ProposeConfiguration(now_, Voters({1, 2, 3, 4}), &out));
  Take(out);
  EXPECT_FALSE(raft_->ProposeConfiguration(now_, Voters({1, 2, 3}), &out));  // One is under way.
}

TEST_F(RaftTest, ALeaderThatRemovesItselfGoesWhenThatIsCommitted) {
  StartWithThree({3, 0}, {});
  Elect();
  Receive(Ok(2, 2));
  RaftOutput out;
  ASSERT_TRUE(raft_->ProposeConfiguration(now_, Voters({2, 3}), &out));
  Take(out);
  Stored();
  Receive(Ok(2, 3));
  EXPECT_EQ(raft_->role(), Role::kLeader);  // Its own copy does not count.
  Receive(Ok(3, 3));
  EXPECT_EQ(raft_->role(), Role::kFollower);
  EXPECT_EQ(raft_->NextDeadline(), absl::InfiniteFuture());
}

TEST_F(RaftTest, WhoIsBeingRemovedStandsForElectionUntilThatIsCommitted) {
  StartWithThree({3, 0}, {ConfigurationEntry(2, 3, {2, 3})});
  Tick(absl::Seconds(1));
  EXPECT_EQ(raft_->role(), Role::kPreCandidate);
  Receive(Append(2, 3, 2, 3, {}, /*commit=*/2));
  Tick(absl::Seconds(1));
  EXPECT_EQ(raft_->role(), Role::kFollower);
}

TEST_F(RaftTest, ALeaderWithoutAMajorityStepsDown) {
  StartWithThree({3, 0}, {});
  Elect();
  Tick(absl::Milliseconds(500));
  EXPECT_EQ(raft_->role(), Role::kLeader);
  Tick(absl::Milliseconds(200));
  EXPECT_EQ(raft_->role(), Role::kFollower);
}

TEST_F(RaftTest, Safety5TheMajoritysRoundIsTheOneThatAMajorityAnswered) {
  Start({3, 0}, {ConfigurationEntry(1, 1, {1, 2, 3, 4, 5})});
  Elect(2);
  const absl::Time first = now_;
  const uint64_t round1 = LastRound(Tick(absl::Milliseconds(75)));
  const absl::Time sent1 = now_;
  const uint64_t round2 = LastRound(Tick(absl::Milliseconds(75)));
  ASSERT_GT(round2, round1);
  EXPECT_LT(raft_->majority_round(), first);
  Receive(Ok(2, 1, round2));
  EXPECT_LT(raft_->majority_round(), first);  // Two of five: itself and 2.
  Receive(Ok(3, 1, round1));
  EXPECT_EQ(raft_->majority_round(), sent1);
  RaftMessage stale = Ok(4, 1, round2);
  stale.term = 3;
  Receive(stale);
  EXPECT_EQ(raft_->majority_round(), sent1);
  RaftMessage future = Ok(4, 1, round2 + 5);
  Receive(future);
  EXPECT_EQ(raft_->majority_round(), sent1);
  EXPECT_EQ(raft_->stats().bad_messages, 1u);
}

TEST_F(RaftTest, ALoneServerLeadsAtOnceAndAnswersItself) {
  RaftOutput out;
  Start({}, {});
  raft_->Bootstrap(now_, testing::Node(1), &out);
  Take(out);
  EXPECT_EQ(raft_->role(), Role::kLeader);
  EXPECT_EQ(raft_->commit_index(), 0u);
  Stored();
  EXPECT_TRUE(raft_->is_settled_leader());
  EXPECT_EQ(raft_->majority_round(), now_);
}

TEST_F(RaftTest, AFollowerThatIsFarBehindGetsTheSnapshotOnceInAWhile) {
  StartWithThree({3, 0}, {});
  Elect();
  for (int i = 0; i < 300; ++i) {
    RaftOutput out;
    raft_->Propose(now_, "x", &out);
    Take(out);
  }
  Stored();
  Receive(Ok(2, raft_->log().last_index()));
  RaftOutput out;
  raft_->Compact("state", &out);
  Take(out);
  EXPECT_EQ(out.persists.back().snapshot->data, "state");
  EXPECT_EQ(raft_->log().first_index(), raft_->log().snapshot_index() - kTrailingEntries + 1);
  RaftMessage refusal = Ok(3, 1);
  refusal.ok = false;
  refusal.hint = 0;
  const RaftOutput sent = Receive(refusal);
  ASSERT_EQ(sent.sends.size(), 1u);
  EXPECT_EQ(sent.sends[0].type, Type::kSnapshot);
  for (const RaftMessage& message : Tick(absl::Milliseconds(75)).sends) {
    EXPECT_EQ(message.type, Type::kAppend);
  }
}

TEST_F(RaftTest, MessagesToOthersOrOfTwoLeadersAreCounted) {
  StartWithThree({3, 0}, {});
  Elect();
  RaftMessage other = Append(2, 4, 1, 1, {});
  other.to = 9;
  Receive(other);
  Receive(Append(2, raft_->term(), 1, 1, {}));
  EXPECT_EQ(raft_->stats().bad_messages, 2u);
  EXPECT_EQ(raft_->role(), Role::kLeader);
}

TEST_F(RaftTest, MessagesKeptBackAreBounded) {
  StartWithThree({3, 0}, {});
  Receive(Append(2, 3, 1, 1, {Data(2, 3)}));
  for (size_t i = 0; i < kHeldMax + 10; ++i) Receive(Append(2, 3, 1, 1, {Data(2, 3)}));
  EXPECT_EQ(raft_->stats().held_dropped, 11u);
  EXPECT_EQ(Stored().sends.size(), kHeldMax);
}

TEST(RaftCodecTest, MessagesComeBackAndDamagedOnesDoNot) {
  testing::RandomEntries random(1);
  RaftMessage message;
  message.from = 1;
  message.to = 2;
  message.term = 9;
  message.index = 4;
  message.log_term = 3;
  message.round = 77;
  message.entries = {Data(5, 3), ConfigurationEntry(6, 9, {1, 2})};
  const std::string bytes = EncodeRaftMessage(message);
  const auto back = DecodeRaftMessage(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->entries, message.entries);
  EXPECT_EQ(back->round, 77u);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 + random.Below(255)));
    EXPECT_FALSE(DecodeRaftMessage(damaged).ok()) << i;
    EXPECT_FALSE(DecodeRaftMessage(bytes.substr(0, i)).ok()) << i;
  }
  message.entries[1].index = 7;
  EXPECT_FALSE(DecodeRaftMessage(EncodeRaftMessage(message)).ok());
  message.entries[1] = {6, 10, LogKind::kNoop, ""};
  EXPECT_FALSE(DecodeRaftMessage(EncodeRaftMessage(message)).ok());
}

}  // namespace
}  // namespace slotmesh::ledger
