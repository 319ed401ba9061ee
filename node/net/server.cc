#include "node/net/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "boost/asio/basic_socket_acceptor.hpp"
#include "boost/asio/ip/address.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/ip/v6_only.hpp"
#include "boost/asio/local/stream_protocol.hpp"
#include "boost/asio/post.hpp"
#include "node/command/access_control.h"
#include "node/command/client_limit.h"
#include "node/command/server_observer.h"
#include "node/resp/errors.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

using boost::asio::generic::stream_protocol;
using boost::asio::ip::tcp;

constexpr int64_t kNanosPerMicro = 1000;
constexpr int64_t kQueryIdleMillis = 2000;
constexpr size_t kHousekeepingSlice = 1000;  // Clients looked at per call.

std::string EndpointText(const stream_protocol::endpoint& endpoint) {
  const sockaddr* address = endpoint.data();
  if (address->sa_family == AF_INET || address->sa_family == AF_INET6) {
    tcp::endpoint ip;
    std::memcpy(ip.data(), address, std::min<size_t>(endpoint.size(), ip.capacity()));
    const std::string host = ip.address().to_string();
    return ip.address().is_v6() ? StrCat("[", host, "]:", ip.port()) : StrCat(host, ":", ip.port());
  }
  return "";
}

bool IsLoopback(const stream_protocol::endpoint& endpoint) {
  tcp::endpoint ip;
  std::memcpy(ip.data(), endpoint.data(), std::min<size_t>(endpoint.size(), ip.capacity()));
  const boost::asio::ip::address address = ip.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
        .is_loopback();
  }
  return address.is_loopback();
}

// Of one listener, in one turn.
constexpr int kAcceptedAtOnceMax = 1000;

}  // namespace

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol,
                                                    boost::asio::io_context::executor_type>;

