// The two step machines by themselves: deadlines, bounds, peers that do not keep to the protocol.
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "node/cluster/migration/source.h"
#include "node/cluster/migration/target.h"

namespace slotmesh::node {
namespace {

using Phase = MigrationSource::Phase;
using TargetPhase = MigrationTarget::Phase;

constexpr absl::Time kStart = absl::FromUnixSeconds(1000);

ledger::MovePlan SomePlan() {
  std::mt19937_64 random(1);
  ledger::MovePlan plan;
  plan.plan = slots::PlanId::Random(random);
  plan.slots = slots::SlotSet::Of(1, 9);
  plan.source = {slots::ShardId::Random(random), 1, 11};
  plan.target = {slots::ShardId::Random(random), 2, 22};
  return plan;
}

class SourceTest : public testing::Test {
 protected:
  SourceTest() : source_(SomePlan(), kStart) {}

  MigrationFrame Frame(FrameKind kind, uint64_t offset = 0, std::string_view bytes = {}) {
    return {kind, SomePlan().plan, offset, bytes};
  }
  void Copy() { source_.OnFrame(now_, Frame(FrameKind::kReady), &out_); }
  void Fence() {
    Copy();
    source_.WalkDone(now_, &out_);
    ASSERT_EQ(source_.phase(), Phase::kDraining);
  }
  void Commit() {
    Fence();
    source_.OnFrame(now_, Frame(FrameKind::kComplete, source_.stream().end()), &out_);
    ASSERT_EQ(source_.phase(), Phase::kCommitting);
  }
  void AddEffect(size_t bytes) {
    const std::string value(bytes, 'v');
    const std::string_view words[] = {"SET", "key", value};
    source_.AddEffect(0, words, 1, now_, &out_);
  }
  void TickAt(absl::Time at) {
    now_ = at;
    out_ = {};
    source_.Tick(now_, &out_);
    source_.CheckInvariants();
  }
  const ledger::MoveAborted* Abort() const {
    return out_.proposal ? std::get_if<ledger::MoveAborted>(&*out_.proposal) : nullptr;
  }
  const ledger::MoveCommitted* CommitProposal() const {
    return out_.proposal ? std::get_if<ledger::MoveCommitted>(&*out_.proposal) : nullptr;
  }
  void ExpectGivenUp(std::string_view reason) {
    EXPECT_EQ(source_.phase(), Phase::kAborting);
    ASSERT_NE(Abort(), nullptr);
    EXPECT_EQ(Abort()->plan, SomePlan().plan);
    EXPECT_EQ(Abort()->reason, reason);
    EXPECT_TRUE(out_.end_copy);
    ASSERT_FALSE(out_.frames.empty());
    EXPECT_EQ(DecodeFrame(out_.frames.back())->kind, FrameKind::kStop);
    source_.CheckInvariants();
  }

