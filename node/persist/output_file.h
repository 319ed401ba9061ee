// A file that appears under its name complete or not at all.
//
// Thread-compatible: created on one thread, then used by one other. Errors name the file and say
// what the system said.
#ifndef SLOTMESH_NODE_PERSIST_OUTPUT_FILE_H_
#define SLOTMESH_NODE_PERSIST_OUTPUT_FILE_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace slotmesh::node {

class OutputFile {
 public:
  // Without Commit, nothing is left behind.
  virtual ~OutputFile() = default;
  virtual absl::Status Write(std::string_view bytes) = 0;
  // On disk, under its name, replacing what had it. The last call.
  virtual absl::Status Commit() = 0;
};

// Writes to `temporary`, which Commit renames to `path` in the same directory. With
// `sync_as_it_grows` the disk gets the bytes every few megabytes: the final sync is short then.
absl::StatusOr<std::unique_ptr<OutputFile>> CreateOutputFile(const std::string& path,
                                                             const std::string& temporary,
                                                             bool sync_as_it_grows);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_OUTPUT_FILE_H_
