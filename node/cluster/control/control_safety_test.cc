// The safety rules, one story each, with whole control nodes: what must not happen is checked after
// every event (ControlSim), what must happen is asked for here. Named after the rules.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "node/cluster/control/control_safety_fixture.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// A log that has come far is not newer than another log for that.
TEST_F(ControlSafety, Safety02VersionsCompareWithinOneLogOnly) {
  Begin(2);
  Claim(0, 0);
  Claim(1, 5);
  const int younger = ledger::IsOlderLog(ViewOf(0).created, LogOf(0), ViewOf(1).created, LogOf(1));
  for (int i = 0; i < 40; ++i) Claim(younger, 1 + i % 2);
  for (int i = 0; i < 12; ++i) {
    const slots::ShardInfo& shard = ShardOf(younger);
    sim_->Propose(younger, ledger::EpochBumped{shard.id, shard.epoch}, nullptr);
    Run(absl::Milliseconds(50));
  }
  const slots::LogId older = LogOf(1 - younger);
  sim_->Meet(younger, 1 - younger);
  ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
  EXPECT_EQ(LogOf(0), older);
  EXPECT_EQ(LogOf(1), older);
  EXPECT_EQ(ViewOf(0).map.shards.size(), 2u);
}

// Three of five voters are gone for good: nobody decides any more, until an operator says who is
// to. Their old log counts for nothing when they come back after all.
TEST_F(ControlSafety, Safety02And09LostMajorityIsGivenUpWhenAnOperatorSaysSo) {
  Form(5);
  ASSERT_TRUE(Until([this] { return ViewOf(0).voters.size() == 5; }));
  const uint64_t generation = ViewOf(0).map.version.generation;
  absl::Status answer;
  const auto recover = [&](int host) {
    sim_->RecoverQuorum(host, [&](const absl::Status& status) { answer = status; });
    Run(absl::Milliseconds(100));
    return answer;
  };
  EXPECT_TRUE(absl::IsFailedPrecondition(recover(0))) << "all are there";
  for (const int host : {2, 3, 4}) sim_->CrashFor(host, absl::Seconds(60));
  ASSERT_TRUE(Until([this] { return !Admits(0, 0) && !Admits(1, 1); }));
  Run(absl::Seconds(5));
  ASSERT_TRUE(recover(1).ok()) << answer;
  ASSERT_TRUE(Until([this] { return Admits(0, 0) && Admits(1, 1); }));
  EXPECT_EQ(ViewOf(0).map.version.generation, generation + 1);
  // It decides.
  Claim(1, 6);
  EXPECT_TRUE(ShardOf(1).slots.ContainsAll(RangeOf(6)));
  ASSERT_TRUE(Until([this] { return sim_->node(4) != nullptr; }, absl::Seconds(120)));
  ASSERT_TRUE(Until([this] { return sim_->AllAgree() && ViewOf(4).voters.size() == 5; },
                    absl::Seconds(120)));
  EXPECT_EQ(ViewOf(4).map.version.generation, generation + 1);
  sim_->AcceptEmpty(4);
  EXPECT_TRUE(Until([this] { return Admits(4, 4); }));
}

// The old primary is cut off with a lease in its hand: its replica serves only when that is over.
TEST_F(ControlSafety, Safety06And08ATakeoverWaitsForTheLeaseOfThePrimaryThatIsCutOff) {
  Form(4);
  const slots::ShardInfo emptied = ShardOf(3);
  sim_->GiveAway(3, ledger::SlotsUnassigned{emptied.id, emptied.epoch, emptied.slots},
                 emptied.slots);
  ASSERT_TRUE(Until([this] { return ShardOf(3).slots.empty(); }));
  const slots::ShardInfo shard = ShardOf(1);
  sim_->Propose(3, ledger::ReplicaAssigned{ProcessOf(3, 3), shard.id, shard.epoch}, nullptr);
  ASSERT_TRUE(Until([this] { return ShardOf(3).primary == sim_->node(1)->self(); }));
  ASSERT_TRUE(Admits(1, 1));
  Cut(1);
  const ledger::NodeBoot replica = ProcessOf(3, 3);
  sim_->Propose(3,
                ledger::PrimaryChanged{.shard = shard.id,
                                       .expected_epoch = ShardOf(3).epoch,
                                       .expected_in_sync_version = ShardOf(3).in_sync_version,
                                       .primary = replica,
                                       .in_sync = {replica},
                                       .outside_set = true},
                nullptr);
  Run(absl::Milliseconds(500));
  EXPECT_TRUE(Admits(1, 1)) << "it has a lease";
  EXPECT_FALSE(Admits(3, 1));
  ASSERT_TRUE(Until([this] { return Admits(3, 1); }, absl::Seconds(10)));
  EXPECT_FALSE(Admits(1, 1));
  sim_->links().HealAll();
  ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
  EXPECT_FALSE(Admits(1, 1));
}