  absl::Time now_ = kStart;
  MigrationSource source_;
  MigrationSource::Output out_;
};

TEST_F(SourceTest, GreetsAgainUntilTheTargetIsReady) {
  TickAt(kStart);
  ASSERT_EQ(out_.frames.size(), 1);
  EXPECT_EQ(DecodeFrame(out_.frames[0])->kind, FrameKind::kBegin);
  TickAt(kStart + kBeginRetry / 2);
  EXPECT_TRUE(out_.frames.empty());
  TickAt(kStart + kBeginRetry);
  EXPECT_EQ(out_.frames.size(), 1);
  Copy();
  EXPECT_TRUE(out_.begin_copy);
  out_ = {};
  Copy();
  EXPECT_FALSE(out_.begin_copy);
}

TEST_F(SourceTest, GivesUpOnATargetThatDoesNotAnswer) {
  TickAt(kStart + kBeginTimeout);
  ExpectGivenUp("the target did not answer");
}

TEST_F(SourceTest, LosingTheLinkWhileGreetingIsNothing) {
  source_.OnLinkLost(now_, &out_);
  EXPECT_EQ(source_.phase(), Phase::kGreeting);
}

TEST_F(SourceTest, LosingTheLinkWhileCopyingEndsIt) {
  Copy();
  source_.OnLinkLost(now_, &out_);
  ExpectGivenUp("the connection to the target was lost");
}

TEST_F(SourceTest, AnEmptySlotIsFencedAtOnce) {
  Fence();
  EXPECT_EQ(out_.fence, node::Fence::kWrites);
  EXPECT_EQ(source_.stream().end(), kRecordHeaderBytes);
}

TEST_F(SourceTest, CompleteRaisesTheFenceAndProposesThePlansSides) {
  Commit();
  EXPECT_EQ(out_.fence, node::Fence::kWritesAndReads);
  ASSERT_NE(CommitProposal(), nullptr);
  EXPECT_EQ(*CommitProposal(),
            (ledger::MoveCommitted{SomePlan().plan, SomePlan().source, SomePlan().target}));
}

TEST_F(SourceTest, UnavailableCommitIsProposedAgain) {
  Commit();
  TickAt(now_ + absl::Hours(1));
  EXPECT_FALSE(out_.proposal.has_value());  // Its answer is still to come.
  source_.OnAnswer(now_, absl::UnavailableError("no majority"), &out_);
  TickAt(now_ + kProposalRetry);
  EXPECT_NE(CommitProposal(), nullptr);
  EXPECT_EQ(source_.phase(), Phase::kCommitting);
}

TEST_F(SourceTest, RefusedCommitTurnsIntoAnAbort) {
  Commit();
  out_ = {};
  source_.OnAnswer(now_, absl::FailedPreconditionError("epoch moved"), &out_);
  ExpectGivenUp("the ledger refused the commit: epoch moved");
  // The fence stays as it is.
  EXPECT_FALSE(out_.fence.has_value());
}

TEST_F(SourceTest, AbortIsProposedUntilItIsDecided) {
  Copy();
  source_.GiveUp(now_, "test", &out_);
  for (int i = 0; i < 5; ++i) {
    source_.OnAnswer(now_, absl::UnavailableError("no majority"), &out_);
    TickAt(now_ + kProposalRetry);
    ASSERT_NE(Abort(), nullptr);
    EXPECT_EQ(Abort()->reason, "test");
  }
  source_.OnDecided();
  TickAt(now_ + absl::Hours(1));
  EXPECT_FALSE(out_.proposal.has_value());
}

TEST_F(SourceTest, WaitsForTheTargetToCatchUpBeforeTheFence) {
  Copy();
  AddEffect(1 << 20);
  source_.WalkDone(now_, &out_);
  EXPECT_EQ(source_.phase(), Phase::kCatchingUp);
  EXPECT_FALSE(out_.fence.has_value());
  now_ += absl::Milliseconds(100);
  source_.OnFrame(now_, Frame(FrameKind::kAck, source_.stream().sent()), &out_);
  EXPECT_EQ(source_.phase(), Phase::kDraining);
}

TEST_F(SourceTest, ATargetThatNeverQuiteCatchesUpIsFencedLater) {
  Copy();
  // 10 MB/s come, 10 MB/s are applied, 400 kB behind: 40 ms.
  constexpr size_t kPerTick = 100'000;
  AddEffect(4 * kPerTick);
  source_.WalkDone(now_, &out_);
  int ticks = 0;
  uint64_t acknowledged = 0;
  for (; source_.phase() == Phase::kCatchingUp && ticks < 10000; ++ticks) {
    AddEffect(kPerTick);
    acknowledged += kPerTick;
    source_.OnFrame(now_, Frame(FrameKind::kAck, acknowledged), &out_);
    TickAt(now_ + absl::Milliseconds(10));
  }
  EXPECT_EQ(source_.phase(), Phase::kDraining);
  EXPECT_GT(ticks, 50);   // 0.5 s
  EXPECT_LT(ticks, 400);  // 4 s
}

TEST_F(SourceTest, GivesUpOnATargetThatStallsOrDoesNotComplete) {
  Copy();
  AddEffect(100);
  source_.Send(now_, &out_);
  TickAt(kStart + kStallTimeout - absl::Milliseconds(1));
  EXPECT_EQ(source_.phase(), Phase::kCopying);
  TickAt(kStart + kStallTimeout);
  ExpectGivenUp("the target stopped taking in the stream");
}

TEST_F(SourceTest, GivesUpBehindTheFenceButAsksForNoLifting) {
  Fence();
  out_ = {};
  TickAt(kStart + kDrainTimeout);
  ExpectGivenUp("the target did not complete in time");
  EXPECT_FALSE(out_.fence.has_value());
}

TEST_F(SourceTest, BacklogHasABound) {
  Copy();
  for (uint64_t i = 0; i < kStreamBacklogMax >> 20; ++i) AddEffect(1 << 20);
  EXPECT_EQ(source_.phase(), Phase::kCopying);
  EXPECT_FALSE(source_.wants_entries());
  for (int i = 0; i < 3; ++i) AddEffect(1 << 20);
  ExpectGivenUp("the target cannot keep up with the writes to these slots");
}

// A value that nobody could wait for may be more than all the backlog that there may be else.
TEST_F(SourceTest, TheBacklogHoldsAnyValueThatComesAtOnce) {
  Copy();
  const std::string part(1 << 20, 'p');
  for (uint64_t i = 0; i < (2 * kStreamBacklogMax) >> 20; ++i) {
    source_.AddPart(part, /*last=*/false, now_, &out_);
  }
  source_.AddPart(part, /*last=*/true, now_, &out_);
  EXPECT_EQ(source_.phase(), Phase::kCopying);
  EXPECT_EQ(source_.entries_sent(), 1);
  AddEffect(1);
  EXPECT_EQ(source_.phase(), Phase::kCopying);
  for (uint64_t i = 0; i <= kStreamBacklogMax >> 20; ++i) AddEffect(1 << 20);
  ExpectGivenUp("the target cannot keep up with the writes to these slots");
}

TEST_F(SourceTest, WhoWaitsForAValueDoesNotWaitForTheTargetToo) {
  Copy();
  const std::string part(kStreamWindowBytes, 'p');
  EXPECT_TRUE(source_.wants_entries());
  source_.AddPart(part, /*last=*/false, now_, &out_);
  EXPECT_FALSE(source_.wants_entries());
  EXPECT_TRUE(source_.wants_entries(/*awaited=*/true));
  for (uint64_t i = 1; i < kStreamBacklogMax / kStreamWindowBytes; ++i) {
    source_.AddPart(part, /*last=*/false, now_, &out_);
  }
  EXPECT_FALSE(source_.wants_entries(/*awaited=*/true));
  source_.OnLinkLost(now_, &out_);
  EXPECT_FALSE(source_.wants_entries(/*awaited=*/true));
}

TEST_F(SourceTest, AChangeBehindTheFenceEndsIt) {
  Fence();
  out_ = {};
  AddEffect(1);
  ExpectGivenUp("a fenced slot was changed by SET");
}

TEST_F(SourceTest, TargetsThatDoNotKeepToTheProtocol) {
  for (const FrameKind kind : {FrameKind::kBegin, FrameKind::kData}) {
    MigrationSource source(SomePlan(), kStart);
    MigrationSource::Output out;
    source.OnFrame(now_, Frame(kind), &out);
    EXPECT_EQ(source.phase(), Phase::kAborting);
  }
  {
    MigrationSource source(SomePlan(), kStart);
    MigrationSource::Output out;
    source.OnFrame(now_, Frame(FrameKind::kReady), &out);
    source.OnFrame(now_, Frame(FrameKind::kAck, 1), &out);
    EXPECT_EQ(source.reason(), "the target acknowledged what was not sent");
  }
  Copy();
  source_.OnFrame(now_, Frame(FrameKind::kComplete, 0), &out_);
  ExpectGivenUp("the target took the move for complete too early");
}

// --- Target ---

class CountingSink : public RecordSink {
 public:
  absl::Status Apply(const Record&) override {
    ++records;
    return fails ? absl::InternalError("no room") : absl::OkStatus();
  }
  int records = 0;
  bool fails = false;
};

class TargetTest : public testing::Test {
 protected:
  TargetTest() : target_(SomePlan()) {}

