#include "admin/cli/resp_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

absl::Status Broken(const char* what) {
  return absl::UnavailableError(
      StrCat("the connection broke (", what, ": ", std::strerror(errno), ")"));
}

// A connected socket with its timeouts set, or -1 with errno.
int ConnectTo(const addrinfo& address, absl::Duration timeout) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  int error = 0;
  if (connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
      socklen_t size = sizeof(error);
      if (poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) != 1) {
        error = ETIMEDOUT;
      } else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
      }
    }
  }
  if (error != 0) {
    close(fd);
    errno = error;
    return -1;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  const timeval limit = absl::ToTimeval(timeout);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  return fd;
}

}  // namespace

absl::StatusOr<RespClient> RespClient::Connect(const std::string& host, uint16_t port,
                                               absl::Duration timeout) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
      error != 0) {
    return absl::UnavailableError(StrCat("cannot resolve ", host, ": ", gai_strerror(error)));
  }
  int fd = -1;
  for (const addrinfo* each = found; each != nullptr && fd < 0; each = each->ai_next) {
    fd = ConnectTo(*each, timeout);
  }
  const int error = errno;
  freeaddrinfo(found);
  if (fd >= 0) return RespClient(fd);
  return absl::UnavailableError(
      StrCat("no node answers at ", host, ":", port, " (", std::strerror(error), ")"));
}

RespClient::RespClient(RespClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), reader_(std::move(other.reader_)) {}

RespClient::~RespClient() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<node::ReplyValue> RespClient::Ask(const std::vector<std::string>& words) {
  std::string request = StrCat("*", words.size(), "\r\n");
  for (const std::string& word : words) request += StrCat("$", word.size(), "\r\n", word, "\r\n");
  for (size_t sent = 0; sent < request.size();) {
    const ssize_t size = send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return Broken("send");
    sent += static_cast<size_t>(size);
  }
  for (;;) {
    auto reply = reader_.Next();
    if (!reply.ok()) return reply.status();
    if (reply->has_value()) return **std::move(reply);
    std::array<char, 16384> buffer;
    const ssize_t size = recv(fd_, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return absl::DeadlineExceededError("the node did not reply in time");
    }
    if (size < 0) return Broken("recv");
    if (size == 0) return absl::UnavailableError("the node closed the connection");
    reader_.Feed({buffer.data(), static_cast<size_t>(size)});
  }
}

}  // namespace slotmesh::admin
