// Who leads.
#include <algorithm>

#include "absl/random/distributions.h"
#include "slots/check.h"
#include "slots/ledger/raft.h"

namespace slotmesh::ledger {

void Raft::ResetElectionDeadline(absl::Time now) {
  const int64_t extra_us = absl::ToInt64Microseconds(options_.election);
  election_deadline_ =
      now + options_.election + absl::Microseconds(absl::Uniform<int64_t>(random_, 0, extra_us));
}

void Raft::BecomeFollower(absl::Time now, Term term, ServerId leader) {
  CHECK_GE(term, hard_.term);
  if (term > hard_.term) hard_ = {.term = term, .vote = 0};
  if (role_ == Role::kLeader) {
    progress_.clear();
    rounds_.clear();
    majority_round_ = absl::InfinitePast();
    ResetElectionDeadline(now);
  }
  role_ = Role::kFollower;
  leader_ = leader;
  votes_.clear();
}

void Raft::VoteForSelf() {
  votes_.clear();
  if (is_voter()) votes_.insert(options_.self);
}

void Raft::StartPreVote(absl::Time now) {
  ResetElectionDeadline(now);
  ++stats_.elections_started;
  leader_ = 0;
  role_ = Role::kPreCandidate;
  VoteForSelf();
  if (votes_.size() >= configuration().majority()) return StartElection(now);
  AskForVotes(true);
}

void Raft::StartElection(absl::Time now) {
  ResetElectionDeadline(now);
  leader_ = 0;
  role_ = Role::kCandidate;
  hard_ = {.term = hard_.term + 1, .vote = options_.self};
  VoteForSelf();
  if (votes_.size() >= configuration().majority()) return BecomeLeader(now);
  AskForVotes(false);
}

void Raft::AskForVotes(bool pre) {
  for (const Server& voter : configuration().voters) {
    if (voter.id == options_.self) continue;
    RaftMessage ask = Make(RaftMessage::Type::kVote, voter.id);
    ask.term = hard_.term + (pre ? 1 : 0);
    ask.pre = pre;
    ask.index = log_.last_index();
    ask.log_term = log_.last_term();
    Send(std::move(ask), /*after_writing=*/!pre);
  }
}

// True while there is reason to believe in a leader: then nobody gets a vote, so that a server that
// lost touch (or was removed) does not unseat a leader that serves everybody else.
bool Raft::HearsLeader(absl::Time now) const {
  const absl::Time heard =
      role_ == Role::kLeader ? std::max(leader_since_, majority_round_) : heard_leader_;
  return now < heard + options_.election;
}

void Raft::OnVote(absl::Time now, const RaftMessage& message) {
  if (HearsLeader(now)) return;
  if (!message.pre && message.term > hard_.term) BecomeFollower(now, message.term, 0);
  const Index last = log_.last_index();
  const Term last_term = log_.last_term();
  const bool up_to_date =
      message.log_term > last_term || (message.log_term == last_term && message.index >= last);
  const bool free_vote =
      message.pre ? message.term > hard_.term
                  : message.term == hard_.term && (hard_.vote == 0 || hard_.vote == message.from);
  RaftMessage reply = Make(RaftMessage::Type::kVoteReply, message.from);
  reply.pre = message.pre;
  reply.ok = free_vote && up_to_date;
  if (reply.ok) reply.term = message.term;
  if (reply.ok && !message.pre) {
    BecomeFollower(now, hard_.term, leader_);
    hard_.vote = message.from;
    ResetElectionDeadline(now);
  }
  Send(std::move(reply), /*after_writing=*/true);
}

void Raft::OnVoteReply(absl::Time now, const RaftMessage& message) {
  if (!message.ok || !configuration().IsVoter(message.from)) return;
  const bool expected = message.pre ? role_ == Role::kPreCandidate && message.term == hard_.term + 1
                                    : role_ == Role::kCandidate && message.term == hard_.term;
  if (!expected) return;
  votes_.insert(message.from);
  if (votes_.size() < configuration().majority()) return;
  if (message.pre) return StartElection(now);
  BecomeLeader(now);
}

void Raft::BecomeLeader(absl::Time now) {
  role_ = Role::kLeader;
  leader_ = options_.self;
  leader_since_ = now;
  majority_round_ = absl::InfinitePast();
  ++stats_.terms_led;
  progress_.clear();
  rounds_.clear();
  for (const Server& peer : Peers()) progress_[peer.id].next = log_.last_index() + 1;
  AppendOwn(LogKind::kNoop, "");
  Broadcast(now);
}

void Raft::CheckMajority(absl::Time now) {
  if (now - std::max(leader_since_, majority_round_) <= 2 * options_.election) return;
  BecomeFollower(now, hard_.term, 0);
}

}  // namespace slotmesh::ledger
