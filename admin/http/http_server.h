// A small HTTP server for a node's own pages: /metrics, /healthz and the status page.
//
// Runs on the caller's io_context, one thread's: handlers are called there and the server is to be
// destroyed there, or when the io_context runs no more. GET and HEAD only. Bounds:
// kHttpConnectionsMax connections, kHttpHeaderBytesMax of request header, no request body,
// kHttpTimeout for each request and for idling, kHttpRequestsMax requests a connection. Malformed
// requests get 400 and a close.
#ifndef SLOTMESH_ADMIN_HTTP_HTTP_SERVER_H_
#define SLOTMESH_ADMIN_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace boost::asio {
class io_context;
}

namespace slotmesh::admin {

inline constexpr size_t kHttpConnectionsMax = 64;
inline constexpr size_t kHttpHeaderBytesMax = 8192;
inline constexpr int kHttpRequestsMax = 1000;
inline constexpr absl::Duration kHttpTimeout = absl::Seconds(30);

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};
// By path, without the query.
using HttpRoutes = std::map<std::string, std::function<HttpResponse()>>;

class HttpServer {
 public:
  virtual ~HttpServer() = default;
  virtual uint16_t port() const = 0;  // Of the first address.
  virtual size_t connections() const = 0;
};

// Listens on `addresses` (IP addresses without port) and `port`, 0 being any free one. UNAVAILABLE,
// naming the address, if one cannot be bound; INVALID_ARGUMENT if one is no IP address.
absl::StatusOr<std::unique_ptr<HttpServer>> StartHttpServer(
    boost::asio::io_context* io, const std::vector<std::string>& addresses, uint16_t port,
    HttpRoutes routes);

}  // namespace slotmesh::admin

#endif  // SLOTMESH_ADMIN_HTTP_HTTP_SERVER_H_
