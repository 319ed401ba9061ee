// The join machine alone: what it does on each answer. Whole joins are in the simulation.
#include "node/cluster/control/join.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace slotmesh::node {
namespace {

using ledger::Refusal;

constexpr slots::BootId kBoot = 5;

template <typename Id>
Id IdOf(char c) {
  return Id::FromBytes(std::string(20, c));
}
const slots::NodeId kSelf = IdOf<slots::NodeId>('s');
const slots::NodeId kOther = IdOf<slots::NodeId>('o');
const slots::LogId kOwnLog = IdOf<slots::LogId>('L');
const slots::LogId kOtherLog = IdOf<slots::LogId>('O');
const std::string kAddress = "10.0.0.9:17000";

class JoinTest : public testing::Test {
 protected:
  JoinTest() {
    Apply(ledger::LogCreated{kOwnLog, absl::FromUnixSeconds(200), 1});
    Apply(ledger::MemberJoined{Info(kSelf, 1), kBoot});
    Apply(ledger::ShardCreated{IdOf<slots::ShardId>('h'), {kSelf, kBoot}});
  }

  static slots::NodeInfo Info(slots::NodeId id, int number) {
    slots::NodeInfo info;
    info.id = id;
    info.ip = "10.0.0." + std::to_string(number);
    info.bus_port = 17000;
    return info;
  }
  ledger::ApplyResult Apply(const ledger::Change& change) { return state_.Apply({{}, change}); }
  void OwnSlots() {
    Apply(ledger::SlotsAssigned{IdOf<slots::ShardId>('h'), 0, slots::SlotSet::Of(0, 99)});
  }
  void AddMember() { Apply(ledger::MemberJoined{Info(IdOf<slots::NodeId>('m'), 2), kBoot}); }

  Join::Own Own() const {
    return {.view = &state_.view(),
            .log = kOwnLog,
            .has_keys = has_keys_,
            .busy = busy_,
            .settled = true,
            .ended = &ended_};
  }

  // The one action of a call; none if there was none.
  std::optional<JoinAction> One() {
    EXPECT_LE(out_.size(), 1u);
    std::optional<JoinAction> one;
    if (!out_.empty()) one = out_.front();
    out_.clear();
    return one;
  }
  template <typename Action>
  Action Expect() {
    const std::optional<JoinAction> one = One();
    const auto* action = one.has_value() ? std::get_if<Action>(&*one) : nullptr;
    EXPECT_NE(action, nullptr);
    return action == nullptr ? Action() : *action;
  }
  std::string ExpectAsk(std::string_view method, const std::string& address = kAddress) {
    const AskAction ask = Expect<AskAction>();
    EXPECT_EQ(ask.method, method);
    EXPECT_EQ(ask.address, address);
    return ask.payload;
  }
  void Meet(bool only_follow = false) {
    ASSERT_TRUE(join_.Meet(kAddress, only_follow, now_).ok());
    join_.Step(Own(), now_, &out_);
  }
  void Answer(const absl::StatusOr<std::string>& answer) {
    join_.OnAnswer(Own(), now_, answer, &out_);
  }
  void Decide(const ledger::Change& change) { join_.OnDecided(Own(), now_, Apply(change), &out_); }

  // Of another log, 100 s older unless said otherwise, with slots.
  static Hello OtherHello(int64_t created = 100) {
    Hello hello;
    hello.node = kOther;
    hello.log = kOtherLog;
    hello.created = absl::FromUnixSeconds(created);
    hello.sequence = 10;
    hello.decides = true;
    hello.peers = {{kOther, kAddress}, {IdOf<slots::NodeId>('p'), "10.0.0.8:17000"}};
    return hello;
  }
  void MeetUntilSealed() {
    Meet();
    ExpectAsk(kAskHello);
    Answer(Encode(OtherHello()));
    Decide(Expect<ProposeAction>().change);
  }

