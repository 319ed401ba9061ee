// What every gRPC call of slotmesh carries: who calls, who answers, the proofs, and the credentials
// below.
//
// Shared by the bus and the administrative service, which stand on one gRPC server. Functions only;
// the Authenticator is thread-safe.
#ifndef SLOTMESH_GOSSIP_BUS_GRPC_CALL_H_
#define SLOTMESH_GOSSIP_BUS_GRPC_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_context.h>

#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gossip/bus/auth.h"
#include "gossip/bus/frame.h"

namespace slotmesh::bus {

inline constexpr char kStreamMethod[] = "/slotmesh.bus.wire.Bus/Stream";
inline constexpr char kCallMethod[] = "/slotmesh.bus.wire.Bus/Call";

// Adds the caller's identity and proof. Returns the proof, which CheckAnswerer() needs.
std::string AddCaller(Authenticator& auth, const char* method, const Sender& self, Channel channel,
                      grpc::ClientContext* context);

struct Caller {
  Sender sender;
  Channel channel = Channel::kControl;
  std::string proof;
};
// Identity and proof of who called `method`: UNAUTHENTICATED, INVALID_ARGUMENT (malformed metadata)
// or FAILED_PRECONDITION (another protocol version).
absl::StatusOr<Caller> CheckCaller(Authenticator& auth, const char* method, uint32_t protocol,
                                   const grpc::ServerContextBase& context);

// Adds the answering node's identity and proof to its initial metadata.
void AddAnswerer(const Authenticator& auth, const Sender& self, const Caller& caller,
                 grpc::ServerContextBase* context);

// Identity and proof of who answered. NOT_FOUND if there is no identity at all.
absl::StatusOr<Sender> CheckAnswerer(const Authenticator& auth, uint32_t protocol,
                                     const std::string& proof, const grpc::ClientContext& context);

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

// INVALID_ARGUMENT if a certificate file cannot be read.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const SecurityOptions& options);
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(
    const SecurityOptions& options);

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_GRPC_CALL_H_
