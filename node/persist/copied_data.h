// The node's data in relation to another node's: how a full copy takes its place, and what files
// say of where they are from.
//
// Engine thread only. Implemented by DataFiles.
#ifndef SLOTMESH_NODE_PERSIST_COPIED_DATA_H_
#define SLOTMESH_NODE_PERSIST_COPIED_DATA_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "node/commands/persistence.h"
#include "node/persist/rdb_save.h"

namespace slotmesh::node {

// The notes (AUX fields) of an RDB file.
using FileNotes = std::vector<std::pair<std::string, std::string>>;

// Names the history that the data is from (a replication id).
inline constexpr std::string_view kHistoryNote = "repl-id";

class CopiedData {
 public:
  virtual ~CopiedData() = default;
  // The data becomes what the RDB file at `path` holds, in steps, with Engine::loading set
  // meanwhile; what was there is gone, also if that fails. `aside`: it stays, and is served, until
  // all is loaded, and if that fails.
  virtual absl::Status BeginReplacing(const std::string& path, bool aside) = 0;
  // True when all is loaded. After an error there are no further steps.
  virtual absl::StatusOr<bool> StepReplacing() = 0;
  // With `keep` the file becomes the node's own. Gives the file's notes.
  virtual absl::StatusOr<FileNotes> EndReplacing(bool keep) = 0;
  virtual void AbortReplacing() = 0;
  // What a file of the data of this moment holds besides the keys.
  virtual RdbNotes NotesOfNow() const = 0;
  // The journal's offset up to which the append-only file is on disk; 0 if there is none.
  virtual uint64_t synced_offset() const = 0;
  virtual AofStatus StatusOfAof() const = 0;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_COPIED_DATA_H_
