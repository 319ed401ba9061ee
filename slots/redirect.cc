#include "slots/redirect.h"

#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::slots {
namespace {

std::string Redirect(std::string_view kind, const RouteDecision& decision, EndpointType type,
                     bool tls, IpFamily family) {
  return StrCat(kind, decision.slot, " ", RedirectHost(*decision.target, type, family), ":",
                ClientPort(*decision.target, tls));
}

}  // namespace

std::string_view ClientIp(const NodeInfo& node, IpFamily family) {
  const std::string& announced =
      family == IpFamily::kV6 ? node.labels.client_ipv6 : node.labels.client_ipv4;
  return announced.empty() ? node.ip : announced;
}

std::string_view RedirectHost(const NodeInfo& node, EndpointType type, IpFamily family) {
  switch (type) {
    case EndpointType::kIp:
      return ClientIp(node, family);
    case EndpointType::kHostname:
      return node.hostname.empty() ? std::string_view("?") : node.hostname;
    case EndpointType::kUnknown:
      return "";
  }
  return "";
}

uint16_t ClientPort(const NodeInfo& node, bool tls) {
  const uint16_t wanted = tls ? node.tls_port : node.port;
  const uint16_t other = tls ? node.port : node.tls_port;
  return wanted != 0 ? wanted : other;
}

std::string RouteErrorText(const RouteDecision& decision, EndpointType type, bool tls,
                           IpFamily family) {
  switch (decision.outcome) {
    case RouteOutcome::kServe:
      break;
    case RouteOutcome::kCrossSlot:
      return "CROSSSLOT Keys in request don't hash to the same slot";
    case RouteOutcome::kUnserved:
      return "CLUSTERDOWN Hash slot not served";
    case RouteOutcome::kTryAgain:
      return "TRYAGAIN Multiple keys request during rehashing of slot";
    case RouteOutcome::kDown:
      return "CLUSTERDOWN The cluster is down";
    case RouteOutcome::kDownReadsOnly:
      return "CLUSTERDOWN The cluster is down and only accepts read commands";
    case RouteOutcome::kAsk:
      return Redirect("ASK ", decision, type, tls, family);
    case RouteOutcome::kMoved:
      return Redirect("MOVED ", decision, type, tls, family);
  }
  CHECK(false);
  return "";
}

}  // namespace slotmesh::slots