  ledger::State state_;
  Join join_{kSelf, "10.0.0.1:17000"};
  bool has_keys_ = false;
  bool busy_ = false;
  std::vector<slots::LogId> ended_;
  absl::Time now_ = absl::FromUnixSeconds(1000);
  std::vector<JoinAction> out_;
};

TEST_F(JoinTest, TheYoungerSealsAsksAndFollows) {
  OwnSlots();
  Meet();
  const auto request = DecodeHelloRequest(ExpectAsk(kAskHello));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->log, kOwnLog);
  Answer(Encode(OtherHello()));
  const ledger::Change seal = Expect<ProposeAction>().change;
  ASSERT_TRUE(std::holds_alternative<ledger::LogSealed>(seal));
  EXPECT_EQ(std::get<ledger::LogSealed>(seal).addresses,
            (std::vector<std::string>{kAddress, "10.0.0.8:17000"}));
  Decide(seal);
  const auto asked = DecodeJoinRequest(ExpectAsk(kAskJoin));
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked->into, kOtherLog);
  EXPECT_TRUE(ledger::DecodeEntry(asked->entry).ok());
  JoinAnswer taken;
  taken.log = kOtherLog;
  taken.sequence = 11;
  taken.peers = OtherHello().peers;
  Answer(Encode(taken));
  const FollowAction follow = Expect<FollowAction>();
  EXPECT_EQ(follow.log, kOtherLog);
  EXPECT_EQ(follow.sequence, 11u);
  EXPECT_EQ(follow.peers, taken.peers);
}

TEST_F(JoinTest, TheOlderAsksTheOtherToAct) {
  OwnSlots();
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello(300)));
  const auto request = DecodeMeetRequest(ExpectAsk(kAskMeet));
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->address, "10.0.0.1:17000");
  EXPECT_EQ(request->wanted, kOther);
  EXPECT_FALSE(request->only_follow);
}

TEST_F(JoinTest, ABareNodeBeginsAYoungerLogInsteadOfMakingOthersComeToIt) {
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello(300)));
  EXPECT_EQ(Expect<RenewAction>().than, absl::FromUnixSeconds(300));
}

TEST_F(JoinTest, ALogThatCannotDecideIsNotJoinedYet) {
  OwnSlots();
  Meet();
  ExpectAsk(kAskHello);
  Hello hello = OtherHello();
  hello.decides = false;
  Answer(Encode(hello));
  EXPECT_FALSE(One().has_value());
  now_ += Join::kRetry;
  join_.Step(Own(), now_, &out_);
  ExpectAsk(kAskHello);
}

TEST_F(JoinTest, AMemberLeftBehindInALogThatEndedIsCalledAndLeavesIt) {
  OwnSlots();
  ended_.push_back(kOtherLog);
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello()));
  ExpectAsk(kAskMeet);
  Answer(std::string());
  now_ += Join::kRetry;
  join_.Step(Own(), now_, &out_);
  ExpectAsk(kAskHello);
  Hello hello = OtherHello();
  hello.ended = true;  // The other way round.
  Answer(Encode(hello));
  Expect<LeaveAction>();
}

TEST_F(JoinTest, AMemberOfALogThatWasTakenInByOneThatEndedLeavesInsteadOfGoingOn) {
  OwnSlots();
  MeetUntilSealed();
  ExpectAsk(kAskJoin);
  JoinAnswer answer;
  answer.refusal = Refusal::kCancelled;
  answer.ended = true;
  Answer(Encode(answer));
  Expect<LeaveAction>();
}

TEST_F(JoinTest, ADecisionThatDoesNotComeInTimeIsNotWaitedFor) {
  OwnSlots();
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello()));
  const ledger::Change seal = Expect<ProposeAction>().change;
  now_ += Join::kDecideWithin;
  EXPECT_LE(join_.NextDeadline(), now_);
  join_.Step(Own(), now_, &out_);
  EXPECT_FALSE(One().has_value());
  Decide(seal);  // Too late: the seal is seen in the view, and goes its way from there.
  EXPECT_FALSE(One().has_value());
  now_ += Join::kRetry;
  join_.Step(Own(), now_, &out_);
  const auto request = DecodeHelloRequest(ExpectAsk(kAskHello));
  EXPECT_EQ(request->sealed_into, kOtherLog);
}

TEST_F(JoinTest, OfTwoBareNodesTheOlderStays) {
  Meet();
  ExpectAsk(kAskHello);
  Hello hello = OtherHello(300);
  hello.bare = true;
  Answer(Encode(hello));
  ExpectAsk(kAskMeet);
}

