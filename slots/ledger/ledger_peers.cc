// Consensus with the other servers, views for the members without a vote, and who gets one.
#include <algorithm>
#include <utility>

#include "absl/random/distributions.h"
#include "slots/ledger/ledger_impl.h"
#include "slots/ledger/map_codec.h"

namespace slotmesh::ledger {

void Ledger::Impl::RememberServer(ServerId server, const NodeId& node) {
  if (server == 0 || node.is_zero() || node == options_.self) return;
  if (servers_.size() >= kMembersMax && servers_.count(node) == 0) servers_.erase(servers_.begin());
  servers_[node] = server;
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const ConsensusFrame& frame,
                      LedgerOutput* out) {
  const absl::StatusOr<RaftMessage> message = DecodeRaftMessage(frame.bytes);
  if (!message.ok()) {
    ++stats_.bad_messages;
    return;
  }
  if (nodes_.size() >= kMembersMax && nodes_.count(message->from) == 0)
    nodes_.erase(nodes_.begin());
  nodes_[message->from] = from;
  RememberServer(message->from, from);
  RaftOutput raft_out;
  raft_.Receive(now, *message, &raft_out);
  Absorb(std::move(raft_out), out);
  // A learner may have caught up.
  if (raft_.role() == Role::kLeader && !raft_.configuration().learners.empty()) {
    next_voter_step_ = now;
  }
}

NodeId Ledger::Impl::LeaderOrGuess(absl::Time now) {
  const NodeId leader = NodeOf(raft_.leader());
  if (!leader.is_zero() && raft_.HearsLeader(now)) return leader;
  const bool hinted = !leader_hint_.is_zero() && leader_hint_ != options_.self;
  if (hinted && absl::Bernoulli(random_, 0.8)) return leader_hint_;
  // Who voted when this node last knew, by its view or by its log; else anybody.
  std::vector<NodeId> known = view().voters;
  for (const Server& voter : raft_.configuration().voters) known.push_back(voter.node);
  std::erase(known, options_.self);
  if (known.empty() || absl::Bernoulli(random_, 0.2)) {
    for (const NodeBoot& member : view().members) known.push_back(member.node);
    known.insert(known.end(), options_.seeds.begin(), options_.seeds.end());
    std::erase(known, options_.self);
  }
  if (known.empty()) return {};
  return known[absl::Uniform<size_t>(random_, 0, known.size())];
}

void Ledger::Impl::Pull(const NodeId& from, LedgerOutput* out) {
  const slots::MapVersion& version = view().map.version;
  SendTo(from, MapRequestFrame{version.generation, version.sequence, server_}, out);
}

void Ledger::Impl::TickPull(absl::Time now, LedgerOutput* out) {
  if (now < next_pull_) return;
  // Sooner while there is nothing yet.
  const absl::Duration pause =
      view().map.version.log.is_zero() ? retry() : options_.node_timeout / 2;
  next_pull_ = now + pause * absl::Uniform<double>(random_, 0.8, 1.2);
  if (raft_.is_voter() && raft_.HearsLeader(now)) return;
  Pull(LeaderOrGuess(now), out);
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const MapRequestFrame& frame,
                      LedgerOutput* out) {
  RememberServer(frame.server, from);
  const slots::MapVersion& version = view().map.version;
  if (version.log.is_zero()) return;
  MapReplyFrame reply;
  reply.leader = raft_.is_voter() && raft_.HearsLeader(now) ? NodeOf(raft_.leader()) : leader_hint_;
  if (slots::IsNewer(version, {version.log, frame.generation, frame.sequence})) {
    reply.view = EncodeView(view());
    reply.index = pulled_is_newer() ? pulled_index_ : raft_.applied_index();
  }
  SendTo(from, std::move(reply), out);
}

// A new primary that is no voter would hear of it by gossip only, while nobody writes.
void Ledger::Impl::TellNewPrimary(const Entry& entry, const ApplyResult& result, Index index,
                                  LedgerOutput* out) const {
  const auto* changed = std::get_if<PrimaryChanged>(&entry.change);
  if (changed == nullptr || !result.changed || !raft_.is_settled_leader()) return;
  const std::vector<Server>& voters = raft_.configuration().voters;
  const bool votes = std::any_of(voters.begin(), voters.end(), [&](const Server& voter) {
    return voter.node == changed->primary.node;
  });
  if (votes) return;
  SendTo(changed->primary.node, MapReplyFrame{options_.self, index, EncodeView(state_.view())},
         out);
}

void Ledger::Impl::On(absl::Time, const NodeId&, const MapReplyFrame& frame, LedgerOutput* out) {
  if (!frame.leader.is_zero()) leader_hint_ = frame.leader;
  if (frame.view.empty()) return;
  absl::StatusOr<View> view = DecodeView(frame.view);
  if (!view.ok() || view->map.version.log != log_) {
    ++stats_.bad_messages;
    return;
  }
  const slots::MapVersion& have = this->view().map.version;
  if (!have.log.is_zero() && !slots::IsNewer(view->map.version, have)) return;
  pulled_ = *std::move(view);
  pulled_index_ = frame.index;
  ++stats_.views_pulled;
  PublishMap(out);
  NoticeRemoval();
}

void Ledger::Impl::On(absl::Time, const NodeId& from, const InviteFrame&, LedgerOutput* out) {
  SendTo(from, AcceptFrame{server_}, out);
}

void Ledger::Impl::On(absl::Time now, const NodeId& from, const AcceptFrame& frame, LedgerOutput*) {
  RememberServer(frame.server, from);
  next_voter_step_ = now;
}

void Ledger::Impl::TickVoters(absl::Time now, LedgerOutput* out) {
  if (now < next_voter_step_) return;
  next_voter_step_ = now + retry();
  if (!raft_.can_change_configuration() || now >= alive_until_) return;
  VoterFacts facts;
  facts.configuration = &raft_.configuration();
  facts.map = &state_.view().map;
  facts.alive = alive_;
  facts.servers = servers_;
  facts.servers[options_.self] = server_;
  std::erase_if(leaving_, [now](const auto& item) { return now >= item.second; });
  for (const auto& [node, until] : leaving_) facts.leaving.insert(node);
  for (const Server& learner : raft_.configuration().learners) {
    if (raft_.MatchOf(learner.id) >= raft_.commit_index()) facts.caught_up.insert(learner.id);
  }
  const VoterStep step = NextVoterStep(facts);
  if (const auto* invite = std::get_if<InviteNode>(&step)) {
    SendTo(invite->node, InviteFrame{}, out);
  } else if (const auto* change = std::get_if<ChangeVoters>(&step)) {
    RaftOutput raft_out;
    raft_.ProposeConfiguration(now, change->next, &raft_out);
    Absorb(std::move(raft_out), out);
  }
}

}  // namespace slotmesh::ledger
