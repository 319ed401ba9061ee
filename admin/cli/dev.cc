#include "admin/cli/dev.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "admin/cli/process.h"
#include "admin/cli/resp_client.h"
#include "admin/cli/session.h"

namespace slotmesh::admin {
namespace {

namespace fs = std::filesystem;

constexpr char kHost[] = "127.0.0.1";
constexpr int kHttpOffset = 30000;
constexpr int kPortMax = 65535 - kHttpOffset;
constexpr int kPrimariesMax = 100;
constexpr int kReplicasMax = 5;
constexpr absl::Duration kAskTimeout = absl::Seconds(2);
constexpr absl::Duration kLookEvery = absl::Milliseconds(50);
constexpr absl::Duration kRecallMax = absl::Seconds(10);

struct DevNode {
  int port = 0;
  std::string directory;
  std::string log_path() const { return directory + "/node.log"; }
  std::string pid_path() const { return directory + "/node.pid"; }
};

int NodeCount(const DevOptions& options) { return options.primaries * (options.replicas + 1); }

absl::Status CheckOptions(const DevOptions& options) {
  if (options.replicas < 0 || options.replicas > kReplicasMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--replicas is a number from 0 to ", kReplicasMax));
  }
  if (options.primaries < 1 || options.primaries > kPrimariesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("--primaries is a number from 1 to ", kPrimariesMax));
  }
  if (options.port < 1 || options.port + NodeCount(options) - 1 > kPortMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--port is a number from 1 to ", kPortMax,
        ", with room for all nodes (a node's HTTP port is its port + ", kHttpOffset, ")"));
  }
  return absl::OkStatus();
}

fs::path DirectoryOf(const DevOptions& options, const CliEnvironment& environment) {
  return fs::absolute(options.directory.empty() ? DefaultDevDirectory(environment)
                                                : options.directory);
}

absl::StatusOr<std::string> AskText(int port, const std::vector<std::string>& words) {
  auto client = RespClient::Connect(kHost, static_cast<uint16_t>(port), kAskTimeout);
  if (!client.ok()) return client.status();
  auto reply = client->Ask(words);
  if (!reply.ok()) return reply.status();
  if (reply->is_error()) return absl::FailedPreconditionError(reply->text);
  return reply->text;
}

// True if this call started the process.
absl::StatusOr<bool> StartNode(const DevNode& node, const std::string& binary,
                               const std::vector<std::string>& more) {
  std::error_code error;
  fs::create_directories(node.directory, error);
  if (error)
    return absl::UnavailableError(
        absl::StrCat("cannot make ", node.directory, ": ", error.message()));
  if (FindDaemon(node.pid_path(), node.directory)) return false;
  if (AskText(node.port, {"PING"}).status().code() != absl::StatusCode::kUnavailable) {
    return absl::FailedPreconditionError(absl::StrCat(
        "port ", node.port, " is taken by another program: choose another one with --port"));
  }
  // Without a title the process shows its arguments, by which it is found again.
  std::vector<std::string> arguments = {"--port",
                                        std::to_string(node.port),
                                        "--bind",
                                        kHost,
                                        "--dir",
                                        node.directory,
                                        "--set-proc-title",
                                        "no",
                                        "--cluster-enabled",
                                        "yes"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto pid = StartDaemon(binary, arguments, node.directory, node.log_path());
  if (!pid.ok()) return pid.status();
  if (auto status = WritePidFile(node.pid_path(), *pid); !status.ok()) return status;
  return true;
}

absl::Status WithLog(const absl::Status& status, const DevNode& node) {
  const std::string tail = Tail(node.log_path(), 10);
  return {status.code(),
          absl::StrCat(status.message(), "; its log, ", node.log_path(),
                       tail.empty() ? ", is empty" : absl::StrCat(", ends with:\n", tail))};
}

absl::Status WaitForAnswer(const DevNode& node, const std::vector<std::string>& question,
                           const std::string& answer, const CliEnvironment& environment) {
  const absl::Time end = environment.now() + kDevStartTimeout;
  for (;;) {
    const auto text = AskText(node.port, question);
    if (text.ok() && absl::StrContains(*text, answer)) return absl::OkStatus();
    if (!FindDaemon(node.pid_path(), node.directory)) {
      return WithLog(
          absl::UnavailableError(absl::StrCat("the node on port ", node.port, " has ended")), node);
    }
    if (environment.now() >= end) {
      return WithLog(absl::DeadlineExceededError(
                         absl::StrCat("the node on port ", node.port, " is not ready after ",
                                      absl::FormatDuration(kDevStartTimeout))),
                     node);
    }
    environment.sleep(kLookEvery);
  }
}

// A node that was started on an old directory has its part in the cluster, but not its keys: in a
// development cluster it goes on without them.
absl::Status GoOnEmpty(const std::vector<DevNode>& nodes, const CliEnvironment& environment) {
  for (const DevNode& node : nodes) {
    auto session = Connect({.node = absl::StrCat(kHost, ":", node.port)}, environment);
    if (!session.ok()) return session.status();
    const absl::Status accepted = session->client->AcceptEmpty();
    if (!accepted.ok()) return accepted;
  }
  return absl::OkStatus();
}

// `began_before`: the first node's directory is not new. It then takes a moment until it knows
// again what the cluster has decided.
absl::Status FormIfNeeded(const std::vector<DevNode>& nodes, int replicas, bool began_before,
                          const CliEnvironment& environment) {
  auto session = Connect({.node = absl::StrCat(kHost, ":", nodes[0].port)}, environment);
  if (!session.ok()) return session.status();
  const absl::Time end = environment.now() + (began_before ? kRecallMax : absl::ZeroDuration());
  for (;;) {
    const auto status = session->client->Status();
    if (!status.ok()) return status.status();
    if (status->assigned_slots() != 0) return absl::OkStatus();
    if (environment.now() >= end) break;
    environment.sleep(kLookEvery);
  }
  wire::FormRequest request;
  request.set_replicas(static_cast<uint32_t>(replicas));
  for (size_t i = 1; i < nodes.size(); ++i) {
    auto address = LocateForJoin(absl::StrCat(kHost, ":", nodes[i].port), {});
    if (!address.ok()) return address.status();
    *request.add_others() = *std::move(address);
  }
  return session->client->Form(request, [](const wire::Progress&) {});
}

void PrintNextSteps(const std::vector<DevNode>& nodes, const fs::path& directory,
                    const DevOptions& options, const CliEnvironment& environment) {
  const int port = nodes[0].port;
  const std::string node = port == 7000 ? "" : absl::StrCat(" --node ", kHost, ":", port);
  const std::string dir =
      options.directory.empty() ? "" : absl::StrCat(" --dir ", directory.string());
  std::vector<std::string> addresses;
  for (const DevNode& each : nodes) addresses.push_back(absl::StrCat(each.port));
  const std::string replicas =
      options.replicas == 0
          ? ""
          : absl::StrCat(" with ", options.replicas,
                         options.replicas == 1 ? " replica each" : " replicas each");
  environment.out(absl::StrCat(
      "A cluster of ", options.primaries, options.primaries == 1 ? " primary" : " primaries",
      replicas, " is up on ports ", absl::StrJoin(addresses, ", "), ".\n\n  redis-cli -c -p ", port,
      "\n  slotmesh status", node, "\n  http://", kHost, ":", port + kHttpOffset,
      "/         status page\n  http://", kHost, ":", port + kHttpOffset,
      "/metrics  metrics (each node's at its port + ", kHttpOffset,
      ")\n\nData and logs: ", directory.string(), "\nStop it: slotmesh dev down", dir, "\n"));
}

absl::Status StopNode(const DevNode& node, pid_t pid, const CliEnvironment& environment) {
  const absl::Time end = environment.now() + kDevStopTimeout;
  while (IsRunning(pid)) {
    if (environment.now() >= end) {
      environment.err(absl::StrCat("node ", node.port, " does not stop by itself: killing it\n"));
      Kill(pid);
      environment.sleep(10 * kLookEvery);
      break;
    }
    environment.sleep(kLookEvery);
  }
  std::error_code ignored;
  fs::remove(node.pid_path(), ignored);
  return absl::OkStatus();
}

}  // namespace

