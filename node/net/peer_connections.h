// Connections to other servers over Asio.
//
// Engine thread only; borrows the io_context, on which it reports everything, later than the call
// that caused it. A connection that is dropped leaves nothing behind but its pending operations,
// which end by themselves.
#ifndef SLOTMESH_NODE_NET_PEER_CONNECTIONS_H_
#define SLOTMESH_NODE_NET_PEER_CONNECTIONS_H_

#include <memory>
#include <string>

#include "boost/asio/io_context.hpp"
#include "node/command/peer_connection.h"

namespace slotmesh::node {

class PeerConnections : public PeerNetwork {
 public:
  // Connects from `source`, an address of this machine, unless it is empty (bind-source-addr).
  PeerConnections(boost::asio::io_context& io, const std::string& source)
      : io_(io), source_(source) {}

  std::unique_ptr<PeerConnection> Connect(const std::string& host, uint16_t port,
                                          PeerConnection::Listener& listener) override;

 private:
  boost::asio::io_context& io_;
  const std::string& source_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_PEER_CONNECTIONS_H_
