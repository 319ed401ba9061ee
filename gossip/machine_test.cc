// One machine, its peers played by hand.
#include "gossip/machine.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/random/distributions.h"
#include "gossip/sim/random.h"
#include "gtest/gtest.h"

namespace slotmesh::gossip {
namespace {

constexpr absl::Duration kT = absl::Seconds(3);

class MachineTest : public testing::Test {
 protected:
  static constexpr int kNodes = 6;  // The machine is the first; 0 to 2 are voters.

  MachineTest() {
    log_ = slots::LogId::Random(random_);
    for (int i = 0; i < kNodes + 1; ++i) ids_.push_back(slots::NodeId::Random(random_));
    for (int i = 0; i < kNodes; ++i) members_.push_back({.id = ids_[i], .voter = i < 3});
    machine_ = Make(100);
    Step(MapChange{Version(5), 55, Members::Make(members_)});
    for (int i = 1; i < kNodes; ++i) Step(LinkUp{ids_[i]});
  }

  std::unique_ptr<Machine> Make(Incarnation incarnation) {
    Options options;
    options.self = ids_[0];
    options.boot = 1;
    options.first_incarnation = incarnation;
    options.node_timeout = kT;
    return std::make_unique<Machine>(options, now_, random_);
  }

  slots::MapVersion Version(uint64_t sequence) const { return {log_, 1, sequence}; }

  Output Step(const Input& input) {
    Output out;
    machine_->Step(now_, input, &out);
    machine_->CheckInvariants();
    return out;
  }

  // What is sent within `time`, while the peers in `beating` beat and answer probes.
  Output Run(absl::Duration time, const std::vector<int>& beating) {
    Output all;
    const absl::Time end = now_ + time;
    while (now_ < end) {
      now_ += kT / 20;
      Output out = Step(Tick{});
      for (const int peer : beating) Append(Step(Received{ids_[peer], From(peer)}), &out);
      for (const Send& send : out.sends) {
        for (const int peer : beating) {
          if (send.to == ids_[peer]) Answer(peer, send.message);
        }
      }
      Append(std::move(out), &all);
    }
    return all;
  }

  void Answer(int peer, const Message& question) {
    if (question.kind != Kind::kProbe && question.kind != Kind::kProbeRequest) return;
    Message answer = From(peer, question.kind == Kind::kProbe ? Kind::kAck : Kind::kNack);
    answer.probe = question.probe;
    answer.target = question.target;
    Step(Received{ids_[peer], answer});
  }

  static void Append(Output from, Output* to) {
    for (Send& send : from.sends) to->sends.push_back(std::move(send));
    to->changes.insert(to->changes.end(), from.changes.begin(), from.changes.end());
    if (from.newer_map) to->newer_map = from.newer_map;
  }

  Message From(int peer, Kind kind = Kind::kBeat) {
    Message message;
    message.kind = kind;
    message.beat = {.node = ids_[peer],
                    .boot = 10u + peer,
                    .incarnation = 100,
                    .number = ++number_,
                    .map = Version(5),
                    .map_digest = 55};
    return message;
  }

  MemberRecord Record(int node, State state, Incarnation incarnation = 100) const {
    return {.node = ids_[node],
            .boot = node == 0 ? 1u : 10u + node,
            .incarnation = incarnation,
            .state = state,
            .accuser = state == State::kSuspect ? 77u : 0u};
  }

  Output Tell(int peer, std::vector<MemberRecord> records) {
    Message message = From(peer);
    message.updates = std::move(records);
    return Step(Received{ids_[peer], message});
  }

  State StateOf(int node) const { return machine_->view().Find(ids_[node])->state; }

  static const Message* FindSend(const Output& out, const slots::NodeId& to, Kind kind) {
    for (const Send& send : out.sends) {
      if (send.to == to && send.message.kind == kind) return &send.message;
    }
    return nullptr;
  }