// A socket that is listened on; among those that are watched, so that clients come in whenever
// other sockets are looked at.
class Server::Listener : private ReadySockets::Watcher {
 public:
  Listener(Server& server, Acceptor acceptor) : server_(server), acceptor_(std::move(acceptor)) {}
  ~Listener() { server_.ready_sockets_.Remove(acceptor_.native_handle(), *this); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  bool Start() { return server_.ready_sockets_.Add(acceptor_.native_handle(), *this); }
  bool is_unix() const {
    boost::system::error_code ignored;
    return acceptor_.local_endpoint(ignored).data()->sa_family == AF_UNIX;
  }

 private:
  void OnReadable(bool ended) override {
    for (int accepted = 0; accepted < kAcceptedAtOnceMax; ++accepted) {
      boost::system::error_code error;
      StreamSocket socket(server_.io_.get_executor());
      acceptor_.accept(socket, error);
      if (error == boost::asio::error::would_block) return;
      // Out of descriptors and the like pass by themselves.
      if (error) break;
      server_.Admit(std::move(socket));
    }
    server_.ready_sockets_.TellAgain(acceptor_.native_handle(), *this);
  }

  Server& server_;
  Acceptor acceptor_;
};

Server::Server(boost::asio::io_context& io, Engine& engine, Dispatcher& dispatcher,
               ClientTable& clients)
    : io_(io),
      engine_(engine),
      dispatcher_(dispatcher),
      clients_(clients),
      ready_sockets_(io, *this),
      read_ahead_(engine) {}

Server::~Server() { Stop(); }

absl::Status Server::Listen() {
  const absl::Status status = ListenAllTcp();
  if (!status.ok() || engine_.config.unixsocket.empty()) return status;
  return ListenUnix();
}

absl::Status Server::ListenAllTcp() {
  const Config& config = engine_.config;
  // Without addresses nobody is listened to, but on the Unix socket.
  if (config.port == 0 || config.bind.empty()) return absl::OkStatus();
  for (const std::string& entry : config.bind) {
    const bool optional = entry.starts_with('-');
    const absl::Status status = ListenTcp(optional ? entry.substr(1) : entry, optional);
    if (!status.ok()) return status;
  }
  if (port_ == 0) {
    return absl::UnavailableError(StrCat("Failed listening on port ", config.port, ": no address"));
  }
  return absl::OkStatus();
}

absl::Status Server::Relisten() {
  std::erase_if(listeners_, [](const auto& listener) { return !listener->is_unix(); });
  port_ = 0;
  return ListenAllTcp();
}

absl::Status Server::ListenTcp(const std::string& address, bool optional) {
  const auto port = static_cast<uint16_t>(engine_.config.port);
  tcp::endpoint endpoint;
  if (address == "*" || address == "0.0.0.0") {
    endpoint = tcp::endpoint(tcp::v4(), port);
  } else if (address == "::*" || address == "::") {
    endpoint = tcp::endpoint(tcp::v6(), port);
  } else {
    boost::system::error_code error;
    tcp::resolver resolver(io_);
    const auto found =
        resolver.resolve(address, std::to_string(port), tcp::resolver::passive, error);
    if (error || found.empty()) {
      if (optional) return absl::OkStatus();
      return absl::UnavailableError(
          StrCat("Failed listening on port ", port, ": cannot resolve '", address, "'"));
    }
    endpoint = found.begin()->endpoint();
  }
  const absl::Status status = Open(stream_protocol::endpoint(endpoint), StrCat(address, ":", port));
  // An address family or address that this machine lacks; a port in use is an error all the same.
  if (optional && absl::IsNotFound(status)) return absl::OkStatus();
  if (!status.ok()) {
    return absl::UnavailableError(
        StrCat("Failed listening on port ", port, " (tcp): ", ToStd(status.message())));
  }
  return status;
}

absl::Status Server::ListenUnix() {
  const Config& config = engine_.config;
  if (config.unixsocket.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(StrCat("unixsocket: the path is longer than ",
                                             sizeof(sockaddr_un::sun_path) - 1, " bytes"));
  }
  unlink(config.unixsocket.c_str());
  const absl::Status status = Open(
      stream_protocol::endpoint(boost::asio::local::stream_protocol::endpoint(config.unixsocket)),
      config.unixsocket);
  if (!status.ok()) {
    return absl::UnavailableError(StrCat("Failed opening Unix socket: ", ToStd(status.message())));
  }
  if (config.unixsocketperm != 0) {
    chmod(config.unixsocket.c_str(), static_cast<mode_t>(config.unixsocketperm));
  }
  return absl::OkStatus();
}

absl::Status Server::Open(const stream_protocol::endpoint& endpoint, const std::string& name) {
  Acceptor acceptor(io_.get_executor());
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (error == boost::asio::error::address_family_not_supported) {
    return absl::NotFoundError(error.message());
  }
  if (!error) acceptor.set_option(boost::asio::socket_base::reuse_address(true), error);
  if (!error && endpoint.data()->sa_family == AF_INET6) {
    acceptor.set_option(boost::asio::ip::v6_only(true), error);
  }
  if (!error) acceptor.bind(endpoint, error);
  if (error.value() == EADDRNOTAVAIL)
    return absl::NotFoundError(StrCat(name, ": ", error.message()));
  if (!error) acceptor.listen(static_cast<int>(engine_.config.tcp_backlog), error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) return absl::UnavailableError(StrCat(name, ": ", error.message()));
  const stream_protocol::endpoint local = acceptor.local_endpoint(error);
  if (local.data()->sa_family == AF_INET || local.data()->sa_family == AF_INET6) {
    tcp::endpoint ip;
    std::memcpy(ip.data(), local.data(), std::min<size_t>(local.size(), ip.capacity()));
    port_ = ip.port();
  }
  auto listener = std::make_unique<Listener>(*this, std::move(acceptor));
  if (!listener->Start()) return absl::UnavailableError(StrCat(name, ": cannot be watched"));
  listeners_.push_back(std::move(listener));
  return absl::OkStatus();
}

void Server::Admit(StreamSocket socket) {
  boost::system::error_code error;
  const stream_protocol::endpoint remote = socket.remote_endpoint(error);
  if (error) return;
  const bool unix_socket = remote.data()->sa_family == AF_UNIX;
  BeginTurn();
  if (IsRefused(socket, unix_socket || IsLoopback(remote))) return;
  SetOptions(socket);
  ++engine_.stats.connections_received;
  const stream_protocol::endpoint local = socket.local_endpoint(error);
  auto connection = std::make_shared<Connection>(*this, std::move(socket), clients_.NextId());
  Client& client = connection->client();
  client.unix_socket = unix_socket;
  client.address = unix_socket ? StrCat(engine_.config.unixsocket, ":0") : EndpointText(remote);
  client.local_address = unix_socket ? client.address : EndpointText(local);
  client.created_ms = client.last_interaction_ms = engine_.now_ms;
  engine_.access.Welcome(client);
  clients_.Add(client);
  connections_.emplace(client.id(), connection);
  Tell(engine_, &ServerObserver::OnClient, client, true);
  if (!connection->Start()) ++engine_.stats.connections_rejected;
}

// Says why and leaves the socket to be closed.
bool Server::IsRefused(StreamSocket& socket, bool loopback) {
  const Config& config = engine_.config;
  std::string_view reason;
  if (clients_.size() >= static_cast<size_t>(config.maxclients)) {
    reason = errors::kMaxClients;
  } else if (config.protected_mode && !loopback &&
             engine_.access.users().default_user().needs_no_password()) {
    reason = errors::kProtectedMode;
  }
  if (reason.empty()) return false;
  ++engine_.stats.connections_rejected;
  const std::string line = StrCat("-", reason, "\r\n");
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  (void)send(socket.native_handle(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return true;
}

void Server::SetOptions(StreamSocket& socket) {
  boost::system::error_code ignored;
  socket.non_blocking(true, ignored);
  const int fd = socket.native_handle();
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const int seconds = static_cast<int>(engine_.config.tcp_keepalive);
  if (seconds <= 0) return;
  const int interval = std::max(1, seconds / 3);
  const int probes = 3;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

void Server::StopListening() {
  if (!engine_.config.unixsocket.empty() && !listeners_.empty()) {
    unlink(engine_.config.unixsocket.c_str());
  }
  listeners_.clear();
}

void Server::Stop() {
  StopListening();
  const auto connections = std::move(connections_);
  connections_.clear();
  for (const auto& [id, connection] : connections) connection->Shut();
}

void Server::SendWhenSafe(std::shared_ptr<Connection> connection, uint64_t offset) {
  held_.emplace(offset, std::move(connection));
}

void Server::SendSafe() {
  while (!held_.empty() && engine_.gate->IsSafe(held_.begin()->first)) {
    const std::shared_ptr<Connection> connection = held_.begin()->second.lock();
    held_.erase(held_.begin());
    if (connection == nullptr || connection->closed()) continue;
    connection->EndAwaitSafety();
    DeferWrite(connection);
  }
}

void Server::CloseHeld() {
  for (const auto& [offset, held] : std::exchange(held_, {})) {
    const std::shared_ptr<Connection> connection = held.lock();
    if (connection == nullptr || !connection->holds_replies()) continue;
    connection->Close(connection->client(), /*after_replies=*/false);
  }
}

void Server::WriteSoon(Connection& connection) {
  connection.HoldReplies();
  if (!ready_sockets_.in_turn()) {
    BeforeReplies();
    return connection.Write();
  }
  DeferWrite(connection.shared_from_this());
}

void Server::DeferWrite(std::shared_ptr<Connection> connection) {
  connection->HoldReplies();
  if (!connection->MarkDeferred()) return;
  to_write_.push_back(std::move(connection));
  if (ready_sockets_.in_turn() || to_write_.size() > 1) return;
  boost::asio::post(io_, [this] { WriteAll(); });
}

void Server::ServeOthers() {
  BeginTurn();
  ready_sockets_.TellNow();
  WriteAll();
}

void Server::OnTurnBegin() {
  BeginTurn();
  Tell(engine_, &ServerObserver::OnLoop, false);
  turn_begin_ns_ = engine_.turn_ns;
  commands_before_turn_ = engine_.stats.commands_processed;
}

void Server::OnTurnEnd() {
  Tell(engine_, &ServerObserver::OnLoop, true);
  WriteAll();
  ServerStats& stats = engine_.stats;
  const int64_t micros = (engine_.clock.MonotonicNanos() - turn_begin_ns_) / kNanosPerMicro;
  // CONFIG RESETSTAT may have come meanwhile.
  const uint64_t before = std::min(commands_before_turn_, stats.commands_processed);
  stats.loop.AddTurn(static_cast<uint64_t>(micros), stats.commands_processed - before);
}

// Replies of all clients of a turn leave together: who waits for them is woken once, not each time.
void Server::WriteAll() {
  BeforeReplies();
  size_t i = 0;
  do {
    for (; i < to_write_.size(); ++i) to_write_[i]->Write();
    // Who takes too much memory now is to be closed, too.
    if (engine_.client_limit != nullptr) engine_.client_limit->Enforce();
  } while (i < to_write_.size());
  to_write_.clear();
}

void Server::Forget(Connection& connection) {
  Tell(engine_, &ServerObserver::OnClient, connection.client(), false);
  engine_.watches.Forget(connection.client());
  engine_.parking.Forget(connection.client());
  engine_.blocked.Forget(connection.client());
  engine_.messages.Forget(connection.client());
  if (connection.client().feed != nullptr) connection.client().feed->OnGone();
  if (engine_.client_limit != nullptr) engine_.client_limit->Forget(connection.client());
  clients_.Remove(connection.client());
  connections_.erase(connection.client().id());
}

void Server::Housekeep() {
  BeginTurn();
  const int64_t now = engine_.now_ms;
  const int64_t timeout_ms = engine_.config.timeout * 1000;
  std::vector<std::shared_ptr<Connection>> looked_at;
  looked_at.reserve(std::min(kHousekeepingSlice, connections_.size()));
  clients_.ForEachFrom(housekeeping_at_ + 1, kHousekeepingSlice, [&](Client& client) {
    const auto found = connections_.find(client.id());
    if (found != connections_.end()) looked_at.push_back(found->second);
  });
  housekeeping_at_ = looked_at.size() < kHousekeepingSlice ? 0 : looked_at.back()->client().id();
  for (const auto& connection : looked_at) {
    Client& client = connection->client();
    const int64_t idle_ms = now - client.last_interaction_ms;
    const bool listens = client.subscriptions != nullptr || client.monitor || client.is_replica;
    if (timeout_ms > 0 && idle_ms > timeout_ms && !client.waits() && !listens) {
      ++engine_.stats.timed_out_clients;
      connection->Shut();
      continue;
    }
    if (connection->EnforceOutputLimit(now)) continue;
    connection->Tidy(idle_ms > kQueryIdleMillis, reply_idle_ms_ >= 0 && idle_ms > reply_idle_ms_);
    if (engine_.client_limit != nullptr) engine_.client_limit->Update(client);
  }
}

}  // namespace slotmesh::node