TEST_F(ControlSafety, Safety08SlotsThatAnotherTakesAreServedWhenTheOldOwnersLeaseIsOver) {
  Form(3);
  const slots::ShardInfo from = ShardOf(1);
  const slots::ShardInfo to = ShardOf(2);
  Cut(1);
  sim_->Propose(2, ledger::SlotsReassigned{from.slots, from.id, from.epoch, to.id, to.epoch},
                nullptr);
  Run(absl::Milliseconds(500));
  EXPECT_TRUE(Admits(1, 1));
  ASSERT_TRUE(Until([this] { return Admits(2, 1); }, absl::Seconds(10)));
  EXPECT_TRUE(sim_->Admitted(1).empty());
}

// As SETSLOT NODE does it at the owner, slot after slot.
TEST_F(ControlSafety, Safety08SlotsGivenAwayBehindAFenceDoNotInterruptTheOthers) {
  Form(3);
  const slots::ShardInfo from = ShardOf(1);
  const slots::ShardInfo to = ShardOf(2);
  slots::SlotSet one;
  one.Add(*from.slots.First());
  ASSERT_TRUE(Admits(1, 1));
  sim_->GiveAway(1, ledger::SlotsReassigned{one, from.id, from.epoch, to.id, to.epoch}, one);
  const slots::SlotSet rest = from.slots - one;
  for (int i = 0; i < 3000; ++i) {
    Run(absl::Milliseconds(1));
    ASSERT_TRUE(sim_->Admitted(1).ContainsAll(rest)) << i << " ms later";
  }
  EXPECT_TRUE(sim_->Admitted(2).ContainsAll(one));
}

TEST_F(ControlSafety, Safety09WithoutAMajorityWritesStopAndNothingIsDecided) {
  Form(3);
  for (int host = 0; host < 3; ++host) Cut(host);
  Run(absl::Seconds(7));
  for (int host = 0; host < 3; ++host) {
    EXPECT_TRUE(sim_->Admitted(host).empty()) << host;
    EXPECT_FALSE(sim_->picture(host).has_majority) << host;
  }
  const uint64_t before = ViewOf(0).map.version.sequence;
  Claim(0, 7);
  Run(absl::Seconds(5));
  EXPECT_EQ(ViewOf(0).map.version.sequence, before);
  sim_->links().HealAll();
  EXPECT_TRUE(Until([this] { return Admits(0, 0) && Admits(1, 1) && Admits(2, 2); }));
}

TEST_F(ControlSafety, Safety17ADeadPrimarysReplicaTakesOver) {
  FormWithReplica(/*offset=*/100);
  Run(absl::Seconds(1));
  const slots::ShardId shard = ShardOf(1).id;
  sim_->CrashFor(1, absl::Seconds(60));
  ASSERT_TRUE(Until([this] { return Admits(3, 1); }, absl::Seconds(15)));
  EXPECT_EQ(ShardOf(3).id, shard);
  // The old one comes back as a replica.
  ASSERT_TRUE(Until([&] { return sim_->node(1) != nullptr && sim_->AllAgree(); }));
  Run(absl::Seconds(10));
  EXPECT_TRUE(Admits(3, 1));
  EXPECT_EQ(ShardOf(1).primary, sim_->node(3)->self());
}

