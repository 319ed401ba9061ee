// Rules 19 to 22 of the safety document, and what may happen to the other side of a move.
#include <functional>
#include <optional>

#include "gtest/gtest.h"
#include "node/cluster/migration/testing/move_world.h"
#include "node/resp/errors.h"
#include "slots/hash_slot.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using slots::SlotSet;

SlotSet SlotsOf(std::initializer_list<std::string_view> tags) {
  SlotSet slots;
  for (const std::string_view tag : tags) slots.Add(slots::HashSlot(tag));
  return slots;
}

class MoveSafety : public testing::Test {
 protected:
  explicit MoveSafety(int nodes = 2) : world(7, nodes), writer(source().Connect()) {}

  MoveNode& source() { return world.node(1); }
  MoveNode& target() { return world.node(2); }
  void Write(int keys, size_t bytes = 10) {
    for (int i = 0; i < keys; ++i) {
      ASSERT_EQ(writer->Run({"SET", StrCat("{a}", i), std::string(bytes, 'v')}), "+OK\r\n");
    }
  }
  MigrationSource::Phase SourcePhase(const slots::PlanId& plan) {
    const MigrationRecord* record = source().Record(plan);
    if (record == nullptr || HasEnded(record->stage)) return MigrationSource::Phase::kOver;
    if (source().state.fenced().empty()) return MigrationSource::Phase::kCopying;
    return MigrationSource::Phase::kDraining;
  }
  bool Ended(const slots::PlanId& plan) { return world.FindFinished(plan) != nullptr; }
  bool AllIdle() {
    for (uint64_t i = 1; i <= 3; ++i) {
      if (world.alive(i) && world.node(i).manager->active()) return false;
    }
    return true;
  }
  // The source has everything as it was, the target nothing, and both are open for work.
  void ExpectAborted(const slots::PlanId& plan, const Content& before) {
    ASSERT_TRUE(world.RunUntil([&] { return Ended(plan) && AllIdle(); }));
    EXPECT_FALSE(world.FindFinished(plan)->committed);
    EXPECT_TRUE(source().state.fenced().empty());
    EXPECT_EQ(source().ContentOf(moving), before);
    EXPECT_EQ(writer->Run("SET {a}0 after"), "+OK\r\n");
    if (world.alive(2)) {
      EXPECT_EQ(target().keyspace().size(), 0);
    }
    world.CheckInvariants();
  }

  MoveWorld world;
  std::unique_ptr<MoveClient> writer;
  const SlotSet moving = SlotsOf({"a", "b"});
};

class MoveSafetyOfThree : public MoveSafety {
 protected:
  MoveSafetyOfThree() : MoveSafety(3) {}
};

// --- SAFETY 19 ---

TEST_F(MoveSafety, Safety19RestartOfTheSourceThatCommitsFirstAbortsTheMove) {
  Write(20);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  world.control().HoldProposals(true, /*answer_unavailable=*/false);
  ASSERT_TRUE(world.RunUntil([&] {
    const MigrationRecord* record = target().Record(plan);
    return record != nullptr && record->stage == MoveStage::kFenced;
  }));
  // The commit is proposed and waits; a new process of the source comes first.
  world.Settle();
  slots::NodeInfo info = *world.control().state().map()->FindNode(source().id());
  ASSERT_TRUE(world.control().Apply(ledger::MemberUpdated{info, /*boot=*/2, /*expected=*/1}).ok());
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return !target().manager->active(); }));
  EXPECT_FALSE(world.FindFinished(plan)->committed);
  EXPECT_EQ(target().keyspace().size(), 0);
  EXPECT_FALSE(target().state.IsMine(*moving.First()));
}

TEST_F(MoveSafety, Safety19RestartOfTheTargetThatCommitsFirstAbortsTheMove) {
  Write(20);
  const Content before = source().ContentOf(moving);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  world.control().HoldProposals(true, false);
  ASSERT_TRUE(world.RunUntil([&] {
    return SourcePhase(plan) == MigrationSource::Phase::kDraining &&
           target().Record(plan)->stage == MoveStage::kFenced;
  }));
  world.Settle();
  slots::NodeInfo info = *world.control().state().map()->FindNode(target().id());
  ASSERT_TRUE(world.control().Apply(ledger::MemberUpdated{info, 2, 1}).ok());
  world.control().HoldProposals(false, false);
  ExpectAborted(plan, before);
}

