// Connections that this server makes to others: bytes to and from them, with no say in what they
// mean.
//
// Engine thread only. Implemented by node/net, and by tests.
#ifndef SLOTMESH_NODE_COMMAND_PEER_CONNECTION_H_
#define SLOTMESH_NODE_COMMAND_PEER_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace slotmesh::node {

class PeerConnection {
 public:
  // Told on the engine thread, never within a call of the connection's or its network's. May
  // destroy the connection.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void OnConnected() = 0;
    virtual void OnBytes(std::string_view bytes) = 0;
    // So many bytes have been handed to the system.
    virtual void OnSent(size_t bytes) = 0;
    // It could not be made, or the other end has closed it. The last that is heard of it.
    virtual void OnClosed() = 0;
  };

  // Closes it; nothing is heard of it any more.
  virtual ~PeerConnection() = default;
  virtual void Send(std::string bytes) = 0;
  // Drops what has not been sent and says that nothing follows; OnClosed comes once the other end
  // has seen it.
  virtual void EndSending() = 0;
};

class PeerNetwork {
 public:
  virtual ~PeerNetwork() = default;
  virtual std::unique_ptr<PeerConnection> Connect(const std::string& host, uint16_t port,
                                                  PeerConnection::Listener& listener) = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMAND_PEER_CONNECTION_H_