// While it was away another node got its vote; nobody tells it but the map.
TEST_F(ControlSafety, Safety10AVoterThatWasReplacedSeesTheMajorityOfTheOthers) {
  Form(6);
  int voter = 0;
  while (ViewOf(0).voters[0] != sim_->node(voter)->self()) ++voter;
  const slots::NodeId id = sim_->node(voter)->self();
  const int other = voter == 0 ? 1 : 0;
  sim_->CrashFor(voter, absl::Seconds(20));
  ASSERT_TRUE(Until(
      [&] {
        const std::vector<slots::NodeId>& voters = ViewOf(other).voters;
        return std::find(voters.begin(), voters.end(), id) == voters.end();
      },
      absl::Seconds(19)));
  ASSERT_TRUE(Until([&] { return sim_->node(voter) != nullptr && sim_->AllAgree(); }));
  EXPECT_TRUE(Until([&] { return sim_->picture(voter).has_majority; }, absl::Seconds(10)));
}

TEST_F(ControlSafety, Safety14AReplicaWithoutACopyIsNotPromoted) {
  FormWithReplica(/*offset=*/0);
  sim_->CrashFor(1, absl::Seconds(20));
  Run(absl::Seconds(15));
  EXPECT_TRUE(sim_->Admitted(3).empty());
  EXPECT_NE(ShardOf(3).primary, sim_->node(3)->self());
}

TEST_F(ControlSafety, Safety14WhatANodeHadBeforeItBecameAReplicaIsNoCopy) {
  FormWithReplica(/*offset=*/0, /*before=*/1000);
  for (const PeerHealth& peer : sim_->picture(0).peers) {
    if (peer.node == sim_->node(3)->self()) {
      EXPECT_EQ(peer.replication_offset, 0u);
    }
  }
  sim_->CrashFor(1, absl::Seconds(20));
  Run(absl::Seconds(15));
  EXPECT_NE(ShardOf(3).primary, sim_->node(3)->self());
}

TEST_F(ControlSafety, Safety14ARestartedPrimaryLeavesTheShardToItsReplica) {
  FormWithReplica(/*offset=*/100);
  sim_->CrashFor(1, absl::Milliseconds(300));
  ASSERT_TRUE(Until([this] { return sim_->node(1) != nullptr; }));
  sim_->AcceptEmpty(1);
  ASSERT_TRUE(Until([this] { return Admits(3, 1); }, absl::Seconds(15)));
  EXPECT_TRUE(sim_->Admitted(1).empty());
}

TEST_F(ControlSafety, Safety14WithoutAReplicaARestartedPrimaryGoesOn) {
  FormWithReplica(/*offset=*/0);
  sim_->CrashFor(1, absl::Milliseconds(300));
  ASSERT_TRUE(Until([this] { return sim_->node(1) != nullptr; }));
  sim_->AcceptEmpty(1);
  // Soon, since the replica says that it has nothing that could be waited for.
  EXPECT_TRUE(Until([this] { return Admits(1, 1); }, 2 * ControlSimOptions().node_timeout));
}

// It was paused, not dead: that it is replaced it learns only when it goes on.
TEST_F(ControlSafety, Safety06APrimaryThatIsCutOffStopsBeforeItsReplicaServes) {
  FormWithReplica(/*offset=*/100);
  ASSERT_TRUE(Admits(1, 1));
  Cut(1);
  ASSERT_TRUE(Until([this] { return Admits(3, 1); }, absl::Seconds(15)));
  EXPECT_TRUE(sim_->Admitted(1).empty());
  sim_->links().HealAll();
  ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
  EXPECT_TRUE(sim_->Admitted(1).empty());
  EXPECT_TRUE(Admits(3, 1));
}

TEST_F(ControlSafety, Safety14ARestartedPrimaryServesWhenItsOperatorSaysSoAndNotBefore) {
  Form(3);
  sim_->CrashFor(1, absl::Milliseconds(500));
  Run(absl::Seconds(10));
  EXPECT_TRUE(sim_->Admitted(1).empty());
  EXPECT_TRUE(sim_->picture(1).data_missing);
  sim_->AcceptEmpty(1);
  EXPECT_TRUE(Until([this] { return Admits(1, 1); }));
}