TEST_F(MoveSafety, Safety19RaisedEpochThatCommitsFirstAbortsTheMove) {
  Write(5);
  const Content before = source().ContentOf(moving);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  world.control().HoldProposals(true, false);
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  // A shard whose epoch is the greatest already keeps it: raise the other's first.
  for (const uint64_t number : {2, 1, 2}) {
    const slots::ShardInfo* shard =
        world.control().state().view().FindShard(FakeControl::ShardIdOf(number));
    ASSERT_TRUE(world.control().Apply(ledger::EpochBumped{shard->id, shard->epoch}).ok());
  }
  world.control().HoldProposals(false, false);
  ExpectAborted(plan, before);
}

TEST_F(MoveSafety, FramesOfAnotherProcessThanThePlanNamesAreNotTaken) {
  Write(5);
  const Content before = source().ContentOf(moving);
  // The plan names a process of the target that has ended; the ledger would refuse it, a picture
  // from before the restart may show it all the same. The source speaks to it until the abort.
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  world.control().FreezePicture(target().id(), true);
  EXPECT_FALSE(world.RunUntil([&] { return !source().state.fenced().empty(); }, absl::Seconds(5)));
  // No answer from a target that does not know the plan: the source gives up by itself.
  ASSERT_TRUE(world.RunUntil([&] { return Ended(plan); }, absl::Seconds(30)));
  world.control().FreezePicture(target().id(), false);
  ExpectAborted(plan, before);
  EXPECT_EQ(source().Record(plan)->message, "the target did not answer");
}

// --- SAFETY 20 ---

TEST_F(MoveSafety, Safety20TheFenceStopsWritesAndLetsReadsThroughUntilTheCommitIsProposed) {
  Write(3);
  std::unique_ptr<MoveClient> reader = source().Connect();
  world.Plan(moving, 1, 2);
  // The target hears nothing of the end of the stream.
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  EXPECT_EQ(reader->Run("GET {a}1"), "$10\r\nvvvvvvvvvv\r\n");
  EXPECT_EQ(writer->Run("SET {a}1 new"), "");
  EXPECT_TRUE(writer->waits());
  std::unique_ptr<MoveClient> other = source().Connect();
  EXPECT_EQ(other->Run("SET {z}1 elsewhere"), "+OK\r\n");
  world.control().HoldProposals(true, false);
  ASSERT_TRUE(world.RunUntil([&] {
    if (reader->waits()) return true;
    reader->Run("GET {a}1");
    return reader->waits();
  }));
  // Both get MOVED once it is decided.
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return !reader->waits() && !writer->waits(); }));
  EXPECT_TRUE(writer->TakeReply().starts_with("-MOVED "));
  EXPECT_TRUE(reader->TakeReply().starts_with("-MOVED "));
}

TEST_F(MoveSafety, Safety20NothingExpiresOrIsEvictedBehindTheFence) {
  Write(3);
  writer->Run("SET {a}short v PX 1000");
  world.control().HoldProposals(true, false);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] {
    return !source().state.fenced().empty() && target().Record(plan)->stage == MoveStage::kFenced;
  }));
  const Content at_fence = source().ContentOf(moving);
  ASSERT_EQ(at_fence.size(), 4);
  world.Advance(absl::Seconds(2));
  source().Expire();
  source().keyspace().database(0).Evict(HashKey(source().keyspace(), "{a}0"), false);
  std::unique_ptr<MoveClient> reader = source().Connect();
  reader->Run("RANDOMKEY");
  EXPECT_EQ(source().ContentOf(moving), at_fence);
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return AllIdle(); }));
  // The target removes it when it owns the slot.
  EXPECT_EQ(target().ContentOf(moving), at_fence);
  target().Expire();
  EXPECT_EQ(target().ContentOf(moving).size(), 3);
}

TEST_F(MoveSafety, Safety20AfterAnAbortDueKeysExpireAgain) {
  Write(1);
  writer->Run("SET {a}short v PX 1000");
  world.control().HoldProposals(true, false);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  ASSERT_TRUE(world.control().Apply(ledger::MoveAborted{plan, "test"}).ok());
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return AllIdle(); }));
  world.Advance(absl::Seconds(2));
  source().Expire();
  EXPECT_EQ(source().ContentOf(moving).size(), 1);
}

