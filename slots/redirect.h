// What clients are told when a request is not served here: the wire's texts for RouteDecision, and
// under which host and port they reach a node. Pure; views point into the NodeInfo.
#ifndef SLOTMESH_SLOTS_REDIRECT_H_
#define SLOTMESH_SLOTS_REDIRECT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "slots/router.h"
#include "slots/slot_map.h"

namespace slotmesh::slots {

// cluster-preferred-endpoint-type.
enum class EndpointType : uint8_t { kIp = 0, kHostname = 1, kUnknown = 2 };

// What the client that is told is connected by.
enum class IpFamily : uint8_t { kV4 = 4, kV6 = 6 };

// The address that clients of that family are told: the one announced for them, else the node's.
std::string_view ClientIp(const NodeInfo& node, IpFamily family);

// The host in a redirect: "?" for a hostname that the node does not have, "" ("the host that you
// are connected to") for kUnknown.
std::string_view RedirectHost(const NodeInfo& node, EndpointType type,
                              IpFamily family = IpFamily::kV4);

// The port for clients with or without TLS. A node that has only the other kind gives that one.
uint16_t ClientPort(const NodeInfo& node, bool tls);

// The error reply, without "-" and line end: "MOVED 3999 10.0.0.2:7001", "CLUSTERDOWN Hash slot not
// served". REQUIRES: !decision.served().
std::string RouteErrorText(const RouteDecision& decision, EndpointType type, bool tls,
                           IpFamily family = IpFamily::kV4);

}  // namespace slotmesh::slots

#endif  // SLOTMESH_SLOTS_REDIRECT_H_
