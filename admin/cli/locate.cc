#include "admin/cli/locate.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "admin/cli/resp_client.h"

namespace slotmesh::admin {
namespace {

bool ParsePort(const std::string& text, uint16_t* port) {
  uint32_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number == 0 || number > 65535) return false;
  *port = static_cast<uint16_t>(number);
  return true;
}

absl::Status FromError(const HostPort& node, const std::string& error) {
  if (absl::StartsWith(error, "NOAUTH") || absl::StartsWith(error, "WRONGPASS") ||
      absl::StartsWith(error, "NOPERM")) {
    return absl::UnauthenticatedError(absl::StrCat(
        ToText(node), " says: ", error, ". Give --user and --password, or set SLOTMESH_PASSWORD"));
  }
  if (absl::StrContains(error, "cluster support disabled")) {
    return absl::FailedPreconditionError(
        absl::StrCat(ToText(node), " is no cluster node: start it with --cluster-enabled yes"));
  }
  return absl::FailedPreconditionError(absl::StrCat(ToText(node), " says: ", error));
}

}  // namespace

std::string ToText(const HostPort& address) {
  const bool v6 = absl::StrContains(address.host, ":");
  return absl::StrCat(v6 ? "[" : "", address.host, v6 ? "]" : "", ":", address.port);
}

absl::StatusOr<HostPort> ParseHostPort(const std::string& text) {
  HostPort address{.host = "127.0.0.1"};
  if (ParsePort(text, &address.port)) return address;
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon > 0 && ParsePort(text.substr(colon + 1), &address.port)) {
    address.host = text.substr(0, colon);
    const bool brackets =
        address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']';
    if (brackets) address.host = address.host.substr(1, address.host.size() - 2);
    const bool plain = address.host.find_first_of(":[]") == std::string::npos;
    if (brackets || plain) return address;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("not an address: ", text, " (HOST:PORT, a node's client port)"));
}

absl::StatusOr<NodeLocation> ParseMyself(const std::string& cluster_nodes) {
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(cluster_nodes, '\n'))) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() < 8 || !absl::StrContains(words[2], "myself")) continue;
    NodeLocation location{.id = words[0]};
    const std::string address = words[1].substr(0, words[1].find(','));  // ip:port@bus,hostname
    const size_t at = address.rfind('@');
    if (at != std::string::npos && ParsePort(address.substr(at + 1), &location.bus_port))
      return location;
  }
  return absl::InvalidArgumentError("its CLUSTER NODES does not say where its bus is");
}

absl::StatusOr<NodeLocation> Locate(const HostPort& node, const ClientLogin& login,
                                    bool want_secret, absl::Duration timeout) {
  auto client = RespClient::Connect(node.host, node.port, timeout);
  if (!client.ok()) return client.status();
  if (!login.password.empty()) {
    std::vector<std::string> auth = {"AUTH"};
    if (!login.user.empty()) auth.push_back(login.user);
    auth.push_back(login.password);
    const auto reply = client->Ask(auth);
    if (!reply.ok()) return reply.status();
    if (reply->is_error()) return FromError(node, reply->text);
  }
  const auto nodes = client->Ask({"CLUSTER", "NODES"});
  if (!nodes.ok()) return nodes.status();
  if (nodes->is_error()) return FromError(node, nodes->text);
  auto location = ParseMyself(nodes->text);
  if (!location.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(ToText(node), ": ", location.status().message()));
  }
  if (!want_secret) return location;
  const auto secret = client->Ask({"CONFIG", "GET", "cluster-secret"});
  if (secret.ok() && secret->elements.size() == 2) location->secret = secret->elements[1].text;
  return location;
}

}  // namespace slotmesh::admin
