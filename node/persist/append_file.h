// A file that only grows, and the thread that syncs it to disk.
#ifndef SLOTMESH_NODE_PERSIST_APPEND_FILE_H_
#define SLOTMESH_NODE_PERSIST_APPEND_FILE_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace slotmesh::node {

// Append and size on one thread; Sync on any.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  // All of the bytes or none: what a full disk took of them is cut off again. The error is what the
  // system said.
  virtual absl::Status Append(std::string_view bytes) = 0;
  virtual absl::Status Sync() = 0;
  virtual uint64_t size() const = 0;
};

// Goes on behind what the file has.
absl::StatusOr<std::shared_ptr<AppendFile>> OpenAppendFile(const std::string& path);
// An empty one; what an earlier attempt left under its name is gone.
absl::StatusOr<std::shared_ptr<AppendFile>> CreateAppendFile(const std::string& path);

// Syncs one file at a time in the background. All methods on one thread.
class SyncThread {
 public:
  SyncThread();
  // Waits for a sync that is under way.
  ~SyncThread();
  SyncThread(const SyncThread&) = delete;
  SyncThread& operator=(const SyncThread&) = delete;

  // REQUIRES: not busy().
  void Begin(std::shared_ptr<AppendFile> file);
  bool busy() const;
  // Of the last sync that ended.
  absl::Status status() const;

 private:
  void Run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<AppendFile> file_;  // To be synced.
  absl::Status status_;
  bool stop_ = false;
  std::thread thread_;  // The last member: it uses the others.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_APPEND_FILE_H_
