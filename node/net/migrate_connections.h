// Migrator's network over Asio: the connections, and a timer.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_NET_MIGRATE_CONNECTIONS_H_
#define SLOTMESH_NODE_NET_MIGRATE_CONNECTIONS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "node/commands/migrator.h"
#include "node/net/peer_connections.h"

namespace slotmesh::node {

class MigrateConnections : public MigrateNetwork {
 public:
  MigrateConnections(boost::asio::io_context& io, const std::string& source)
      : connections_(io, source), timer_(io) {}

  // Called when the time that was asked for has come.
  void OnWake(std::function<void()> wake) { wake_ = std::move(wake); }

  std::unique_ptr<PeerConnection> Connect(const std::string& host, uint16_t port,
                                          PeerConnection::Listener& listener) override {
    return connections_.Connect(host, port, listener);
  }
  void WakeAfter(absl::Duration time) override;

 private:
  PeerConnections connections_;
  boost::asio::steady_timer timer_;
  std::function<void()> wake_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_MIGRATE_CONNECTIONS_H_