std::string DefaultDevDirectory(const CliEnvironment& environment) {
  if (const auto state = environment.getenv("XDG_STATE_HOME"); state && !state->empty()) {
    return *state + "/slotmesh/dev";
  }
  return environment.getenv("HOME").value_or(".") + "/.local/state/slotmesh/dev";
}

absl::Status DevUp(const DevOptions& options, const CliEnvironment& environment) {
  if (auto status = CheckOptions(options); !status.ok()) return status;
  const fs::path directory = DirectoryOf(options, environment);
  const auto binary = FindServer(options.server_binary, environment.own_path,
                                 environment.getenv("PATH").value_or(""));
  if (!binary.ok()) return binary.status();
  std::vector<DevNode> nodes;
  for (int i = 0; i < NodeCount(options); ++i) {
    const int port = options.port + i;
    nodes.push_back({port, (directory / std::to_string(port)).string()});
  }
  int started = 0;
  const bool began_before = fs::exists(fs::path(nodes[0].directory) / "nodes.conf");
  for (const DevNode& node : nodes) {
    const auto fresh = StartNode(node, *binary, options.server_arguments);
    if (!fresh.ok()) return fresh.status();
    started += *fresh ? 1 : 0;
  }
  if (started == 0) environment.out("The cluster is running already.\n");
  for (const DevNode& node : nodes) {
    if (auto status = WaitForAnswer(node, {"PING"}, "PONG", environment); !status.ok())
      return status;
  }
  if (auto status = FormIfNeeded(nodes, options.replicas, began_before, environment); !status.ok())
    return status;
  if (began_before && started > 0) {
    environment.out("The nodes go on with the keys that their files held.\n");
    if (auto status = GoOnEmpty(nodes, environment); !status.ok()) return status;
  }
  for (const DevNode& node : nodes) {
    auto status = WaitForAnswer(node, {"CLUSTER", "INFO"}, "cluster_state:ok", environment);
    if (!status.ok()) return status;
  }
  PrintNextSteps(nodes, directory, options, environment);
  return absl::OkStatus();
}

absl::Status DevDown(const DevOptions& options, const CliEnvironment& environment) {
  const fs::path directory = DirectoryOf(options, environment);
  std::error_code error;
  std::vector<std::pair<DevNode, pid_t>> running;
  std::vector<fs::path> directories;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    int port = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &port)) continue;
    const DevNode node{port, entry.path().string()};
    directories.push_back(entry.path());
    if (const auto pid = FindDaemon(node.pid_path(), node.directory))
      running.emplace_back(node, *pid);
  }
  for (const auto& [node, pid] : running) Terminate(pid);
  for (const auto& [node, pid] : running) {
    if (auto status = StopNode(node, pid, environment); !status.ok()) return status;
  }
  if (options.wipe) {
    for (const fs::path& each : directories) fs::remove_all(each, error);
  }
  environment.out(
      running.empty()
          ? absl::StrCat("Nothing is running in ", directory.string(), ".\n")
          : absl::StrCat("Stopped ", running.size(), running.size() == 1 ? " node" : " nodes",
                         options.wipe
                             ? "; the data is gone.\n"
                             : absl::StrCat("; the data stays in ", directory.string(), ".\n")));
  return absl::OkStatus();
}

}  // namespace slotmesh::admin
