// What scripts cannot show: passwords and secrets, completion, and the small parts.
#include "admin/cli/cli.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "admin/cli/commands.h"
#include "admin/cli/dev.h"
#include "admin/cli/fake_node.h"
#include "admin/cli/locate.h"
#include "admin/cli/process.h"
#include "admin/cli/table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace slotmesh::admin {
namespace {

using testing::HasSubstr;

class CliTest : public testing::Test {
 protected:
  int Run(std::vector<std::string> arguments, const FakeNode* node = nullptr) {
    if (node != nullptr) {
      arguments.push_back("--node");
      arguments.push_back(absl::StrCat(node->port()));
    }
    out_.clear();
    err_.clear();
    return RunCli(arguments, environment_);
  }
  std::map<std::string, std::string> env_ = {{"HOME", testing::TempDir()}};
  std::string out_, err_;
  std::atomic<uint64_t> nonce_ = 0;
  const CliEnvironment environment_{
      .out = [this](const std::string& text) { out_ += text; },
      .err = [this](const std::string& text) { err_ += text; },
      .read_line = [] { return ""; },
      .now = [] { return absl::Now(); },
      .sleep = [](absl::Duration duration) { absl::SleepFor(duration); },
      .random = [this] { return ++nonce_; },
      .getenv = [this](const char* name) -> std::optional<std::string> {
        const auto found = env_.find(name);
        return found == env_.end() ? std::nullopt : std::optional(found->second);
      },
      .own_path = "/nowhere/slotmesh"};
};

TEST_F(CliTest, SecretComesFromTheNodeOrTheUser) {
  FakeNode open({.secret = "0123456789abcdef"}, TestMapData({"0-16383"}));
  EXPECT_EQ(Run({"status"}, &open), kExitOk) << err_;

  FakeNode silent({.secret = "0123456789abcdef", .tells_secret = false}, TestMapData({"0-16383"}));
  EXPECT_EQ(Run({"status"}, &silent), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("--secret-file"));
  EXPECT_EQ(Run({"status", "--secret", "0123456789abcdef"}, &silent), kExitOk) << err_;
  EXPECT_EQ(Run({"status", "--secret", "another secret"}, &silent), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("wrong cluster secret"));
  const std::string path = testing::TempDir() + "/secret";
  std::ofstream(path) << "0123456789abcdef\n";
  EXPECT_EQ(Run({"status", "--secret-file", path}, &silent), kExitOk) << err_;
  EXPECT_EQ(Run({"status", "--secret-file", path + "x"}, &silent), kExitUsage);
  env_["SLOTMESH_SECRET"] = "0123456789abcdef";
  EXPECT_EQ(Run({"status"}, &silent), kExitOk) << err_;
}

TEST_F(CliTest, NodeThatDoesNotKnowTheSecretIsNotBelieved) {
  FakeNode impostor({}, TestMapData({"0-16383"}));
  EXPECT_EQ(Run({"status", "--secret", "0123456789abcdef"}, &impostor), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("did not prove"));
  EXPECT_EQ(Run({"watch", "--secret", "0123456789abcdef"}, &impostor), kExitRefused);
  EXPECT_EQ(out_, "");
}

TEST_F(CliTest, PasswordOfTheClientPort) {
  FakeNode node({.password = "pw"}, TestMapData({"0-16383"}));
  EXPECT_EQ(Run({"status"}, &node), kExitRefused);
  EXPECT_THAT(err_, HasSubstr("SLOTMESH_PASSWORD"));
  EXPECT_EQ(Run({"status", "--password", "wrong"}, &node), kExitRefused);
  EXPECT_EQ(Run({"status", "--password", "pw"}, &node), kExitOk) << err_;
  env_["SLOTMESH_PASSWORD"] = "pw";
  EXPECT_EQ(Run({"status", "--user", "default"}, &node), kExitOk) << err_;
}

TEST_F(CliTest, BusAddressCanBeGivenDirectly) {
  FakeNode node({}, TestMapData({"0-16383"}));
  EXPECT_EQ(Run({"status", "--bus", absl::StrCat("127.0.0.1:", node.bus_port())}), kExitOk) << err_;
}

TEST_F(CliTest, SecondChangeAtATimeIsRefused) {
  FakeNode node({}, TestMapData({"0-8191", "8192-16383"}));
  node.control().polls_per_move_ = 500;
  std::thread first([&] {
    const CliEnvironment quiet{.out = [](const std::string&) {},
                               .err = [](const std::string&) {},
                               .read_line = [] { return ""; },
                               .now = [] { return absl::Now(); },
                               .sleep = [](absl::Duration) {},
                               .random = environment_.random,
                               .getenv = [](const char*) { return std::nullopt; }};
    EXPECT_EQ(RunCli({"reshard", "--to", "127.0.0.1:7000", "--slots", "1000", "--yes", "--node",
                      absl::StrCat(node.port())},
                     quiet),
              kExitOk);
  });
  while (Run({"status"}, &node) == kExitOk && out_.find("copying") == std::string::npos) {
  }
  EXPECT_EQ(Run({"rebalance"}, &node), kExitFailed);
  EXPECT_THAT(err_, HasSubstr("already changing"));
  first.join();
}

TEST_F(CliTest, CompletionScriptsAreValidAndComplete) {
  ASSERT_EQ(Run({"completion", "bash"}), kExitOk);
  const std::string path = testing::TempDir() + "/completion.bash";
  std::ofstream(path) << out_ << "COMP_WORDS=(slotmesh dev up --pri); COMP_CWORD=3; _slotmesh\n"
                      << "[ \"${COMPREPLY[*]}\" = --primaries ] || exit 1\n"
                      << "COMP_WORDS=(slotmesh --node x reb); COMP_CWORD=3; _slotmesh\n"
                      << "[ \"${COMPREPLY[*]}\" = rebalance ] || exit 2\n";
  EXPECT_EQ(std::system(("bash " + path).c_str()), 0);
  ASSERT_EQ(Run({"completion", "zsh"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("bashcompinit"));
}

TEST(ParseHostPort, TakesTheUsualForms) {
  EXPECT_EQ(ToText(*ParseHostPort("7000")), "127.0.0.1:7000");
  EXPECT_EQ(ToText(*ParseHostPort("a.example:1")), "a.example:1");
  EXPECT_EQ(ToText(*ParseHostPort("[::1]:7000")), "[::1]:7000");
  EXPECT_EQ(ParseHostPort("[::1]:7000")->host, "::1");
  for (const char* bad :
       {"", ":", "host", "host:", ":70", "host:0", "host:65536", "::1:7000", "[]:1", "host:x"}) {
    EXPECT_FALSE(ParseHostPort(bad).ok()) << bad;
  }
}

TEST(ParseMyself, FindsTheBusPortAndSurvivesJunk) {
  const std::string line = "abc 10.0.0.1:7000@17005,name myself,master - 0 0 1 connected 0-5\n";
  EXPECT_EQ(ParseMyself("x 1:2@3 master - 0 0 1 connected\n" + line)->bus_port, 17005);
  EXPECT_EQ(ParseMyself(line)->id, "abc");
  for (size_t i = 0; i < 20; ++i) (void)ParseMyself(line.substr(0, i));
  EXPECT_FALSE(ParseMyself("").ok());
  EXPECT_FALSE(ParseMyself("a 1:2@x myself - 0 0 1 connected 0").ok());
}

TEST(Table, AlignsAndTrims) {
  Table table({"A", ">N", "B"});
  table.Add({"é", "5", ""});
  table.Add({"long", "1234", "x"});
  EXPECT_EQ(table.Render(), "A        N  B\né        5\nlong  1234  x\n");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1500), "1.50 kB");
  EXPECT_EQ(HumanBytes(999'950), "1.00 MB");
  EXPECT_EQ(HumanBytes(123'456'789), "123.5 MB");
  EXPECT_EQ(HumanCount(15'432), "15.4k");
  EXPECT_EQ(HumanTime(absl::Seconds(3725)), "1:02:05");
  EXPECT_EQ(HumanTime(absl::Seconds(67)), "1:07");
}

class DevTest : public CliTest {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(directory_);
    // The first of three free ports in a row; another program may still take one.
    for (port_ = 21000 + getpid() % 5000; !Free(port_) || !Free(port_ + 1) || !Free(port_ + 2);
         ++port_) {
    }
  }
  void TearDown() override { Run({"dev", "down", "--wipe", "--dir", directory_}); }
  static bool Free(int port) {
    for (const int each : {port, port + 10000}) {
      const int fd = socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<uint16_t>(each));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
      close(fd);
      if (!bound) return false;
    }
    return true;
  }
  std::vector<std::string> Up() const {
    return {"dev",
            "up",
            "--dir",
            directory_,
            "--port",
            std::to_string(port_),
            "--server-binary",
            "admin/cli/fake_node"};
  }
  const std::string directory_ = testing::TempDir() + "/dev";
  int port_ = 0;
};

TEST_F(DevTest, UpStartsAndFormsFindsItAgainAndDownStops) {
  ASSERT_EQ(Run(Up()), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr(absl::StrCat("redis-cli -c -p ", port_)));
  EXPECT_THAT(out_, HasSubstr("slotmesh dev down --dir"));
  const auto pid = FindDaemon(absl::StrCat(directory_, "/", port_, "/node.pid"),
                              absl::StrCat(directory_, "/", port_));
  ASSERT_TRUE(pid.has_value());
  EXPECT_EQ(Run({"check", "--node", std::to_string(port_)}), kExitOk) << out_ << err_;
  ASSERT_EQ(Run(Up()), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr("running already"));
  ASSERT_EQ(Run({"dev", "down", "--dir", directory_}), kExitOk) << err_;
  EXPECT_THAT(out_, HasSubstr("Stopped 3 nodes"));
  EXPECT_FALSE(IsRunning(*pid));
  EXPECT_TRUE(std::filesystem::exists(absl::StrCat(directory_, "/", port_, "/node.log")));
  ASSERT_EQ(Run({"dev", "down", "--dir", directory_, "--wipe"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("Nothing is running"));
  EXPECT_FALSE(std::filesystem::exists(absl::StrCat(directory_, "/", port_)));
}

TEST_F(DevTest, NodeThatEndsIsReportedWithItsLog) {
  auto up = Up();
  for (const char* more : {"--server-arg", "--fail", "--server-arg", "yes"}) up.push_back(more);
  EXPECT_EQ(Run(up), kExitUnreachable);
  EXPECT_THAT(err_, HasSubstr("has ended"));
  EXPECT_THAT(err_, HasSubstr("this node was told to fail"));
}

TEST_F(DevTest, TakenPortAndStalePidFileAreTold) {
  FakeNode other({.port = port_ + 1}, TestMapData({""}));
  ASSERT_TRUE(other.status().ok()) << other.status();
  // A pid file that names a process of somebody else.
  std::filesystem::create_directories(absl::StrCat(directory_, "/", port_ + 1));
  std::ofstream(absl::StrCat(directory_, "/", port_ + 1, "/node.pid")) << getpid() << "\n";
  EXPECT_EQ(Run(Up()), kExitFailed);
  EXPECT_THAT(err_, HasSubstr(absl::StrCat("port ", port_ + 1, " is taken")));
}

}  // namespace
}  // namespace slotmesh::admin
