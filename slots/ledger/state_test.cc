#include "slots/ledger/state.h"

#include <gtest/gtest.h>

#include "slots/ledger/random_entries.h"

namespace slotmesh::ledger {
namespace {

using testing::Info;
using testing::Log;
using testing::Node;
using testing::Plan;
using testing::Shard;

constexpr BootId kBoot = 10;
constexpr BootId kNewBoot = 11;

// A state that takes changes one after another, each as a proposal of its own.
class StateTest : public ::testing::Test {
 protected:
  ApplyResult Do(Change change) { return state_.Apply({{Node(99), 1, ++counter_}, change}); }
  void Must(Change change) {
    const ApplyResult result = Do(change);
    EXPECT_TRUE(result.ok()) << ChangeName(change) << ": " << result.message;
    state_.CheckInvariants();
  }
  // The change is refused for that reason, and leaves everything as it was.
  void Refused(Change change, Refusal refusal) {
    const View before = state_.view();
    const ApplyResult result = Do(change);
    EXPECT_EQ(RefusalName(result.refusal), RefusalName(refusal)) << result.message;
    EXPECT_FALSE(result.message.empty());
    EXPECT_EQ(state_.view(), before);
  }
  // Nodes 1 to 3; shard 1 (primary 1, replica 2 in sync) owns 0-99, shard 2 (primary 3) owns
  // 100-199.
  void Form() {
    Must(LogCreated{Log(1), absl::FromUnixSeconds(100), 1});
    for (uint64_t n = 1; n <= 3; ++n) Must(MemberJoined{Info(n), kBoot});
    Must(ShardCreated{Shard(1), {Node(1), kBoot}});
    Must(ShardCreated{Shard(2), {Node(3), kBoot}});
    Must(ReplicaAssigned{{Node(2), kBoot}, Shard(1), Epoch(1)});
    Must(InSyncChanged{Shard(1), 1, 1, {{Node(1), kBoot}, {Node(2), kBoot}}});
    Must(SlotsAssigned{Shard(1), 1, slots::SlotSet::Of(0, 99)});
    Must(SlotsAssigned{Shard(2), 2, slots::SlotSet::Of(100, 199)});
  }
  const slots::ShardInfo& ShardOf(uint64_t n) { return *state_.view().FindShard(Shard(n)); }
  MoveSide Side(uint64_t n) { return {Shard(n), ShardOf(n).epoch, ShardOf(n).primary_boot}; }
  MovePlanned MoveOf10To19() { return {Plan(1), slots::SlotSet::Of(10, 19), Side(1), Side(2)}; }
  MoveCommitted CommitOf(const MovePlanned& plan) { return {plan.plan, plan.source, plan.target}; }
  void Restart(uint64_t n) { Must(MemberUpdated{Info(n), kNewBoot, kBoot}); }

