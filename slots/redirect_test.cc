#include "slots/redirect.h"

#include "gtest/gtest.h"

namespace slotmesh::slots {
namespace {

RouteDecision To(RouteOutcome outcome, const NodeInfo* target) { return {outcome, 3999, target}; }

TEST(Redirect, TextsOfTheWire) {
  const NodeInfo node{.ip = "10.0.0.2", .hostname = "n2.example", .port = 7001, .tls_port = 7101};
  const auto text = [](const RouteDecision& decision) {
    return RouteErrorText(decision, EndpointType::kIp, false);
  };
  EXPECT_EQ(text(To(RouteOutcome::kMoved, &node)), "MOVED 3999 10.0.0.2:7001");
  EXPECT_EQ(text(To(RouteOutcome::kAsk, &node)), "ASK 3999 10.0.0.2:7001");
  EXPECT_EQ(text(To(RouteOutcome::kCrossSlot, nullptr)),
            "CROSSSLOT Keys in request don't hash to the same slot");
  EXPECT_EQ(text(To(RouteOutcome::kUnserved, nullptr)), "CLUSTERDOWN Hash slot not served");
  EXPECT_EQ(text(To(RouteOutcome::kTryAgain, nullptr)),
            "TRYAGAIN Multiple keys request during rehashing of slot");
  EXPECT_EQ(text(To(RouteOutcome::kDown, nullptr)), "CLUSTERDOWN The cluster is down");
  EXPECT_EQ(text(To(RouteOutcome::kDownReadsOnly, nullptr)),
            "CLUSTERDOWN The cluster is down and only accepts read commands");
}

TEST(Redirect, HostByPreferredEndpointType) {
  const NodeInfo named{.ip = "10.0.0.2", .hostname = "n2.example", .port = 7001};
  const NodeInfo unnamed{.ip = "::1", .port = 7001};
  const RouteDecision moved = To(RouteOutcome::kMoved, &named);
  EXPECT_EQ(RouteErrorText(moved, EndpointType::kHostname, false), "MOVED 3999 n2.example:7001");
  EXPECT_EQ(RouteErrorText(moved, EndpointType::kUnknown, false), "MOVED 3999 :7001");
  EXPECT_EQ(RedirectHost(unnamed, EndpointType::kIp), "::1");
  EXPECT_EQ(RedirectHost(unnamed, EndpointType::kHostname), "?");
}

TEST(Redirect, ClientsGetTheAddressThatIsAnnouncedForTheirs) {
  const NodeInfo node{.ip = "10.0.0.2",
                      .port = 7001,
                      .labels = {.client_ipv4 = "192.0.2.1", .client_ipv6 = "2001:db8::1"}};
  const RouteDecision moved = To(RouteOutcome::kMoved, &node);
  EXPECT_EQ(RouteErrorText(moved, EndpointType::kIp, false), "MOVED 3999 192.0.2.1:7001");
  EXPECT_EQ(RouteErrorText(moved, EndpointType::kIp, false, IpFamily::kV6),
            "MOVED 3999 2001:db8::1:7001");
  const NodeInfo only_v4{.ip = "10.0.0.2", .labels = {.client_ipv4 = "192.0.2.1"}};
  EXPECT_EQ(ClientIp(only_v4, IpFamily::kV6), "10.0.0.2");
}

TEST(Redirect, PortByTransport) {
  const NodeInfo both{.ip = "h", .port = 7001, .tls_port = 7101};
  const NodeInfo plain{.ip = "h", .port = 7001};
  const NodeInfo tls{.ip = "h", .tls_port = 7101};
  EXPECT_EQ(ClientPort(both, false), 7001);
  EXPECT_EQ(ClientPort(both, true), 7101);
  EXPECT_EQ(ClientPort(plain, true), 7001);
  EXPECT_EQ(ClientPort(tls, false), 7101);
  EXPECT_EQ(RouteErrorText(To(RouteOutcome::kMoved, &both), EndpointType::kIp, true),
            "MOVED 3999 h:7101");
}

TEST(RedirectDeathTest, AServedRequestHasNoError) {
  EXPECT_DEATH(RouteErrorText({}, EndpointType::kIp, false), "check failed");
}

}  // namespace
}  // namespace slotmesh::slots
