#include "gossip/bus/grpc_links.h"

namespace slotmesh::bus {

void DialedLink::Dial(Authenticator& auth, const Sender& self,
                      const std::shared_ptr<grpc::Channel>& grpc_channel) {
  stub_ = wire::Bus::NewStub(grpc_channel);
  proof_ = AddCaller(auth, kStreamMethod, self, channel, &context_);
  stub_->async()->Stream(&context_, this);
  AddHold();  // Reads and writes start outside reactions; Close() gives it back.
  StartCall();
}

absl::StatusOr<Sender> DialedLink::CheckPeer(const Authenticator& auth, uint32_t protocol) const {
  return CheckAnswerer(auth, protocol, proof_, context_);
}

void DialedLink::HalfClose() {
  if (closed || half_closed) return;
  half_closed = true;
  StartWritesDone();
}

void DialedLink::Close(const absl::Status& reason) {
  if (closed) return;
  closed = true;
  if (!reason.ok()) {
    error = std::string(reason.message());
    context_.TryCancel();
  }
  RemoveHold();
}

void AcceptedLink::Close(const absl::Status& reason) {
  if (closed) return;
  closed = true;
  error = std::string(reason.message());
  reason_ = reason;
  if (writing) {  // The end is sent after the write; with an error the write is broken off.
    if (!reason.ok()) context_->TryCancel();
    return;
  }
  OnWrittenAfterClose();
}

void AcceptedLink::OnWrittenAfterClose() {
  if (finished_) return;
  finished_ = true;
  Finish(ToGrpc(reason_));
}

}  // namespace slotmesh::bus
