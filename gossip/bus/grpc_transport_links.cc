// What happens on links: answers, frames, ends. The rest of GrpcTransportImpl is in
// grpc_transport.cc.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gossip/bus/grpc_transport_impl.h"

namespace slotmesh::bus {
namespace {

constexpr size_t kIdBytes = 20;
// A link that lived this long was a real connection: the next dial starts with the shortest
// backoff.
constexpr absl::Duration kLivedLong = absl::Seconds(1);

bool Usable(const Link* link) {
  return link != nullptr && link->ready && !link->closed && !link->half_closed;
}

bool IsKnownKind(wire::Kind kind) { return kind >= wire::KIND_GOSSIP && kind <= wire::KIND_LEASE; }
static_assert(static_cast<int>(FrameKind::kLease) == wire::KIND_LEASE);
static_assert(kFrameKinds == wire::KIND_LEASE + 1);

}  // namespace

Link* GrpcTransportImpl::Active(const Peer& peer, Channel channel) const {
  const ChannelState& state = peer.channels[static_cast<size_t>(channel)];
  const bool dialed = Usable(state.dialed);
  if (channel != Channel::kControl) return dialed ? state.dialed : nullptr;
  const bool accepted = Usable(state.accepted);
  if (dialed && accepted) return options_.self.node < peer.id ? state.dialed : state.accepted;
  return dialed ? static_cast<Link*>(state.dialed) : accepted ? state.accepted : nullptr;
}

void GrpcTransportImpl::Tell(PeerEvent event) {
  inbox_->Add([this, event = std::move(event)] {
    if (handlers_.on_peer) handlers_.on_peer(event);
  });
}

void GrpcTransportImpl::ClearOutbox(ChannelState& state) {
  Outbox::Dropped dropped{};
  state.outbox.Clear(&dropped);
  for (int i = 0; i < kFrameKinds; ++i) stats_.kinds[i].frames_dropped += dropped[i];
}

void GrpcTransportImpl::Changed(Peer& peer, Channel channel, const std::string& why) {
  ChannelState& state = peer.state(channel);
  Link* const active = Active(peer, channel);
  const bool same = active != nullptr && state.up && active->sender.boot == state.up_boot;
  if (state.up && !same) {
    state.up = false;
    ++stats_.disconnects;
    if (channel == Channel::kControl) --stats_.connected_peers;
    ClearOutbox(state);
    Tell({.peer = peer.id,
          .channel = channel,
          .what = PeerEvent::What::kDisconnected,
          .detail = why});
  }
  if (active != nullptr && !state.up) {
    state.up = true;
    state.up_boot = active->sender.boot;
    ++stats_.connects;
    if (channel == Channel::kControl) ++stats_.connected_peers;
    Tell({.peer = peer.id,
          .channel = channel,
          .what = PeerEvent::What::kConnected,
          .boot = state.up_boot});
  }
  Pump(peer, channel);
}

void GrpcTransportImpl::Pump(Peer& peer, Channel channel) {
  ChannelState& state = peer.state(channel);
  Link* const link = Active(peer, channel);
  if (link == nullptr || link->writing) return;
  link->out.Clear();
  if (link->tell_log) {
    link->tell_log = false;
    link->out.set_kind(wire::KIND_IDENTITY);
    link->out.set_log(std::string(self_.log.bytes()));
  } else if (std::optional<Frame> frame = state.outbox.Pop()) {
    link->out.set_kind(static_cast<wire::Kind>(frame->kind));
    link->out.set_stream(frame->stream);
    if (!frame->log.is_zero() && frame->log != self_.log)
      link->out.set_log(std::string(frame->log.bytes()));
    link->out.set_payload(std::move(frame->payload));
    KindCounters& counters = stats_.kinds[static_cast<size_t>(frame->kind)];
    ++counters.frames_sent;
    counters.bytes_sent += link->out.ByteSizeLong();
  } else {
    return;
  }
  link->writing = true;
  link->last_used = options_.now();
  link->StartWriting();
  if (state.outbox.TakeWritable()) {
    Tell({.peer = peer.id, .channel = channel, .what = PeerEvent::What::kWritable});
  }
}

void GrpcTransportImpl::OnLinkAnswered(Link* link) {
  Locked locked(*this);
  Peer* const peer = FindPeer(link->peer);
  if (link->closed || peer == nullptr) return;
  absl::StatusOr<Sender> sender =
      static_cast<DialedLink*>(link)->CheckPeer(*auth_, options_.self.protocol);
  if (absl::IsNotFound(sender.status())) {
    link->Close(absl::OkStatus());  // A refusal: its status is on the way, or the handshake's end.
    return;
  }
  if (!sender.ok()) {
    Refuse("answer", peer->address, sender.status());
    link->Close(sender.status());
    return;
  }
  if (sender->node != peer->id) {
    Tell({.peer = peer->id,
          .channel = link->channel,
          .what = PeerEvent::What::kWrongNode,
          .other = sender->node,
          .detail = peer->address});
    link->Close(absl::FailedPreconditionError(
        absl::StrCat("node ", sender->node.ToHex(), " answers at ", peer->address)));
    return;
  }
  link->sender = *sender;
  link->ready = true;
  link->last_used = options_.now();
  MaybeRead(link);
  Changed(*peer, link->channel, "");
}

void GrpcTransportImpl::MaybeRead(Link* link) {
  if (link->reading || link->closed || !link->ready) return;
  if (link->unhandled_frames >= kReceiveWindowFrames ||
      link->unhandled_bytes >= kReceiveWindowBytes) {
    return;
  }
  link->reading = true;
  link->StartReading();
}

void GrpcTransportImpl::Malformed(Link* link) {
  ++stats_.malformed_frames;
  if (++link->malformed < kMalformedMax) return;
  const absl::Status status = absl::InvalidArgumentError("too many malformed frames");
  Refuse("malformed", link->peer.ToHex(), status);
  link->Close(status);
}

void GrpcTransportImpl::Deliver(Link* link) {
  wire::Envelope& in = link->in;
  const bool log_fits = in.log().empty() || in.log().size() == kIdBytes;
  if (in.kind() == wire::KIND_IDENTITY && in.log().size() == kIdBytes) {
    link->sender.log = slots::LogId::FromBytes(in.log());
    return;
  }
  if (!IsKnownKind(in.kind()) || !log_fits || in.payload().size() > kFrameBytesMax) {
    Malformed(link);
    return;
  }
  const size_t bytes = in.ByteSizeLong();
  KindCounters& counters = stats_.kinds[static_cast<size_t>(in.kind())];
  ++counters.frames_received;
  counters.bytes_received += bytes;
  link->last_used = options_.now();
  ++link->unhandled_frames;
  link->unhandled_bytes += bytes;
  Frame frame{.kind = static_cast<FrameKind>(in.kind()),
              .stream = in.stream(),
              .log = in.log().empty() ? link->sender.log : slots::LogId::FromBytes(in.log()),
              .payload = std::move(*in.mutable_payload())};
  inbox_->Add([this, bytes, id = link->id, sender = link->sender, channel = link->channel,
               frame = std::move(frame)]() mutable {
    handlers_.on_frame(sender, channel, std::move(frame));
    Handled(id, bytes);
  });
}

void GrpcTransportImpl::Handled(uint64_t id, size_t bytes) {
  absl::MutexLock lock(&mu_);
  const auto found = links_.find(id);
  if (found == links_.end()) return;
  --found->second->unhandled_frames;
  found->second->unhandled_bytes -= bytes;
  MaybeRead(found->second);
}

void GrpcTransportImpl::OnLinkRead(Link* link, bool ok) {
  Locked locked(*this);
  link->reading = false;
  if (!ok) {
    link->Close(absl::OkStatus());
    if (Peer* const peer = FindPeer(link->peer))
      Changed(*peer, link->channel, "the peer ended the stream");
    return;
  }
  if (link->closed) return;
  Deliver(link);
  MaybeRead(link);
}

void GrpcTransportImpl::OnLinkWritten(Link* link, bool ok) {
  Locked locked(*this);
  link->writing = false;
  if (link->closed) {
    link->OnWrittenAfterClose();
    return;
  }
  // A failed write means a broken stream, and the read says so too; stop sending on it now.
  if (!ok) link->Close(absl::UnavailableError("the connection broke"));
  if (Peer* const peer = FindPeer(link->peer))
    Changed(*peer, link->channel, "the connection broke");
}

void GrpcTransportImpl::DialedLinkDone(Peer& peer, const Link& link, const absl::Status& status) {
  ChannelState& state = peer.state(link.channel);
  state.dialed = nullptr;
  if (link.half_closed && status.ok()) return;  // Our own wish.
  const absl::Time now = options_.now();
  if (link.ready && now - link.started >= kLivedLong) state.backoff = kRedialMin;
  // Spread over 75% to 125%, so that a restarted node is not met by everybody at once.
  state.next_dial =
      now + state.backoff * (0.75 + 0.5 * static_cast<double>(options_.random() % 1024) / 1024);
  state.backoff = std::min(2 * state.backoff, kRedialMax);
  const bool lost = !state.up && !state.outbox.empty() && Active(peer, link.channel) == nullptr;
  if (!lost) return;
  ClearOutbox(state);
  Tell({.peer = peer.id,
        .channel = link.channel,
        .what = PeerEvent::What::kDisconnected,
        .detail = link.error.empty() ? std::string(status.message()) : link.error});
}

void GrpcTransportImpl::OnLinkDone(Link* link, const absl::Status& status) {
  Locked locked(*this);
  ended_.links.emplace_back(link);
  links_.erase(link->id);
  if (!link->dialed) --accepted_links_;
  Peer* const peer = FindPeer(link->peer);
  if (peer == nullptr) return;
  ChannelState& state = peer->state(link->channel);
  if (state.dialed == link) {
    DialedLinkDone(*peer, *link, status);
  } else if (state.accepted == link) {
    state.accepted = nullptr;
  } else if (link->dialed) {
    return;  // Of a peer that was removed and set again.
  }
  const std::string why = link->error.empty() ? std::string(status.message()) : link->error;
  if (!link->dialed && link->channel != Channel::kControl) {
    Tell({.peer = peer->id,
          .channel = link->channel,
          .what = PeerEvent::What::kInboundLost,
          .detail = why});
  }
  Changed(*peer, link->channel, why);
  bool idle = peer->address.empty();
  for (const ChannelState& each : peer->channels) {
    idle = idle && each.dialed == nullptr && each.accepted == nullptr;
  }
  if (idle) peers_.erase(link->peer);
}

}  // namespace slotmesh::bus