TEST_F(ControlSafety, Safety23CrossingAndCircularMeetsEndAtTheOldestLog) {
  Begin(5);
  int oldest = 0;
  for (int host = 0; host < 5; ++host) {
    Claim(host, host);
    const bool older = ledger::IsOlderLog(ViewOf(host).created, LogOf(host), ViewOf(oldest).created,
                                          LogOf(oldest));
    if (older) oldest = host;
  }
  const slots::LogId log = LogOf(oldest);
  for (int round = 0; round < 3; ++round) {
    for (int host = 0; host < 5; ++host) {
      sim_->Meet(host, (host + 1) % 5);
      sim_->Meet((host + 1) % 5, host);
      sim_->Meet(host, host);
    }
  }
  ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }, absl::Seconds(20)));
  EXPECT_EQ(LogOf(0), log);
  for (int host = 0; host < 5; ++host) EXPECT_TRUE(Admits(host, host));
}

TEST_F(ControlSafety, Safety23ClaimsThatConflictAreRefusedAndTheSealIsLifted) {
  Begin(2, /*claims_conflict=*/true);
  Claim(0, 0);
  Claim(1, 0);
  sim_->Meet(0, 1);
  ASSERT_TRUE(Until([this] { return sim_->WasNoted("refuses to take this one in: slot 0"); }));
  ASSERT_TRUE(Until([this] { return !sim_->AnySealed(); }));
  EXPECT_EQ(sim_->Logs().size(), 2u);
  Run(absl::Seconds(5));
  EXPECT_TRUE(Admits(0, 0) && Admits(1, 0)) << "each goes on by itself";
}

TEST_F(ControlSafety, Safety23AClusterOfSeveralThatOwnsKeysIsNotJoinedIntoAnother) {
  Begin(4);
  for (int host = 0; host < 4; ++host) Claim(host, host);
  const bool first_older =
      ledger::IsOlderLog(ViewOf(0).created, LogOf(0), ViewOf(2).created, LogOf(2));
  sim_->Meet(0, 1);
  sim_->Meet(2, 3);
  ASSERT_TRUE(Until([this] { return LogOf(0) == LogOf(1) && LogOf(2) == LogOf(3); }));
  Run(absl::Seconds(2));
  for (int host = 0; host < 4; ++host) sim_->SetHasKeys(host, true);
  sim_->Meet(first_older ? 2 : 0, first_older ? 0 : 2);
  ASSERT_TRUE(Until([this] { return sim_->WasNoted("owns keys"); }));
  Run(absl::Seconds(5));
  EXPECT_EQ(sim_->Logs().size(), 2u);
  EXPECT_FALSE(sim_->AnySealed());
  for (int host = 0; host < 4; ++host) EXPECT_TRUE(Admits(host, host));
}

// Whoever sealed the log and asked is gone: another member goes on with it.
TEST_F(ControlSafety, Safety23AJoinWhoseDriverDiesIsFinishedByAnotherMember) {
  Begin(4);
  for (int host = 0; host < 4; ++host) Claim(host, host);
  int oldest = 0;
  for (int host = 1; host < 4; ++host) {
    if (ledger::IsOlderLog(ViewOf(host).created, LogOf(host), ViewOf(oldest).created,
                           LogOf(oldest))) {
      oldest = host;
    }
  }
  std::vector<int> others;
  for (int host = 0; host < 4; ++host) {
    if (host != oldest) others.push_back(host);
  }
  sim_->Meet(others[1], others[0]);
  sim_->Meet(others[2], others[0]);
  ASSERT_TRUE(Until([&] { return ViewOf(others[0]).members.size() == 3; }));
  Run(absl::Seconds(5));
  sim_->Meet(others[1], oldest);
  ASSERT_TRUE(sim_->scheduler().RunUntil([this] { return sim_->AnySealed(); }, absl::Seconds(10),
                                         absl::Microseconds(100)));
  Cut(others[1]);  // What it has just asked is lost as well.
  sim_->CrashFor(others[1], absl::Seconds(30));
  ASSERT_TRUE(
      Until([&] { return LogOf(others[0]) == LogOf(oldest) && LogOf(others[2]) == LogOf(oldest); },
            absl::Seconds(20)));
  sim_->links().HealAll();
  EXPECT_TRUE(Until([this] { return sim_->AllAgree(); })) << "and the one that died follows";
}

