// The control node's gossip, and the picture that it publishes.
#include <algorithm>
#include <utility>

#include "gossip/bus/codec.h"
#include "node/cluster/control/control_node.h"
#include "slots/strings.h"

namespace slotmesh::node {

std::string ControlNode::Describe(const slots::NodeId& node) const {
  const slots::NodeInfo* info = map().FindNode(node);
  const bool named = info != nullptr && !info->labels.human_name.empty();
  return named ? StrCat(node.ToHex(), " (", info->labels.human_name, ")") : node.ToHex();
}

void ControlNode::StepGossip(const gossip::Input& input, ControlOutput* out) {
  gossip::Output said;
  gossip_->Step(now_, input, &said);
  for (const gossip::Send& send : said.sends) {
    SendFrame(send.to, bus::FrameKind::kGossip, bus::EncodeGossip(send.message), out);
  }
  for (const gossip::Report& report : said.reports) {
    out->details.push_back(StrCat("Node ", Describe(report.reporter), " reported node ",
                                  Describe(report.node), " as not reachable."));
  }
  for (const gossip::StateChange& change : said.changes) {
    picture_dirty_ = true;
    picture_at_ = absl::InfinitePast();
    if (change.after == gossip::State::kDead) {
      out->notes.push_back(StrCat("Node ", Describe(change.node), " is taken for failed"));
    } else if (change.before == gossip::State::kDead && change.after == gossip::State::kAlive) {
      out->notes.push_back(StrCat("Node ", Describe(change.node), " is reachable again"));
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
  picture->libraries = libraries_->texts();
  const ledger::Leadership leadership = ledger_->leadership();
  picture->leader = leadership.leader;
  picture->ledger_term = leadership.term;
  picture->ledger_index = ledger_->applied_index();
  picture->has_majority = has_majority_;
  picture->lease_tenure = lease_tenure_;
  picture->data_missing = LacksData();
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
    // Who hears too few to judge judges nobody; but it shows whom it misses.
    const bool missed =
        view.isolated() && heard != absl::InfinitePast() && now_ - heard >= options_.node_timeout;
    if (missed && peer.state == gossip::State::kAlive) peer.state = gossip::State::kSuspect;
    if (heard != absl::InfinitePast()) peer.pong_received_ms = absl::ToUnixMillis(heard);
    peer.replication_offset = OffsetOf(member).value_or(0);
  }
  out->picture = std::move(picture);
}

}  // namespace slotmesh::node
