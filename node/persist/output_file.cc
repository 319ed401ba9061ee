#include "node/persist/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr size_t kSyncEvery = 4 << 20;

absl::Status SystemError(std::string_view what, const std::string& path) {
  return absl::UnavailableError(StrCat(what, " ", path, ": ", std::strerror(errno)));
}

absl::Status SyncDirectoryOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const std::string directory = parent.empty() ? "." : parent;
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return SystemError("cannot open directory", directory);
  const bool synced = fsync(fd) == 0;
  const int error = errno;
  close(fd);
  errno = error;
  // Some file systems cannot sync directories; what they promise is all there is.
  if (synced || error == EINVAL) return absl::OkStatus();
  return SystemError("cannot sync directory", directory);
}

class SystemFile : public OutputFile {
 public:
  SystemFile(int fd, std::string path, std::string temporary, bool sync_as_it_grows)
      : fd_(fd),
        path_(std::move(path)),
        temporary_(std::move(temporary)),
        sync_as_it_grows_(sync_as_it_grows) {}
  ~SystemFile() override {
    if (fd_ < 0) return;
    close(fd_);
    unlink(temporary_.c_str());
  }

  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = write(fd_, bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return SystemError("cannot write to", temporary_);
      }
      bytes.remove_prefix(static_cast<size_t>(written));
      unsynced_ += static_cast<size_t>(written);
      if (!sync_as_it_grows_ || unsynced_ < kSyncEvery) continue;
      if (fdatasync(fd_) != 0) return SystemError("cannot sync", temporary_);
      unsynced_ = 0;
    }
    return absl::OkStatus();
  }

  absl::Status Commit() override {
    if (fsync(fd_) != 0) return SystemError("cannot sync", temporary_);
    const int fd = std::exchange(fd_, -1);
    if (close(fd) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
      const absl::Status status = SystemError("cannot give its name to", path_);
      unlink(temporary_.c_str());
      return status;
    }
    return SyncDirectoryOf(path_);
  }

 private:
  int fd_;  // -1 once committed.
  const std::string path_;
  const std::string temporary_;
  const bool sync_as_it_grows_;
  size_t unsynced_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<OutputFile>> CreateOutputFile(const std::string& path,
                                                             const std::string& temporary,
                                                             bool sync_as_it_grows) {
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError("cannot create", temporary);
  return std::make_unique<SystemFile>(fd, path, temporary, sync_as_it_grows);
}

}  // namespace slotmesh::node