  State state_;
  uint64_t counter_ = 0;
};

TEST_F(StateTest, NothingHappensBeforeTheFirstEntry) {
  Refused(MemberJoined{Info(1), kBoot}, Refusal::kNoLog);
  Must(LogCreated{Log(1), absl::FromUnixSeconds(100), 1});
  Refused(LogCreated{Log(2), absl::FromUnixSeconds(100), 1}, Refusal::kLogExists);
}

TEST_F(StateTest, Safety1InSyncNamesTheProcessSoARestartedReplicaIsNotPromoted) {
  Form();
  Restart(2);
  Refused(PrimaryChanged{Shard(1), 1, 2, {Node(2), kNewBoot}, {{Node(2), kNewBoot}}},
          Refusal::kNotInSync);
  Refused(PrimaryChanged{Shard(1), 1, 2, {Node(2), kBoot}, {{Node(2), kBoot}}},
          Refusal::kBootMoved);
  // Back in by an entry, it may be.
  Must(InSyncChanged{Shard(1), 1, 2, {{Node(1), kBoot}, {Node(2), kNewBoot}}});
  Must(PrimaryChanged{Shard(1), 1, 3, {Node(2), kNewBoot}, {{Node(2), kNewBoot}}});
}

TEST_F(StateTest, Safety2SequenceRisesByOneWithEachChangeAndOnlyThen) {
  Form();
  const uint64_t before = state_.view().map.version.sequence;
  EXPECT_EQ(Do(MemberJoined{Info(4), kBoot}).sequence, before + 1);
  EXPECT_EQ(Do(MemberJoined{Info(4), kBoot}).sequence, before + 1);  // It is so already.
  EXPECT_EQ(Do(SlotsAssigned{Shard(1), 1, slots::SlotSet::Of(0, 0)}).sequence, before + 1);
  EXPECT_EQ(state_.map()->version(), (slots::MapVersion{Log(1), 1, before + 1}));
}

TEST_F(StateTest, Safety2AHigherGenerationIsANewerVersion) {
  Form();
  const slots::MapVersion before = state_.map()->version();
  Must(GenerationRaised{1, 2});
  EXPECT_TRUE(slots::IsNewer(state_.map()->version(), before));
  Refused(GenerationRaised{1, 3}, Refusal::kEpochMoved);
  Refused(GenerationRaised{2, 2}, Refusal::kEpochMoved);
}

TEST_F(StateTest, Safety3EpochRisesWithThePrimaryAndOlderEntriesDoNothing) {
  Form();
  Must(PrimaryChanged{Shard(1), 1, 2, {Node(2), kBoot}, {{Node(2), kBoot}}});
  EXPECT_EQ(ShardOf(1).epoch, 3u);
  EXPECT_EQ(ShardOf(1).primary, Node(2));
  EXPECT_EQ(ShardOf(1).replicas, std::vector{Node(1)});
  EXPECT_EQ(ShardOf(1).in_sync, std::vector{Node(2)});
  Refused(SlotsAssigned{Shard(1), 1, slots::SlotSet::Of(500, 500)}, Refusal::kEpochMoved);
  Refused(SlotsUnassigned{Shard(1), 1, slots::SlotSet::Of(1, 1)}, Refusal::kEpochMoved);
  Refused(InSyncChanged{Shard(1), 1, 2, {{Node(1), kBoot}}}, Refusal::kEpochMoved);
  Refused(PrimaryChanged{Shard(1), 1, 2, {Node(1), kBoot}, {{Node(1), kBoot}}},
          Refusal::kEpochMoved);
  Refused(ReplicaAssigned{{Node(3), kBoot}, Shard(1), 1}, Refusal::kEpochMoved);
}

TEST_F(StateTest, Safety3AnInSyncVersionThatMovedOnRefusesFailover) {
  Form();
  Must(InSyncChanged{Shard(1), 1, 2, {{Node(1), kBoot}}});
  Refused(PrimaryChanged{Shard(1), 1, 2, {Node(2), kBoot}, {{Node(2), kBoot}}},
          Refusal::kInSyncMoved);
}

TEST_F(StateTest, Safety13AFailoverThatWasDecidedInAsyncModeDoesNothingOnceTheShardIsSynced) {
  Form();
  Must(InSyncChanged{Shard(1), 1, 2, {{Node(1), kBoot}}});
  const PrimaryChanged decided_before{
      Shard(1), 1, 3, {Node(2), kBoot}, {{Node(2), kBoot}}, /*outside_set=*/true};
  Refused(WriteSafetyChanged{Shard(1), 7, 3, true}, Refusal::kEpochMoved);
  Must(WriteSafetyChanged{Shard(1), 1, 3, true});
  EXPECT_TRUE(state_.view().FindInSync(Shard(1))->synced);
  EXPECT_FALSE(state_.view().FindInSync(Shard(2))->synced);
  Refused(decided_before, Refusal::kInSyncMoved);
  Must(InSyncChanged{Shard(1), 1, 4, {{Node(1), kBoot}, {Node(2), kBoot}}});
  Must(PrimaryChanged{Shard(1), 1, 5, {Node(2), kBoot}, {{Node(2), kBoot}}});
  EXPECT_TRUE(state_.view().FindInSync(Shard(1))->synced) << "whoever is primary";
}

TEST_F(StateTest, Safety4AProposalIsAppliedOnceAndAnsweredAlike) {
  Form();
  const Entry entry{{Node(5), 3, 1}, SlotsAssigned{Shard(1), 1, slots::SlotSet::Of(500, 500)}};
  const ApplyResult first = state_.Apply(entry);
  ASSERT_TRUE(first.ok());
  Must(SlotsUnassigned{Shard(1), 1, slots::SlotSet::Of(500, 500)});
  const ApplyResult again = state_.Apply(entry);
  EXPECT_TRUE(again.repeated);
  EXPECT_TRUE(again.ok());
  EXPECT_EQ(again.sequence, first.sequence);
  EXPECT_EQ(state_.map()->Owner(500), nullptr);
  // Refusals too.
  const Entry refused{{Node(5), 3, 2}, SlotsAssigned{Shard(2), 2, slots::SlotSet::Of(0, 0)}};
  EXPECT_EQ(state_.Apply(refused).refusal, Refusal::kSlotBusy);
  Must(SlotsUnassigned{Shard(1), 1, slots::SlotSet::Of(0, 0)});
  EXPECT_EQ(state_.Apply(refused).refusal, Refusal::kSlotBusy);
}

TEST_F(StateTest, Safety4OutOfOrderInsideTheWindowAppliesAndBehindItIsTooOld) {
  Form();
  const auto bump = [this](uint64_t counter) {
    return state_.Apply({{Node(5), 3, counter}, MemberJoined{Info(50 + counter), kBoot}});
  };
  EXPECT_TRUE(bump(kWindowSize).ok());
  EXPECT_TRUE(bump(1).ok());
  EXPECT_TRUE(bump(kWindowSize + 1).ok());
  EXPECT_EQ(bump(1).refusal, Refusal::kTooOld);
  EXPECT_TRUE(bump(2).changed);
}

TEST_F(StateTest, Safety4WindowsAreBoundedAndTheLeastUsedGoes) {
  Must(LogCreated{Log(1), absl::FromUnixSeconds(100), 1});
  const Change change = MemberJoined{Info(1), kBoot};
  for (uint64_t boot = 1; boot <= kWindowsMax + 1; ++boot) {
    state_.Apply({{Node(5), boot, 1}, change});
  }
  EXPECT_EQ(state_.FindOutcome({Node(5), 1, 1}), nullptr);
  EXPECT_NE(state_.FindOutcome({Node(5), kWindowsMax + 1, 1}), nullptr);
  state_.CheckInvariants();
}

TEST_F(StateTest, Safety12AMemberThatLeavesAShardLeavesItsInSyncSet) {
  Form();
  Must(MemberLeft{{Node(2), kBoot}, true});
  EXPECT_EQ(ShardOf(1).in_sync, std::vector{Node(1)});
  EXPECT_EQ(ShardOf(1).in_sync_version, 3u);
}

TEST_F(StateTest, Safety13OnlyAMemberOfTheSetIsPromotedWithoutTheDataLossWord) {
  Form();
  Must(InSyncChanged{Shard(1), 1, 2, {{Node(1), kBoot}}});
  PrimaryChanged failover{Shard(1), 1, 3, {Node(2), kBoot}, {{Node(2), kBoot}}};
  Refused(failover, Refusal::kNotInSync);
  failover.outside_set = true;
  Must(failover);
}

TEST_F(StateTest, Safety13FailoverCannotBringOthersIntoTheSet) {
  Form();
  Must(InSyncChanged{Shard(1), 1, 2, {{Node(1), kBoot}}});
  Refused(
      PrimaryChanged{Shard(1), 1, 3, {Node(2), kBoot}, {{Node(2), kBoot}, {Node(3), kBoot}}, true},
      Refusal::kNotInSync);
}

TEST_F(StateTest, Safety14ARestartedPrimaryIsANewProcess) {
  Form();
  Refused(PrimaryBooted{Shard(1), 1, 2, {Node(1), kNewBoot}, {{Node(1), kNewBoot}}},
          Refusal::kBootMoved);
  Restart(1);
  const PrimaryBooted booted{
      Shard(1), 1, 2, {Node(1), kNewBoot}, {{Node(1), kNewBoot}, {Node(2), kBoot}}};
  Must(booted);
  EXPECT_EQ(ShardOf(1).primary_boot, kNewBoot);
  EXPECT_EQ(ShardOf(1).epoch, 3u);
  EXPECT_FALSE(Do(booted).changed);
}

TEST_F(StateTest, Safety14WhoIsPromotedFirstWinsOverTheRestartedPrimary) {
  Form();
  Restart(1);
  Must(PrimaryChanged{Shard(1), 1, 2, {Node(2), kBoot}, {{Node(2), kBoot}}});
  Refused(PrimaryBooted{Shard(1), 1, 2, {Node(1), kNewBoot}, {{Node(1), kNewBoot}}},
          Refusal::kEpochMoved);
}

TEST_F(StateTest, MoveChangesTheOwnerOnce) {
  Form();
  const MovePlanned plan = MoveOf10To19();
  Must(plan);
  Refused(plan, Refusal::kPlanExists);
  Refused(MovePlanned{Plan(2), slots::SlotSet::Of(19, 30), Side(1), Side(2)}, Refusal::kSlotMoving);
  Refused(SlotsUnassigned{Shard(1), 1, slots::SlotSet::Of(10, 10)}, Refusal::kSlotMoving);
  Refused(SlotsReassigned{slots::SlotSet::Of(10, 10), Shard(1), 1, Shard(2), 2},
          Refusal::kSlotMoving);
  Must(CommitOf(plan));
  EXPECT_EQ(state_.map()->Owner(10)->id, Shard(2));
  EXPECT_EQ(state_.map()->Owner(20)->id, Shard(1));
  EXPECT_TRUE(state_.view().FindFinished(Plan(1))->committed);
  Refused(CommitOf(plan), Refusal::kUnknownPlan);
  Refused(MoveAborted{Plan(1), ""}, Refusal::kUnknownPlan);
}

TEST_F(StateTest, Safety19ARestartOfEitherSideAbortsTheMove) {
  for (const uint64_t node : {1, 3}) {
    state_ = State();
    Form();
    const MovePlanned plan = MoveOf10To19();
    Must(plan);
    Restart(node);
    EXPECT_TRUE(state_.view().moves.empty());
    Refused(CommitOf(plan), Refusal::kUnknownPlan);
    EXPECT_EQ(state_.map()->Owner(10)->id, Shard(1));
    EXPECT_EQ(state_.view().FindFinished(Plan(1))->reason, "the primary restarted");
  }
}

TEST_F(StateTest, Safety19AChangeOfPrimaryAbortsTheMove) {
  Form();
  const MovePlanned plan = MoveOf10To19();
  Must(plan);
  Must(PrimaryChanged{Shard(1), 1, 2, {Node(2), kBoot}, {{Node(2), kBoot}}});
  Refused(CommitOf(plan), Refusal::kUnknownPlan);
  EXPECT_EQ(state_.map()->Owner(10)->id, Shard(1));
}

TEST_F(StateTest, Safety19ACommitForOtherSidesDoesNothing) {
  Form();
  const MovePlanned plan = MoveOf10To19();
  Must(plan);
  MoveCommitted commit = CommitOf(plan);
  commit.source.boot = kNewBoot;
  Refused(commit, Refusal::kInvalid);
  commit = CommitOf(plan);
  commit.target.epoch = 9;
  Refused(commit, Refusal::kInvalid);
}

TEST_F(StateTest, Safety19APlanOnAProcessThatIsGoneIsRefused) {
  Form();
  const MovePlanned plan = MoveOf10To19();
  Restart(3);
  Refused(plan, Refusal::kBootMoved);
}

TEST_F(StateTest, Safety22AnAbortThatCommitsFirstWins) {
  Form();
  const MovePlanned plan = MoveOf10To19();
  Must(plan);
  Must(MoveAborted{Plan(1), "canceled"});
  Refused(CommitOf(plan), Refusal::kUnknownPlan);
  EXPECT_EQ(state_.map()->Owner(10)->id, Shard(1));
  Must(SlotsUnassigned{Shard(1), 1, slots::SlotSet::Of(10, 10)});
}

TEST_F(StateTest, FinishedMovesAreBounded) {
  Form();
  for (uint64_t i = 1; i <= kFinishedMovesMax + 1; ++i) {
    Must(MovePlanned{Plan(i), slots::SlotSet::Of(1, 1), Side(1), Side(2)});
    Must(MoveAborted{Plan(i), std::string(1000, 'r')});
  }
  EXPECT_EQ(state_.view().finished.size(), kFinishedMovesMax);
  EXPECT_EQ(state_.view().FindFinished(Plan(1)), nullptr);
  EXPECT_EQ(state_.view().finished.back().reason.size(), kReasonMax);
}

TEST_F(StateTest, MovesUnderWayAreBounded) {
  Form();
  Must(SlotsAssigned{Shard(1), 1, slots::SlotSet::Of(1000, 2000)});
  for (uint64_t i = 0; i < kMovesMax; ++i) {
    const auto slot = static_cast<slots::Slot>(1000 + i);
    ASSERT_TRUE(
        Do(MovePlanned{Plan(i + 1), slots::SlotSet::Of(slot, slot), Side(1), Side(2)}).ok());
  }
  Refused(MovePlanned{Plan(9999), slots::SlotSet::Of(1900, 1900), Side(1), Side(2)},
          Refusal::kTooMany);
}

TEST_F(StateTest, ABusySlotNamesItsOwner) {
  Form();
  const ApplyResult result = Do(SlotsAssigned{Shard(2), 2, slots::SlotSet::Of(42, 300)});
  EXPECT_EQ(result.refusal, Refusal::kSlotBusy);
  EXPECT_EQ(result.message, "slot 42 is owned by shard " + Shard(1).ToHex() + " (primary " +
                                Node(1).ToHex() + " at 10.0.0.1:7000)");
}

TEST_F(StateTest, MembersWithSlotsReplicasOrVotesStay) {
  Form();
  Refused(MemberLeft{{Node(3), kBoot}, true}, Refusal::kNotEmpty);
  Must(SlotsUnassigned{Shard(1), 1, slots::SlotSet::Of(0, 99)});
  Refused(MemberLeft{{Node(1), kBoot}, true}, Refusal::kNotEmpty);
  Must(VotersChanged{{Node(2)}});
  Refused(MemberLeft{{Node(2), kBoot}, true}, Refusal::kStillVoter);
  Refused(MemberLeft{{Node(2), kNewBoot}, true}, Refusal::kBootMoved);
  Must(VotersChanged{{Node(3)}});
  Must(MemberLeft{{Node(2), kBoot}, true});
  Must(MemberLeft{{Node(1), kBoot}, true});
  EXPECT_EQ(state_.view().FindShard(Shard(1)), nullptr);
}

TEST_F(StateTest, AnOpenSlotIsRememberedUntilItIsClosedOrChangesHands) {
  Form();
  Must(SlotOpened{150, Shard(1), 1, {}, Node(3)});
  Must(SlotOpened{150, Shard(2), 2, Node(1), {}});
  const std::vector<OpenedSlot> both = {{150, Shard(1), {}, Node(3)}, {150, Shard(2), Node(1), {}}};
  EXPECT_EQ(state_.view().opened, both);
  const auto restored = State::Restore(state_.Serialize());
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ(restored->view().opened, both);
  Must(SlotsReassigned{slots::SlotSet::Of(150, 150), Shard(2), 2, Shard(1), 1});
  EXPECT_TRUE(state_.view().opened.empty());
  Must(SlotOpened{151, Shard(2), 2, Node(1), {}});
  Must(SlotOpened{151, Shard(2), 2, {}, {}});
  EXPECT_TRUE(state_.view().opened.empty());
}

TEST_F(StateTest, AnOpenSlotFollowsAFailoverOnEitherSide) {
  Form();
  Must(SlotOpened{10, Shard(1), 1, Node(3), {}});
  Must(SlotOpened{10, Shard(2), 2, {}, Node(1)});
  Must(SlotOpened{150, Shard(2), 2, Node(1), {}});
  Must(PrimaryChanged{Shard(1), 1, 2, {Node(2), kBoot}, {{Node(2), kBoot}}});
  const std::vector<OpenedSlot> after = {
      {10, Shard(1), Node(3), {}}, {10, Shard(2), {}, Node(2)}, {150, Shard(2), Node(2), {}}};
  EXPECT_EQ(state_.view().opened, after);
}

TEST_F(StateTest, ASlotIsOpenedTheRightWayOnly) {
  Form();
  Refused(SlotOpened{50, Shard(1), 1, {}, Node(3)}, Refusal::kSlotBusy);
  Refused(SlotOpened{150, Shard(1), 1, Node(3), {}}, Refusal::kSlotNotOwned);
  Refused(SlotOpened{50, Shard(1), 1, Node(9), {}}, Refusal::kUnknownMember);
  Refused(SlotOpened{50, Shard(1), 1, Node(3), Node(3)}, Refusal::kInvalid);
  Refused(SlotOpened{slots::kSlotCount, Shard(1), 1, Node(3), {}}, Refusal::kInvalid);
  Refused(SlotOpened{50, Shard(1), 7, Node(3), {}}, Refusal::kEpochMoved);
}

TEST_F(StateTest, ASlotMovesByOneWayAtATime) {
  Form();
  Must(SlotOpened{10, Shard(1), 1, Node(3), {}});
  Refused(MoveOf10To19(), Refusal::kSlotMoving);
  Must(SlotOpened{10, Shard(1), 1, {}, {}});
  Must(MoveOf10To19());
  Refused(SlotOpened{10, Shard(1), 1, Node(3), {}}, Refusal::kSlotMoving);
}

TEST_F(StateTest, VotersThatAreNotMembersYetKeepTheirFlag) {
  Must(LogCreated{Log(1), absl::FromUnixSeconds(100), 1});
  Must(VotersChanged{{Node(1)}});
  Must(MemberJoined{Info(1), kBoot});
  EXPECT_TRUE(state_.map()->FindNode(Node(1))->voter);
}

TEST_F(StateTest, ReplicateNeedsAnEmptyPrimary) {
  Form();
  Refused(ReplicaAssigned{{Node(3), kBoot}, Shard(1), 1}, Refusal::kNotEmpty);
  Must(SlotsReassigned{slots::SlotSet::Of(100, 199), Shard(2), 2, Shard(1), 1});
  Must(ReplicaAssigned{{Node(3), kBoot}, Shard(1), 1});
  EXPECT_EQ(state_.view().FindShard(Shard(2)), nullptr);
  EXPECT_EQ(state_.map()->ShardOf(Node(3))->id, Shard(1));
}

TEST_F(StateTest, Safety24ALoneNodeIsAtEpoch0UntilItIsSet) {
  Must(LogCreated{Log(1), absl::FromUnixSeconds(100), 1});
  Must(MemberJoined{Info(1), kBoot});
  Must(ShardCreated{Shard(1), {Node(1), kBoot}});
  Must(SlotsAssigned{Shard(1), 0, slots::SlotSet::Of(0, 99)});
  Restart(1);
  Must(PrimaryBooted{Shard(1), 0, 1, {Node(1), kNewBoot}, {{Node(1), kNewBoot}}});
  EXPECT_EQ(ShardOf(1).epoch, 0u);
  Refused(ConfigEpochSet{Shard(1), 0}, Refusal::kInvalid);
  Must(ConfigEpochSet{Shard(1), 5});
  Refused(ConfigEpochSet{Shard(1), 6}, Refusal::kEpochAlreadySet);
  EXPECT_EQ(state_.view().map.current_epoch, 5u);
  Must(MemberJoined{Info(2), kBoot});
  Refused(ConfigEpochSet{Shard(1), 7}, Refusal::kNotLone);
}

TEST_F(StateTest, BumpRaisesOnlyWhatIsNotTheGreatest) {
  Form();
  EXPECT_FALSE(Do(EpochBumped{Shard(2), 2}).changed);
  Must(EpochBumped{Shard(1), 1});
  EXPECT_EQ(ShardOf(1).epoch, 3u);
}

// A log of one node (10 + n, shard 10 + n) with those slots, created at `seconds`, sealed into
// log 1.
State LoneLog(uint64_t n, slots::SlotSet slots, int64_t seconds, Epoch epoch = 0) {
  State state;
  uint64_t counter = 0;
  const auto apply = [&](Change change) {
    EXPECT_TRUE(state.Apply({{Node(10 + n), kBoot, ++counter}, change}).ok()) << ChangeName(change);
  };
  apply(LogCreated{Log(10 + n), absl::FromUnixSeconds(seconds), 1});
  apply(MemberJoined{Info(10 + n), kBoot});
  apply(ShardCreated{Shard(10 + n), {Node(10 + n), kBoot}});
  if (!slots.empty()) apply(SlotsAssigned{Shard(10 + n), 0, slots});
  if (epoch != 0) apply(ConfigEpochSet{Shard(10 + n), epoch});
  apply(LogSealed{Log(1), absl::FromUnixSeconds(100), true});
  return state;
}

TEST_F(StateTest, Safety23JoinBringsMembersShardsAndSlots) {
  Form();
  const State joiner = LoneLog(1, slots::SlotSet::Of(200, 299), 200);
  const LogJoined join = JoinEntry(joiner.view());
  Must(join);
  EXPECT_EQ(state_.map()->PrimaryOf(250)->id, Node(11));
  EXPECT_EQ(ShardOf(11).epoch, 3u);  // SAFETY 24: an epoch of its own.
  EXPECT_FALSE(Do(join).changed);    // Repeating is harmless.
}

TEST_F(StateTest, Safety23ASealedLogChangesNoMore) {
  State joiner = LoneLog(1, slots::SlotSet::Of(200, 299), 200);
  const View sealed = joiner.view();
  const Seal seal = *sealed.seal;
  const Change changes[] = {SlotsAssigned{Shard(11), 0, slots::SlotSet::Of(300, 300)},
                            MemberJoined{Info(4), kBoot},
                            LogSealed{Log(2), absl::FromUnixSeconds(50)},
                            LogUnsealed{Log(2), seal.at},
                            LogUnsealed{Log(1), seal.at - 1},
                            LogJoined{.log = Log(3), .created = absl::FromUnixSeconds(500)}};
  uint64_t counter = 100;
  for (const Change& change : changes) {
    const ApplyResult result = joiner.Apply({{Node(11), kBoot, ++counter}, change});
    EXPECT_EQ(result.refusal, Refusal::kSealed) << ChangeName(change);
    EXPECT_EQ(joiner.view(), sealed);
  }
  EXPECT_TRUE(joiner.Apply({{Node(11), kBoot, ++counter}, LogUnsealed{Log(1), seal.at}}).ok());
  EXPECT_TRUE(joiner.Apply({{Node(11), kBoot, ++counter}, changes[0]}).ok());
}

TEST_F(StateTest, Safety23OnlyTheYoungerLogIsSealed) {
  Form();
  Refused(LogSealed{Log(5), absl::FromUnixSeconds(200)}, Refusal::kOlderLog);
  Refused(LogSealed{Log(5), absl::FromUnixSeconds(100)}, Refusal::kOlderLog);  // The tie: by id.
  Refused(LogSealed{Log(1), absl::FromUnixSeconds(100)}, Refusal::kInvalid);
  Refused(LogJoined{.log = Log(9), .created = absl::FromUnixSeconds(50)}, Refusal::kOlderLog);
}

TEST_F(StateTest, Safety23AClusterOfSeveralThatOwnsKeysIsNotSealed) {
  Form();
  Refused(LogSealed{Log(5), absl::FromUnixSeconds(50), true}, Refusal::kConflict);
  Must(LogSealed{Log(5), absl::FromUnixSeconds(50), false});
}

TEST_F(StateTest, Safety23ALogWithMovesUnderWayIsNotSealed) {
  Form();
  Must(MoveOf10To19());
  Refused(LogSealed{Log(5), absl::FromUnixSeconds(50)}, Refusal::kSlotMoving);
}

TEST_F(StateTest, Safety23AConflictNamesSlotAndBothOwners) {
  Form();
  const State joiner = LoneLog(1, slots::SlotSet::Of(150, 299), 200);
  const LogJoined join = JoinEntry(joiner.view());
  Refused(join, Refusal::kConflict);
  const ApplyResult result = Do(join);
  EXPECT_NE(result.message.find("slot 150 is owned by shard " + Shard(2).ToHex()),
            std::string::npos)
      << result.message;
  EXPECT_NE(result.message.find(Shard(11).ToHex()), std::string::npos) << result.message;
}

TEST_F(StateTest, Safety23WhatWasCancelledIsNotTakenLaterButANewerSealIs) {
  Form();
  State joiner = LoneLog(1, slots::SlotSet::Of(200, 299), 200);
  const LogJoined late = JoinEntry(joiner.view());
  Must(JoinCancelled{{late.log, late.sealed_at}});
  EXPECT_FALSE(Do(JoinCancelled{{late.log, late.sealed_at}}).changed);
  Refused(late, Refusal::kCancelled);
  EXPECT_TRUE(joiner.Apply({{}, LogUnsealed{Log(1), late.sealed_at}}).changed);
  EXPECT_TRUE(joiner.Apply({{}, LogSealed{Log(1), absl::FromUnixSeconds(100)}}).changed);
  Must(JoinEntry(joiner.view()));
  Refused(JoinCancelled{{late.log, late.sealed_at + 5}}, Refusal::kLogExists);
}

TEST_F(StateTest, Safety23ALogBringsWhatItHadJoinedAndRefused) {
  Form();
  State middle = LoneLog(1, slots::SlotSet::Of(200, 299), 200);
  EXPECT_TRUE(middle.Apply({{}, LogUnsealed{Log(1), middle.view().seal->at}}).changed);
  State youngest = LoneLog(2, slots::SlotSet::Of(300, 399), 300);
  const LogJoined inner = JoinEntry(youngest.view());
  EXPECT_TRUE(middle.Apply({{}, JoinCancelled{{Log(77), 9}}}).changed);
  EXPECT_TRUE(middle.Apply({{}, inner}).changed);
  EXPECT_TRUE(middle.Apply({{}, LogSealed{Log(1), absl::FromUnixSeconds(100)}}).changed);
  Must(JoinEntry(middle.view()));
  EXPECT_FALSE(Do(inner).changed);  // It is in already.
  Refused(LogJoined{.log = Log(77), .created = absl::FromUnixSeconds(500), .sealed_at = 9},
          Refusal::kCancelled);
}

TEST_F(StateTest, Safety23AMemberOrShardOfBothLogsIsRefused) {
  Form();
  LogJoined join = JoinEntry(LoneLog(1, {}, 200).view());
  join.members[0].info.id = Node(2);
  Refused(join, Refusal::kMemberExists);
  join = JoinEntry(LoneLog(1, {}, 200).view());
  join.shards[0].shard = Shard(1);
  Refused(join, Refusal::kShardExists);
}

TEST_F(StateTest, Safety23NonsenseFromAnotherLogIsRefusedWhole) {
  Form();
  LogJoined join = JoinEntry(LoneLog(1, {}, 200).view());
  join.shards[0].replicas = {Node(77)};
  Refused(join, Refusal::kInvalid);
  join.shards[0].replicas = {};
  join.shards[0].in_sync = {};
  Refused(join, Refusal::kInvalid);
  join = JoinEntry(LoneLog(1, {}, 200).view());
  join.members[0].info.shard = Shard(55);
  Refused(join, Refusal::kInvalid);
}

TEST_F(StateTest, Safety24JoiningLoneNodesEachGetAnEpoch) {
  Must(LogCreated{Log(1), absl::FromUnixSeconds(100), 1});
  Must(MemberJoined{Info(1), kBoot});
  Must(ShardCreated{Shard(1), {Node(1), kBoot}});
  Must(JoinEntry(LoneLog(1, {}, 200).view()));
  Must(JoinEntry(LoneLog(2, {}, 200, 1).view()));
  std::set<Epoch> epochs;
  for (const slots::ShardInfo& shard : state_.view().map.shards) epochs.insert(shard.epoch);
  EXPECT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs.count(0), 0u);
}

TEST(StateWalkTest, ReplicasAgreeAndSnapshotsAreTheSameState) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed=" << seed);
    testing::RandomEntries random(seed);
    State a;
    State b;
    uint64_t applied = 0;
    for (uint64_t i = 1; i <= 300; ++i) {
      const Entry entry{{Node(random.Below(3)), 5, 1 + random.Below(i)},
                        random.Sensible(a.view(), 6)};
      const ApplyResult result = a.Apply(entry);
      applied += result.changed;
      EXPECT_EQ(b.Apply(entry).message, result.message);
      a.CheckInvariants();
      if (i % 50 != 0) continue;
      const std::string bytes = a.Serialize();
      EXPECT_EQ(b.Serialize(), bytes);
      absl::StatusOr<State> back = State::Restore(bytes);
      ASSERT_TRUE(back.ok()) << back.status();
      EXPECT_EQ(back->Serialize(), bytes);
      b = *std::move(back);
    }
    EXPECT_GT(applied, 20u);
  }
}

TEST(StateWalkTest, ADamagedSnapshotIsRefused) {
  testing::RandomEntries random(1);
  State state;
  for (uint64_t i = 1; i <= 100; ++i) {
    state.Apply({{Node(1), 5, i}, random.Sensible(state.view(), 6)});
  }
  const std::string bytes = state.Serialize();
  for (int i = 0; i < 200; ++i) {
    std::string damaged = bytes;
    damaged[random.Below(damaged.size())] ^= 1;
    EXPECT_FALSE(State::Restore(damaged).ok());
    EXPECT_FALSE(State::Restore(bytes.substr(0, random.Below(bytes.size()))).ok());
  }
}

}  // namespace
}  // namespace slotmesh::ledger