TEST_F(MoveSafety, Safety20TransactionsAndCommandsOnAllKeysWaitForTheFence) {
  Write(3);
  std::unique_ptr<MoveClient> in_multi = source().Connect();
  std::unique_ptr<MoveClient> flushing = source().Connect();
  in_multi->Run("MULTI");
  in_multi->Run("SET {a}0 tx");
  std::unique_ptr<MoveClient> flush_in_multi = source().Connect();
  flush_in_multi->Run("MULTI");
  flush_in_multi->Run("FLUSHALL");
  world.control().HoldProposals(true, false);
  world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  const Content at_fence = source().ContentOf(moving);
  EXPECT_EQ(in_multi->Run("EXEC"), "");
  EXPECT_EQ(flushing->Run("FLUSHALL"), "");
  EXPECT_EQ(flush_in_multi->Run("EXEC"), "");
  EXPECT_EQ(source().ContentOf(moving), at_fence);
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return !flushing->waits() && !in_multi->waits(); }));
  EXPECT_EQ(flushing->TakeReply(), "+OK\r\n");
  EXPECT_TRUE(in_multi->TakeReply().starts_with("-MOVED "));
  EXPECT_EQ(target().ContentOf(moving), at_fence);
}

TEST_F(MoveSafety, WhoAsksTheTargetWhileTheOutcomeIsOpenWaitsForIt) {
  for (const bool commit : {true, false}) {
    const uint64_t from = commit ? 1 : 2;
    MoveNode& to = world.node(3 - from);
    world.control().HoldProposals(true, false);
    const slots::PlanId plan = world.Plan(moving, from, 3 - from);
    std::unique_ptr<MoveClient> early = to.Connect();
    EXPECT_TRUE(early->Run("SET {a}1 x").starts_with("-MOVED "));
    ASSERT_TRUE(world.RunUntil([&] {
      const MigrationRecord* record = to.Record(plan);
      return record != nullptr && record->stage == MoveStage::kFenced;
    }));
    EXPECT_EQ(early->Run("SET {a}1 x"), "");
    if (!commit) {
      ASSERT_TRUE(world.control().Apply(ledger::MoveAborted{plan, "test"}).ok());
    }
    world.control().HoldProposals(false, false);
    ASSERT_TRUE(world.RunUntil([&] { return !early->waits() && AllIdle(); }));
    const std::string reply = early->TakeReply();
    EXPECT_EQ(reply.substr(0, 6), commit ? "+OK\r\n" : "-MOVED");
  }
}

// --- SAFETY 21 ---

class MoveSafetyFlush : public MoveSafety, public testing::WithParamInterface<const char*> {};

TEST_P(MoveSafetyFlush, Safety21ChangingAllKeysAtTheSourceAbortsTheMove) {
  Write(2000);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] {
    const MigrationRecord* record = target().Record(plan);
    return record != nullptr && record->keys > 100;
  }));
  EXPECT_EQ(writer->Run(GetParam()), "+OK\r\n");
  ExpectAborted(plan, source().ContentOf(moving));
  EXPECT_EQ(source().Record(plan)->stage, MoveStage::kFailed);
  EXPECT_NE(source().Record(plan)->message.find("came between"), std::string::npos);
}

TEST_P(MoveSafetyFlush, Safety21ChangingAllKeysAtTheTargetAbortsTheMove) {
  Write(2000);
  const Content before = source().ContentOf(moving);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] {
    const MigrationRecord* record = target().Record(plan);
    return record != nullptr && record->keys > 100;
  }));
  EXPECT_EQ(target().Connect()->Run(GetParam()), "+OK\r\n");
  ExpectAborted(plan, before);
}

INSTANTIATE_TEST_SUITE_P(Commands, MoveSafetyFlush, testing::Values("FLUSHALL", "SWAPDB 0 1"));

// --- SAFETY 22 ---

TEST_F(MoveSafety, Safety22WithoutAMajorityTheFenceStaysHoweverLongItTakes) {
  Write(10);
  const Content before = source().ContentOf(moving);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  world.control().HoldProposals(true, /*answer_unavailable=*/true);
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  EXPECT_EQ(writer->Run("SET {a}0 late"), "");
  EXPECT_FALSE(world.RunUntil([&] { return source().state.fenced().empty(); }, absl::Minutes(2)));
  EXPECT_EQ(source().ContentOf(moving), before);
  // The writer did not wait as long.
  EXPECT_EQ(writer->TakeReply(), StrCat("-", errors::kTryAgain, "\r\n"));
  // One of the proposals comes through in the end.
  world.control().HoldProposals(false, false);
  ASSERT_TRUE(world.RunUntil([&] { return AllIdle(); }));
  EXPECT_TRUE(world.FindFinished(plan)->committed);
  EXPECT_EQ(target().ContentOf(moving), before);
  EXPECT_EQ(source().keyspace().size(), 0);
}

