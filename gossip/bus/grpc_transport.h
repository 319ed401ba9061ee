// The transport between real nodes: gRPC streams, one for each peer and channel.
//
// Neither gRPC nor Protobuf headers are needed to use it. Its threads are gRPC's own few and one
// that redials, closes idle streams and gives up on silent handshakes every kTick.
//
// A control stream carries both directions, whoever opened it; when two nodes have opened one to
// each other, both use the one that the smaller node id has opened and the other is closed. Bulk
// and pub/sub streams carry frames from the opener only, so that their order is one connection's.
#ifndef SLOTMESH_GOSSIP_BUS_GRPC_TRANSPORT_H_
#define SLOTMESH_GOSSIP_BUS_GRPC_TRANSPORT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gossip/bus/auth.h"
#include "gossip/bus/transport.h"

namespace grpc {
class Service;
}

namespace slotmesh::bus {

inline constexpr absl::Duration kTick = absl::Milliseconds(100);
inline constexpr absl::Duration kRedialMin = absl::Milliseconds(50);
inline constexpr absl::Duration kRedialMax = absl::Seconds(2);
inline constexpr absl::Duration kHandshakeMax = absl::Seconds(5);
inline constexpr absl::Duration kIdleClose = absl::Seconds(60);
inline constexpr absl::Duration kCrossedGrace = absl::Seconds(1);
inline constexpr absl::Duration kRefusalLogEvery = absl::Seconds(10);
inline constexpr int kMalformedMax = 16;  // Frames; then the connection is closed.

struct GrpcTransportOptions {
  Sender self;
  std::vector<std::string> binds;  // "ip:port"; port 0 takes a free one.
  std::function<void(std::function<void()>)> post;
  std::function<absl::Time()> now;  // Must not jump.
  std::function<uint64_t()> random;
  std::function<void(const std::string&)> log;  // Warnings; any thread. May be unset.
  // Further services on the same port; they check their callers themselves. Outlive the transport.
  std::vector<grpc::Service*> services;
};

class GrpcTransport : public Transport {
 public:
  // The port of the first bind.
  virtual int port() const = 0;
};

// Binds and starts serving. UNAVAILABLE if an address cannot be bound, INVALID_ARGUMENT if a
// certificate cannot be used. `auth` must have been created for the same binds and outlive the
// transport.
absl::StatusOr<std::unique_ptr<GrpcTransport>> MakeGrpcTransport(GrpcTransportOptions options,
                                                                 Authenticator* auth,
                                                                 Handlers handlers);

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_GRPC_TRANSPORT_H_
