#include "admin/cli/session.h"

#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace slotmesh::admin {
namespace {

absl::StatusOr<std::string> FindSecret(const ConnectOptions& options,
                                       const CliEnvironment& environment) {
  if (!options.secret.empty()) return options.secret;
  if (!options.secret_file.empty()) {
    std::ifstream file(options.secret_file);
    std::string line;
    std::getline(file, line);
    absl::StripAsciiWhitespace(&line);
    if (line.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("no secret in ", options.secret_file,
                       ": its first line must be the nodes' cluster-secret"));
    }
    return line;
  }
  return environment.getenv("SLOTMESH_SECRET").value_or("");
}

}  // namespace

absl::StatusOr<Session> Connect(const ConnectOptions& options, const CliEnvironment& environment) {
  auto node = ParseHostPort(options.node);
  if (!node.ok()) return node.status();
  auto secret = FindSecret(options, environment);
  if (!secret.ok()) return secret.status();
  std::string bus = options.bus;
  if (bus.empty()) {
    const auto location = Locate(*node, options.login, secret->empty(), options.timeout());
    if (!location.ok()) return location.status();
    if (secret->empty()) *secret = location->secret;
    bus = ToText({node->host, location->bus_port});
  }
  auto auth =
      bus::Authenticator::CreateForCaller({.secret = *secret,
                                           .certificate_file = options.tls_certificate_file,
                                           .key_file = options.tls_key_file,
                                           .ca_file = options.tls_ca_file},
                                          {.now = environment.now, .random = environment.random});
  if (!auth.ok()) return auth.status();
  auto client = MakeAdminClient(bus, auth->get(), options.timeout());
  if (!client.ok()) return client.status();
  return Session{*std::move(node), *std::move(auth), *std::move(client)};
}

absl::StatusOr<wire::Address> LocateForJoin(const std::string& node,
                                            const ConnectOptions& options) {
  const auto address = ParseHostPort(node);
  if (!address.ok()) return address.status();
  const auto location = Locate(*address, options.login, /*want_secret=*/false, options.timeout());
  if (!location.ok()) return location.status();
  wire::Address result;
  // The asked member resolves nothing: names that mean this machine become its address.
  result.set_host(address->host == "localhost" ? "127.0.0.1" : address->host);
  result.set_port(address->port);
  result.set_bus_port(location->bus_port);
  return result;
}

}  // namespace slotmesh::admin