  sim::Random random_{3};
  absl::Time now_ = absl::FromUnixSeconds(1000);
  slots::LogId log_;
  std::vector<slots::NodeId> ids_;  // The last is no member.
  std::vector<Member> members_;
  std::unique_ptr<Machine> machine_;
  uint64_t number_ = 0;
};

TEST_F(MachineTest, WantsStreamsToAllOfASmallCluster) {
  machine_ = Make(100);
  const Output out = Step(MapChange{Version(5), 55, Members::Make(members_)});
  ASSERT_TRUE(out.links.has_value());
  EXPECT_EQ(out.links->size(), 5u);
}

TEST_F(MachineTest, ATickBeforeTheDeadlineHasNoEffect) {
  for (int i = 0; i < 200; ++i) {
    const absl::Time deadline = machine_->NextDeadline();
    ASSERT_GT(deadline, now_);
    now_ = deadline - absl::Nanoseconds(1);
    const Output early = Step(Tick{});
    EXPECT_TRUE(early.sends.empty() && early.changes.empty() && !early.links);
    EXPECT_EQ(machine_->NextDeadline(), deadline);
    now_ = deadline;
    Step(Tick{});
  }
}

TEST_F(MachineTest, BadMessagesAreCountedAndChangeNothing) {
  const uint64_t before = machine_->view().digest();
  Message message = From(1);
  message.updates = {Record(2, State::kDead)};
  Step(Received{ids_[2], message});  // Not whom the stream is from.
  message.beat.incarnation = 0;
  Step(Received{ids_[1], message});
  Message echo = From(1);
  echo.beat.node = ids_[0];
  Step(Received{ids_[0], echo});  // From oneself.
  EXPECT_EQ(machine_->stats().bad_messages, 3u);
  EXPECT_EQ(machine_->view().digest(), before);
  EXPECT_EQ(machine_->view().LastHeard(ids_[1]), absl::InfinitePast());
}

TEST_F(MachineTest, AnswersProbes) {
  Message probe = From(4, Kind::kProbe);
  probe.probe = 17;
  const Output out = Step(Received{ids_[4], probe});
  const Message* ack = FindSend(out, ids_[4], Kind::kAck);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->probe, 17u);
}

TEST_F(MachineTest, SilenceMakesItAskHelpersThenSuspectThenDeclareDeath) {
  Run(kT, {1, 2, 3, 4, 5});
  const absl::Time last = now_;
  Output out = Run(kT * 0.65, {1, 3, 4, 5});
  int asked = 0;
  for (const Send& send : out.sends) {
    asked += send.message.kind == Kind::kProbeRequest && send.message.target == ids_[2];
  }
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(StateOf(2), State::kAlive);
  Run(kT / 5, {1, 3, 4, 5});
  EXPECT_EQ(StateOf(2), State::kSuspect);
  out = Run(kT / 3, {1, 3, 4, 5});
  EXPECT_EQ(machine_->view().local_health(), 0) << "its helpers answer, so it is not to blame";
  EXPECT_EQ(StateOf(2), State::kDead);
  EXPECT_GE(machine_->view().Find(ids_[2])->since - last, kT - kT / 10);
  ASSERT_EQ(out.changes.size(), 1u);
  EXPECT_EQ(out.changes[0].after, State::kDead);
}

TEST_F(MachineTest, AHelpersAckSavesASilentPeer) {
  Run(kT, {1, 2, 3, 4, 5});
  for (int i = 0; i < 60; ++i) {
    const Output out = Run(kT / 20, {1, 3, 4, 5});
    for (const Send& send : out.sends) {
      if (send.message.kind != Kind::kProbeRequest) continue;
      Message ack = From(1, Kind::kAck);
      ack.probe = send.message.probe;
      ack.target = send.message.target;
      Step(Received{ids_[1], ack});
    }
  }
  EXPECT_EQ(StateOf(2), State::kAlive);
  EXPECT_LE(machine_->stats().probes, 20u) << "an answer holds for a while";
}

TEST_F(MachineTest, AStoppedProcessStartsItsWatchAnew) {
  Run(kT, {1, 2, 3, 4, 5});
  now_ += 10 * kT;
  const auto asks_helpers = [](const Output& out) {
    return std::any_of(out.sends.begin(), out.sends.end(),
                       [](const Send& send) { return send.message.kind == Kind::kProbeRequest; });
  };
  EXPECT_FALSE(asks_helpers(Step(Tick{})));
  EXPECT_EQ(machine_->stats().pauses, 1u);
  EXPECT_GT(machine_->view().local_health(), 0);
  EXPECT_FALSE(asks_helpers(Run(kT / 4, {1})));
  EXPECT_TRUE(asks_helpers(Run(kT / 2, {1})));
}

TEST_F(MachineTest, TheOnlyVoterJudgesAlsoIfItHearsNobody) {
  for (int i = 0; i < kNodes; ++i) members_[i].voter = i == 0;
  Step(MapChange{Version(6), 56, Members::Make(members_)});
  Run(kT, {1, 2, 3, 4, 5});
  Run(2 * kT, {});
  EXPECT_FALSE(machine_->view().isolated());
  EXPECT_EQ(machine_->view().Find(ids_[3])->state, State::kDead);
}

TEST_F(MachineTest, WhoHearsMostVotersJudgesHoweverFewOthersItHears) {
  for (int i = 0; i < kNodes; ++i) members_[i].voter = i < 3;
  Step(MapChange{Version(6), 56, Members::Make(members_)});
  Run(kT, {1, 2, 3, 4, 5});
  Run(2 * kT, {1});
  EXPECT_FALSE(machine_->view().isolated());
  EXPECT_EQ(machine_->view().Find(ids_[4])->state, State::kDead);
  EXPECT_EQ(machine_->view().Find(ids_[1])->state, State::kAlive);
}

TEST_F(MachineTest, WhatAPeerReportsIsPassedOnOnce) {
  Run(kT, {1, 2, 3, 4, 5});
  Message message = From(1);
  message.updates.push_back({.node = ids_[4],
                             .boot = machine_->view().Find(ids_[4])->boot,
                             .incarnation = machine_->view().Find(ids_[4])->incarnation,
                             .state = State::kSuspect,
                             .accuser = 77});
  const Output out = Step(Received{ids_[1], message});
  ASSERT_EQ(out.reports.size(), 1u);
  EXPECT_EQ(out.reports[0].reporter, ids_[1]);
  EXPECT_EQ(out.reports[0].node, ids_[4]);
  message.beat.number += 1;
  EXPECT_TRUE(Step(Received{ids_[1], message}).reports.empty());
}

TEST_F(MachineTest, WhoHearsFewerThanHalfIsIsolatedAndJudgesNobody) {
  Run(kT, {1, 2, 3, 4, 5});
  EXPECT_FALSE(machine_->view().isolated());
  const Output out = Run(5 * kT, {3, 4});  // No other voter.
  EXPECT_TRUE(machine_->view().isolated());
  EXPECT_TRUE(out.changes.empty());
  Tell(3, {Record(5, State::kDead)});
  EXPECT_EQ(StateOf(5), State::kDead) << "others still judge";
  Run(5 * kT, {3, 4});
  EXPECT_FALSE(machine_->view().isolated()) << "two of the four that are left";
  EXPECT_EQ(StateOf(1), State::kDead);
}

TEST_F(MachineTest, ASuspicionOfItselfIsRefutedAtOnceToAll) {
  const Output out = Tell(1, {Record(0, State::kSuspect, 100)});
  EXPECT_EQ(machine_->view().incarnation(), 101u);
  for (int peer = 1; peer < kNodes; ++peer) {
    const Message* beat = FindSend(out, ids_[peer], Kind::kBeat);
    ASSERT_NE(beat, nullptr);
    EXPECT_EQ(beat->beat.incarnation, 101u);
  }
  const Output answer = Tell(1, {Record(0, State::kDead, 90)});  // Of an earlier incarnation.
  ASSERT_EQ(answer.sends.size(), 1u) << "only who said it is corrected";
  EXPECT_EQ(answer.sends[0].to, ids_[1]);
  EXPECT_EQ(machine_->view().incarnation(), 101u);
}

TEST_F(MachineTest, ItOutranksItsFormerProcess) {
  MemberRecord former = Record(0, State::kAlive, 5000);
  former.boot = 999;
  Tell(1, {former});
  EXPECT_EQ(machine_->view().incarnation(), 5001u);
}

TEST_F(MachineTest, HearsayOfDeathDoesNotOutweighItsOwnEars) {
  Run(kT, {1, 2, 3});
  Tell(1, {Record(2, State::kDead), Record(4, State::kDead)});
  EXPECT_EQ(StateOf(2), State::kSuspect) << "it beats directly";
  EXPECT_EQ(StateOf(4), State::kDead) << "it was not heard";
  Run(2 * kT, {1, 2, 3});
  EXPECT_EQ(StateOf(2), State::kSuspect) << "until it refutes";
  Tell(2, {Record(2, State::kAlive, 101)});
  EXPECT_EQ(StateOf(2), State::kAlive);
}

TEST_F(MachineTest, WhoHoldsAnOutdatedSuspicionIsCorrected) {
  Tell(3, {Record(2, State::kAlive, 200)});
  const Output out = Tell(4, {Record(2, State::kDead, 150)});
  const Message* answer = FindSend(out, ids_[4], Kind::kBeat);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->updates.back(), Record(2, State::kAlive, 200));
}

