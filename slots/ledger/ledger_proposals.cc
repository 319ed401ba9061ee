// The way of a proposal: opened, sent to the leader until answered, appended, applied, answered.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "slots/ledger/ledger_impl.h"

namespace slotmesh::ledger {
namespace {

bool MayBeProposed(const Change& change) { return !std::holds_alternative<VotersChanged>(change); }

}  // namespace

absl::StatusOr<uint64_t> Ledger::Impl::Propose(absl::Time now, const Change& change,
                                               LedgerOutput* out) {
  if (!status_.ok()) return status_;
  now_ = now;
  if (!MayBeProposed(change)) {
    return absl::InvalidArgumentError("voters are changed by the leader alone");
  }
  const std::string trial = EncodeEntry({{options_.self, options_.boot, 1}, change});
  if (const auto decoded = DecodeEntry(trial); !decoded.ok()) return decoded.status();
  if (!open_.empty() && last_ticket_ + 1 >= open_.begin()->first + kWindowSize) {
    return absl::ResourceExhaustedError(
        absl::StrCat(open_.size(), " proposals of this node wait for the ledger"));
  }
  const uint64_t ticket = OpenProposal(now, change, /*internal=*/false, out);
  NoticeLeadership(now, out);
  EmitAnswers(out);
  return ticket;
}

uint64_t Ledger::Impl::OpenProposal(absl::Time now, const Change& change, bool internal,
                                    LedgerOutput* out) {
  const uint64_t ticket = ++last_ticket_;
  Open& open = open_[ticket];
  open.entry = EncodeEntry({{options_.self, options_.boot, ticket}, change});
  open.deadline = now + options_.proposal_timeout;
  open.internal = internal;
  SendProposal(now, open, out);
  return ticket;
}

void Ledger::Impl::SendProposal(absl::Time now, Open& open, LedgerOutput* out) {
  open.next_send = now + retry();
  if (raft_.role() == Role::kLeader) return Lead(now, open.entry, options_.self, out);
  SendTo(LeaderOrGuess(now), ProposeFrame{open.entry}, out);
}

void Ledger::Impl::TickProposals(absl::Time now, LedgerOutput* out) {
  ProposeBeginning(now, out);
  std::vector<uint64_t> due;
  for (auto& [ticket, open] : open_) {
    // An outcome whose view does not come (the log may have ended) is not waited for for ever.
    if (now >= open.deadline) {
      open.result = ApplyResult{.refusal = Refusal::kUnknownOutcome,
                                .message = "the ledger did not answer in time"};
    } else if (!open.result.has_value() && now >= open.next_send) {
      due.push_back(ticket);
    }
  }
  for (const uint64_t ticket : due) {
    const auto found = open_.find(ticket);  // A lone leader may have answered another meanwhile.
    if (found == open_.end() || found->second.result.has_value()) continue;
    ++stats_.proposals_repeated;
    SendProposal(now, found->second, out);
  }
}

// A new log's first entries; again after a crash that came before them.
void Ledger::Impl::ProposeBeginning(absl::Time now, LedgerOutput* out) {
  if (options_.mode != Mode::kCreate || !raft_.is_settled_leader() || !open_.empty()) return;
  const View& view = state_.view();
  if (view.map.version.log.is_zero()) {
    OpenProposal(now, LogCreated{log_, options_.created, 1}, /*internal=*/true, out);
  } else if (view.members.empty()) {
    OpenProposal(now, MemberJoined{options_.info, options_.boot}, /*internal=*/true, out);
  }
}

// True if the change has to wait until the member that it lets go has no vote.
bool Ledger::Impl::WaitsForVote(absl::Time now, const Change& change) {
  const auto* left = std::get_if<MemberLeft>(&change);
  if (left == nullptr || state_.view().members.size() <= 1) return false;
  const std::vector<Server>& voters = raft_.configuration().voters;
  const bool votes = std::any_of(voters.begin(), voters.end(), [left](const Server& voter) {
    return voter.node == left->member.node;
  });
  if (!votes) return false;
  leaving_[left->member.node] = now + options_.node_timeout;
  return true;
}

void Ledger::Impl::Lead(absl::Time now, const std::string& bytes, const NodeId& from,
                        LedgerOutput* out) {
  const absl::StatusOr<Entry> entry = DecodeEntry(bytes);
  if (!entry.ok() || !MayBeProposed(entry->change) || entry->proposal.node != from) {
    ++stats_.bad_messages;
    return;
  }
  if (const ApplyResult* outcome = state_.FindOutcome(entry->proposal)) {
    return Answer(entry->proposal, *outcome, out);
  }
  if (in_log_.count(entry->proposal) > 0) return;
  // What has to wait comes again.
  if (!raft_.is_settled_leader() || WaitsForVote(now, entry->change)) return;
  if (WaitsForLease(now, *entry)) return;
  if (in_log_.size() >= kLeaderQueueMax) {
    ++stats_.queue_full;
    return;
  }
  RaftOutput raft_out;
  in_log_[entry->proposal] = raft_.Propose(now, bytes, &raft_out);
  Absorb(std::move(raft_out), out);
}

void Ledger::Impl::Answer(const ProposalId& proposal, const ApplyResult& result,
                          LedgerOutput* out) {
  if (proposal.node != options_.self) {
    if (raft_.role() == Role::kLeader) SendTo(proposal.node, ResultFrame{proposal, result}, out);
    return;
  }
  if (proposal.boot != options_.boot) return;
  const auto found = open_.find(proposal.counter);
  if (found != open_.end() && !found->second.result.has_value()) found->second.result = result;
}

void Ledger::Impl::EmitAnswers(LedgerOutput* out) {
  const uint64_t sequence = view().map.version.sequence;
  for (auto it = open_.begin(); it != open_.end();) {
    Open& open = it->second;
    if (!open.result.has_value() || open.result->sequence > sequence) {
      ++it;
      continue;
    }
    if (!open.internal) out->answers.push_back({it->first, *std::move(open.result)});
    it = open_.erase(it);
  }
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const ProposeFrame& frame,
                      LedgerOutput* out) {
  if (raft_.role() == Role::kLeader) return Lead(now, frame.entry, from, out);
  const absl::StatusOr<Entry> entry = DecodeEntry(frame.entry);
  if (!entry.ok()) {
    ++stats_.bad_messages;
    return;
  }
  const NodeId leader = raft_.HearsLeader(now) ? NodeOf(raft_.leader()) : NodeId();
  SendTo(from, NotLeaderFrame{entry->proposal, leader}, out);
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const ResultFrame& frame,
                      LedgerOutput* out) {
  if (frame.proposal.node != options_.self) return;
  leader_hint_ = from;
  Answer(frame.proposal, frame.result, out);
  const bool behind = frame.result.sequence > view().map.version.sequence;
  if (behind && !(raft_.is_voter() && raft_.HearsLeader(now))) Pull(from, out);
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const NotLeaderFrame& frame,
                      LedgerOutput* out) {
  if (frame.proposal.node != options_.self || frame.proposal.boot != options_.boot) return;
  const auto found = open_.find(frame.proposal.counter);
  if (found == open_.end() || found->second.result.has_value()) return;
  if (frame.leader.is_zero()) {
    if (leader_hint_ == from) leader_hint_ = {};
    return;
  }
  if (frame.leader == leader_hint_ || frame.leader == options_.self) return;
  leader_hint_ = frame.leader;
  SendProposal(now, found->second, out);
}

}  // namespace slotmesh::ledger
