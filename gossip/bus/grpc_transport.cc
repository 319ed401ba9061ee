// Life and API of GrpcTransportImpl; what happens on links is in grpc_transport_links.cc.
#include "gossip/bus/grpc_transport.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "gossip/bus/grpc_transport_impl.h"
#include "slots/check.h"

namespace slotmesh::bus {
namespace {

constexpr int kMessageBytesMax = static_cast<int>(kFrameBytesMax) + 4096;
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;
constexpr int kStreamsPerConnection = 256;
constexpr int kShutdownMs = 500;

}  // namespace

class GrpcTransportImpl::Service final : public wire::Bus::CallbackService {
 public:
  explicit Service(GrpcTransportImpl* transport) : transport_(transport) {}
  grpc::ServerBidiReactor<wire::Envelope, wire::Envelope>* Stream(
      grpc::CallbackServerContext* context) override {
    return transport_->Accept(context);
  }
  grpc::ServerUnaryReactor* Call(grpc::CallbackServerContext* context,
                                 const wire::CallRequest* request,
                                 wire::CallReply* reply) override {
    return transport_->Answer(context, *request, reply);
  }

 private:
  GrpcTransportImpl* const transport_;
};

GrpcTransportImpl::GrpcTransportImpl(GrpcTransportOptions options, Authenticator* auth,
                                     Handlers handlers)
    : options_(std::move(options)),
      auth_(auth),
      handlers_(std::move(handlers)),
      inbox_(std::make_shared<Inbox>(options_.post)),
      self_(options_.self) {
  CHECK(options_.post && options_.now && options_.random && handlers_.on_frame && auth_ != nullptr);
}

absl::Status GrpcTransportImpl::Start() {
  auto server_credentials = MakeServerCredentials(auth_->options());
  if (!server_credentials.ok()) return server_credentials.status();
  auto channel_credentials = MakeChannelCredentials(auth_->options());
  if (!channel_credentials.ok()) return channel_credentials.status();
  channel_credentials_ = *channel_credentials;

  service_ = std::make_unique<Service>(this);
  grpc::ServerBuilder builder;
  std::vector<int> ports(options_.binds.size());
  for (size_t i = 0; i < options_.binds.size(); ++i) {
    builder.AddListeningPort(options_.binds[i], *server_credentials, &ports[i]);
  }
  builder.RegisterService(service_.get());
  for (grpc::Service* const service : options_.services) builder.RegisterService(service);
  // For the further services, which may block a thread for each call: few threads wait for new
  // calls.
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::MAX_POLLERS, 1);
  builder.SetMaxReceiveMessageSize(kMessageBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // A taken port is an error.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kKeepaliveMs / 2);
  server_ = builder.BuildAndStart();
  for (size_t i = 0; i < ports.size(); ++i) {
    if (server_ != nullptr && ports[i] != 0) continue;
    return absl::UnavailableError(
        absl::StrCat("cannot bind the cluster bus to ", options_.binds[i],
                     ": is the port in use, or the address not this machine's?"));
  }
  if (server_ == nullptr) return absl::UnavailableError("the cluster bus could not start");
  port_ = ports.empty() ? 0 : ports[0];
  ticker_ = std::thread([this] { RunTicks(); });
  return absl::OkStatus();
}

GrpcTransportImpl::~GrpcTransportImpl() {
  inbox_->Close();
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    for (auto& [id, link] : links_) {
      link->Close(absl::UnavailableError("the node is shutting down"));
      if (link->dialed) link->Cancel();
    }
    for (auto& [id, ask] : asks_) ask->context.TryCancel();
  }
  answers_->Close();
  if (server_ != nullptr) {
    server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                   gpr_time_from_millis(kShutdownMs, GPR_TIMESPAN)));
  }
  {
    absl::MutexLock lock(&mu_);
    const auto quiet = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return links_.empty() && asks_.empty();
    };
    mu_.Await(absl::Condition(&quiet));
  }
  if (ticker_.joinable()) ticker_.join();
}

GrpcTransportImpl::Peer* GrpcTransportImpl::FindPeer(const slots::NodeId& id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second.get();
}

