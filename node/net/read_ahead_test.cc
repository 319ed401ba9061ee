// Clients that send one request each, read together and run in order.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "boost/asio/io_context.hpp"
#include "node/commands/strings.h"
#include "node/commands/testing/server_family.h"
#include "node/commands/testing/test_engine.h"
#include "node/net/server.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

// The other end of a connection.
class Peer {
 public:
  explicit Peer(const std::string& path) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Peer() { close(socket_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void Send(std::string_view bytes) {
    ASSERT_EQ(send(socket_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  // What has come so far; "closed" at the end.
  std::string Receive() {
    char bytes[4096];
    const ssize_t count = recv(socket_, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0) return "";
    return count == 0 ? "closed" : std::string(bytes, static_cast<size_t>(count));
  }

 private:
  const int socket_;
};

class ReadAheadTest : public ::testing::Test {
 protected:
  ReadAheadTest() { EXPECT_TRUE(server_.Listen().ok()); }
  ~ReadAheadTest() override { server_.Stop(); }

  // A socket's path has at most 107 bytes, fewer than a test's own folder may have.
  static std::string Path() { return StrCat("/tmp/slotmesh-read-ahead-", getpid()); }
  static TestEngine::Options Options() {
    TestEngine::Options options;
    options.config = StrCat("port 0\nunixsocket ", Path(), "\n");
    options.families = SessionFamilies();
    options.families.push_back({.rows = StringCommands()});
    return options;
  }
  void Loop() {
    io_.restart();
    while (io_.poll() > 0) {
    }
  }
  std::unique_ptr<Peer> Connect() {
    auto peer = std::make_unique<Peer>(Path());
    Loop();
    return peer;
  }

  TestEngine engine_{Options()};
  boost::asio::io_context io_;
  Server server_{io_, engine_.engine(), engine_.dispatcher(), engine_.clients()};
};

TEST_F(ReadAheadTest, ManyRunInTheOrderInWhichTheySent) {
  std::vector<std::unique_ptr<Peer>> peers;
  for (int i = 0; i < 35; ++i) peers.push_back(Connect());
  for (int round = 0; round < 3; ++round) {
    const uint64_t batches = engine_.engine().stats.prefetch_batches;
    const uint64_t entries = engine_.engine().stats.prefetch_entries;
    for (const auto& peer : peers) peer->Send("INCR n\r\n");
    Loop();
    for (size_t i = 0; i < peers.size(); ++i) {
      const size_t number = static_cast<size_t>(round) * peers.size() + i + 1;
      EXPECT_EQ(peers[i]->Receive(), StrCat(":", number, "\r\n"));
    }
    EXPECT_EQ(engine_.engine().stats.prefetch_batches, batches + 3) << "of 16, 16 and 3";
    EXPECT_EQ(engine_.engine().stats.prefetch_entries, entries + 35);
  }
}

TEST_F(ReadAheadTest, NobodyWaitsIfTheBatchIsOfOne) {
  for (const char* most : {"0", "1"}) {
    ASSERT_TRUE(engine_.settings().Set({"prefetch-batch-max-size", most}).ok());
    const auto first = Connect();
    const auto second = Connect();
    first->Send("SET a 1\r\n");
    second->Send("GET a\r\n");
    Loop();
    EXPECT_EQ(first->Receive(), "+OK\r\n");
    EXPECT_EQ(second->Receive(), "$1\r\n1\r\n");
  }
  EXPECT_EQ(engine_.engine().stats.prefetch_batches, 0u);
}

TEST_F(ReadAheadTest, WhoIsKilledBeforeItsTurnRunsNothing) {
  const auto killer = Connect();
  const auto victim = Connect();
  victim->Send("CLIENT ID\r\n");
  Loop();
  const std::string id = victim->Receive().substr(1);
  killer->Send(StrCat("CLIENT KILL ID ", id));
  victim->Send("SET k v\r\n");
  Loop();
  EXPECT_EQ(killer->Receive(), ":1\r\n");
  EXPECT_EQ(victim->Receive(), "closed");
  killer->Send("GET k\r\n");
  Loop();
  EXPECT_EQ(killer->Receive(), "$-1\r\n");
}

TEST_F(ReadAheadTest, RestsOfRequestsAreKept) {
  const auto first = Connect();
  const auto second = Connect();
  first->Send("SET a 1\r\nGET ");
  second->Send("SET b 2\r\nGET b\r\nGE");
  Loop();
  EXPECT_EQ(first->Receive(), "+OK\r\n");
  EXPECT_EQ(second->Receive(), "+OK\r\n$1\r\n2\r\n");
  first->Send("b\r\n");
  second->Send("T a\r\n");
  Loop();
  EXPECT_EQ(first->Receive(), "$1\r\n2\r\n");
  EXPECT_EQ(second->Receive(), "$1\r\n1\r\n");
}

}  // namespace
}  // namespace slotmesh::node
