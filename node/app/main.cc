// slotmesh-node: one node, alone or in a cluster. See README.md and --help.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "node/app/crash_report.h"
#include "node/app/file_log.h"
#include "node/app/node.h"
#include "node/app/open_files.h"
#include "node/app/process_title.h"
#include "node/app/stop_signals.h"
#include "node/app/version.h"
#include "node/config/config_store.h"
#include "node/persist/check_tools.h"
#include "node/stats/system_clock.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr char kUsage[] =
    "Usage: slotmesh-node [/path/to/redis.conf] [--directive value ...] [-]\n"
    "       slotmesh-node --version | --help\n"
    "\n"
    "Runs one node. A configuration file and arguments are read as Redis reads them;\n"
    "'-' reads further lines from standard input.\n"
    "\n"
    "Examples:\n"
    "  slotmesh-node                          a single node on port 6379\n"
    "  slotmesh-node --port 7777              the same on another port\n"
    "  slotmesh-node /etc/redis.conf --loglevel verbose\n"
    "  slotmesh-node --port 7000 --cluster-enabled yes --dir /var/lib/slotmesh/7000\n"
    "\n"
    "Clusters are formed and changed with the slotmesh command: see slotmesh --help.\n";

std::string ReadStdin() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

// The absolute path of the running program.
std::string Executable(const std::string& called_as) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? called_as : path.string();
}

void Daemonize() {
  if (fork() != 0) _exit(0);
  setsid();
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(null, STDERR_FILENO);
}

std::string PidFile(const Config& config) {
  if (!config.pidfile.empty()) return config.pidfile;
  return config.daemonize ? "/var/run/slotmesh.pid" : "";
}

void LogStart(Log& log, const Config& config) {
  log.Notice("oO0OoO0OoO0Oo slotmesh is starting oO0OoO0OoO0Oo");
  log.Notice(StrCat("slotmesh version=", kVersion, ", bits=64, pid=", getpid(), ", just started"));
  const char* mode = config.cluster_enabled ? "cluster" : "standalone";
  if (config.always_show_logo) {
    std::printf("\n  slotmesh %s\n  Running in %s mode\n  Port: %d\n  PID: %d\n\n",
                std::string(kVersion).c_str(), mode, static_cast<int>(config.port), getpid());
    std::fflush(stdout);
  } else {
    log.Notice(StrCat("Running mode=", std::string(mode), ", port=", config.port, "."));
  }
  log.Notice("Server initialized");
}

// The exit code, where no node is asked for.
std::optional<int> RunWithoutNode(const std::string& called_as,
                                  const std::vector<std::string>& args) {
  if (const CheckTool tool = CheckToolNamed(called_as); tool != CheckTool::kNone) {
    return RunCheckTool(tool, called_as, args,
                        {.now = SystemClock().WallMicros() / 1000,
                         .print = [](const std::string& text) { std::fputs(text.c_str(), stdout); },
                         .read_line =
                             [] {
                               std::string line;
                               std::getline(std::cin, line);
                               return line;
                             }});
  }
  if (args.size() == 1 && (args[0] == "--version" || args[0] == "-v")) {
    std::printf("slotmesh server v=%s\n", std::string(kVersion).c_str());
    return 0;
  }
  if (args.size() == 1 && (args[0] == "--help" || args[0] == "-h")) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  return std::nullopt;
}

void ShowTitle(ConfigStore& settings, ProcessTitle& title, const std::string& called_as) {
  if (!settings.config().set_proc_title) return;
  title.Set(TitleOf(settings.config(), called_as, settings.file()));
  settings.OnChange({"proc-title-template"}, [&, called_as](const Config& changed) {
    title.Set(TitleOf(changed, called_as, settings.file()));
    return absl::OkStatus();
  });
}

int Main(int argc, char** argv) {
  const std::string called_as = argv[0];
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (const std::optional<int> code = RunWithoutNode(called_as, args)) return *code;
  ProcessTitle title(argc, argv, environ);
  ConfigStore settings{std::string(kVersion), &ReadStdin};
  const absl::Status loaded = settings.LoadArguments(args);
  if (!loaded.ok()) {
    std::fprintf(stderr, "%s\n", std::string(ToStd(loaded.message())).c_str());
    return 1;
  }
  const Config& config = settings.config();
  if (chdir(config.dir.c_str()) != 0) {
    std::fprintf(stderr, "Can't chdir to '%s': the directory must exist and be accessible\n",
                 config.dir.c_str());
    return 1;
  }
  if (config.daemonize) Daemonize();
  StopSignals::Block();
  absl::StatusOr<std::unique_ptr<FileLog>> log = FileLog::Open(config.logfile);
  if (!log.ok()) {
    std::fprintf(stderr, "%s\n", std::string(ToStd(log.status().message())).c_str());
    return 1;
  }
  FileLog& file_log = **log;
  file_log.set_threshold(static_cast<Log::Severity>(config.loglevel));
  settings.OnChange({"loglevel"}, [&file_log](const Config& changed) {
    file_log.set_threshold(static_cast<Log::Severity>(changed.loglevel));
    return absl::OkStatus();
  });
  CrashReport crash_report(config, std::string(kVersion));
  crash_report.SetEnabled(config.crash_log_enabled);
  settings.OnChange({"crash-log-enabled"}, [&crash_report](const Config& changed) {
    crash_report.SetEnabled(changed.crash_log_enabled);
    return absl::OkStatus();
  });
  const std::string pid_file = PidFile(config);
  if (!pid_file.empty()) std::ofstream(pid_file) << getpid() << "\n";
  LogStart(file_log, config);
  ShowTitle(settings, title, called_as);
  const int64_t room = MakeRoomForClients(config.maxclients);
  if (room < config.maxclients) {
    file_log.Warning(StrCat("The limit of open files leaves room for ", room,
                            " clients only, not for maxclients ", config.maxclients, "."));
  }

  SystemClock clock;
  std::random_device entropy;
  const uint64_t seed = (uint64_t{entropy()} << 32) | entropy();
  absl::StatusOr<std::unique_ptr<Node>> node =
      Node::Create({settings, file_log, clock, seed, Executable(called_as)});
  if (!node.ok()) {
    (*log)->Warning(ToStd(node.status().message()));
    return 1;
  }
  crash_report.set_engine(&(*node)->engine());
  const int code = (*node)->Run();
  crash_report.set_engine(nullptr);
  if (!pid_file.empty()) unlink(pid_file.c_str());
  return code;
}

}  // namespace
}  // namespace slotmesh::node

int main(int argc, char** argv) { return slotmesh::node::Main(argc, argv); }
