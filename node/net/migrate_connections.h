// The sockets of MIGRATE: Migrator's network over Asio.
//
// Engine thread only; borrows the io_context, on which it reports everything, later than the call
// that caused it. A connection that is dropped leaves nothing behind but its pending operations,
// which end by themselves.
#ifndef SLOTMESH_NODE_NET_MIGRATE_CONNECTIONS_H_
#define SLOTMESH_NODE_NET_MIGRATE_CONNECTIONS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "node/commands/migrator.h"

namespace slotmesh::node {

class MigrateConnections : public MigrateNetwork {
 public:
  explicit MigrateConnections(boost::asio::io_context& io) : io_(io), timer_(io) {}

  // Called when the time that was asked for has come.
  void OnWake(std::function<void()> wake) { wake_ = std::move(wake); }

  std::unique_ptr<MigrateConnection> Connect(const std::string& host, uint16_t port,
                                             MigrateConnection::Listener& listener) override;
  void WakeAfter(absl::Duration time) override;

 private:
  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  std::function<void()> wake_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_MIGRATE_CONNECTIONS_H_