TEST_F(MoveSafety, Safety22GivenUpBehindTheFenceTheSourceWaitsForTheAbort) {
  Write(10);
  const Content before = source().ContentOf(moving);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  world.control().HoldProposals(true, true);
  world.control().BreakLink(source().id(), target().id());
  EXPECT_FALSE(world.RunUntil([&] { return source().state.fenced().empty(); }, absl::Minutes(1)));
  EXPECT_EQ(source().Record(plan)->stage, MoveStage::kAborting);
  world.control().HoldProposals(false, false);
  ExpectAborted(plan, before);
}

TEST_F(MoveSafety, Safety22WritersGetTryAgainAfterFiveSecondsTransactionsToo) {
  Write(1);
  std::unique_ptr<MoveClient> exec = source().Connect();
  std::unique_ptr<MoveClient> queueing = source().Connect();
  exec->Run("MULTI");
  exec->Run("SET {a}0 x");
  queueing->Run("MULTI");
  world.Plan(moving, 1, 2);
  world.control().HoldProposals(true, true);
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  EXPECT_EQ(exec->Run("EXEC"), "");
  EXPECT_EQ(queueing->Run("SET {a}0 x"), "");
  EXPECT_EQ(writer->Run("INCR {a}n"), "");
  world.RunUntil([] { return false; }, absl::Milliseconds(4900));
  EXPECT_TRUE(exec->waits() && queueing->waits() && writer->waits());
  world.RunUntil([] { return false; }, absl::Milliseconds(200));
  const std::string try_again = StrCat("-", errors::kTryAgain, "\r\n");
  EXPECT_EQ(writer->TakeReply(), try_again);
  EXPECT_EQ(exec->TakeReply(), try_again);
  EXPECT_EQ(queueing->TakeReply(), try_again);
  EXPECT_EQ(exec->Run("EXEC"), "-ERR EXEC without MULTI\r\n");
  EXPECT_EQ(queueing->Run("EXEC"), StrCat("-", errors::kExecAbort, "\r\n"));
}

TEST_F(MoveSafety, LateAndRepeatedOutcomesChangeNothing) {
  // Every second answer is lost though the proposal is applied: commits are proposed again.
  world.control().LoseAnswers(2);
  Write(10);
  for (int round = 0; round < 20; ++round) {
    const uint64_t from = round % 2 == 0 ? 1 : 2;
    const Content before = world.node(from).ContentOf(moving);
    const slots::PlanId plan = world.Plan(moving, from, 3 - from);
    ASSERT_TRUE(world.RunUntil([&] { return Ended(plan) && AllIdle(); }));
    EXPECT_TRUE(world.FindFinished(plan)->committed);
    // Once more, from somewhere.
    EXPECT_FALSE(world.control().Apply(ledger::MoveAborted{plan, "late"}).ok());
    world.Settle();
    EXPECT_EQ(world.node(3 - from).ContentOf(moving), before);
    EXPECT_EQ(world.node(from).keyspace().size(), 0);
    world.CheckInvariants();
  }
}

TEST_F(MoveSafety, PicturesThatComeLateDecideAllTheSame) {
  Write(10);
  const Content before = source().ContentOf(moving);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] { return !source().state.fenced().empty(); }));
  world.control().FreezePicture(source().id(), true);
  ASSERT_TRUE(world.RunUntil([&] { return target().state.IsMine(*moving.First()); }));
  // The target serves; the source, which does not know yet, still holds everything back.
  EXPECT_EQ(target().Connect()->Run("SET {a}0 there"), "+OK\r\n");
  EXPECT_EQ(writer->Run("GET {a}0"), "");
  world.RunUntil([] { return false; }, absl::Seconds(3));
  EXPECT_TRUE(writer->waits());
  EXPECT_EQ(source().ContentOf(moving), before);
  world.control().FreezePicture(source().id(), false);
  ASSERT_TRUE(world.RunUntil([&] { return AllIdle() && !writer->waits(); }));
  EXPECT_TRUE(writer->TakeReply().starts_with("-MOVED "));
  EXPECT_EQ(world.FindFinished(plan)->committed, true);
}

