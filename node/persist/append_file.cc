#include "node/persist/append_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "slots/strings.h"

namespace slotmesh::node {
namespace {

class SystemFile : public AppendFile {
 public:
  SystemFile(int fd, uint64_t size) : fd_(fd), size_(size) {}
  ~SystemFile() override { close(fd_); }

  absl::Status Append(std::string_view bytes) override {
    std::string_view left = bytes;
    while (!left.empty()) {
      const ssize_t written = write(fd_, left.data(), left.size());
      if (written >= 0) {
        left.remove_prefix(static_cast<size_t>(written));
        continue;
      }
      if (errno == EINTR) continue;
      const absl::Status status = absl::UnavailableError(std::strerror(errno));
      if (ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
        return absl::DataLossError(
            StrCat(ToStd(status.message()), ", and part of it stayed: ", std::strerror(errno)));
      }
      return status;
    }
    size_ += bytes.size();
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    if (fdatasync(fd_) == 0) return absl::OkStatus();
    return absl::UnavailableError(std::strerror(errno));
  }

  uint64_t size() const override { return size_; }

 private:
  const int fd_;
  uint64_t size_;
};

absl::StatusOr<std::shared_ptr<AppendFile>> Open(const std::string& path, int more_flags) {
  const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | more_flags, 0644);
  struct stat about {};
  if (fd < 0 || fstat(fd, &about) != 0) {
    const absl::Status status =
        absl::UnavailableError(StrCat("cannot open ", path, ": ", std::strerror(errno)));
    if (fd >= 0) close(fd);
    return status;
  }
  return std::make_shared<SystemFile>(fd, static_cast<uint64_t>(about.st_size));
}

}  // namespace

absl::StatusOr<std::shared_ptr<AppendFile>> OpenAppendFile(const std::string& path) {
  return Open(path, 0);
}

absl::StatusOr<std::shared_ptr<AppendFile>> CreateAppendFile(const std::string& path) {
  return Open(path, O_TRUNC);
}

SyncThread::SyncThread() : thread_([this] { Run(); }) {}

SyncThread::~SyncThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void SyncThread::Begin(std::shared_ptr<AppendFile> file) {
  {
    const std::lock_guard lock(mutex_);
    file_ = std::move(file);
  }
  changed_.notify_one();
}

bool SyncThread::busy() const {
  const std::lock_guard lock(mutex_);
  return file_ != nullptr;
}

absl::Status SyncThread::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void SyncThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return file_ != nullptr || stop_; });
    if (file_ == nullptr) return;
    const std::shared_ptr<AppendFile> file = file_;
    lock.unlock();
    const absl::Status status = file->Sync();
    lock.lock();
    status_ = status;
    file_.reset();
  }
}

}  // namespace slotmesh::node
