#include "gossip/bus/inbox.h"

namespace slotmesh::bus {

void Inbox::Add(std::function<void()> task) {
  absl::MutexLock lock(&mu_);
  if (!closed_) tasks_.push_back(std::move(task));
}

void Inbox::Flush() {
  {
    absl::MutexLock lock(&mu_);
    if (posted_ || closed_ || tasks_.empty()) return;
    posted_ = true;
  }
  post_([self = shared_from_this()] { self->Drain(); });
}

void Inbox::Drain() {
  for (size_t i = 0; i < kDrainMax; ++i) {
    std::function<void()> task;
    {
      absl::MutexLock lock(&mu_);
      if (closed_ || tasks_.empty()) break;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
  {
    absl::MutexLock lock(&mu_);
    posted_ = false;
  }
  Flush();
}

void Inbox::Close() {
  std::deque<std::function<void()>>
      dropped;  // Destroyed without the lock: a task may own a CallReply.
  absl::MutexLock lock(&mu_);
  closed_ = true;
  dropped.swap(tasks_);
}

}  // namespace slotmesh::bus
