#include "node/replication/file_receiver.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "node/resp/numbers.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

constexpr std::string_view kMarkPrefix = "$EOF:";
constexpr size_t kMarkBytes = 40;
constexpr mode_t kFileMode = 0644;

absl::Status SystemError(std::string_view what, const std::string& path) {
  return absl::UnavailableError(StrCat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileReceiver>> FileReceiver::Create(const std::string& path,
                                                                   std::string_view announcement) {
  std::string_view mark;
  std::optional<int64_t> length;
  if (announcement.starts_with(kMarkPrefix)) {
    mark = announcement.substr(kMarkPrefix.size());
  } else if (announcement.starts_with('$')) {
    length = ParseInt64(announcement.substr(1));
  }
  if (mark.size() != kMarkBytes && (!length.has_value() || *length < 0)) {
    return absl::InvalidArgumentError(
        StrCat("expected a file's length or mark, got '", announcement.substr(0, 128), "'"));
  }
  const int descriptor = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, kFileMode);
  if (descriptor < 0) return SystemError("create", path);
  std::unique_ptr<FileReceiver> receiver(new FileReceiver(path, descriptor));
  receiver->mark_ = mark;
  receiver->length_ = static_cast<uint64_t>(length.value_or(0));
  receiver->complete_ = length.has_value() && *length == 0;
  return receiver;
}

FileReceiver::~FileReceiver() {
  if (file_ < 0) return;
  close(file_);
  unlink(path_.c_str());
}

absl::Status FileReceiver::Write(std::string_view bytes) {
  received_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path_);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> FileReceiver::Take(std::string_view bytes) {
  if (mark_.empty()) bytes = bytes.substr(0, length_ - received_);
  const absl::Status written = Write(bytes);
  if (!written.ok()) return written;
  if (mark_.empty()) {
    complete_ = received_ == length_;
    return bytes.size();
  }
  tail_ += bytes.substr(bytes.size() - std::min(bytes.size(), kMarkBytes));
  tail_.erase(0, tail_.size() - std::min(tail_.size(), kMarkBytes));
  // Nothing follows the mark until this node has acknowledged the file.
  if (tail_ == mark_) {
    complete_ = true;
    received_ -= kMarkBytes;
    if (ftruncate(file_, static_cast<off_t>(received_)) != 0) return SystemError("cut", path_);
  }
  return bytes.size();
}

absl::Status FileReceiver::Finish() {
  const bool synced = fsync(file_) == 0;
  const absl::Status status = synced ? absl::OkStatus() : SystemError("sync", path_);
  if (synced) close(std::exchange(file_, -1));
  return status;
}

}  // namespace slotmesh::node