TEST_F(MachineTest, ASuspectHearsOfItAtOnce) {
  const Output out = Tell(1, {Record(5, State::kSuspect)});
  const Message* told = FindSend(out, ids_[5], Kind::kBeat);
  ASSERT_NE(told, nullptr);
  ASSERT_FALSE(told->updates.empty());
  EXPECT_EQ(told->updates[0].node, ids_[5]);
  EXPECT_EQ(told->updates[0].state, State::kSuspect);
}

TEST_F(MachineTest, MessagesOfAReplacedProcessAreNoSignOfLife) {
  Run(kT / 2, {1, 2, 3});
  Message next = From(2);
  next.beat.boot = 99;
  next.beat.incarnation = 200;
  const Output out = Step(Received{ids_[2], next});
  ASSERT_EQ(out.changes.size(), 1u);
  EXPECT_EQ(out.changes[0].boot_before, 12u);
  EXPECT_EQ(out.changes[0].boot, 99u);
  const absl::Time heard = now_;
  now_ += kT / 100;
  const Output late = Step(Received{ids_[2], From(2)});
  EXPECT_EQ(machine_->stats().stale_messages, 1u);
  EXPECT_EQ(machine_->view().LastHeard(ids_[2]), heard);
  const Message* answer = FindSend(late, ids_[2], Kind::kBeat);
  ASSERT_NE(answer, nullptr) << "it may be a new process whose clock was set back";
  ASSERT_FALSE(answer->updates.empty());
  EXPECT_EQ(answer->updates.back().boot, 99u);
}