// A joiner's last lease is of its own log: what it had is served by another when that is over.
TEST_F(ControlSafety, Safety08AJoinersOldLeaseIsWaitedFor) {
  Begin(2);
  const bool first_older =
      ledger::IsOlderLog(ViewOf(0).created, LogOf(0), ViewOf(1).created, LogOf(1));
  const int older = first_older ? 0 : 1;
  const int joiner = 1 - older;
  Claim(0, 0);
  Claim(1, 1);
  sim_->Meet(joiner, older);
  ASSERT_TRUE(sim_->scheduler().RunUntil([&] { return ViewOf(older).members.size() == 2; },
                                         absl::Seconds(10), absl::Microseconds(100)));
  Cut(joiner);
  ASSERT_TRUE(Admits(joiner, joiner)) << "it has not heard that it was taken in";
  const slots::ShardInfo* from = sim_->node(older)->map().ShardOf(sim_->node(joiner)->self());
  ASSERT_NE(from, nullptr);
  const slots::ShardInfo to = ShardOf(older);
  sim_->Propose(older, ledger::SlotsReassigned{from->slots, from->id, from->epoch, to.id, to.epoch},
                nullptr);
  Run(absl::Milliseconds(200));
  EXPECT_TRUE(Admits(joiner, joiner));
  EXPECT_TRUE(Until([&] { return Admits(older, joiner); }, absl::Seconds(10)));
}

// A join was refused and given up, but somebody still has the question in hand. It must not be
// taken in any more, now that its log goes on.
TEST_F(ControlSafety, Safety23AJoinThatWasGivenUpIsNotDoneLater) {
  Begin(4, /*claims_conflict=*/true);
  int oldest = 0;
  for (int host = 1; host < 4; ++host) {
    if (ledger::IsOlderLog(ViewOf(host).created, LogOf(host), ViewOf(oldest).created,
                           LogOf(oldest))) {
      oldest = host;
    }
  }
  const int slow = (oldest + 1) % 4;
  const int third = (oldest + 2) % 4;
  const int joiner = (oldest + 3) % 4;
  Claim(oldest, 0);
  Claim(joiner, 0);
  sim_->Meet(slow, oldest);
  sim_->Meet(third, oldest);
  ASSERT_TRUE(Until([&] { return ViewOf(oldest).members.size() == 3; }));
  Run(absl::Seconds(5));
  // The one that is asked first cannot reach the others.
  sim_->links().Partition({slow}, {oldest, third});
  Run(absl::Milliseconds(50));
  sim_->Meet(joiner, slow);
  ASSERT_TRUE(Until([&] { return ViewOf(joiner).seal.has_value(); }));
  ASSERT_TRUE(Until([&] { return !ViewOf(joiner).seal.has_value(); }, absl::Seconds(20)));
  // What stood in its way goes, and its log changes.
  const slots::ShardInfo shard = ShardOf(oldest);
  sim_->GiveAway(oldest, ledger::SlotsUnassigned{shard.id, shard.epoch, shard.slots}, shard.slots);
  Claim(joiner, 5);
  sim_->links().HealAll();
  Run(absl::Seconds(10));
  EXPECT_FALSE(ViewOf(oldest).HasJoined(LogOf(joiner)));
  EXPECT_TRUE(Admits(joiner, 5));
}

