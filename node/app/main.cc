// slotmesh-node: one node, alone or in a cluster. See README.md and --help.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
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
    "  slotmesh-node --port 7009 --arbiter    a member that votes and holds no data\n"
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

// Now, and whenever they change.
void FollowSettings(ConfigStore& settings, FileLog& log, CrashReport& crash_report) {
  const auto follow = [&log, &crash_report](const Config& config) {
    log.set_threshold(static_cast<Log::Severity>(config.loglevel));
    crash_report.SetEnabled(config.crash_log_enabled);
    return absl::OkStatus();
  };
  (void)follow(settings.config());
  settings.OnChange({"loglevel", "crash-log-enabled"}, follow);
}

// Ends the program that runs and begins it anew, as it was begun. Nobody but the log and what is on
// disk outlives this. Gives the reason if it cannot be.
std::string StartAgain(const std::string& executable, std::vector<std::string> words,
                       int start_folder) {
  if (fchdir(start_folder) != 0) return std::strerror(errno);
  close_range(STDERR_FILENO + 1, ~0U, 0);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(executable.c_str(), argv.data());
  return std::strerror(errno);
}

std::function<void(absl::Span<unsigned char>)> SecretBytes(std::random_device& entropy) {
  return [&entropy](absl::Span<unsigned char> bytes) {
    for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(entropy());
  };
}

// In ps and top.
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
  const int start_folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
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
  CrashReport crash_report(config, std::string(kVersion));
  FollowSettings(settings, file_log, crash_report);
  const std::string pid_file = PidFile(config);
  if (!pid_file.empty()) std::ofstream(pid_file) << getpid() << "\n";
  LogStart(file_log, config);
  ShowTitle(settings, title, called_as);
  const int64_t room = MakeRoomForClients(config.maxclients);
  if (room < config.maxclients) {
    file_log.Warning(StrCat("The limit of open files leaves room for ", room,
                            " clients only, not for maxclients ", config.maxclients, "."));
  }

  const std::string executable = Executable(called_as);
  const bool reads_stdin = std::find(args.begin(), args.end(), "-") != args.end();
  SystemClock clock;
  std::random_device entropy;
  const uint64_t seed = (uint64_t{entropy()} << 32) | entropy();
  absl::StatusOr<std::unique_ptr<Node>> node =
      Node::Create({.settings = settings,
                    .log = file_log,
                    .clock = clock,
                    .seed = seed,
                    .executable = executable,
                    .secret_bytes = SecretBytes(entropy),
                    .can_restart = !reads_stdin && start_folder >= 0});
  if (!node.ok()) {
    (*log)->Warning(ToStd(node.status().message()));
    return 1;
  }
  crash_report.set_engine(&(*node)->engine());
  const int code = (*node)->Run();
  crash_report.set_engine(nullptr);
  const bool again = (*node)->wants_restart();
  node->reset();
  if (!pid_file.empty()) unlink(pid_file.c_str());
  if (again) {
    file_log.Notice("Starting again.");
    std::vector<std::string> words = {called_as};
    words.insert(words.end(), args.begin(), args.end());
    file_log.Warning("Cannot start again: " + StartAgain(executable, words, start_folder));
    return 1;
  }
  return code;
}

}  // namespace
}  // namespace slotmesh::node

int main(int argc, char** argv) { return slotmesh::node::Main(argc, argv); }
