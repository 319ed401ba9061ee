// The two ends of one gRPC stream: the one that this node opened and the one that another node did.
//
// A Link's data belongs to its owner's lock; its operations are called with that lock held. The
// owner allocates links and tells them to Close(); from OnLinkDone() on gRPC does not touch them
// any more, and they are the owner's to delete.
#ifndef SLOTMESH_GOSSIP_BUS_GRPC_LINKS_H_
#define SLOTMESH_GOSSIP_BUS_GRPC_LINKS_H_

#include <grpcpp/client_context.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gossip/bus/bus.grpc.pb.h"
#include "gossip/bus/frame.h"
#include "gossip/bus/grpc_call.h"

namespace slotmesh::bus {

class Link;

// gRPC's threads call these without any lock; each link's calls of one name do not overlap.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  virtual void OnLinkAnswered(Link* link) = 0;  // Dialed links: the other side's identity is there.
  virtual void OnLinkRead(Link* link, bool ok) = 0;
  virtual void OnLinkWritten(Link* link, bool ok) = 0;
  virtual void OnLinkDone(Link* link, const absl::Status& status) = 0;
};

class Link {
 public:
  Link(LinkOwner* owner, uint64_t id, slots::NodeId peer, Channel channel, bool dialed)
      : owner(owner), id(id), peer(peer), channel(channel), dialed(dialed) {}
  virtual ~Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // REQUIRES: !closed, and no operation of the same kind under way.
  virtual void StartReading() = 0;  // Into `in`.
  virtual void StartWriting() = 0;  // From `out`.
  // No more writes from here; the other side answers by ending the stream. Dialed links only.
  virtual void HalfClose() = 0;
  // Ends the stream: at once with an error, after what is under way without. Only OnLinkDone (and
  // the end of operations under way) follows. Idempotent.
  virtual void Close(const absl::Status& reason) = 0;
  // A write of a closed link has ended.
  virtual void OnWrittenAfterClose() {}
  // Breaks the stream, closed or not.
  virtual void Cancel() = 0;

  LinkOwner* const owner;
  const uint64_t id;
  const slots::NodeId peer;
  const Channel channel;
  const bool dialed;

  Sender sender;       // The other side.
  bool ready = false;  // Both sides have proved who they are.
  bool reading = false;
  bool writing = false;
  bool half_closed = false;
  bool closed = false;
  bool tell_log = false;        // An identity envelope is due.
  size_t unhandled_frames = 0;  // Given to the inbox, not yet handled.
  size_t unhandled_bytes = 0;
  int malformed = 0;
  absl::Time started;
  absl::Time last_used;
  std::string error;  // Why we closed it, if we did.
  wire::Envelope in;
  wire::Envelope out;
};

class DialedLink final : public Link,
                         public grpc::ClientBidiReactor<wire::Envelope, wire::Envelope> {
 public:
  DialedLink(LinkOwner* owner, uint64_t id, slots::NodeId peer, Channel channel)
      : Link(owner, id, peer, channel, /*dialed=*/true) {}
  // Opens the stream on `grpc_channel`.
  void Dial(Authenticator& auth, const Sender& self,
            const std::shared_ptr<grpc::Channel>& grpc_channel);
  absl::StatusOr<Sender> CheckPeer(const Authenticator& auth, uint32_t protocol) const;

  void StartReading() override { StartRead(&in); }
  void StartWriting() override { StartWrite(&out); }
  void HalfClose() override;
  void Close(const absl::Status& reason) override;
  void Cancel() override { context_.TryCancel(); }

  void OnReadInitialMetadataDone(bool ok) override { owner->OnLinkAnswered(this); }
  void OnReadDone(bool ok) override { owner->OnLinkRead(this, ok); }
  void OnWriteDone(bool ok) override { owner->OnLinkWritten(this, ok); }
  void OnDone(const grpc::Status& status) override { owner->OnLinkDone(this, FromGrpc(status)); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<wire::Bus::Stub> stub_;
  std::string proof_;
};

class AcceptedLink final : public Link,
                           public grpc::ServerBidiReactor<wire::Envelope, wire::Envelope> {
 public:
  AcceptedLink(LinkOwner* owner, uint64_t id, const Caller& caller,
               grpc::CallbackServerContext* context)
      : Link(owner, id, caller.sender.node, caller.channel, /*dialed=*/false), context_(context) {
    sender = caller.sender;
    ready = true;
  }
  // Sends the metadata that AddAnswerer() has put together.
  void Open() { StartSendInitialMetadata(); }

  void StartReading() override { StartRead(&in); }
  void StartWriting() override { StartWrite(&out); }
  void HalfClose() override {}
  void Close(const absl::Status& reason) override;
  void OnWrittenAfterClose() override;
  void Cancel() override { context_->TryCancel(); }

  void OnReadDone(bool ok) override { owner->OnLinkRead(this, ok); }
  void OnWriteDone(bool ok) override { owner->OnLinkWritten(this, ok); }
  void OnDone() override {
    owner->OnLinkDone(this, absl::UnavailableError("the peer has closed the stream"));
  }

 private:
  grpc::CallbackServerContext* const context_;  // gRPC's; lives until OnDone.
  absl::Status reason_;
  bool finished_ = false;
};

// A stream that is turned away: ends at once with `status`.
class RefusedStream final : public grpc::ServerBidiReactor<wire::Envelope, wire::Envelope> {
 public:
  explicit RefusedStream(const absl::Status& status) { Finish(ToGrpc(status)); }
  void OnDone() override { delete this; }
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_GRPC_LINKS_H_
