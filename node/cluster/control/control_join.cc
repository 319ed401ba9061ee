// The control node's joins, its gossip, and the picture that it publishes.
#include <algorithm>
#include <utility>

#include "gossip/bus/codec.h"
#include "node/cluster/control/control_node.h"
#include "slots/strings.h"

namespace slotmesh::node {

Join::Own ControlNode::OwnLog() const {
  return {&ledger_->view(), ledger_->log(), local_.has_keys};
}

absl::Status ControlNode::RunJoin(std::vector<JoinAction> actions, ControlOutput* out) {
  for (JoinAction& action : actions) {
    absl::Status status;
    if (auto* ask = std::get_if<AskAction>(&action)) {
      join_ask_ = ++next_ask_;
      out->asks.push_back({join_ask_, ask->address, ask->method, ask->payload});
    } else if (const auto* propose = std::get_if<ProposeAction>(&action)) {
      status = Propose(propose->change, ForJoin{}, out);
    } else if (const auto* remember = std::get_if<RememberAction>(&action)) {
      record_.joining = remember->joining;
      status = file_.Save(record_);
    } else if (const auto* follow = std::get_if<FollowAction>(&action)) {
      status = Follow(follow->request, /*tell_others=*/true, out);
    } else if (const auto* note = std::get_if<NoteAction>(&action)) {
      out->notes.push_back(note->line);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Gives up the own log for another one. The file says so first, so that a crash in between ends the
// same way.
absl::Status ControlNode::Follow(const FollowRequest& request, bool tell_others,
                                 ControlOutput* out) {
  if (tell_others) {
    tell_what_ = Encode(FollowRequest{ledger_->log(), request.log, request.peers});
    tell_ = peers_;
    tell_at_ = now_;
    tell_until_ = now_ + kTellFor;
  }
  record_.follows = request.log;
  record_.peers = request.peers;
  std::erase_if(record_.peers, [&](const KnownPeer& peer) { return peer.node == record_.id; });
  record_.joining.reset();
  absl::Status status = file_.Save(record_);
  if (!status.ok()) return status;
  status = storage_.Discard();
  if (!status.ok()) return status;
  // What was proposed to the own log is decided there or not at all; nobody here learns which.
  for (const auto& [ticket, waiting] : std::exchange(waiting_, {})) {
    ledger::ApplyResult unknown;
    unknown.refusal = ledger::Refusal::kUnknownOutcome;
    Settle(waiting, unknown, out);
  }
  for (const KnownPeer& peer : record_.peers) out->peers.push_back({peer.node, peer.address, true});
  peers_ = record_.peers;
  out->notes.push_back(StrCat("This node has joined the cluster of log ", request.log.ToHex()));
  status = OpenLog(now_, out);
  if (!status.ok()) return status;
  return TakeMap(out);
}

void ControlNode::TellOthers(ControlOutput* out) {
  if (tell_.empty() || now_ < tell_at_) return;
  if (now_ > tell_until_) return tell_.clear();
  for (const KnownPeer& peer : tell_) {
    out->asks.push_back({++next_ask_, peer.address, std::string(kAskFollow), tell_what_});
  }
  tell_at_ = now_ + kTellInterval;
}

void ControlNode::AnswerJoiner(uint64_t call, const ledger::ApplyResult& result,
                               ControlOutput* out) {
  JoinAnswer answer;
  answer.refusal = result.refusal;
  answer.message = result.message;
  answer.log = ledger_->log();
  answer.peers = MembersAddresses();
  answer.peers.push_back({record_.id, StrCat(options_.info.ip, ":", options_.info.bus_port)});
  out->answers.push_back({call, Encode(answer)});
}

void ControlNode::StepGossip(const gossip::Input& input, ControlOutput* out) {
  gossip::Output said;
  gossip_->Step(now_, input, &said);
  for (const gossip::Send& send : said.sends) {
    SendFrame(send.to, bus::FrameKind::kGossip, bus::EncodeGossip(send.message), out);
  }
  for (const gossip::StateChange& change : said.changes) {
    picture_dirty_ = true;
    picture_at_ = absl::InfinitePast();
    if (change.after == gossip::State::kDead) {
      out->notes.push_back(StrCat("Node ", change.node.ToHex(), " is taken for failed"));
    } else if (change.before == gossip::State::kDead && change.after == gossip::State::kAlive) {
      out->notes.push_back(StrCat("Node ", change.node.ToHex(), " is reachable again"));
    }
  }
  if (said.links.has_value()) {
    kept_ = *std::move(said.links);
    for (const KnownPeer& peer : peers_) {
      const bool keep = std::binary_search(kept_.begin(), kept_.end(), peer.node);
      out->peers.push_back({peer.node, peer.address, keep});
    }
  }
  if (said.newer_map.has_value()) {
    newer_map_ = ledger::VersionHeard{said.newer_map->peer, said.newer_map->version};
  }
}

void ControlNode::Publish(bool now, ControlOutput* out) {
  if (!picture_dirty_ || (!now && now_ < picture_at_ + kPictureInterval)) return;
  picture_dirty_ = false;
  picture_at_ = now_;
  auto picture = std::make_shared<ClusterPicture>();
  picture->map = known_map_;
  picture->decided = known_view_;
  const ledger::Leadership leadership = ledger_->leadership();
  picture->leader = leadership.leader;
  picture->ledger_term = leadership.term;
  picture->ledger_index = ledger_->applied_index();
  picture->has_majority = has_majority_;
  picture->lease_tenure = lease_tenure_;
  picture->data_missing = data_missing_;
  picture->messages_sent = gossip_->stats().messages_sent;
  picture->messages_received = gossip_->stats().messages_received;
  picture->meets_sent = meets_sent_;
  picture->meets_received = meets_received_;
  const gossip::View view = gossip_->view();
  for (uint32_t i = 0; i < view.size(); ++i) {
    const gossip::MemberView member = view[i];
    if (member.member->id == record_.id) continue;
    PeerHealth& peer = picture->peers.emplace_back();
    peer.node = member.member->id;
    peer.state = member.state;
    const auto since = linked_since_.find(peer.node);
    peer.connected = since != linked_since_.end();
    if (peer.connected) peer.connected_since_ms = absl::ToUnixMillis(since->second);
    const absl::Time heard = view.LastHeard(peer.node);
    if (heard != absl::InfinitePast()) peer.pong_received_ms = absl::ToUnixMillis(heard);
    if (member.heard != nullptr) peer.replication_offset = member.heard->beat.replication_offset;
  }
  out->picture = std::move(picture);
}

}  // namespace slotmesh::node
