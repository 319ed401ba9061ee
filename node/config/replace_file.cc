#include "node/config/replace_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace slotmesh::node {
namespace {

constexpr mode_t kFileMode = 0644;

absl::Status Failed(int error) { return absl::UnavailableError(strerror(error)); }

absl::Status WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(errno);
    text.remove_prefix(static_cast<size_t>(n));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : Failed(errno);
}

}  // namespace

absl::Status ReplaceFile(const std::string& path, std::string_view text) {
  std::string temporary = path + ".XXXXXX";
  const int fd = mkstemp(temporary.data());
  if (fd < 0) return Failed(errno);
  struct stat old;
  const mode_t mode = stat(path.c_str(), &old) == 0 ? old.st_mode & 07777 : kFileMode;
  absl::Status status = WriteAll(fd, text);
  if (status.ok() && fchmod(fd, mode) != 0) status = Failed(errno);
  if (close(fd) != 0 && status.ok()) status = Failed(errno);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) status = Failed(errno);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int folder_fd =
      open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0) return Failed(errno);
  if (fsync(folder_fd) != 0) status = Failed(errno);
  close(folder_fd);
  return status;
}

}  // namespace slotmesh::node