  void Give(FrameKind kind, uint64_t offset = 0, std::string_view bytes = {}) {
    out_ = {};
    target_.OnFrame(kStart, {kind, SomePlan().plan, offset, bytes}, &out_);
    target_.CheckInvariants();
  }
  void Apply() {
    out_ = {};
    target_.Apply(
        kStart, sink_, [] { return false; }, &out_);
    target_.CheckInvariants();
  }
  std::string Records(int n) {
    std::string stream;
    for (int i = 0; i < n; ++i) AppendTime(&stream, i);
    return stream;
  }
  void ExpectGivenUp(std::string_view reason) {
    EXPECT_EQ(target_.phase(), TargetPhase::kFailed);
    EXPECT_EQ(target_.reason(), reason);
    EXPECT_TRUE(out_.drop_staging);
    ASSERT_TRUE(out_.proposal.has_value());
    EXPECT_EQ(std::get<ledger::MoveAborted>(*out_.proposal).reason, reason);
    ASSERT_EQ(out_.frames.size(), 1);
    EXPECT_EQ(DecodeFrame(out_.frames[0])->kind, FrameKind::kStop);
  }

  MigrationTarget target_;
  MigrationTarget::Output out_;
  CountingSink sink_;
};

TEST_F(TargetTest, AnswersBeginUntilDataComes) {
  Give(FrameKind::kBegin);
  ASSERT_EQ(out_.frames.size(), 1);
  EXPECT_EQ(DecodeFrame(out_.frames[0])->kind, FrameKind::kReady);
  Give(FrameKind::kBegin);
  EXPECT_EQ(out_.frames.size(), 1);
  Give(FrameKind::kData, 0, Records(1));
  Give(FrameKind::kBegin);
  EXPECT_TRUE(out_.frames.empty());
}

TEST_F(TargetTest, AcknowledgesWhatItHasTakenInAndCompletes) {
  const std::string records = Records(10);
  Give(FrameKind::kData, 0, records.substr(0, 30));
  Apply();
  EXPECT_EQ(sink_.records, 1);
  ASSERT_EQ(out_.frames.size(), 1);
  EXPECT_EQ(DecodeFrame(out_.frames[0])->kind, FrameKind::kAck);
  EXPECT_EQ(DecodeFrame(out_.frames[0])->offset, 30);
  std::string rest = records.substr(30);
  AppendFinal(&rest);
  Give(FrameKind::kData, 30, rest);
  Apply();
  EXPECT_EQ(sink_.records, 10);
  EXPECT_EQ(target_.phase(), TargetPhase::kStoring);
  EXPECT_TRUE(out_.frames.empty());
  EXPECT_EQ(out_.staged, std::vector<std::string>{rest});
  out_ = {};
  target_.OnStored(&out_);
  EXPECT_EQ(target_.phase(), TargetPhase::kComplete);
  ASSERT_EQ(out_.frames.size(), 1);
  EXPECT_EQ(DecodeFrame(out_.frames[0])->kind, FrameKind::kComplete);
  EXPECT_EQ(DecodeFrame(out_.frames[0])->offset, records.size() + kRecordHeaderBytes);
}

TEST_F(TargetTest, StopsWhenTimeIsUpAndGoesOn) {
  Give(FrameKind::kData, 0, Records(100));
  out_ = {};
  target_.Apply(
      kStart, sink_, [] { return true; }, &out_);
  EXPECT_LT(sink_.records, 100);
  EXPECT_TRUE(target_.has_work());
  EXPECT_TRUE(out_.frames.empty());
  Apply();
  EXPECT_EQ(sink_.records, 100);
  EXPECT_FALSE(target_.has_work());
}

TEST_F(TargetTest, GapsRepetitionsAndExcessEndIt) {
  Give(FrameKind::kData, 1, Records(1));
  ExpectGivenUp("a part of the stream is missing");
  target_ = MigrationTarget(SomePlan());
  Give(FrameKind::kData, 0, Records(1));
  Give(FrameKind::kData, 0, Records(1));
  ExpectGivenUp("a part of the stream is missing");
  target_ = MigrationTarget(SomePlan());
  Give(FrameKind::kData, 0, std::string(kReceiveQueueMax, 'x'));
  EXPECT_EQ(target_.phase(), TargetPhase::kReceiving);
  Give(FrameKind::kData, kReceiveQueueMax, "x");
  ExpectGivenUp("the source sent more than its window");
}

TEST_F(TargetTest, BytesThatAreNoRecordsOrDoNotApplyEndIt) {
  Give(FrameKind::kData, 0, std::string(100, 'x'));
  Apply();
  ExpectGivenUp("the stream of the move is damaged");
  target_ = MigrationTarget(SomePlan());
  sink_.fails = true;
  Give(FrameKind::kData, 0, Records(2));
  Apply();
  ExpectGivenUp("no room");
  Give(FrameKind::kBegin);
  ASSERT_EQ(out_.frames.size(), 1);
  EXPECT_EQ(DecodeFrame(out_.frames[0])->kind, FrameKind::kStop);
}

TEST_F(TargetTest, NothingMayFollowTheFinalRecord) {
  std::string stream;
  AppendFinal(&stream);
  AppendTime(&stream, 1);
  Give(FrameKind::kData, 0, stream);
  Apply();
  ExpectGivenUp("the source sent more behind the end of the stream");
}

TEST_F(TargetTest, UntilAllIsStoredTheSourceHearsNothingAndItCanBeGivenUp) {
  std::string stream;
  AppendFinal(&stream);
  Give(FrameKind::kData, 0, stream);
  Apply();
  ASSERT_EQ(target_.phase(), TargetPhase::kStoring);
  target_.OnLinkLost(kStart, &out_);
  EXPECT_TRUE(out_.frames.empty());
  target_.GiveUp(kStart, "test", &out_);
  EXPECT_EQ(target_.phase(), TargetPhase::kFailed);
  EXPECT_TRUE(out_.drop_staging);
  out_ = {};
  target_.OnStored(&out_);
  EXPECT_TRUE(out_.frames.empty());
}

TEST_F(TargetTest, OnceCompleteOnlyTheLedgerDecides) {
  std::string stream;
  AppendFinal(&stream);
  Give(FrameKind::kData, 0, stream);
  Apply();
  target_.OnStored(&out_);
  ASSERT_EQ(target_.phase(), TargetPhase::kComplete);
  out_ = {};
  target_.OnLinkLost(kStart, &out_);
  EXPECT_FALSE(out_.proposal.has_value());
  target_.GiveUp(kStart, "test", &out_);
  EXPECT_EQ(target_.phase(), TargetPhase::kComplete);
  EXPECT_FALSE(out_.drop_staging);
  EXPECT_TRUE(out_.proposal.has_value());
  // Again and again, if need be.
  target_.OnAnswer(kStart);
  out_ = {};
  target_.Tick(kStart + kProposalRetry, &out_);
  EXPECT_TRUE(out_.proposal.has_value());
}

TEST_F(TargetTest, LosingTheLinkBeforeTheFirstByteIsNothing) {
  target_.OnLinkLost(kStart, &out_);
  EXPECT_EQ(target_.phase(), TargetPhase::kWaiting);
  Give(FrameKind::kData, 0, Records(1));
  out_ = {};
  target_.OnLinkLost(kStart, &out_);
  ExpectGivenUp("the connection to the source was lost");
}

}  // namespace
}  // namespace slotmesh::node