TEST_F(MachineTest, WhatTheFormerProcessSaidIsNoSignOfThePresentOne) {
  Run(kT / 2, {1, 2, 3});
  EXPECT_EQ(machine_->view().LastHeard(ids_[2]), now_);
  MemberRecord next = Record(2, State::kAlive, 200);
  next.boot = 99;
  Tell(1, {next});
  EXPECT_EQ(machine_->view().LastHeard(ids_[2]), absl::InfinitePast());
}

TEST_F(MachineTest, ALateBeatDoesNotTurnBackWhatAPeerSaid) {
  Message older = From(1);
  Message newer = From(1);
  older.beat.replication_offset = 10;
  newer.beat.replication_offset = 20;
  Step(Received{ids_[1], newer});
  Step(Received{ids_[1], older});
  EXPECT_EQ(machine_->view().Find(ids_[1])->heard->beat.replication_offset, 20u);
}

TEST_F(MachineTest, ANewerMapIsNamedOnceAndAgainAfterAWhile) {
  Message message = From(3);
  message.beat.map = Version(6);
  Output out = Step(Received{ids_[3], message});
  ASSERT_TRUE(out.newer_map.has_value());
  EXPECT_EQ(out.newer_map->peer, ids_[3]);
  EXPECT_EQ(out.newer_map->version, Version(6));
  message.beat.node = ids_[4];
  message.beat.boot = 14;
  EXPECT_FALSE(Step(Received{ids_[4], message}).newer_map) << "it is being pulled";
  now_ += kT / 10;
  out = Step(Received{ids_[4], message});
  ASSERT_TRUE(out.newer_map.has_value()) << "the pull seems to have failed";
  EXPECT_EQ(out.newer_map->peer, ids_[4]);
  message.beat.map = Version(7);
  EXPECT_TRUE(Step(Received{ids_[4], message}).newer_map.has_value()) << "a still newer one";
}

TEST_F(MachineTest, MapsOfAnotherLogAreNotNamed) {
  Message message = From(3);
  message.beat.map = {slots::LogId::Random(random_), 1, 5000};
  EXPECT_FALSE(Step(Received{ids_[3], message}).newer_map);
  message.beat.map = {log_, 0, 5000};
  EXPECT_FALSE(Step(Received{ids_[3], message}).newer_map) << "nor those of a lower generation";
}

