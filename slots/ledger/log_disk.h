// The few file operations that FileStorage needs, on the files of one folder; names are plain file
// names. The simulator has one with a disk's failures. Thread-compatible.
#ifndef SLOTMESH_SLOTS_LEDGER_LOG_DISK_H_
#define SLOTMESH_SLOTS_LEDGER_LOG_DISK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace slotmesh::ledger {

class LogDisk {
 public:
  virtual ~LogDisk() = default;

  virtual std::string name() const = 0;  // The folder, for messages.
  virtual absl::StatusOr<std::vector<std::string>> List() = 0;
  // NotFound if there is no such file.
  virtual absl::StatusOr<std::string> Read(const std::string& name) = 0;
  // Creates the file if it is absent.
  virtual absl::Status Append(const std::string& name, std::string_view bytes) = 0;
  virtual absl::Status Truncate(const std::string& name, uint64_t size) = 0;
  virtual absl::Status Fsync(const std::string& name) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status Remove(const std::string& name) = 0;
  // Makes creations, renames and removals durable.
  virtual absl::Status SyncDir() = 0;
};

// A real folder, which is created (with its parents left to the caller) if it is absent. Errors
// name the file. Failed precondition while another LogDisk, of whatever process, is open on it: a
// node's second process would write over the first one's promises.
absl::StatusOr<std::unique_ptr<LogDisk>> OpenLogDisk(const std::string& folder);
// The same for a folder that others may use too: whoever opens it looks after its own files alone.
absl::StatusOr<std::unique_ptr<LogDisk>> OpenSharedLogDisk(const std::string& folder);

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_LOG_DISK_H_
