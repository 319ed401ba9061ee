// One ordered stream of tasks from many threads to the owner's.
//
// Thread-safe. Tasks run in the order of Add(), one at a time, inside closures given to `post`;
// many tasks share one post. Held by shared_ptr, because a posted closure may outlive the
// transport. The number of waiting tasks is bounded by those who add (receive windows, peers,
// calls).
#ifndef SLOTMESH_GOSSIP_BUS_INBOX_H_
#define SLOTMESH_GOSSIP_BUS_INBOX_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace slotmesh::bus {

inline constexpr size_t kDrainMax =
    256;  // Tasks in one posted closure; the rest goes into the next.

class Inbox : public std::enable_shared_from_this<Inbox> {
 public:
  using Post = std::function<void(std::function<void()>)>;

  explicit Inbox(Post post) : post_(std::move(post)) {}

  void Add(std::function<void()> task);
  // Posts what was added. Apart from Add() so that it can be called without the caller's locks
  // held.
  void Flush();
  // Drops what waits; nothing runs any more. On the thread that runs the tasks, or when that has
  // ended.
  void Close();

 private:
  void Drain();

  const Post post_;
  absl::Mutex mu_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  bool posted_ ABSL_GUARDED_BY(mu_) = false;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace slotmesh::bus

#endif  // SLOTMESH_GOSSIP_BUS_INBOX_H_
