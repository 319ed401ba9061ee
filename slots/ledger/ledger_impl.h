// The inside of ledger.h. Included by its .cc files alone.
#ifndef SLOTMESH_SLOTS_LEDGER_LEDGER_IMPL_H_
#define SLOTMESH_SLOTS_LEDGER_LEDGER_IMPL_H_

#include <map>
#include <set>
#include <string>

#include "slots/ledger/lease.h"
#include "slots/ledger/ledger.h"
#include "slots/ledger/ledger_messages.h"
#include "slots/ledger/raft.h"
#include "slots/ledger/voter_policy.h"

namespace slotmesh::ledger {

class Ledger::Impl {
 public:
  Impl(const LedgerOptions& options, const LogId& log, ServerId server, Raft raft, State state,
       absl::Time now, absl::BitGenRef random);

  void Step(absl::Time now, const LedgerInput& input, LedgerOutput* out);
  absl::StatusOr<uint64_t> Propose(absl::Time now, const Change& change, LedgerOutput* out);
  absl::Time NextDeadline() const;
  uint64_t last_ticket() const { return last_ticket_; }
  void ReleaseLease(absl::Time now, LedgerOutput* out);
  Recovery Recover(absl::BitGenRef random) const;  // ledger_recovery.cc
  bool is_left_behind() const;

  const View& view() const { return pulled_is_newer() ? pulled_ : state_.view(); }
  Leadership leadership() const;
  NodeId NodeOf(ServerId server) const;
  void CheckInvariants() const;

  const LedgerOptions options_;
  const LogId log_;
  const ServerId server_;
  absl::BitGenRef random_;
  Raft raft_;
  State state_;
  View pulled_;
  Index pulled_index_ = 0;  // Of the log: how far `pulled_` has come.
  std::shared_ptr<const slots::SlotMap> map_;
  LeaseHolder holder_;
  LeaseGrantor grantor_;
  absl::Status status_;
  LedgerStats stats_;

 private:
  struct Open {
    std::string entry;
    absl::Time next_send;
    absl::Time deadline;
    std::optional<ApplyResult> result;  // Waits for the view to have it.
    bool internal = false;              // Nobody asked for an answer.
  };

  // ledger.cc
  bool pulled_is_newer() const;
  void OnInput(absl::Time now, const TickInput& input, LedgerOutput* out);
  void OnInput(absl::Time now, const PeerInput& input, LedgerOutput* out);
  void OnInput(absl::Time now, const StoredInput& input, LedgerOutput* out);
  void OnInput(absl::Time now, const VoterHealth& input, LedgerOutput* out);
  void OnInput(absl::Time now, const VersionHeard& input, LedgerOutput* out);
  void Absorb(RaftOutput raft_out, LedgerOutput* out);
  void ApplyCommitted(const LogEntry& entry, LedgerOutput* out);
  void ApplyProposal(const LogEntry& entry, LedgerOutput* out);
  void MaybeCompact(LedgerOutput* out);
  void NoticeRemoval();
  void PublishMap(LedgerOutput* out);
  void NoticeLeadership(absl::Time now, LedgerOutput* out);
  void SendTo(const NodeId& to, LedgerBody body, LedgerOutput* out) const;

  // ledger_proposals.cc
  uint64_t OpenProposal(absl::Time now, const Change& change, bool internal, LedgerOutput* out);
  void SendProposal(absl::Time now, Open& open, LedgerOutput* out);
  void TickProposals(absl::Time now, LedgerOutput* out);
  void ProposeBeginning(absl::Time now, LedgerOutput* out);
  // As the leader. Null entry: it is not a valid one.
  void Lead(absl::Time now, const std::string& bytes, const NodeId& from, LedgerOutput* out);
  bool WaitsForVote(absl::Time now, const Change& change);
  void Answer(const ProposalId& proposal, const ApplyResult& result, LedgerOutput* out);
  void EmitAnswers(LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const ProposeFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const ResultFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const NotLeaderFrame& frame, LedgerOutput* out);

  // ledger_peers.cc
  void On(absl::Time now, const NodeId& from, const ConsensusFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const MapRequestFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const MapReplyFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const InviteFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const AcceptFrame& frame, LedgerOutput* out);
  void Pull(const NodeId& from, LedgerOutput* out);
  void TickPull(absl::Time now, LedgerOutput* out);
  void TickVoters(absl::Time now, LedgerOutput* out);
  NodeId LeaderOrGuess(absl::Time now);
  void RememberServer(ServerId server, const NodeId& node);

  // ledger_leases.cc
  void UpdateTerms();
  void TickLease(absl::Time now, LedgerOutput* out);
  bool KnowsItsLosses(const LeaseAskFrame& frame) const;
  bool WaitsForLease(absl::Time now, const Entry& entry);
  void NoteLeases(const Entry& entry, const ApplyResult& result);
  void TellNewPrimary(const Entry& entry, const ApplyResult& result, Index index,
                      LedgerOutput* out) const;
  void On(absl::Time now, const NodeId& from, const LeaseAskFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const LeaseGrantFrame& frame, LedgerOutput* out);
  void On(absl::Time now, const NodeId& from, const LeaseReleaseFrame& frame, LedgerOutput* out);

  absl::Duration retry() const { return options_.node_timeout / 10; }

  absl::Time now_;  // Of the present call.
  uint64_t last_ticket_ = 0;
  std::map<uint64_t, Open> open_;
  std::map<ProposalId, Index> in_log_;  // Leading: appended, not yet applied.
  std::map<NodeId, ServerId> servers_;  // What nodes said they run. At most kMembersMax.
  std::map<ServerId, NodeId> nodes_;    // Who was heard to speak for a server. Bounded likewise.
  NodeId leader_hint_;
  std::set<NodeId> alive_;
  absl::Time alive_until_ = absl::InfinitePast();
  std::map<NodeId, absl::Time> leaving_;  // Members that lose their vote, until then.
  absl::Time next_pull_;
  absl::Time next_voter_step_ = absl::InfinitePast();
  absl::Time next_ask_ = absl::InfinitePast();
  // When each shard last lost slots, and from where on that is known: sequences of the map. At most
  // kMembersMax.
  std::map<ShardId, uint64_t> lost_at_;
  uint64_t restored_at_ = 0;
  Leadership told_;
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_LEDGER_IMPL_H_
