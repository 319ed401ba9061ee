// The inside of MakeGrpcTransport(): peers, their channels and links, under one lock.
//
// Lock order: mu_ alone; gRPC operations are started under it (gRPC never calls back from within a
// start), the owner's `post` is called without it (see Locked).
#ifndef SLOTMESH_GOSSIP_BUS_GRPC_TRANSPORT_IMPL_H_
#define SLOTMESH_GOSSIP_BUS_GRPC_TRANSPORT_IMPL_H_

#include <grpcpp/channel.h>
#include <grpcpp/server.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "gossip/bus/grpc_answers.h"
#include "gossip/bus/grpc_links.h"
#include "gossip/bus/grpc_transport.h"
#include "gossip/bus/inbox.h"
#include "gossip/bus/outbox.h"

namespace slotmesh::bus {

class GrpcTransportImpl final : public GrpcTransport, public LinkOwner {
 public:
  GrpcTransportImpl(GrpcTransportOptions options, Authenticator* auth, Handlers handlers);
  ~GrpcTransportImpl() override;
  absl::Status Start();

  int port() const override { return port_; }
  void SetPeer(const slots::NodeId& peer, std::string address, bool keep) override;
  void RemovePeer(const slots::NodeId& peer) override;
  void SetLog(const slots::LogId& log) override;
  SendResult Send(const slots::NodeId& to, Channel channel, Frame frame) override;
  void Call(std::string address, std::string method, std::string payload, absl::Duration timeout,
            std::function<void(absl::StatusOr<std::string>)> done) override;
  bool IsConnected(const slots::NodeId& peer, Channel channel) const override;
  TransportStats stats() const override;

  void OnLinkAnswered(Link* link) override;
  void OnLinkRead(Link* link, bool ok) override;
  void OnLinkWritten(Link* link, bool ok) override;
  void OnLinkDone(Link* link, const absl::Status& status) override;

 private:
  class Service;
  class Locked;

  struct ChannelState {
    explicit ChannelState(Channel channel) : outbox(channel) {}
    Outbox outbox;
    DialedLink* dialed = nullptr;
    Link* accepted = nullptr;
    std::shared_ptr<grpc::Channel> grpc_channel;  // Kept between dials.
    absl::Time next_dial = absl::InfinitePast();
    absl::Duration backoff = kRedialMin;
    bool up = false;  // As the owner was told.
    slots::BootId up_boot = 0;
  };
  struct Peer {
    explicit Peer(const slots::NodeId& id) : id(id) {}
    const slots::NodeId id;
    std::string address;  // Empty: it came to us, we do not know where it listens.
    bool keep = false;
    std::array<ChannelState, kChannels> channels = {ChannelState(Channel::kControl),
                                                    ChannelState(Channel::kBulk),
                                                    ChannelState(Channel::kPubSub)};
    ChannelState& state(Channel channel) { return channels[static_cast<size_t>(channel)]; }
  };
  // A question of ours that waits for its answer.
  struct Ask {
    grpc::ClientContext context;
    std::unique_ptr<wire::Bus::Stub> stub;
    wire::CallRequest request;
    wire::CallReply reply;
    std::string proof;
    std::function<void(absl::StatusOr<std::string>)> done;
  };
  struct Ended {
    std::vector<std::unique_ptr<Link>> links;
    std::vector<std::unique_ptr<Ask>> asks;
  };
  struct Refusals {
    uint64_t count = 0;
    uint64_t unlogged = 0;
    absl::Time logged = absl::InfinitePast();
  };

  grpc::ServerBidiReactor<wire::Envelope, wire::Envelope>* Accept(
      grpc::CallbackServerContext* context);
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                   const wire::CallRequest& request, wire::CallReply* reply);
  absl::Status CheckAccepted(const Caller& caller) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Register(AcceptedLink* link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Refuse(const char* reason, const std::string& caller, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FinishAsk(uint64_t id, const grpc::Status& status);

  std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) const;
  void Dial(Peer& peer, Channel channel) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Peer* FindPeer(const slots::NodeId& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Peer* FindOrAddPeer(const slots::NodeId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The link that frames to `peer` take now, null if none is ready.
  Link* Active(const Peer& peer, Channel channel) const;
  // After anything about the channel's links has changed: tells the owner, closes a redundant link,
  // sends.
  void Changed(Peer& peer, Channel channel, const std::string& why)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Pump(Peer& peer, Channel channel) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell(PeerEvent event);
  void Deliver(Link* link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Malformed(Link* link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Handled(uint64_t link, size_t bytes);
  void MaybeRead(Link* link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ClearOutbox(ChannelState& state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DialedLinkDone(Peer& peer, const Link& link, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether a stream that we have opened is not needed (any more).
  bool IsSuperfluous(const Link& link, absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tick() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RunTicks();

  const GrpcTransportOptions options_;
  Authenticator* const auth_;
  const Handlers handlers_;
  const std::shared_ptr<Inbox> inbox_;
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  std::shared_ptr<grpc::ChannelCredentials> channel_credentials_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Sender self_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<slots::NodeId, std::unique_ptr<Peer>> peers_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<uint64_t, Link*> links_ ABSL_GUARDED_BY(mu_);
  size_t accepted_links_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Ask>> asks_ ABSL_GUARDED_BY(mu_);
  // What has ended. Deleted by our own threads: whoever drops the process's last gRPC channel or
  // server ends gRPC's threads, so it must not be one of them.
  Ended ended_ ABSL_GUARDED_BY(mu_);
  uint64_t next_id_ ABSL_GUARDED_BY(mu_) = 1;
  std::map<std::string, Refusals> refusals_ ABSL_GUARDED_BY(mu_);
  TransportStats stats_ ABSL_GUARDED_BY(mu_);
  std::thread ticker_;
};

// Holds the lock, and afterwards, without it, posts what was added to the inbox.
class GrpcTransportImpl::Locked {
 public:
  explicit Locked(GrpcTransportImpl& transport)
      : inbox_(transport.inbox_), lock_(std::in_place, &transport.mu_) {}
  ~Locked() {
    lock_.reset();
    inbox_->Flush();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  const std::shared_ptr<Inbox> inbox_;
  std::optional<absl::MutexLock> lock_;
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_GRPC_TRANSPORT_IMPL_H_
