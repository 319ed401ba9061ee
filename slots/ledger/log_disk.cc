#include "slots/ledger/log_disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"

namespace slotmesh::ledger {
namespace {

class PosixDisk final : public LogDisk {
 public:
  // Takes over `lock`, the locked folder; -1: it is not locked.
  PosixDisk(std::string folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  ~PosixDisk() override {
    Close();
    if (lock_ >= 0) ::close(lock_);
  }
  PosixDisk(const PosixDisk&) = delete;
  PosixDisk& operator=(const PosixDisk&) = delete;

  std::string name() const override { return folder_; }

  absl::StatusOr<std::vector<std::string>> List() override {
    DIR* dir = ::opendir(folder_.c_str());
    if (dir == nullptr) return Error("opendir", "");
    std::vector<std::string> names;
    while (const dirent* item = ::readdir(dir)) {
      const std::string name = item->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(dir);
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::StatusOr<std::string> Read(const std::string& name) override {
    const int fd = ::open(Path(name).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return Error("open", name);
    std::string bytes;
    char buffer[1 << 16];
    ssize_t got = 0;
    while ((got = ::read(fd, buffer, sizeof(buffer))) != 0) {
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) break;
      bytes.append(buffer, static_cast<size_t>(got));
    }
    const absl::Status status = got < 0 ? Error("read", name) : absl::OkStatus();
    ::close(fd);
    if (!status.ok()) return status;
    return bytes;
  }

  absl::Status Append(const std::string& name, std::string_view bytes) override {
    if (absl::Status status = Open(name); !status.ok()) return status;
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return Error("write", name);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
    return absl::OkStatus();
  }

  absl::Status Truncate(const std::string& name, uint64_t size) override {
    if (absl::Status status = Open(name); !status.ok()) return status;
    return ::ftruncate(fd_, static_cast<off_t>(size)) == 0 ? absl::OkStatus()
                                                           : Error("ftruncate", name);
  }

  absl::Status Fsync(const std::string& name) override {
    if (absl::Status status = Open(name); !status.ok()) return status;
    return ::fsync(fd_) == 0 ? absl::OkStatus() : Error("fsync", name);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    Close();
    const bool done = ::rename(Path(from).c_str(), Path(to).c_str()) == 0;
    return done ? absl::OkStatus() : Error("rename", from);
  }

  absl::Status Remove(const std::string& name) override {
    Close();
    return ::unlink(Path(name).c_str()) == 0 ? absl::OkStatus() : Error("unlink", name);
  }

  absl::Status SyncDir() override {
    const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return Error("open", "");
    const absl::Status status = ::fsync(fd) == 0 ? absl::OkStatus() : Error("fsync", "");
    ::close(fd);
    return status;
  }

 private:
  std::string Path(const std::string& name) const { return absl::StrCat(folder_, "/", name); }

  absl::Status Error(const char* call, const std::string& name) const {
    const int error = errno;
    return absl::ErrnoToStatus(error, absl::StrCat(call, " ", name.empty() ? folder_ : Path(name)));
  }

  // The file that is written to stays open: it is one and the same nearly always.
  absl::Status Open(const std::string& name) {
    if (fd_ >= 0 && open_ == name) return absl::OkStatus();
    Close();
    fd_ = ::open(Path(name).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd_ < 0) return Error("open", name);
    open_ = name;
    return absl::OkStatus();
  }

  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  std::string folder_;
  int lock_;
  std::string open_;
  int fd_ = -1;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LogDisk>> OpenSharedLogDisk(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mkdir ", folder));
  }
  return std::make_unique<PosixDisk>(folder, -1);
}

absl::StatusOr<std::unique_ptr<LogDisk>> OpenLogDisk(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
    return absl::ErrnoToStatus(errno, absl::StrCat("mkdir ", folder));
  }
  const int lock = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return absl::ErrnoToStatus(errno, absl::StrCat("open ", folder));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(lock);
    if (error != EWOULDBLOCK) return absl::ErrnoToStatus(error, absl::StrCat("flock ", folder));
    return absl::FailedPreconditionError(absl::StrCat(
        folder, " is in use by another process: a node's folder is for one process at a time"));
  }
  return std::make_unique<PosixDisk>(folder, lock);
}

}  // namespace slotmesh::ledger