// --- The other side ---

// What breaks the move, at any event of it.
struct Break {
  const char* name;
  std::function<void(MoveWorld&, const slots::PlanId&)> happen;
  bool may_commit;
};

void PrintTo(const Break& what, std::ostream* out) { *out << what.name; }

class MoveBroken : public testing::TestWithParam<Break> {};

TEST_P(MoveBroken, AtEachStepOneOwnerHasEverything) {
  int outcomes[2] = {0, 0};
  for (int step = 0;; ++step) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    MoveWorld world(static_cast<uint64_t>(step));
    const SlotSet moving = SlotsOf({"a", "b"});
    std::unique_ptr<MoveClient> writer = world.node(1).Connect();
    for (int i = 0; i < 300; ++i) writer->Run({"SET", StrCat("{a}", i), StrCat("v", i)});
    const Content before = world.node(1).ContentOf(moving);
    const slots::PlanId plan = world.Plan(moving, 1, 2);
    int events = 0;
    world.RunUntil([&] { return world.FindFinished(plan) != nullptr || events++ == step; });
    const bool was_over = world.FindFinished(plan) != nullptr;
    writer.reset();  // Its node may die.
    GetParam().happen(world, plan);
    ASSERT_TRUE(world.RunUntil([&] { return world.FindFinished(plan) != nullptr; }));
    ASSERT_TRUE(world.RunUntil([&] {
      return (!world.alive(1) || !world.node(1).manager->active()) &&
             (!world.alive(2) || !world.node(2).manager->active());
    }));
    const bool committed = world.FindFinished(plan)->committed;
    ++outcomes[committed];
    ASSERT_TRUE(!committed || was_over || GetParam().may_commit);
    for (const uint64_t number : {1, 2}) {
      if (!world.alive(number)) continue;
      const bool owns = (number == 2) == committed;
      ASSERT_EQ(world.node(number).state.IsMine(*moving.First()), owns);
      ASSERT_EQ(world.node(number).ContentOf(moving), owns ? before : Content());
      ASSERT_TRUE(world.node(number).state.fenced().empty());
    }
    world.CheckInvariants();
    if (was_over) break;
  }
  EXPECT_GT(outcomes[0], 0);
}

INSTANTIATE_TEST_SUITE_P(
    Breaks, MoveBroken,
    testing::Values(
        Break{"the link breaks",
              [](MoveWorld& world, const slots::PlanId&) {
                world.control().BreakLink(FakeControl::NodeIdOf(1), FakeControl::NodeIdOf(2));
              },
              true},
        Break{"nothing can be sent any more",
              [](MoveWorld& world, const slots::PlanId&) {
                world.control().Cut(FakeControl::NodeIdOf(1), FakeControl::NodeIdOf(2), true);
              },
              true},
        Break{"an abort is decided",
              [](MoveWorld& world, const slots::PlanId& plan) {
                (void)world.control().Apply(ledger::MoveAborted{plan, "test"});
              },
              false},
        Break{"the target dies",
              [](MoveWorld& world, const slots::PlanId&) {
                world.Kill(2);
                world.control().SetHealth(FakeControl::NodeIdOf(2), gossip::State::kDead);
              },
              true},
        Break{"the source dies",
              [](MoveWorld& world, const slots::PlanId&) {
                world.Kill(1);
                world.control().SetHealth(FakeControl::NodeIdOf(1), gossip::State::kDead);
              },
              true}));

TEST_F(MoveSafety, CommittedWithoutItsDataIsRefusedLoudly) {
  Write(10);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  world.control().Cut(source().id(), target().id(), true);
  world.Settle();
  const ledger::MovePlan move = *world.FindPlan(plan);
  // Nobody of ours would do this.
  ASSERT_TRUE(world.control().Apply(ledger::MoveCommitted{plan, move.source, move.target}).ok());
  world.Settle();
  EXPECT_EQ(target().Connect()->Run("GET {a}1"), "-CLUSTERDOWN Hash slot not served\r\n");
  EXPECT_TRUE(target().log.Has("DATA MISSING"));
  EXPECT_EQ(target().Record(plan)->stage, MoveStage::kFailed);
}

