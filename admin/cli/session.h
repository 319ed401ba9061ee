// From what the user said about a node to a connection with its Admin service.
#ifndef SLOTMESH_ADMIN_CLI_SESSION_H_
#define SLOTMESH_ADMIN_CLI_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "admin/cli/client.h"
#include "admin/cli/environment.h"
#include "admin/cli/locate.h"
#include "gossip/bus/auth.h"

namespace slotmesh::admin {

struct ConnectOptions {
  std::string node = "127.0.0.1:7000";  // A client port.
  std::string bus;                      // Its bus, if the user names that himself.
  std::string secret;
  std::string secret_file;
  ClientLogin login;
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::string tls_ca_file;
  double timeout_seconds = 10;

  absl::Duration timeout() const { return absl::Seconds(timeout_seconds); }
};

struct Session {
  HostPort node;
  std::unique_ptr<bus::Authenticator> auth;
  std::unique_ptr<AdminClient> client;  // Uses auth.
};

// The secret comes from the options, else the file, else SLOTMESH_SECRET, else the node itself.
absl::StatusOr<Session> Connect(const ConnectOptions& options, const CliEnvironment& environment);

// Where `node` has its bus, with the options' login and timeout.
absl::StatusOr<wire::Address> LocateForJoin(const std::string& node, const ConnectOptions& options);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_SESSION_H_