GrpcTransportImpl::Peer* GrpcTransportImpl::FindOrAddPeer(const slots::NodeId& id) {
  if (Peer* const peer = FindPeer(id)) return peer;
  if (peers_.size() >= kPeersMax) return nullptr;
  return peers_.emplace(id, std::make_unique<Peer>(id)).first->second.get();
}

void GrpcTransportImpl::SetPeer(const slots::NodeId& id, std::string address, bool keep) {
  Locked locked(*this);
  Peer* const peer = stopping_ || id == options_.self.node ? nullptr : FindOrAddPeer(id);
  if (peer == nullptr) return;
  if (peer->address != address) {
    peer->address = std::move(address);
    for (ChannelState& state : peer->channels) {
      state.grpc_channel = nullptr;
      state.next_dial = absl::InfinitePast();
      if (state.dialed != nullptr)
        state.dialed->Close(absl::UnavailableError("the peer's address changed"));
    }
  }
  peer->keep = keep;
  ChannelState& control = peer->state(Channel::kControl);
  if (keep && Active(*peer, Channel::kControl) == nullptr && control.dialed == nullptr &&
      options_.now() >= control.next_dial) {
    Dial(*peer, Channel::kControl);
  }
}

void GrpcTransportImpl::RemovePeer(const slots::NodeId& id) {
  Locked locked(*this);
  Peer* const peer = FindPeer(id);
  if (peer == nullptr) return;
  const absl::Status reason = absl::UnavailableError("the peer was removed");
  for (ChannelState& state : peer->channels) {
    if (state.dialed != nullptr) state.dialed->Close(reason);
    if (state.accepted != nullptr) state.accepted->Close(reason);
    ClearOutbox(state);
  }
  if (peer->state(Channel::kControl).up) --stats_.connected_peers;
  peers_.erase(id);
}

void GrpcTransportImpl::SetLog(const slots::LogId& log) {
  Locked locked(*this);
  if (self_.log == log) return;
  self_.log = log;
  for (auto& [id, link] : links_) link->tell_log = true;
  for (auto& [id, peer] : peers_) {
    for (int i = 0; i < kChannels; ++i) Pump(*peer, static_cast<Channel>(i));
  }
}

SendResult GrpcTransportImpl::Send(const slots::NodeId& to, Channel channel, Frame frame) {
  Locked locked(*this);
  if (stopping_) return SendResult::kStopped;
  Peer* const peer = FindPeer(to);
  if (peer == nullptr) return SendResult::kNotConnected;
  ChannelState& state = peer->state(channel);
  if (Active(*peer, channel) == nullptr && state.dialed == nullptr) {
    if (peer->address.empty() || options_.now() < state.next_dial) return SendResult::kNotConnected;
    Dial(*peer, channel);
  }
  Outbox::Dropped dropped{};
  const SendResult result = state.outbox.Push(std::move(frame), &dropped);
  for (int i = 0; i < kFrameKinds; ++i) stats_.kinds[i].frames_dropped += dropped[i];
  Pump(*peer, channel);
  return result;
}

std::shared_ptr<grpc::Channel> GrpcTransportImpl::MakeChannel(const std::string& address) const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // A connection of its own.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(kHandshakeMax / absl::Milliseconds(1)));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  return grpc::CreateCustomChannel(address, channel_credentials_, arguments);
}

void GrpcTransportImpl::Dial(Peer& peer, Channel channel) {
  if (stopping_) return;
  ChannelState& state = peer.state(channel);
  if (state.grpc_channel == nullptr) state.grpc_channel = MakeChannel(peer.address);
  auto* const link =
      new DialedLink(this, next_id_++, peer.id, channel);  // OnLinkDone() takes it back.
  link->started = link->last_used = options_.now();
  links_.emplace(link->id, link);
  state.dialed = link;
  link->Dial(*auth_, self_, state.grpc_channel);
}

void GrpcTransportImpl::Refuse(const char* reason, const std::string& caller,
                               const absl::Status& status) {
  Refusals& refusals = refusals_[reason];
  ++refusals.count;
  const absl::Time now = options_.now();
  if (!options_.log || now - refusals.logged < kRefusalLogEvery) {
    ++refusals.unlogged;
    return;
  }
  std::string line = absl::StrCat("bus: refused ", caller, ": ", std::string(status.message()));
  if (refusals.unlogged > 0) absl::StrAppend(&line, " (and ", refusals.unlogged, " like it)");
  inbox_->Add([this, line = std::move(line)] { options_.log(line); });
  refusals.unlogged = 0;
  refusals.logged = now;
}