TEST_F(MoveSafety, CommittedWithHalfItsDataIsRefusedLoudlyToo) {
  Write(2000, 1000);
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ASSERT_TRUE(world.RunUntil([&] {
    const MigrationRecord* record = target().Record(plan);
    return record != nullptr && record->stage == MoveStage::kCopying && record->keys > 0;
  }));
  const ledger::MovePlan move = *world.FindPlan(plan);
  ASSERT_TRUE(world.control().Apply(ledger::MoveCommitted{plan, move.source, move.target}).ok());
  world.Settle();
  EXPECT_EQ(target().Connect()->Run("GET {a}1"), "-CLUSTERDOWN Hash slot not served\r\n");
  EXPECT_TRUE(target().log.Has("DATA MISSING"));
  EXPECT_EQ(target().keyspace().size(), 0);
}

TEST_F(MoveSafety, Safety14ANodeWithoutItsDataTakesPartInNoMove) {
  Write(10);
  const Content before = source().ContentOf(moving);
  world.control().SetDataMissing(target().id());
  world.Settle();
  const slots::PlanId plan = world.Plan(moving, 1, 2);
  ExpectAborted(plan, before);
  EXPECT_NE(source().Record(plan)->message.find("without the data"), std::string::npos);
}

TEST_F(MoveSafety, MoreMovesToANodeThanItTakesAreRefused) {
  std::vector<slots::PlanId> plans;
  for (slots::Slot slot = 0; slot < kImportsMax + 3; ++slot) {
    plans.push_back(world.Plan(SlotSet::Of(slot, slot), 1, 2));
  }
  int refused = 0;
  ASSERT_TRUE(
      world.RunUntil([&] { return world.control().state().view().moves.empty() && AllIdle(); }));
  for (const slots::PlanId& plan : plans) refused += !world.FindFinished(plan)->committed;
  EXPECT_EQ(refused, 3);
}

TEST_F(MoveSafetyOfThree, SeveralMovesAtOnceGoTheirOwnWays) {
  const SlotSet to_second = SlotsOf({"a", "b"});
  const SlotSet to_third = SlotsOf({"c"});
  for (const std::string_view tag : {"a", "b", "c", "d"}) {
    for (int i = 0; i < 200; ++i) writer->Run({"SET", StrCat("{", tag, "}", i), "v"});
  }
  const Content second = source().ContentOf(to_second);
  const Content third = source().ContentOf(to_third);
  const slots::PlanId one = world.Plan(to_second, 1, 2);
  const slots::PlanId two = world.Plan(to_third, 1, 3);
  ASSERT_TRUE(world.RunUntil([&] { return Ended(one) && Ended(two) && AllIdle(); }));
  EXPECT_EQ(world.node(2).ContentOf(SlotSet::All()), second);
  EXPECT_EQ(world.node(3).ContentOf(SlotSet::All()), third);
  EXPECT_EQ(source().keyspace().size(), 200);
  // And on, in a circle.
  const slots::PlanId on = world.Plan(to_second, 2, 3);
  const slots::PlanId back = world.Plan(to_third, 3, 1);
  ASSERT_TRUE(world.RunUntil([&] { return Ended(on) && Ended(back) && AllIdle(); }));
  EXPECT_EQ(world.node(3).ContentOf(SlotSet::All()), second);
  EXPECT_EQ(source().keyspace().size(), 400);
}

TEST_F(MoveSafety, LeftoversOfAnEarlierOwnerNeverShow) {
  writer->Run("SET {a}old leftover");
  writer->Run("SET {b}old leftover");
  // The slots change hands without a plan: the keys stay behind, unseen.
  const ledger::View& view = world.control().state().view();
  const slots::ShardInfo* first = view.FindShard(FakeControl::ShardIdOf(1));
  const slots::ShardInfo* second = view.FindShard(FakeControl::ShardIdOf(2));
  ASSERT_TRUE(world.control()
                  .Apply(ledger::SlotsReassigned{moving, first->id, first->epoch, second->id,
                                                 second->epoch})
                  .ok());
  world.Settle();
  std::unique_ptr<MoveClient> other = target().Connect();
  EXPECT_EQ(other->Run("SET {a}new v"), "+OK\r\n");
  const Content before = target().ContentOf(moving);
  const slots::PlanId plan = world.Plan(moving, 2, 1);
  ASSERT_TRUE(world.RunUntil([&] { return Ended(plan) && AllIdle(); }));
  EXPECT_EQ(source().ContentOf(moving), before);
}

}  // namespace
}  // namespace slotmesh::node