// A member of a log that was taken in hears of it, however late, although it hears its old
// voters all the time.
TEST_F(ControlSafety, Safety23AMemberThatWasAwayFollowsItsLog) {
  Begin(3);
  for (int host = 0; host < 3; ++host) Claim(host, host);
  int oldest = 0;
  for (int host = 1; host < 3; ++host) {
    if (ledger::IsOlderLog(ViewOf(host).created, LogOf(host), ViewOf(oldest).created,
                           LogOf(oldest))) {
      oldest = host;
    }
  }
  const int voter = (oldest + 1) % 3;
  const int away = (oldest + 2) % 3;
  sim_->Meet(voter, away);
  ASSERT_TRUE(Until([&] { return LogOf(voter) == LogOf(away); }));
  Run(absl::Seconds(3));
  const int leader =
      sim_->HostOf(sim_->node(voter)->ledger().leadership().leader) == away ? away : voter;
  const int other = leader == voter ? away : voter;
  Cut(other);
  sim_->Meet(leader, oldest);
  ASSERT_TRUE(Until([&] {
    return LogOf(leader) == LogOf(oldest) || ViewOf(leader).seal.has_value() ||
           !sim_->picture(leader).has_majority;
  }));
  sim_->links().HealAll();
  sim_->Meet(leader, oldest);
  EXPECT_TRUE(Until([this] { return sim_->AllAgree(); }, absl::Seconds(30)));
}

TEST_F(ControlSafety, Safety24ALoneNodeShowsEpochZeroUntilItsFirstJoin) {
  Begin(2);
  Claim(0, 0);
  Claim(1, 1);
  EXPECT_EQ(ShardOf(0).epoch, 0u);
  EXPECT_EQ(ShardOf(1).epoch, 0u);
  sim_->Meet(0, 1);
  ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
  EXPECT_NE(ShardOf(0).epoch, 0u);
  EXPECT_NE(ShardOf(1).epoch, 0u);
  EXPECT_NE(ShardOf(0).epoch, ShardOf(1).epoch);
}

// --- Leaving.

TEST_F(ControlSafety, AForgottenNodeGoesOnAloneAlsoIfItWasAwayThen) {
  Form(4);
  const slots::ShardInfo shard = ShardOf(3);
  sim_->GiveAway(3, ledger::SlotsUnassigned{shard.id, shard.epoch, shard.slots}, shard.slots);
  ASSERT_TRUE(Until([this] { return ShardOf(3).slots.empty(); }));
  const slots::NodeId id = sim_->node(3)->self();
  const slots::LogId log = LogOf(3);
  Cut(3);
  sim_->Propose(0, ledger::MemberLeft{ProcessOf(3, 0), /*forget=*/true}, nullptr);
  ASSERT_TRUE(Until([this] { return ViewOf(0).members.size() == 3; }));
  Run(absl::Seconds(5));
  EXPECT_EQ(LogOf(3), log) << "nobody told it";
  sim_->links().HealAll();
  ASSERT_TRUE(Until([&] { return LogOf(3) != log; }, absl::Seconds(20)));
  EXPECT_EQ(sim_->node(3)->self(), id);
  EXPECT_EQ(ViewOf(3).members.size(), 1u);
  EXPECT_TRUE(sim_->WasNoted("has been taken out of its cluster"));
  sim_->Meet(3, 0);
  EXPECT_TRUE(Until([this] { return sim_->AllAgree(); }));
}

TEST_F(ControlSafety, ResetLeavesSoftUnderTheOldAndHardUnderANewId) {
  Form(3);
  const slots::ShardInfo shard = ShardOf(2);
  sim_->GiveAway(2, ledger::SlotsUnassigned{shard.id, shard.epoch, shard.slots}, shard.slots);
  ASSERT_TRUE(Until([this] { return ShardOf(2).slots.empty(); }));
  const slots::NodeId id = sim_->node(2)->self();
  for (const bool hard : {false, true}) {
    absl::Status outcome = absl::UnknownError("");
    sim_->Reset(2, hard, [&outcome](const absl::Status& status) { outcome = status; });
    ASSERT_TRUE(Until([&] { return outcome.ok() && ViewOf(0).members.size() == 2; })) << outcome;
    EXPECT_EQ(ViewOf(2).members.size(), 1u);
    EXPECT_EQ(sim_->node(2)->self() == id, !hard);
    sim_->CrashFor(2, absl::Milliseconds(300));  // It is on the disk.
    Run(absl::Seconds(2));
    EXPECT_EQ(sim_->node(2)->self() == id, !hard);
    sim_->Meet(2, 0);
    ASSERT_TRUE(Until([this] { return sim_->AllAgree() && ViewOf(0).members.size() == 3; }));
  }
}

