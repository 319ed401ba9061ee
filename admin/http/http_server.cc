#include "admin/http/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAcceptRetry = std::chrono::milliseconds(200);  // When files run out.

class Server;

// One connection; kept alive by its running operation, known to the server while it lives.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const HttpRoutes* routes, std::set<Session*>* sessions)
      : stream_(std::move(socket)), routes_(*routes), sessions_(sessions) {
    sessions_->insert(this);
  }
  ~Session() { Forget(); }

  void Read() {
    parser_.emplace();
    parser_->header_limit(kHttpHeaderBytesMax);
    parser_->body_limit(0);
    stream_.expires_after(absl::ToChronoMilliseconds(kHttpTimeout));
    http::async_read(
        stream_, buffer_, *parser_,
        [self = shared_from_this()](error_code error, size_t) { self->OnRead(error); });
  }
  // The server goes away: no route may be called any more.
  void Abandon() {
    Forget();
    stream_.close();
  }

 private:
  void Forget() {
    if (sessions_ != nullptr) sessions_->erase(this);
    sessions_ = nullptr;
  }

  void OnRead(error_code error) {
    if (sessions_ == nullptr || error == http::error::end_of_stream ||
        error == beast::error::timeout) {
      return Finish();
    }
    if (error == http::error::body_limit)
      return Reply({.status = 413, .body = "no request body, please\n"}, false);
    if (error == http::error::header_limit)
      return Reply({.status = 431, .body = "request header too long\n"}, false);
    if (error.category() == http::make_error_code(http::error::end_of_stream).category()) {
      return Reply({.status = 400, .body = "malformed request\n"}, false);
    }
    if (error) return Finish();
    const bool keep = parser_->get().keep_alive() && ++requests_ < kHttpRequestsMax;
    Reply(Answer(), keep);
  }

  HttpResponse Answer() const {
    const http::verb method = parser_->get().method();
    if (method != http::verb::get && method != http::verb::head) {
      return {.status = 405, .body = "GET and HEAD only\n"};
    }
    const std::string target(parser_->get().target());
    const auto route = routes_.find(target.substr(0, target.find('?')));
    if (route == routes_.end()) return {.status = 404, .body = "no such page\n"};
    return route->second();
  }

  void Reply(HttpResponse answer, bool keep) {
    response_ = {};
    response_.result(static_cast<unsigned>(answer.status));
    response_.set(http::field::content_type, answer.content_type);
    response_.set(http::field::server, "slotmesh");
    response_.set(http::field::cache_control, "no-store");
    response_.set("X-Content-Type-Options", "nosniff");
    response_.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
    if (answer.status == 405) response_.set(http::field::allow, "GET, HEAD");
    response_.keep_alive(keep);
    const bool head = parser_->get().method() == http::verb::head;
    const size_t size = answer.body.size();
    if (!head) response_.body() = std::move(answer.body);
    response_.content_length(size);
    serializer_.emplace(response_);
    serializer_->split(head);
    stream_.expires_after(absl::ToChronoMilliseconds(kHttpTimeout));
    const auto written = [self = shared_from_this(), keep](error_code error, size_t) {
      if (error || !keep || self->sessions_ == nullptr) return self->Finish();
      self->Read();
    };
    if (head) {
      http::async_write_header(stream_, *serializer_, written);
    } else {
      http::async_write(stream_, *serializer_, written);
    }
  }

  void Finish() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.close();
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{2 * kHttpHeaderBytesMax};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
  const HttpRoutes& routes_;
  std::set<Session*>* sessions_;  // Null once the server has gone.
  int requests_ = 0;
};

// What pending accepts share with the server; `stopped` outlives it.
struct Listener {
  Listener(asio::io_context& io) : acceptor(io), retry(io) {}
  tcp::acceptor acceptor;
  asio::steady_timer retry;
  bool stopped = false;
};

class Server final : public HttpServer {
 public:
  Server(asio::io_context* io, HttpRoutes routes) : io_(*io), routes_(std::move(routes)) {}
  ~Server() override {
    for (const auto& listener : listeners_) {
      listener->stopped = true;
      error_code ignored;
      listener->acceptor.close(ignored);
      listener->retry.cancel();
    }
    for (Session* const session : std::set<Session*>(sessions_)) session->Abandon();
  }

  absl::Status Listen(const std::string& address, uint16_t port) {
    error_code error;
    const asio::ip::address ip = asio::ip::make_address(address, error);
    if (error) return absl::InvalidArgumentError(StrCat(address, " is no IP address"));
    auto listener = std::make_shared<Listener>(io_);
    const tcp::endpoint endpoint(ip, port);
    listener->acceptor.open(endpoint.protocol(), error);
    if (!error) listener->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && ip.is_v6()) listener->acceptor.set_option(asio::ip::v6_only(true), error);
    if (!error) listener->acceptor.bind(endpoint, error);
    if (!error) listener->acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return absl::UnavailableError(StrCat("cannot bind the HTTP port to ", address, ":", port,
                                           ": ", error.message(),
                                           " (another port: --http-port N)"));
    }
    listeners_.push_back(listener);
    Accept(listener);
    return absl::OkStatus();
  }

  uint16_t port() const override { return listeners_[0]->acceptor.local_endpoint().port(); }
  size_t connections() const override { return sessions_.size(); }

 private:
  void Accept(const std::shared_ptr<Listener>& listener) {
    listener->acceptor.async_accept(io_, [this, listener](error_code error, tcp::socket socket) {
      if (listener->stopped || error == asio::error::operation_aborted) return;
      if (error) return RetryAccept(listener);
      if (sessions_.size() < kHttpConnectionsMax) {
        std::make_shared<Session>(std::move(socket), &routes_, &sessions_)->Read();
      }  // Else the socket is closed.
      Accept(listener);
    });
  }

  void RetryAccept(const std::shared_ptr<Listener>& listener) {
    listener->retry.expires_after(kAcceptRetry);
    listener->retry.async_wait([this, listener](error_code) {
      if (!listener->stopped) Accept(listener);
    });
  }

  asio::io_context& io_;
  const HttpRoutes routes_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  std::set<Session*> sessions_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> StartHttpServer(
    asio::io_context* io, const std::vector<std::string>& addresses, uint16_t port,
    HttpRoutes routes) {
  if (addresses.empty())
    return absl::InvalidArgumentError("the HTTP server has no address to listen on");
  auto server = std::make_unique<Server>(io, std::move(routes));
  for (const std::string& address : addresses) {
    if (auto status = server->Listen(address, port); !status.ok()) return status;
    port = server->port();  // A free port that was taken for the first serves all.
  }
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace slotmesh::admin