absl::Status GrpcTransportImpl::CheckAccepted(const Caller& caller) {
  if (stopping_) return absl::UnavailableError("the node is shutting down");
  if (caller.sender.node.is_zero()) return absl::InvalidArgumentError("a stream needs a node id");
  if (caller.sender.node == options_.self.node) {
    return absl::InvalidArgumentError(
        "the caller has this node's own id: two nodes share one, or a node dials itself");
  }
  if (accepted_links_ >= kLinksMax || FindOrAddPeer(caller.sender.node) == nullptr) {
    return absl::ResourceExhaustedError("this node has too many peers");
  }
  return absl::OkStatus();
}

void GrpcTransportImpl::Register(AcceptedLink* link) {
  link->started = link->last_used = options_.now();
  links_.emplace(link->id, link);
  ++accepted_links_;
  Peer& peer = *FindPeer(link->peer);
  ChannelState& state = peer.state(link->channel);
  if (state.accepted != nullptr)
    state.accepted->Close(absl::UnavailableError("replaced by a newer stream"));
  state.accepted = link;
  MaybeRead(link);
  Changed(peer, link->channel, "the peer was restarted");
}

grpc::ServerBidiReactor<wire::Envelope, wire::Envelope>* GrpcTransportImpl::Accept(
    grpc::CallbackServerContext* context) {
  absl::StatusOr<Caller> caller =
      CheckCaller(*auth_, kStreamMethod, options_.self.protocol, *context);
  Locked locked(*this);
  const absl::Status status = caller.ok() ? CheckAccepted(*caller) : caller.status();
  if (!status.ok()) {
    Refuse(absl::IsUnauthenticated(status) ? "unauthenticated"
           : caller.ok()                   ? "stream"
                                           : "identity",
           context->peer(), status);
    return new RefusedStream(status);
  }
  AddAnswerer(*auth_, self_, *caller, context);
  auto* const link =
      new AcceptedLink(this, next_id_++, *caller, context);  // OnLinkDone() takes it back.
  link->Open();
  Register(link);
  return link;
}

grpc::ServerUnaryReactor* GrpcTransportImpl::Answer(grpc::CallbackServerContext* context,
                                                    const wire::CallRequest& request,
                                                    wire::CallReply* reply) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  absl::StatusOr<Caller> caller =
      CheckCaller(*auth_, kCallMethod, options_.self.protocol, *context);
  Locked locked(*this);
  if (!caller.ok()) {
    Refuse(absl::IsUnauthenticated(caller.status()) ? "unauthenticated" : "identity",
           context->peer(), caller.status());
    reactor->Finish(ToGrpc(caller.status()));
    return reactor;
  }
  AddAnswerer(*auth_, self_, *caller, context);
  if (!handlers_.on_call) {
    reactor->Finish({grpc::StatusCode::UNIMPLEMENTED, "this node answers no questions"});
    return reactor;
  }
  bus::CallReply answer = answers_->Add(reactor, reply);
  if (answer == nullptr) {
    reactor->Finish(
        {grpc::StatusCode::RESOURCE_EXHAUSTED, "this node is busy with other questions"});
    return reactor;
  }
  inbox_->Add([this, sender = caller->sender, method = request.method(),
               payload = request.payload(),
               answer = std::move(answer)] { handlers_.on_call(sender, method, payload, answer); });
  return reactor;
}

void GrpcTransportImpl::Call(std::string address, std::string method, std::string payload,
                             absl::Duration timeout,
                             std::function<void(absl::StatusOr<std::string>)> done) {
  Locked locked(*this);
  if (stopping_) return;
  if (asks_.size() >= kCallsMax) {
    inbox_->Add([done = std::move(done)] {
      done(absl::ResourceExhaustedError("too many questions to other nodes are unanswered"));
    });
    return;
  }
  const uint64_t id = next_id_++;
  Ask& ask = *asks_.emplace(id, std::make_unique<Ask>()).first->second;
  ask.stub = wire::Bus::NewStub(MakeChannel(address));
  ask.request.set_method(std::move(method));
  ask.request.set_payload(std::move(payload));
  ask.done = std::move(done);
  ask.context.set_deadline(
      gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                   gpr_time_from_millis(absl::ToInt64Milliseconds(timeout), GPR_TIMESPAN)));
  ask.proof = AddCaller(*auth_, kCallMethod, self_, Channel::kControl, &ask.context);
  ask.stub->async()->Call(&ask.context, &ask.request, &ask.reply,
                          [this, id](grpc::Status status) { FinishAsk(id, status); });
}

