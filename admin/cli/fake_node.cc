#include "admin/cli/fake_node.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "absl/time/clock.h"
#include "slots/strings.h"

namespace slotmesh::admin {
namespace {

// It calls nobody, so it draws no nonces.
uint64_t NoRandom() { return 0; }

std::string Bulk(const std::string& text) { return StrCat("$", text.size(), "\r\n", text, "\r\n"); }

}  // namespace

FakeNode::FakeNode(FakeNodeOptions options, slots::SlotMapData map)
    : options_(std::move(options)), control_(std::move(map)) {
  const std::string bind = StrCat("127.0.0.1:", options_.bus_port);
  auto auth = bus::Authenticator::Create({.secret = options_.secret}, {bind},
                                         {.now = [] { return absl::Now(); }, .random = NoRandom});
  status_ = auth.status();
  if (!status_.ok()) return;
  auth_ = *std::move(auth);
  const bus::Sender self{.node = TestNode(1), .boot = 1};
  admin_ =
      MakeAdminService(&control_, auth_.get(),
                       {.self = [self] { return self; },
                        .now = [] { return absl::Now(); },
                        .sleep = [](absl::Duration) { absl::SleepFor(absl::Milliseconds(1)); }});
  auto transport = bus::MakeGrpcTransport(
      {.self = self,
       .binds = {bind},
       .post = [](std::function<void()>) {},
       .now = [] { return absl::Now(); },
       .random = NoRandom,
       .services = {admin_->service()}},
      auth_.get(), {.on_frame = [](const bus::Sender&, bus::Channel, bus::Frame) {}});
  status_ = transport.status();
  if (!status_.ok()) return;
  transport_ = *std::move(transport);
  status_ = ListenForClients();
  if (status_.ok()) thread_ = std::thread([this] { AcceptClients(); });
}

FakeNode::~FakeNode() {
  if (admin_ != nullptr) admin_->Stop();
  if (listener_ >= 0) shutdown(listener_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  if (listener_ >= 0) close(listener_);
}

absl::Status FakeNode::ListenForClients() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(options_.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener_, 16) != 0) {
    return absl::UnavailableError(StrCat("cannot listen on port ", options_.port));
  }
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  return absl::OkStatus();
}

// One client at a time is enough.
void FakeNode::AcceptClients() {
  for (;;) {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const timeval limit{.tv_sec = 5, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    Serve(fd);
    close(fd);
  }
}

void FakeNode::Serve(int fd) {
  node::ReplyReader reader;  // A request is an array of strings, as a reply may be.
  bool authenticated = options_.password.empty();
  char buffer[4096];
  for (ssize_t size; (size = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    reader.Feed({buffer, static_cast<size_t>(size)});
    for (auto request = reader.Next(); request.ok() && request->has_value();
         request = reader.Next()) {
      const std::string answer = Answer(**request, &authenticated);
      (void)!send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }
}

std::string FakeNode::Answer(const node::ReplyValue& request, bool* authenticated) const {
  std::string command;
  for (const node::ReplyValue& word : request.elements)
    command += (command.empty() ? "" : " ") + word.text;
  if (command.starts_with("AUTH ")) {
    *authenticated = request.elements.back().text == options_.password;
    return *authenticated ? "+OK\r\n"
                          : "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
  }
  if (!*authenticated) return "-NOAUTH Authentication required.\r\n";
  if (command == "PING") return "+PONG\r\n";
  if (command == "CONFIG GET cluster-secret") {
    return options_.tells_secret ? "*2\r\n" + Bulk("cluster-secret") + Bulk(options_.secret)
                                 : "*0\r\n";
  }
  if (!options_.cluster_enabled) return "-ERR This instance has cluster support disabled\r\n";
  if (command == "CLUSTER INFO") return Bulk("cluster_enabled:1\r\ncluster_state:ok\r\n");
  if (command == "CLUSTER NODES") {
    return Bulk(StrCat(TestNode(2).ToHex(), " 127.0.0.1:1@2 master - 0 0 2 connected\n",
                       TestNode(1).ToHex(), " 127.0.0.1:", port_, "@", bus_port(),
                       ",host myself,master - 0 0 1 connected 0-16383\n"));
  }
  return "-ERR unknown command\r\n";
}

}  // namespace slotmesh::admin