TEST_F(JoinTest, ABareNodeThatIsOlderIsAskedToCome) {
  OwnSlots();
  Meet();
  ExpectAsk(kAskHello);
  Hello hello = OtherHello(100);
  hello.bare = true;
  Answer(Encode(hello));
  ExpectAsk(kAskMeet);
}

TEST_F(JoinTest, ABareNodeWithOpenProposalsDoesNotRenew) {
  busy_ = true;
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello(300)));
  EXPECT_FALSE(One().has_value());
  EXPECT_EQ(join_.NextDeadline(), now_ + Join::kRetry);
}

TEST_F(JoinTest, TheOwnLogAndTheOwnNodeAreNoTargets) {
  Meet();
  ExpectAsk(kAskHello);
  Hello same = OtherHello();
  same.log = kOwnLog;
  same.member = true;
  Answer(Encode(same));
  EXPECT_EQ(Expect<FoundAction>().peer, (KnownPeer{kOther, kAddress})) << "that is where it is";
  EXPECT_TRUE(join_.idle());
  Meet();
  ExpectAsk(kAskHello);
  Hello self = OtherHello();
  self.node = kSelf;
  Answer(Encode(self));
  EXPECT_FALSE(One().has_value());
  EXPECT_TRUE(join_.idle());
}

TEST_F(JoinTest, WhoIsNoMemberInALaterMapLeaves) {
  Hello hello = OtherHello();
  hello.log = kOwnLog;
  hello.sequence = state_.view().map.version.sequence;
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(hello));
  Expect<FoundAction>();  // An equally old map proves nothing.
  ++hello.sequence;
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(hello));
  Expect<LeaveAction>();
}

TEST_F(JoinTest, WhoseLogWasTakenInFollowsOrLeavesIfTakenOutSince) {
  Hello hello = OtherHello();
  hello.joined = true;
  hello.member = true;
  Meet(/*only_follow=*/true);
  ExpectAsk(kAskHello);
  Answer(Encode(hello));
  EXPECT_EQ(Expect<FollowAction>().log, kOtherLog);
  join_.LogChanged(kSelf);
  join_.ForgetTargets();
  hello.member = false;
  Meet(/*only_follow=*/true);
  ExpectAsk(kAskHello);
  Answer(Encode(hello));
  Expect<LeaveAction>();
}

TEST_F(JoinTest, ATargetToFollowOnlyIsNeverJoined) {
  Meet(/*only_follow=*/true);
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello()));
  EXPECT_FALSE(One().has_value());
  now_ += Join::kFollowWithin;
  join_.Step(Own(), now_, &out_);
  EXPECT_FALSE(One().has_value());
  EXPECT_TRUE(join_.idle());
}

TEST_F(JoinTest, ARefusalForGoodLiftsTheSealThatWasAskedFor) {
  OwnSlots();
  MeetUntilSealed();
  ExpectAsk(kAskJoin);
  const uint64_t at = state_.view().seal->at;
  JoinAnswer refused;
  refused.refusal = Refusal::kConflict;
  refused.for_good = true;
  refused.message = "slot 5 is taken";
  Answer(Encode(refused));
  ASSERT_EQ(out_.size(), 2u);
  EXPECT_NE(std::get<NoteAction>(out_[0]).line.find("slot 5 is taken"), std::string::npos);
  const auto change = std::get<ProposeAction>(out_[1]).change;
  EXPECT_EQ(std::get<ledger::LogUnsealed>(change), (ledger::LogUnsealed{kOtherLog, at}));
  out_.clear();
  Decide(change);
  EXPECT_FALSE(state_.view().seal.has_value());
  EXPECT_TRUE(join_.idle());
}

TEST_F(JoinTest, ARefusalForNowIsAskedAgainAtTheNextAddress) {
  OwnSlots();
  const std::string second = "10.0.0.8:17000";
  Apply(ledger::LogSealed{kOtherLog, absl::FromUnixSeconds(100), false, {kAddress, second}});
  join_.Step(Own(), now_, &out_);
  now_ += Join::kTakeOverAfter;
  JoinAnswer later;
  later.refusal = Refusal::kSealed;
  for (const std::string& address : {kAddress, second, kAddress}) {
    join_.Step(Own(), now_, &out_);
    ExpectAsk(kAskJoin, address);
    Answer(Encode(later));
    join_.Step(Own(), now_, &out_);
    EXPECT_FALSE(One().has_value()) << "too early";
    now_ += Join::kRetry;
  }
}

