// What commands ask of the node's files: SAVE, BGSAVE, SHUTDOWN, FLUSHALL, DEBUG RELOAD, INFO.
// Implemented by node/persist.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_COMMANDS_PERSISTENCE_H_
#define SLOTMESH_NODE_COMMANDS_PERSISTENCE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"

namespace slotmesh::node {

struct PersistenceStatus {
  bool saving = false;      // In the background.
  int64_t last_save_s = 0;  // Unix time.
  bool last_background_ok = true;
  int64_t last_seconds = -1;     // That the last one in the background took.
  int64_t current_seconds = -1;  // Of the one under way.
  uint64_t saves = 0;
  uint64_t keys_done = 0;  // Of the one under way.
  uint64_t keys_total = 0;
  uint64_t keys_loaded = 0;  // At the last load.
  uint64_t keys_expired = 0;
};

struct AofStatus {
  bool on = false;
  bool rewriting = false;
  bool beginning = false;  // It has been turned on, and no file gives the whole data yet.
  bool scheduled = false;  // Waits for another snapshot to end.
  bool last_rewrite_ok = true;
  bool last_write_ok = true;
  int64_t last_rewrite_seconds = -1;
  int64_t current_rewrite_seconds = -1;
  uint64_t rewrites = 0;
  uint64_t failures_in_a_row = 0;
  uint64_t base_bytes = 0;  // When it was last written anew.
  uint64_t bytes = 0;       // Now.
  uint64_t buffered_bytes = 0;
  bool syncing = false;
  uint64_t syncs_awaited = 0;  // Writes that had to wait for the disk.
};

struct ReloadOptions {
  bool save = true;      // First save, then load that.
  bool flush = true;     // Before loading.
  bool replace = false;  // Keys that are there already.
  std::string path;      // Empty: the node's own file.
};

class Persistence {
 public:
  virtual ~Persistence() = default;
  // Now, while everything else waits. The error's message says what was wrong with the file.
  virtual absl::Status Save() = 0;
  // The same into another file; the node's own counts of saves are left alone.
  virtual absl::Status SaveTo(const std::string& path) {
    return absl::UnimplementedError("this node has no files");
  }
  enum class Started { kYes, kAlreadySaving, kFailed };
  virtual Started SaveInBackground() = 0;
  // False if none is under way.
  virtual bool CancelBackgroundSave() = 0;
  // Some of the directive `save` is set.
  virtual bool has_save_points() const = 0;
  virtual absl::Status Reload(const ReloadOptions& options) = 0;
  virtual PersistenceStatus Status() const = 0;

  // Writes the append-only file anew, in the background. False if that is under way already.
  virtual bool RewriteAof() = 0;
  virtual absl::Status ReloadAof() = 0;
  virtual AofStatus StatusOfAof() const = 0;
  // For DEBUG: called before each write of the append-only file; may be empty.
  virtual void SetBeforeAofWrite(std::function<void()> before) {}
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_COMMANDS_PERSISTENCE_H_