TEST_F(MachineTest, ANewMapIsPushedToAllWhoDoNotShowIt) {
  Message knowing = From(3);
  knowing.beat.map = Version(6);
  Step(Received{ids_[3], knowing});
  const Output out = Step(MapChange{Version(6), 66, Members::Make(members_)});
  EXPECT_EQ(FindSend(out, ids_[3], Kind::kBeat), nullptr);
  for (const int peer : {1, 2, 4, 5}) {
    const Message* beat = FindSend(out, ids_[peer], Kind::kBeat);
    ASSERT_NE(beat, nullptr);
    EXPECT_EQ(beat->beat.map, Version(6));
  }
}

TEST_F(MachineTest, APeerWithAnOlderMapIsToldButNotInAFlood) {
  Step(Received{ids_[4], From(4)});
  now_ += kT / 10;
  Message older = From(4);
  older.beat.map = Version(4);
  EXPECT_NE(FindSend(Step(Received{ids_[4], older}), ids_[4], Kind::kBeat), nullptr);
  EXPECT_EQ(FindSend(Step(Received{ids_[4], older}), ids_[4], Kind::kBeat), nullptr);
}

TEST_F(MachineTest, StrangersAreCountedAndToldOfANewerMap) {
  const int stranger = kNodes;
  Step(LinkUp{ids_[stranger]});
  Message message = From(stranger);
  message.beat.map = Version(4);
  message.updates = {Record(2, State::kDead)};
  const Output out = Step(Received{ids_[stranger], message});
  EXPECT_NE(FindSend(out, ids_[stranger], Kind::kBeat), nullptr);
  EXPECT_EQ(StateOf(2), State::kAlive) << "what it says of others does not count";
  EXPECT_TRUE(Step(Received{ids_[stranger], message}).sends.empty()) << "not in a flood";
  message.beat.map = Version(9);
  EXPECT_TRUE(Step(Received{ids_[stranger], message}).newer_map.has_value())
      << "it may be a member in a map that is not here yet";
  EXPECT_EQ(machine_->stats().stranger_messages, 3u);
}

TEST_F(MachineTest, ViewsThatStayDifferentAreExchangedByBucket) {
  Tell(2, {Record(5, State::kDead)});
  Output out;
  for (int i = 0; i < 60 && FindSend(out, ids_[4], Kind::kSyncRequest) == nullptr; ++i) {
    now_ += kT / 20;
    out = Step(Received{ids_[4], From(4)});  // Its view digest stays 0.
  }
  const Message* request = FindSend(out, ids_[4], Kind::kSyncRequest);
  ASSERT_NE(request, nullptr);
  int differing = 0;
  for (const uint64_t bucket : request->buckets) differing += bucket != 0;
  EXPECT_EQ(differing, 1);
  EXPECT_EQ(machine_->stats().syncs, 1u);

  Message theirs = From(4, Kind::kSyncRequest);
  theirs.buckets.resize(kBucketCount);
  out = Step(Received{ids_[4], theirs});
  const Message* records = FindSend(out, ids_[4], Kind::kSyncRecords);
  ASSERT_NE(records, nullptr);
  EXPECT_EQ(records->wanted_buckets, uint32_t{1} << MemberTable::BucketOf(ids_[5]));
  EXPECT_EQ(std::count(records->updates.begin(), records->updates.end(), Record(5, State::kDead)),
            1);
}

TEST_F(MachineTest, HelpsToProbeWithinItsBounds) {
  Message request = From(1, Kind::kProbeRequest);
  request.target = ids_[4];
  request.probe = 9;
  Output out = Step(Received{ids_[1], request});
  const Message* probe = FindSend(out, ids_[4], Kind::kProbe);
  ASSERT_NE(probe, nullptr);
  Message ack = From(4, Kind::kAck);
  ack.probe = probe->probe;
  out = Step(Received{ids_[4], ack});
  const Message* passed_on = FindSend(out, ids_[1], Kind::kAck);
  ASSERT_NE(passed_on, nullptr);
  EXPECT_EQ(passed_on->probe, 9u);
  EXPECT_EQ(passed_on->target, ids_[4]);

  for (size_t i = 0; i < kRelaysMax; ++i) Step(Received{ids_[1], request});
  EXPECT_EQ(machine_->stats().dropped, 0u);
  out = Step(Received{ids_[1], request});
  EXPECT_EQ(machine_->stats().dropped, 1u);
  EXPECT_NE(FindSend(out, ids_[1], Kind::kNack), nullptr);
}

