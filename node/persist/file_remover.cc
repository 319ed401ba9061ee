#include "node/persist/file_remover.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace slotmesh::node {

FileRemover::FileRemover() : thread_([this] { Run(); }) {}

FileRemover::~FileRemover() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool FileRemover::Remove(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  const bool removed = unlink(path.c_str()) == 0;
  if (file < 0) return removed;
  {
    const std::lock_guard lock(mutex_);
    if (removed && files_.size() < kWaitingMax) {
      files_.push_back(file);
      changed_.notify_one();
      return true;
    }
  }
  close(file);
  return removed;
}

void FileRemover::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !files_.empty() || stop_; });
    if (files_.empty()) return;
    const std::vector<int> files = std::exchange(files_, {});
    lock.unlock();
    for (const int file : files) close(file);
    lock.lock();
  }
}

}  // namespace slotmesh::node
