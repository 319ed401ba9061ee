// The node's files as one: which of them the data comes from at the start, and what commands ask.
//
// Engine thread only. Borrows both.
#ifndef SLOTMESH_NODE_PERSIST_DATA_FILES_H_
#define SLOTMESH_NODE_PERSIST_DATA_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "node/commands/persistence.h"
#include "node/persist/aof_files.h"
#include "node/persist/copied_data.h"
#include "node/persist/rdb_files.h"

namespace slotmesh::node {

class DataFiles : public Persistence, public CopiedData {
 public:
  DataFiles(RdbFiles& rdb, AofFiles& aof, const Config& config)
      : rdb_(rdb), aof_(aof), config_(config) {}

  // At the start: loads what is there (with appendonly the append-only file before the RDB file),
  // and begins the append-only file if it is on. True if there were files.
  absl::StatusOr<bool> Start();
  // CONFIG SET appendonly.
  absl::Status SwitchAof(bool on);
  bool Flush() { return aof_.Flush(); }
  void Close() { aof_.Close(); }
  void Tick();

  absl::Status Save() override { return rdb_.Save(); }
  Started SaveInBackground() override { return rdb_.SaveInBackground(); }
  bool CancelBackgroundSave() override { return rdb_.CancelBackgroundSave(); }
  bool has_save_points() const override { return rdb_.has_save_points(); }
  absl::Status Reload(const ReloadOptions& options) override { return rdb_.Reload(options); }
  PersistenceStatus Status() const override { return rdb_.Status(); }
  bool RewriteAof() override { return aof_.Rewrite(); }
  absl::Status ReloadAof() override { return aof_.Reload(); }
  AofStatus StatusOfAof() const override { return aof_.Status(); }

  // CopiedData.
  absl::StatusOr<FileNotes> Replace(const std::string& path, bool keep) override;
  RdbNotes NotesOfNow() const override { return rdb_.Notes(); }
  uint64_t synced_offset() const override { return aof_.synced_offset(); }

  // Of the RDB file that was loaded last.
  const FileNotes& loaded_notes() const { return rdb_.loaded_notes(); }

 private:
  RdbFiles& rdb_;
  AofFiles& aof_;
  const Config& config_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_DATA_FILES_H_
