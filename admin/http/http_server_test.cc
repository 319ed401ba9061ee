// The HTTP server over real loopback sockets.
#include "admin/http/http_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slotmesh::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpTest : public testing::Test {
 protected:
  HttpTest() {
    auto server =
        StartHttpServer(&io_, {"127.0.0.1"}, 0,
                        {{"/metrics",
                          [this] {
                            ++calls_;
                            return HttpResponse{.body = "x 1\n"};
                          }},
                         {"/big", [] { return HttpResponse{.body = std::string(1 << 20, 'b')}; }},
                         {"/sick", [] { return HttpResponse{.status = 503, .body = "down\n"}; }}});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    port_ = server_->port();
    thread_ = std::thread([this] {
      auto work = boost::asio::make_work_guard(io_);
      io_.run();
    });
  }
  ~HttpTest() override {
    boost::asio::post(io_, [this] {
      server_ = nullptr;
      io_.stop();
    });
    thread_.join();
  }
  int Connect() const {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    const timeval timeout{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    return fd;
  }
  static std::string ReadAll(int fd) {
    std::string all;
    char buffer[65536];
    for (ssize_t size; (size = recv(fd, buffer, sizeof(buffer), 0)) > 0;) all.append(buffer, size);
    close(fd);
    return all;
  }
  // All that comes back until the server closes.
  std::string Exchange(const std::string& request) const {
    const int fd = Connect();
    (void)!send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    return ReadAll(fd);
  }

  boost::asio::io_context io_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
  int calls_ = 0;
  std::thread thread_;
};

TEST_F(HttpTest, ServesItsRoutesWithLengthAndType) {
  const std::string reply =
      Exchange("GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(reply, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\nx 1\n"));
  EXPECT_EQ(calls_, 1);
}

TEST_F(HttpTest, KeepsTheConnectionForPipelinedRequests) {
  const std::string get = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string reply =
      Exchange(get + get + "GET /sick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(calls_, 2);
  EXPECT_THAT(reply, HasSubstr("HTTP/1.1 503 Service Unavailable"));
}

TEST_F(HttpTest, HeadHasTheLengthWithoutTheBody) {
  const std::string reply = Exchange("HEAD /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("Content-Length: 1048576\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
}

TEST_F(HttpTest, BigAnswersArriveWhole) {
  EXPECT_THAT(Exchange("GET /big HTTP/1.0\r\n\r\n"), EndsWith(std::string(1 << 20, 'b')));
}

TEST_F(HttpTest, WrongPathsAndMethodsAreToldSo) {
  EXPECT_THAT(Exchange("GET /../etc HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Exchange("DELETE /metrics HTTP/1.0\r\n\r\n"), HasSubstr("Allow: GET, HEAD"));
  EXPECT_THAT(Exchange("POST /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nxxx"),
              HasSubstr(" 413 "));
  EXPECT_EQ(calls_, 0);
}

TEST_F(HttpTest, MalformedRequestsGet400AndAClose) {
  for (const std::string& bad :
       {std::string("\r\n\r\n\r\n"), std::string("hello\r\n\r\n"),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("GET /\x01 HTTP/1.1\r\n\r\n"),
        std::string(1000, '\xff'), std::string("*1\r\n$4\r\nPING\r\n")}) {
    EXPECT_THAT(Exchange(bad), HasSubstr(" 400 ")) << bad;
  }
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"),
              HasSubstr(" 431 "));
  EXPECT_THAT(Exchange("GET /metrics HTTP/1.0\r\n\r\n"), HasSubstr(" 200 "));
}

TEST_F(HttpTest, ConnectionsBeyondTheBoundAreClosed) {
  std::vector<int> open;
  for (size_t i = 0; i < kHttpConnectionsMax; ++i) open.push_back(Connect());
  // Every open one is known to be accepted once it has been answered.
  for (const int fd : open) {
    const std::string get = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";
    (void)!send(fd, get.data(), get.size(), MSG_NOSIGNAL);
    char byte;
    ASSERT_EQ(recv(fd, &byte, 1, 0), 1);
  }
  EXPECT_EQ(Exchange("GET /metrics HTTP/1.0\r\n\r\n"), "");
  for (const int fd : open) close(fd);
}

TEST(HttpServerStart, BadOrTakenAddressIsAnError) {
  boost::asio::io_context io;
  EXPECT_EQ(StartHttpServer(&io, {"nonsense"}, 0, {}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StartHttpServer(&io, {}, 0, {}).status().code(), absl::StatusCode::kInvalidArgument);
  auto first = StartHttpServer(&io, {"127.0.0.1"}, 0, {});
  ASSERT_TRUE(first.ok());
  const auto second = StartHttpServer(&io, {"127.0.0.1"}, (*first)->port(), {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("--http-port"));
}

}  // namespace
}  // namespace slotmesh::admin
