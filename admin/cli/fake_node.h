// A node without an engine, for the tests of the command line: a client port that answers the few
// questions that are asked there, and a real bus with the Admin service over a FakeControl.
//
// Thread-safe apart from construction.
#ifndef SLOTMESH_ADMIN_CLI_FAKE_NODE_H_
#define SLOTMESH_ADMIN_CLI_FAKE_NODE_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "admin/fake_control.h"
#include "admin/service.h"
#include "gossip/bus/auth.h"
#include "gossip/bus/grpc_transport.h"
#include "node/resp/reply_reader.h"

namespace slotmesh::admin {

struct FakeNodeOptions {
  int port = 0;  // 0: any.
  int bus_port = 0;
  std::string secret;
  bool tells_secret = true;  // CONFIG GET cluster-secret shows it.
  std::string password;
  bool cluster_enabled = true;
};

class FakeNode {
 public:
  FakeNode(FakeNodeOptions options, slots::SlotMapData map);
  ~FakeNode();

  const absl::Status& status() const { return status_; }
  int port() const { return port_; }
  int bus_port() const { return transport_ == nullptr ? 0 : transport_->port(); }
  FakeControl& control() { return control_; }

 private:
  absl::Status ListenForClients();
  void AcceptClients();
  void Serve(int fd);
  std::string Answer(const node::ReplyValue& request, bool* authenticated) const;

  const FakeNodeOptions options_;
  FakeControl control_;
  absl::Status status_;
  int port_ = 0;
  int listener_ = -1;
  std::unique_ptr<bus::Authenticator> auth_;
  std::unique_ptr<AdminService> admin_;
  std::unique_ptr<bus::GrpcTransport> transport_;
  std::thread thread_;
};

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_CLI_FAKE_NODE_H_
