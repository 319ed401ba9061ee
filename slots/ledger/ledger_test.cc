// What a ledger does for its node, in small clusters on clean or cut wires.
#include "slots/ledger/ledger.h"

#include <gtest/gtest.h>

#include <random>

#include "slots/ledger/cluster_sim.h"
#include "slots/ledger/ledger_messages.h"
#include "slots/ledger/wire.h"

namespace slotmesh::ledger {
namespace {

using testing::Info;
using testing::Shard;

class LedgerTest : public ::testing::Test {
 protected:
  // All are members; node 0 is primary of shard 1 with replica 1, in sync.
  void Form(int nodes, uint64_t seed = 1) {
    cluster_ = std::make_unique<SimCluster>(SimOptions{.seed = seed, .nodes = nodes});
    ASSERT_TRUE(Until([this] { return cluster_->Leader() == 0 && !view().members.empty(); }));
    for (int host = 1; host < nodes; ++host) {
      Do(0, MemberJoined{Info(static_cast<uint64_t>(host) + 1), Boot(host)});
    }
    Do(0, ShardCreated{Shard(1), Process(0)});
    if (nodes > 1) {
      Do(0, ReplicaAssigned{Process(1), Shard(1), shard().epoch});
      Do(0, InSyncChanged{Shard(1), shard().epoch, 1, {Process(0), Process(1)}});
    }
    ASSERT_TRUE(Until([this] { return cluster_->VotersComplete() && cluster_->Agreed(); }));
    ASSERT_TRUE(Until([this] { return Admits(0); }));
  }
  const View& view() { return cluster_->reference().view(); }
  const slots::ShardInfo& shard() { return *view().FindShard(Shard(1)); }
  BootId Boot(int host) { return static_cast<BootId>(host) + 1; }  // Of the first process.
  NodeBoot Process(int host) { return {SimCluster::IdOf(host), Boot(host)}; }
  bool Admits(int host) {
    return cluster_->ledger(host)->AdmitsWrites(cluster_->hosts().LocalNow(host));
  }
  bool Until(const std::function<bool()>& done, absl::Duration limit = absl::Seconds(30)) {
    return cluster_->scheduler().RunUntil(done, limit);
  }
  void Do(int host, const Change& change) {
    const uint64_t answers = cluster_->answers();
    ASSERT_TRUE(cluster_->Propose(host, change));
    ASSERT_TRUE(Until([&] { return cluster_->answers() > answers; })) << cluster_->Describe();
  }
  void RunFor(absl::Duration time) { ASSERT_TRUE(cluster_->scheduler().RunFor(time)); }
  PrimaryChanged Failover() {
    return {Shard(1), shard().epoch, shard().in_sync_version, Process(1), {Process(1)}};
  }
  // How long it takes until the shard's primary is node 1.
  absl::Duration FailoverTime() {
    const absl::Time start = cluster_->scheduler().now();
    EXPECT_TRUE(Until([this] { return shard().primary == SimCluster::IdOf(1); }));
    return cluster_->scheduler().now() - start;
  }

