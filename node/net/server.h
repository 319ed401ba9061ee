// Listens, accepts, and owns the connections of one engine.
//
// Engine thread only: everything runs on the io_context that is passed in. Stop() closes listeners
// and connections. Errors of start-up are returned; errors of one connection end that connection.
#ifndef SLOTMESH_NODE_NET_SERVER_H_
#define SLOTMESH_NODE_NET_SERVER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "boost/asio/generic/stream_protocol.hpp"
#include "boost/asio/io_context.hpp"
#include "node/command/client_table.h"
#include "node/command/dispatcher.h"
#include "node/net/connection.h"
#include "node/net/read_ahead.h"

namespace slotmesh::node {

class Server : private ReadySockets::Turns {
 public:
  // Borrows all; they outlive the server.
  Server(boost::asio::io_context& io, Engine& engine, Dispatcher& dispatcher, ClientTable& clients);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the listeners that the settings name (port, bind, unixsocket). An address that cannot be
  // bound is an error with its text, unless the setting marks it optional with '-'.
  absl::Status Listen();
  // After a change of `port` or `bind`: closes the TCP listeners and opens those that the settings
  // name now. Clients stay. If that fails nothing listens, until another call succeeds.
  absl::Status Relisten();
  void Stop();
  // Clients stay.
  void StopListening();

  // While a request of one client takes long (a script): the other clients' sockets, and new ones,
  // are served once. Nothing else of the loop goes on: no timer, no other node.
  void ServeOthers();

  // Called before replies leave, once for all that leave together: false if those to writes may not
  // (their connections are closed), because what they promise is not on disk.
  void set_before_replies(std::function<bool()> before) { before_replies_ = std::move(before); }
  bool writes_are_kept() const { return writes_are_kept_; }

  // Once per turn of the loop, before commands: refreshes the time they see.
  void BeginTurn() { dispatcher_.BeginTurn(); }
  // From the timer: idle clients, output limits, memory of idle buffers. Bounded work per call.
  void Housekeep();
  // Reply buffers of clients that have been quiet for so long become small; below 0: never.
  static constexpr int64_t kReplyIdleMillis = 5000;
  void set_reply_idle_ms(int64_t millis) { reply_idle_ms_ = millis; }

  // After a batch: the replies leave in this turn.
  void WriteSoon(Connection& connection);
  // Replies that arose elsewhere: they leave at the end of the turn.
  void DeferWrite(std::shared_ptr<Connection> connection);
  // It is written again once the gate calls what the journal has up to `offset` safe.
  void SendWhenSafe(std::shared_ptr<Connection> connection, uint64_t offset);
  // More is safe than before.
  void SendSafe();
  // Nothing that is held becomes safe by this node any more (SAFETY 16): the connections are
  // closed.
  void CloseHeld();
  bool holds_replies() const { return !held_.empty(); }
  // A connection has closed: its client leaves every table.
  void Forget(Connection& connection);

  Engine& engine() { return engine_; }
  Dispatcher& dispatcher() { return dispatcher_; }
  ReadySockets& ready_sockets() { return ready_sockets_; }
  ReadAhead& read_ahead() { return read_ahead_; }
  size_t connection_count() const { return connections_.size(); }
  // The port that is listened on; differs from the setting's if that was 0 in a test.
  uint16_t port() const { return port_; }

 private:
  class Listener;

  absl::Status ListenAllTcp();
  absl::Status ListenTcp(const std::string& address, bool optional);
  absl::Status ListenUnix();
  absl::Status Open(const boost::asio::generic::stream_protocol::endpoint& endpoint,
                    const std::string& name);
  void Admit(StreamSocket socket);
  bool IsRefused(StreamSocket& socket, bool loopback);
  void SetOptions(StreamSocket& socket);
  // ReadySockets::Turns.
  void OnTurnBegin() override;
  void OnAllTold() override { read_ahead_.RunAll(); }
  void OnTurnEnd() override;
  void WriteAll();
  void BeforeReplies() {
    if (before_replies_) writes_are_kept_ = before_replies_();
  }

  boost::asio::io_context& io_;
  Engine& engine_;
  Dispatcher& dispatcher_;
  ClientTable& clients_;
  ReadySockets ready_sockets_;
  ReadAhead read_ahead_;
  std::function<bool()> before_replies_;
  bool writes_are_kept_ = true;
  std::vector<std::unique_ptr<Listener>> listeners_;
  absl::flat_hash_map<uint64_t, std::shared_ptr<Connection>> connections_;
  std::vector<std::shared_ptr<Connection>> to_write_;  // At the end of the turn.
  // Connections with held replies, by the offset that their first ones wait for.
  std::multimap<uint64_t, std::weak_ptr<Connection>> held_;
  uint16_t port_ = 0;
  int64_t reply_idle_ms_ = kReplyIdleMillis;
  int64_t turn_begin_ns_ = 0;
  uint64_t commands_before_turn_ = 0;
  uint64_t housekeeping_at_ = 0;  // Client id where the next slice goes on.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_NET_SERVER_H_