TEST_F(ControlSafety, AResetOfANodeThatHasJustBeenForgottenIsOk) {
  Form(4);
  int who = 1;  // One without a vote: it hears later.
  while (who < 3 && sim_->node(who)->ledger().is_voter()) ++who;
  const slots::ShardInfo shard = ShardOf(who);
  sim_->GiveAway(who, ledger::SlotsUnassigned{shard.id, shard.epoch, shard.slots}, shard.slots);
  ASSERT_TRUE(Until([&] { return ShardOf(who).slots.empty(); }));
  sim_->Propose(0, ledger::MemberLeft{ProcessOf(who, 0), /*forget=*/true}, nullptr);
  ASSERT_TRUE(sim_->scheduler().RunUntil([this] { return ViewOf(0).members.size() == 3; },
                                         absl::Seconds(10), absl::Microseconds(100)));
  ASSERT_EQ(ViewOf(who).members.size(), 4u) << "it does not know yet";
  absl::Status outcome = absl::UnknownError("");
  sim_->Reset(who, false, [&outcome](const absl::Status& status) { outcome = status; });
  ASSERT_TRUE(Until([&] { return outcome.code() != absl::StatusCode::kUnknown; }));
  EXPECT_TRUE(outcome.ok()) << outcome;
  EXPECT_EQ(ViewOf(who).members.size(), 1u);
}

// Two nodes with data could not tell which of them is cut off; the third that votes needs none.
TEST_F(ControlSafety, ArbiterVotesAndHoldsNoData) {
  ControlSimOptions options;
  options.nodes = 3;
  options.arbiters = 1;
  sim_ = std::make_unique<ControlSim>(options);
  Run(absl::Seconds(1));
  for (int host = 0; host < 2; ++host) Claim(host, host);
  for (int host = 1; host < 3; ++host) sim_->Meet(host, 0);
  ASSERT_TRUE(Until([this] { return sim_->AllAgree() && ViewOf(0).voters.size() == 3; }));
  const slots::NodeId& arbiter = sim_->node(2)->self();
  EXPECT_TRUE(sim_->node(0)->map().FindNode(arbiter)->arbiter);
  EXPECT_EQ(sim_->node(0)->map().ShardOf(arbiter), nullptr);
  absl::Status refused;
  sim_->Propose(0, ledger::ReplicaAssigned{ProcessOf(2, 0), ShardOf(0).id, ShardOf(0).epoch},
                [&refused](const absl::Status& status) { refused = status; });
  ASSERT_TRUE(Until([&] { return !refused.ok(); }));
  EXPECT_TRUE(absl::StrContains(refused.message(), "is an arbiter"));
  Cut(1);
  ASSERT_TRUE(Until([this] { return !Admits(1, 1); }));
  Claim(0, 5);
  Run(absl::Seconds(5));
  EXPECT_TRUE(ShardOf(0).slots.ContainsAll(RangeOf(5))) << "the two others decide";
  sim_->links().HealAll();
  ASSERT_TRUE(Until([this] { return sim_->AllAgree(); }));
}

TEST_F(ControlSafety, AHardResetNeedsNoMajorityAndASoftOneSaysThatItDoes) {
  Form(3);
  for (int host = 0; host < 3; ++host) Cut(host);
  Run(absl::Seconds(10));
  absl::Status soft;
  sim_->Reset(2, false, [&soft](const absl::Status& status) { soft = status; });
  ASSERT_TRUE(Until([&] { return !soft.ok(); }));
  EXPECT_TRUE(absl::IsUnavailable(soft)) << soft;
  absl::Status hard = absl::UnknownError("");
  sim_->Reset(2, true, [&hard](const absl::Status& status) { hard = status; });
  ASSERT_TRUE(Until([&] { return hard.ok(); }));
  EXPECT_EQ(ViewOf(2).members.size(), 1u);
}

}  // namespace
}  // namespace slotmesh::node
