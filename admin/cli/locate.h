// From a node's client port to its bus: address, secret.
#ifndef SLOTMESH_ADMIN_CLI_LOCATE_H_
#define SLOTMESH_ADMIN_CLI_LOCATE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace slotmesh::admin {

struct HostPort {
  std::string host;
  uint16_t port = 0;
};
// "host:port", "[v6]:port" or "port" (then 127.0.0.1). INVALID_ARGUMENT otherwise.
absl::StatusOr<HostPort> ParseHostPort(const std::string& text);
std::string ToText(const HostPort& address);

struct ClientLogin {
  std::string user;
  std::string password;  // Empty: none is sent.
};

// What a node tells about itself on its client port.
struct NodeLocation {
  std::string id;
  uint16_t bus_port = 0;
  std::string secret;  // Its cluster-secret, if it lets this client see it.
};
// Asks CLUSTER NODES, and CONFIG GET cluster-secret if `want_secret`. UNAVAILABLE if nobody
// answers, UNAUTHENTICATED if a password is needed, FAILED_PRECONDITION if it is no node of a
// cluster.
absl::StatusOr<NodeLocation> Locate(const HostPort& node, const ClientLogin& login,
                                    bool want_secret, absl::Duration timeout);

// The id and bus port in the "myself" line of CLUSTER NODES. INVALID_ARGUMENT if there is none.
absl::StatusOr<NodeLocation> ParseMyself(const std::string& cluster_nodes);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_LOCATE_H_
