// The control node's joins and leaves: what it answers other nodes, and how it changes its log.
#include <algorithm>
#include <utility>

#include "absl/random/distributions.h"
#include "node/cluster/control/control_node.h"
#include "slots/strings.h"

namespace slotmesh::node {

Join::Own ControlNode::OwnLog() const {
  return {.view = &ledger_->view(),
          .log = ledger_->log(),
          .has_keys = local_.has_keys,
          .busy = !waiting_.empty(),
          .begins = !carried_libraries_.empty(),
          .settled = ledger_->leadership().settled,
          .ended = &record_.ended};
}

absl::Status ControlNode::RunJoin(std::vector<JoinAction> actions, ControlOutput* out) {
  for (JoinAction& action : actions) {
    absl::Status status;
    if (auto* ask = std::get_if<AskAction>(&action)) {
      join_ask_ = ++next_ask_;
      out->asks.push_back({join_ask_, ask->address, ask->method, std::move(ask->payload)});
    } else if (const auto* propose = std::get_if<ProposeAction>(&action)) {
      status = Propose(propose->change, ForJoin{++join_proposal_}, out);
    } else if (const auto* follow = std::get_if<FollowAction>(&action)) {
      status = Follow(*follow, out);
    } else if (const auto* found = std::get_if<FoundAction>(&action)) {
      NoteAddress(found->peer, out);
    } else if (const auto* note = std::get_if<NoteAction>(&action)) {
      out->notes.push_back(note->line);
    } else if (const auto* renew = std::get_if<RenewAction>(&action)) {
      created_after_ = renew->than;
      std::vector<ledger::LibraryDeclaration> libraries;
      for (const ledger::LibraryRecord& library : ledger_->view().libraries) {
        libraries.push_back(library.declared);
      }
      status = BeginAnew(/*hard=*/false, out);
      carried_libraries_ = std::move(libraries);
    } else if (std::holds_alternative<LeaveAction>(action)) {
      status = LeaveBehind(out);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Of a member that may have come back elsewhere: while nothing can be decided, that is how it is
// found again (after all nodes got new addresses, say). A map with another address than the one
// that was known has the last word.
void ControlNode::NoteAddress(const KnownPeer& found, ControlOutput* out) {
  for (KnownPeer& peer : peers_) {
    if (peer.node != found.node || peer.address == found.address) continue;
    out->notes.push_back(StrCat("Node ", Describe(peer.node), " is at ", found.address,
                                " now, and not at ", peer.address));
    found_[peer.node] = {peer.address, found.address};
    peer.address = found.address;
    const bool keep = std::binary_search(kept_.begin(), kept_.end(), peer.node);
    out->peers.push_back({peer.node, peer.address, keep || !has_majority_});
  }
}

// Gives up the own log for another one, which has taken it in.
absl::Status ControlNode::Follow(const FollowAction& follow, ControlOutput* out) {
  std::vector<KnownPeer> peers = follow.peers;
  std::erase_if(peers, [&](const KnownPeer& peer) { return peer.node == record_.id; });
  // The other members are told; those that do not hear it hear it from the other log's members.
  for (const KnownPeer& peer : peers_) {
    if (peers.empty()) break;
    const MeetRequest told{peers.front().address, peer.node, /*only_follow=*/true};
    out->asks.push_back({++next_ask_, peer.address, std::string(kAskMeet), Encode(told)});
  }
  record_.log = follow.log;
  record_.founder = false;
  record_.begun = false;
  record_.member_since = follow.sequence;
  record_.peers = peers;
  for (const KnownPeer& peer : peers) {
    out->peers.push_back({peer.node, peer.address, true});
    std::erase_if(peers_, [&](const KnownPeer& known) { return known.node == peer.node; });
    peers_.push_back(peer);
  }
  out->notes.push_back(StrCat("This node has joined the cluster of log ", follow.log.ToHex()));
  return ChangeLog(out);
}

// Gives up the own log, of which this node is alone or no member any more, and begins another.
absl::Status ControlNode::BeginAnew(bool hard, ControlOutput* out) {
  const ledger::View& view = ledger_->view();
  // Whoever only believes to be alone has not heard of the others yet.
  const bool alone =
      view.members.size() == 1 && view.BootOf(record_.id) != 0 && ledger_->leadership().settled;
  if (alone) {
    // With all that had become part of it.
    std::vector<slots::LogId>& ended = record_.ended;
    ended.insert(ended.end(), view.joined.begin(), view.joined.end());
    ended.push_back(record_.log);
    if (ended.size() > kEndedLogsMax) ended.erase(ended.begin(), ended.end() - kEndedLogsMax);
  }
  for (const KnownPeer& peer : std::exchange(peers_, {})) out->removed.push_back(peer.node);
  record_.log = slots::LogId::Random(random_);
  record_.founder = true;
  record_.begun = false;
  record_.member_since = 0;
  record_.peers.clear();
  if (hard) {
    record_.id = options_.info.id = slots::NodeId::Random(random_);
    out->self = record_.id;
    OpenGossip(now_);
    linked_since_.clear();
    out->notes.push_back(StrCat("Node hard reset, now I'm ", record_.id.ToHex()));
  }
  return ChangeLog(out);
}

// record_ says which log this node is of from now on. The file says so first, so that a crash in
// between ends the same way.
absl::Status ControlNode::ChangeLog(ControlOutput* out) {
  absl::Status status = file_.Save(record_);
  if (!status.ok()) return status;
  status = storage_.Discard();
  if (!status.ok()) return status;
  join_->LogChanged(record_.id);
  courier_->LogChanged();
  carried_libraries_.clear();
  return Reopen(out);
}

// Goes on with the log as it is stored by now.
absl::Status ControlNode::Reopen(ControlOutput* out) {
  join_ask_ = 0;
  // What was proposed to the one before is decided there or not at all; nobody here learns which.
  ledger::ApplyResult unknown;
  unknown.refusal = ledger::Refusal::kUnknownOutcome;
  for (const auto& [ticket, waiting] : std::exchange(waiting_, {})) {
    if (std::holds_alternative<ForJoin>(waiting)) continue;
    const absl::Status settled = Settle(waiting, unknown, out);
    if (!settled.ok()) return settled;
  }
  self_proposal_open_ = false;
  self_proposal_after_ = absl::InfinitePast();
  newer_map_.reset();
  absl::Status status = OpenLog(now_, out);
  if (!status.ok()) return status;
  status = TakeMap(out);
  if (!status.ok()) return status;
  return StepLedger(ledger::TickInput{}, out);
}

std::vector<KnownPeer> ControlNode::NamedPeers() const {
  std::vector<KnownPeer> peers = {{record_.id, own_address()}};
  for (const bool voters : {true, false}) {
    for (const slots::NodeInfo& node : ledger_->map()->data().nodes) {
      if (peers.size() >= kNamedPeersMax) return peers;
      if (node.id != record_.id && node.voter == voters) {
        peers.push_back({node.id, BusAddress(node)});
      }
    }
  }
  return peers;
}

bool ControlNode::HasEnded(const slots::LogId& log) const {
  return std::find(record_.ended.begin(), record_.ended.end(), log) != record_.ended.end();
}

Hello ControlNode::AnswerHello(const HelloRequest& request) const {
  const ledger::View& view = ledger_->view();
  Hello hello;
  hello.node = record_.id;
  hello.log = ledger_->log();
  hello.created = view.created;
  hello.sequence = view.map.version.sequence;
  hello.member = view.BootOf(request.node) != 0;
  hello.joined = view.HasJoined(request.log);
  hello.takes_seal = request.sealed_into == hello.log || view.HasJoined(request.sealed_into) ||
                     HasEnded(request.sealed_into);
  hello.ended = HasEnded(request.log);
  hello.decides = has_majority_;
  hello.bare = IsBare(OwnLog());
  hello.has_keys = local_.has_keys;
  hello.peers = NamedPeers();
  return hello;
}

absl::Status ControlNode::AnswerJoin(uint64_t call, const JoinRequest& request,
                                     ControlOutput* out) {
  ledger::ApplyResult refused;
  const absl::StatusOr<ledger::Entry> entry = ledger::DecodeEntry(request.entry);
  const auto* join = entry.ok() ? std::get_if<ledger::LogJoined>(&entry->change) : nullptr;
  if (join == nullptr) {
    out->answers.push_back({call, absl::InvalidArgumentError("join: not a log that joins")});
    return absl::OkStatus();
  }
  if (HasEnded(join->log)) {
    JoinAnswer ended;
    ended.refusal = ledger::Refusal::kCancelled;
    ended.ended = true;
    out->answers.push_back({call, Encode(ended)});
    return absl::OkStatus();
  }
  if (HasEnded(request.into)) {
    refused.refusal = ledger::Refusal::kCancelled;
    refused.message = StrCat("log ", request.into.ToHex(), " has ended");
    SendJoinAnswer(call, refused, /*for_good=*/true, out);
    return absl::OkStatus();
  }
  // Elsewhere the log that it is sealed into may take it in as well.
  if (request.into != ledger_->log() && !ledger_->view().HasJoined(request.into)) {
    refused.refusal = ledger::Refusal::kUnknownOutcome;
    refused.message = "this node is of another log";
    SendJoinAnswer(call, refused, /*for_good=*/false, out);
    return absl::OkStatus();
  }
  return Propose(*join, ForJoiner{call, {join->log, join->sealed_at}}, out);
}

absl::Status ControlNode::AnswerJoiner(const ForJoiner& joiner, const ledger::ApplyResult& result,
                                       ControlOutput* out) {
  const bool open = result.ok() || result.refusal == ledger::Refusal::kUnknownOutcome ||
                    result.refusal == ledger::Refusal::kSealed ||
                    result.refusal == ledger::Refusal::kNoLog ||
                    result.refusal == ledger::Refusal::kTooOld;
  if (!open) {
    return Propose(ledger::JoinCancelled{joiner.join}, ForCancelledJoiner{joiner.call, result},
                   out);
  }
  SendJoinAnswer(joiner.call, result, /*for_good=*/false, out);
  return absl::OkStatus();
}

void ControlNode::SendJoinAnswer(uint64_t call, const ledger::ApplyResult& result, bool for_good,
                                 ControlOutput* out) {
  JoinAnswer answer;
  answer.refusal = result.refusal;
  answer.for_good = for_good;
  answer.message = result.message;
  answer.log = ledger_->log();
  answer.sequence = ledger_->view().map.version.sequence;
  answer.peers = NamedPeers();
  out->answers.push_back({call, Encode(answer)});
}

// Looks after those who did not hear of a change of logs: members that were never heard here are
// told where this log is; and this node, if it sees no majority, asks its peers where they are.
void ControlNode::MindMembership(ControlOutput* out) {
  if (now_ < membership_at_) return;
  membership_at_ = now_ + kMembershipTick * absl::Uniform<double>(random_, 0.8, 1.2);
  std::vector<const slots::NodeInfo*> unheard;
  const gossip::View view = gossip_->view();
  for (uint32_t i = 0; i < view.size(); ++i) {
    const gossip::MemberView member = view[i];
    if (member.member->id == record_.id || member.incarnation != 0) continue;
    const slots::NodeInfo* node = ledger_->map()->FindNode(member.member->id);
    if (node != nullptr) unheard.push_back(node);
  }
  std::shuffle(unheard.begin(), unheard.end(), random_);
  if (unheard.size() > kToldPerTickMax) unheard.resize(kToldPerTickMax);
  for (const slots::NodeInfo* node : unheard) {
    const MeetRequest told{own_address(), node->id, /*only_follow=*/true};
    out->asks.push_back({++next_ask_, BusAddress(*node), std::string(kAskMeet), Encode(told)});
  }
  if (has_majority_ || peers_.empty()) return;
  const KnownPeer& peer = peers_[absl::Uniform<size_t>(random_, 0, peers_.size())];
  // Full of targets: they will do as well.
  join_->Meet(peer.address, /*only_follow=*/true, now_).IgnoreError();
}

}  // namespace slotmesh::node