void GrpcTransportImpl::FinishAsk(uint64_t id, const grpc::Status& status) {
  Locked locked(*this);
  const auto found = asks_.find(id);
  Ask* const ask = ended_.asks.emplace_back(std::move(found->second)).get();
  asks_.erase(found);
  absl::StatusOr<std::string> answer = std::string();
  if (!status.ok()) {
    answer = FromGrpc(status);
  } else {
    const absl::StatusOr<Sender> answerer =
        CheckAnswerer(*auth_, options_.self.protocol, ask->proof, ask->context);
    answer = answerer.ok() ? absl::StatusOr<std::string>(std::move(*ask->reply.mutable_payload()))
                           : answerer.status();
  }
  inbox_->Add([done = std::move(ask->done), answer = std::move(answer)] { done(answer); });
}

bool GrpcTransportImpl::IsConnected(const slots::NodeId& id, Channel channel) const {
  absl::MutexLock lock(&mu_);
  const Peer* const peer = FindPeer(id);
  return peer != nullptr && Active(*peer, channel) != nullptr;
}

TransportStats GrpcTransportImpl::stats() const {
  absl::MutexLock lock(&mu_);
  TransportStats stats = stats_;
  for (const auto& [reason, refusals] : refusals_) stats.refused[reason] = refusals.count;
  return stats;
}

void GrpcTransportImpl::RunTicks() {
  const std::shared_ptr<Inbox> inbox = inbox_;
  for (;;) {
    Ended ended;  // Deleted without the lock.
    {
      absl::MutexLock lock(&mu_);
      std::swap(ended, ended_);
      if (mu_.AwaitWithTimeout(absl::Condition(&stopping_), kTick)) return;
      Tick();
    }
    inbox->Flush();
  }
}

void GrpcTransportImpl::Tick() {
  const absl::Time now = options_.now();
  for (auto& [id, peer] : peers_) {
    const ChannelState& control = peer->state(Channel::kControl);
    if (peer->keep && !peer->address.empty() && control.dialed == nullptr &&
        Active(*peer, Channel::kControl) == nullptr && now >= control.next_dial) {
      Dial(*peer, Channel::kControl);
    }
  }
  for (auto& [id, link] : links_) {
    if (!link->dialed) continue;
    if (!link->ready && now - link->started > kHandshakeMax) {
      if (link->error.empty()) link->error = "no answer to the handshake";
      link->Cancel();
      link->Close(absl::UnavailableError(link->error));
      continue;
    }
    if (link->ready && !link->closed && !link->writing && IsSuperfluous(*link, now))
      link->HalfClose();
  }
}

bool GrpcTransportImpl::IsSuperfluous(const Link& link, absl::Time now) const {
  const Peer* const peer = FindPeer(link.peer);
  if (peer == nullptr) return true;
  const Link* const active = Active(*peer, link.channel);
  // Crossed dials: both sides keep the other stream, once it has stood for a moment.
  if (active != nullptr && active != &link && now - active->started > kCrossedGrace) return true;
  const bool keep = peer->keep && link.channel == Channel::kControl;
  return !keep && now - link.last_used > kIdleClose;
}

absl::StatusOr<std::unique_ptr<GrpcTransport>> MakeGrpcTransport(GrpcTransportOptions options,
                                                                 Authenticator* auth,
                                                                 Handlers handlers) {
  auto transport =
      std::make_unique<GrpcTransportImpl>(std::move(options), auth, std::move(handlers));
  if (auto status = transport->Start(); !status.ok()) return status;
  return std::unique_ptr<GrpcTransport>(std::move(transport));
}

}  // namespace slotmesh::bus