TEST_F(JoinTest, AnotherMemberGoesOnWithTheJoinOfOneThatIsGone) {
  OwnSlots();
  Apply(ledger::LogSealed{kOtherLog, absl::FromUnixSeconds(100), false, {kAddress}});
  join_.Step(Own(), now_, &out_);
  EXPECT_FALSE(One().has_value());
  now_ = join_.NextDeadline();
  join_.Step(Own(), now_, &out_);
  ExpectAsk(kAskJoin);
}

TEST_F(JoinTest, AMeetOfWhoTakesTheSealGoesThereAtOnce) {
  OwnSlots();
  Apply(ledger::LogSealed{kOtherLog, absl::FromUnixSeconds(100), false, {"10.0.0.77:17000"}});
  Meet();
  const auto request = DecodeHelloRequest(ExpectAsk(kAskHello));
  EXPECT_EQ(request->sealed_into, kOtherLog);
  Hello hello = OtherHello(50);
  hello.log = IdOf<slots::LogId>('3');  // Into which the other one has gone meanwhile.
  hello.takes_seal = true;
  Answer(Encode(hello));
  ExpectAsk(kAskJoin);
}

TEST_F(JoinTest, AClusterOfSeveralAsksItsMembersForKeysBeforeItSeals) {
  OwnSlots();
  AddMember();
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello()));
  ExpectAsk(kAskHello, "10.0.0.2:17000");
  Hello member = OtherHello();
  member.node = IdOf<slots::NodeId>('m');
  member.log = kOwnLog;
  member.member = true;
  member.has_keys = true;
  Answer(Encode(member));
  EXPECT_NE(Expect<NoteAction>().line.find("owns keys"), std::string::npos);
  EXPECT_TRUE(join_.idle());
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello()));
  ExpectAsk(kAskHello, "10.0.0.2:17000");
  member.has_keys = false;
  Answer(Encode(member));
  EXPECT_TRUE(std::holds_alternative<ledger::LogSealed>(Expect<ProposeAction>().change));
}

TEST_F(JoinTest, ARefusedSealIsNotedAndTheTargetDropped) {
  OwnSlots();
  AddMember();
  has_keys_ = true;
  Meet();
  ExpectAsk(kAskHello);
  Answer(Encode(OtherHello()));
  ExpectAsk(kAskHello, "10.0.0.2:17000");
  Hello member = OtherHello();
  member.log = kOwnLog;
  Answer(Encode(member));
  Decide(Expect<ProposeAction>().change);
  EXPECT_NE(Expect<NoteAction>().line.find("owns keys"), std::string::npos);
  EXPECT_TRUE(join_.idle());
}

TEST_F(JoinTest, TargetsDoNotWaitForOneAnotherAndAreGivenUp) {
  Meet();
  ExpectAsk(kAskHello);
  Answer(absl::UnavailableError("nobody there"));
  ASSERT_TRUE(join_.Meet("10.0.0.7:17000", false, now_).ok());
  join_.Step(Own(), now_, &out_);
  ExpectAsk(kAskHello, "10.0.0.7:17000");
  Answer(std::string("nonsense"));
  now_ += Join::kRetry;
  join_.Step(Own(), now_, &out_);
  ExpectAsk(kAskHello);
  Answer(absl::DeadlineExceededError("late"));
  now_ += Join::kGiveUpAfter;
  join_.Step(Own(), now_, &out_);
  ASSERT_EQ(out_.size(), 2u);
  EXPECT_NE(std::get<NoteAction>(out_[0]).line.find("Gave up"), std::string::npos);
  EXPECT_TRUE(join_.idle());
}

TEST_F(JoinTest, NoMoreTargetsThanTheBound) {
  for (size_t i = 0; i < Join::kTargetsMax; ++i) {
    ASSERT_TRUE(join_.Meet("10.1.0." + std::to_string(i), false, now_).ok());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(join_.Meet("10.2.0.1", false, now_)));
  EXPECT_TRUE(join_.Meet("10.1.0.3", false, now_).ok()) << "a known one is no further one";
}

}  // namespace
}  // namespace slotmesh::node
