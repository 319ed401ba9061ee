#include "admin/cli/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace slotmesh::admin {
namespace {

// In the child: never returns. Tells the parent through `report_fd` why it failed; that closes on
// exec.
[[noreturn]] void RunChild(const char* binary, char* const* arguments, const char* directory,
                           int log_fd, int report_fd) {
  setsid();
  const int null_fd = open("/dev/null", O_RDONLY);
  if (chdir(directory) == 0 && dup2(null_fd, 0) >= 0 && dup2(log_fd, 1) >= 0 &&
      dup2(log_fd, 2) >= 0) {
    execv(binary, arguments);
  }
  const int error = errno;
  (void)!write(report_fd, &error, sizeof(error));
  _exit(127);
}

}  // namespace

absl::StatusOr<pid_t> StartDaemon(const std::string& binary,
                                  const std::vector<std::string>& arguments,
                                  const std::string& directory, const std::string& log_path) {
  const int log_fd = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot write ", log_path, ": ", std::strerror(errno)));
  }
  std::vector<char*> argv = {const_cast<char*>(binary.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    close(log_fd);
    return absl::UnavailableError(std::strerror(errno));
  }
  const pid_t pid = fork();
  if (pid == 0) RunChild(binary.c_str(), argv.data(), directory.c_str(), log_fd, report[1]);
  int error = pid < 0 ? errno : 0;
  close(log_fd);
  close(report[1]);
  if (pid > 0 && read(report[0], &error, sizeof(error)) == sizeof(error)) waitpid(pid, nullptr, 0);
  close(report[0]);
  if (error == 0) return pid;
  return absl::UnavailableError(absl::StrCat("cannot start ", binary, ": ", std::strerror(error)));
}

std::optional<pid_t> FindDaemon(const std::string& pid_path, const std::string& directory) {
  std::ifstream file(pid_path);
  pid_t pid = 0;
  if (!(file >> pid) || pid <= 1 || !IsRunning(pid)) return std::nullopt;
  std::ifstream command(absl::StrCat("/proc/", pid, "/cmdline"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(command), std::istreambuf_iterator<char>()};
  for (const std::string& argument : std::vector<std::string>(absl::StrSplit(text, '\0'))) {
    if (argument == directory) return pid;
  }
  return std::nullopt;
}

absl::Status WritePidFile(const std::string& pid_path, pid_t pid) {
  std::ofstream file(pid_path);
  file << pid << "\n";
  file.close();
  return file ? absl::OkStatus() : absl::UnavailableError(absl::StrCat("cannot write ", pid_path));
}

bool IsRunning(pid_t pid) {
  waitpid(pid, nullptr, WNOHANG);
  return kill(pid, 0) == 0 || errno == EPERM;
}

void Terminate(pid_t pid) { kill(pid, SIGTERM); }
void Kill(pid_t pid) { kill(pid, SIGKILL); }

std::string Tail(const std::string& path, size_t lines) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<std::string> all = absl::StrSplit(text, '\n', absl::SkipEmpty());
  if (all.size() > lines) all.erase(all.begin(), all.end() - static_cast<int64_t>(lines));
  return absl::StrJoin(all, "\n");
}

absl::StatusOr<std::string> FindServer(const std::string& given, const std::string& own_path,
                                       const std::string& search_path) {
  namespace fs = std::filesystem;
  const auto usable = [](const fs::path& path) {
    return access(path.c_str(), X_OK) == 0 && !fs::is_directory(path);
  };
  if (!given.empty()) {
    if (usable(given)) return fs::absolute(given).string();
    return absl::NotFoundError(absl::StrCat(given, " is no program (--server-binary)"));
  }
  const fs::path own = fs::path(own_path).parent_path();
  std::vector<fs::path> places = {own / "slotmesh-node",
                                  own.parent_path() / "node" / "slotmesh-node"};
  for (const std::string& directory :
       std::vector<std::string>(absl::StrSplit(search_path, ':', absl::SkipEmpty()))) {
    places.push_back(fs::path(directory) / "slotmesh-node");
  }
  for (const fs::path& place : places) {
    if (usable(place)) return place.string();
  }
  return absl::NotFoundError(
      absl::StrCat("slotmesh-node was not found next to ", own_path,
                   " nor on PATH: build it (bazel build -c opt //node:slotmesh-node) or name "
                   "it with --server-binary"));
}

}  // namespace slotmesh::admin