TEST_F(MachineTest, SaysNoForATargetThatIsSilentOrUnlinked) {
  Message request = From(1, Kind::kProbeRequest);
  request.probe = 9;
  request.target = ids_[kNodes];
  EXPECT_NE(FindSend(Step(Received{ids_[1], request}), ids_[1], Kind::kNack), nullptr);
  request.target = ids_[4];
  EXPECT_EQ(FindSend(Step(Received{ids_[1], request}), ids_[1], Kind::kNack), nullptr);
  EXPECT_NE(FindSend(Run(kT / 6, {}), ids_[1], Kind::kNack), nullptr);
}

TEST_F(MachineTest, SyncsServedAreBounded) {
  Tell(2, {Record(5, State::kDead)});
  Message request = From(1, Kind::kSyncRequest);
  request.buckets.resize(kBucketCount);
  for (int i = 0; i < kSyncsServedPerBeatMax + 3; ++i) Step(Received{ids_[1], request});
  EXPECT_EQ(machine_->stats().dropped, 3u);
}

TEST_F(MachineTest, LinksAreBounded) {
  for (size_t i = 0; i < kLinksMax; ++i) {
    Output out;
    machine_->Step(now_, LinkUp{slots::NodeId::Random(random_)}, &out);
  }
  EXPECT_EQ(machine_->stats().dropped, 5u);
  machine_->CheckInvariants();
}

TEST_F(MachineTest, NothingIsSentWithoutALink) {
  for (int i = 1; i < kNodes; ++i) Step(LinkDown{ids_[i]});
  EXPECT_TRUE(Run(2 * kT, {}).sends.empty());
}

TEST_F(MachineTest, NewsArePassedOnABoundedNumberOfTimes) {
  Tell(1, {Record(3, State::kAlive, 150)});
  Tell(1, {Record(3, State::kAlive, 160)});
  const Output out = Run(20 * kT, {1, 2, 3, 4, 5});
  int sent = 0;
  for (const Send& send : out.sends) {
    EXPECT_LE(send.message.updates.size(), kPiggybackMax);
    for (const MemberRecord& record : send.message.updates) {
      // A peer that beats with a lower number is told of the higher one each time.
      sent += record.node == ids_[3] && send.to != ids_[3];
    }
  }
  EXPECT_GT(sent, 5);
  EXPECT_LE(sent, 20);
}

// Peers that say anything at all, in bounds and out of them.
TEST_F(MachineTest, NoInputBreaksIt) {
  for (int i = 0; i < 30'000; ++i) {
    now_ += absl::Microseconds(random_.Below(20'000));
    const int peer = static_cast<int>(random_.Below(kNodes + 1));
    Message message = From(peer, static_cast<Kind>(random_.Below(9)));
    message.beat.boot = random_.Below(3);
    message.beat.incarnation = random_.Percent(5) ? kIncarnationMax : random_.Below(300);
    message.beat.view_digest = random_.Below(2);
    message.beat.map = Version(3 + random_.Below(4));
    message.probe = random_.Below(50);
    if (random_.Percent(80)) message.target = ids_[random_.Below(kNodes + 1)];
    if (message.kind == Kind::kSyncRequest) message.buckets.assign(kBucketCount, random_());
    message.wanted_buckets = static_cast<uint32_t>(random_());
    for (uint64_t n = random_.Below(6); n > 0; --n) {
      MemberRecord record = Record(static_cast<int>(random_.Below(kNodes + 1)),
                                   static_cast<State>(1 + random_.Below(3)), random_.Below(300));
      record.boot = random_.Below(3);
      record.accuser = static_cast<uint32_t>(random_.Below(5));
      message.updates.push_back(record);
    }
    Output out = Step(Received{ids_[peer], message});
    EXPECT_LE(out.sends.size(), kNodes + kSendsPerStepMax);
    if (random_.Percent(2)) Step(LinkDown{ids_[peer]});
    if (random_.Percent(10)) Step(LinkUp{ids_[peer]});
    if (random_.Percent(1)) {
      std::vector<Member> some(members_.begin(), members_.begin() + random_.Below(kNodes + 1));
      Step(MapChange{Version(5), 55, Members::Make(some)});
    }
  }
  EXPECT_GT(machine_->stats().bad_messages, 1000u);
}

}  // namespace
}  // namespace slotmesh::gossip