  std::unique_ptr<SimCluster> cluster_;
};

TEST_F(LedgerTest, ALoneNodeDecidesAloneAndHasItsLease) {
  Form(1);
  EXPECT_EQ(cluster_->ledger(0)->map()->version().log, testing::Log(1));
  EXPECT_EQ(shard().epoch, 0u);
  const absl::Time start = cluster_->scheduler().now();
  Do(0, SlotsAssigned{Shard(1), 0, slots::SlotSet::All()});
  EXPECT_LT(cluster_->scheduler().now() - start, absl::Milliseconds(50));
  EXPECT_EQ(cluster_->ledger(0)->map()->assigned_slots(), slots::kSlotCount);
  RunFor(absl::Seconds(60));
  EXPECT_TRUE(Admits(0));
}

TEST(LedgerFileTest, ALogOfAnOlderVersionIsRefusedBeforeAnythingHappens) {
  std::string old = EncodeEntry({{}, EpochBumped{}});
  old.resize(old.size() - 4);
  old[1] = 19;  // The tag.
  Writer checksum;
  checksum.PutFixed32(static_cast<uint32_t>(Checksum(old)));
  old += checksum.bytes();
  ServerRecord record{.server = 5, .log = testing::Log(1)};
  const std::string first = EncodeEntry({{}, LogCreated{testing::Log(1), absl::UnixEpoch(), 1}});
  record.entries = {{1, 1, LogKind::kEntry, first}, {2, 1, LogKind::kEntry, old}};
  std::mt19937_64 random(1);
  const LedgerOptions options{.self = testing::Node(1), .boot = 1};
  const auto opened = Ledger::Create(options, record, absl::UnixEpoch(), random);
  ASSERT_TRUE(absl::IsUnimplemented(opened.status()));
  const std::string message(opened.status().message());
  EXPECT_NE(message.find("was written by an older version of slotmesh"), std::string::npos);
  EXPECT_NE(message.find("Start that version of slotmesh again"), std::string::npos);
}

TEST_F(LedgerTest, ANodeWithoutAVoteIsAnsweredAndSeesWhatItDid) {
  Form(7);
  int host = 6;
  while (cluster_->ledger(host)->is_voter()) --host;
  Do(host, SlotsAssigned{Shard(1), shard().epoch, slots::SlotSet::Of(7, 9)});
  EXPECT_NE(cluster_->ledger(host)->map()->Owner(8), nullptr);
}

TEST_F(LedgerTest, ANewerVersionThatIsHeardOfIsPulledAtOnce) {
  Form(7);
  int host = 6;
  while (cluster_->ledger(host)->is_voter()) --host;
  const uint64_t before = cluster_->ledger(host)->map()->version().sequence;
  Do(0, SlotsAssigned{Shard(1), shard().epoch, slots::SlotSet::Of(7, 9)});
  ASSERT_EQ(cluster_->ledger(host)->map()->version().sequence, before);
  LedgerOutput out;
  cluster_->ledger(host)->Step(
      cluster_->hosts().LocalNow(host),
      VersionHeard{SimCluster::IdOf(0), cluster_->reference().map()->version()}, &out);
  ASSERT_EQ(out.sends.size(), 1u);
  EXPECT_EQ(out.sends[0].to, SimCluster::IdOf(0));
}

TEST_F(LedgerTest, ALeaderIsElectedWithinAQuarterOfTheNodeTimeout) {
  for (const int nodes : {3, 5}) {
    std::vector<absl::Duration> times;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      Form(nodes, seed);
      const int old = cluster_->Leader();
      const absl::Time start = cluster_->scheduler().now();
      cluster_->CrashFor(old, absl::Seconds(20));
      ASSERT_TRUE(Until([this] { return cluster_->Leader() >= 0; }));
      times.push_back(cluster_->scheduler().now() - start);
    }
    std::sort(times.begin(), times.end());
    EXPECT_LE(times[times.size() * 9 / 10], absl::Milliseconds(750)) << nodes;
    EXPECT_LE(times.back(), absl::Milliseconds(1500)) << nodes;
  }
}

TEST_F(LedgerTest, Safety6And8ATakeoverWaitsForTheLeaseAndTheOldPrimaryHasStoppedByThen) {
  Form(3);
  cluster_->Propose(2, Failover());
  EXPECT_GE(FailoverTime(), absl::Seconds(2));
  EXPECT_FALSE(Admits(0));
  EXPECT_TRUE(Until([this] { return Admits(1); }, absl::Seconds(1)));
}

TEST_F(LedgerTest, Safety8AReleasedLeaseIsNotWaitedFor) {
  Form(3);
  RunFor(absl::Seconds(4));  // The leader is no new one.
  LedgerOutput out;
  cluster_->ledger(0)->ReleaseLease(cluster_->hosts().LocalNow(0), &out);
  EXPECT_TRUE(out.sends.empty());  // It leads itself.
  EXPECT_FALSE(Admits(0));
  RunFor(absl::Milliseconds(10));
  cluster_->Propose(2, Failover());
  EXPECT_LE(FailoverTime(), absl::Milliseconds(500));
}

TEST_F(LedgerTest, ARefusedFailoverStopsNobody) {
  Form(3);
  PrimaryChanged wrong = Failover();
  wrong.expected_epoch = 99;
  cluster_->Propose(2, wrong);
  for (int i = 0; i < 100; ++i) {
    RunFor(absl::Milliseconds(100));
    ASSERT_TRUE(Admits(0));
  }
}

TEST_F(LedgerTest, Safety9WithoutAMajorityThePrimaryStopsWithinT) {
  Form(3);
  cluster_->links().Isolate(0, 3);
  RunFor(absl::Milliseconds(500));
  EXPECT_TRUE(Admits(0));
  RunFor(absl::Milliseconds(2500));
  EXPECT_FALSE(Admits(0));
  cluster_->Heal();
  EXPECT_TRUE(Until([this] { return Admits(0); }, absl::Seconds(2)));
}

TEST_F(LedgerTest, Safety14ARestartedLonePrimaryTakesWritesAgainWithoutWaiting) {
  Form(1);
  const absl::Time start = cluster_->scheduler().now();
  cluster_->CrashFor(0, absl::Milliseconds(100));
  ASSERT_TRUE(Until([this] { return cluster_->Leader() == 0; }));
  const NodeBoot now{SimCluster::IdOf(0), 2};
  Do(0, MemberUpdated{Info(1), now.boot, Boot(0)});
  EXPECT_FALSE(Admits(0));
  Do(0, PrimaryBooted{Shard(1), shard().epoch, shard().in_sync_version, now, {now}});
  EXPECT_TRUE(Until([this] { return Admits(0); }));
  EXPECT_LT(cluster_->scheduler().now() - start, absl::Seconds(1));
}

TEST_F(LedgerTest, ADeadPrimarysFailoverCostsAtMostTwoTs) {
  Form(3);
  cluster_->CrashFor(0, absl::Seconds(60));
  cluster_->Propose(2, Failover());
  EXPECT_LE(FailoverTime(), absl::Seconds(6));
}

TEST_F(LedgerTest, ProposalsOfOneProcessAreBounded) {
  Form(3);
  cluster_->links().Isolate(2, 3);
  for (uint64_t i = 0; i < kWindowSize; ++i) {
    ASSERT_TRUE(cluster_->Propose(2, SlotsAssigned{Shard(1), 0, {}}));
  }
  EXPECT_FALSE(cluster_->Propose(2, SlotsAssigned{Shard(1), 0, {}}));
  cluster_->Heal();
  EXPECT_TRUE(Until([this] { return cluster_->Propose(2, SlotsAssigned{Shard(1), 0, {}}); }));
}

TEST_F(LedgerTest, AProposalThatNobodyAnswersComesToAnUnknownOutcome) {
  Form(3);
  cluster_->links().Isolate(2, 3);
  LedgerOutput out;
  Ledger& ledger = *cluster_->ledger(2);
  const absl::Time now = cluster_->hosts().LocalNow(2);
  const auto ticket = ledger.Propose(now, EpochBumped{Shard(1), 1}, &out);
  ASSERT_TRUE(ticket.ok());
  cluster_->hosts().Crash(0);  // Nobody else steps this ledger from here on.
  cluster_->hosts().Pause(2);
  out = {};
  ledger.Step(now + absl::Seconds(31), TickInput{}, &out);
  ASSERT_EQ(out.answers.size(), 1u);
  EXPECT_EQ(out.answers[0].ticket, *ticket);
  EXPECT_EQ(out.answers[0].result.refusal, Refusal::kUnknownOutcome);
}

TEST_F(LedgerTest, WhatIsNotForProposingIsRefusedAtOnce) {
  Form(1);
  LedgerOutput out;
  const absl::Time now = cluster_->hosts().LocalNow(0);
  Ledger& ledger = *cluster_->ledger(0);
  EXPECT_TRUE(absl::IsInvalidArgument(ledger.Propose(now, VotersChanged{}, &out).status()));
  slots::NodeInfo info = Info(9);
  info.hostname = std::string(5000, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(ledger.Propose(now, MemberJoined{info, 1}, &out).status()));
}

TEST_F(LedgerTest, Safety10AMemberThatLeavesLosesItsVoteFirst) {
  Form(4);
  int host = 3;
  while (!cluster_->ledger(host)->is_voter()) --host;
  const NodeBoot leaving = Process(host);
  const int other = host == 2 ? 3 : 2;
  Do(other, MemberLeft{leaving, true});
  EXPECT_EQ(view().BootOf(leaving.node), 0u);
  EXPECT_FALSE(std::count(view().voters.begin(), view().voters.end(), leaving.node));
}

TEST_F(LedgerTest, Safety10AVoterWhoseDiskWasLostComesBackAsANewServer) {
  Form(3);
  const ServerId before = cluster_->ledger(2)->server();
  ASSERT_TRUE(cluster_->LoseDiskFor(2, absl::Seconds(1)));
  RunFor(absl::Seconds(2));
  EXPECT_NE(cluster_->ledger(2)->server(), before);
  EXPECT_TRUE(Until([this] { return cluster_->VotersComplete(); })) << cluster_->Describe();
}

TEST_F(LedgerTest, MessagesThatAreNoneOrOfAnotherLogAreCounted) {
  Form(1);
  Ledger& ledger = *cluster_->ledger(0);
  const NodeId from = SimCluster::IdOf(5);
  const absl::Time now = cluster_->hosts().LocalNow(0);
  const std::string messages[] = {
      "", "nonsense", EncodeLedgerMessage({testing::Log(9), InviteFrame{}}),
      EncodeLedgerMessage({testing::Log(1), ConsensusFrame{"nonsense"}}),
      EncodeLedgerMessage({testing::Log(1), ProposeFrame{"nonsense"}}),
      EncodeLedgerMessage({testing::Log(1), MapReplyFrame{{}, 1, "nonsense"}}),
      // Somebody else's proposal.
      EncodeLedgerMessage(
          {testing::Log(1), ProposeFrame{EncodeEntry({{testing::Node(9), 1, 1}, MemberLeft{}})}})};
  for (const std::string& message : messages) {
    LedgerOutput out;
    const uint64_t before = ledger.stats().bad_messages;
    ledger.Step(now, PeerInput{from, message}, &out);
    EXPECT_EQ(ledger.stats().bad_messages, before + 1) << message;
    EXPECT_TRUE(out.sends.empty() && out.persists.empty());
  }
}

TEST_F(LedgerTest, RandomBytesUnderAGoodHeadHurtNobody) {
  Form(1);
  Ledger& ledger = *cluster_->ledger(0);
  testing::RandomEntries random(1);
  RaftMessage append;
  append.from = 5;
  append.to = ledger.server();
  append.term = 1;
  const std::string frames[] = {
      EncodeLedgerMessage({testing::Log(1), ConsensusFrame{EncodeRaftMessage(append)}}),
      EncodeLedgerMessage({testing::Log(1), MapRequestFrame{1, 2, 3}}),
      EncodeLedgerMessage({testing::Log(1), ResultFrame{{SimCluster::IdOf(0), 1, 1}, {}}}),
      EncodeLedgerMessage({testing::Log(1), LeaseAskFrame{{Shard(1), 1, 1}, absl::UnixEpoch()}}),
      EncodeLedgerMessage(
          {testing::Log(1), LeaseGrantFrame{{Shard(1), 1, 1}, absl::UnixEpoch(), {}}})};
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = frames[random.Below(std::size(frames))];
    for (uint64_t k = random.Below(4); k > 0; --k) {
      bytes[random.Below(bytes.size())] = static_cast<char>(random.Next());
    }
    bytes.resize(bytes.size() - random.Below(3));
    LedgerOutput out;
    ledger.Step(cluster_->hosts().LocalNow(0), PeerInput{SimCluster::IdOf(5), bytes}, &out);
  }
  ledger.CheckInvariants();
}

}  // namespace
}  // namespace slotmesh::ledger
