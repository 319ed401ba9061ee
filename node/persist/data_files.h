// The node's files as one: which of them the data comes from at the start, and what commands ask.
//
// Engine thread only. Borrows both.
#ifndef SLOTMESH_NODE_PERSIST_DATA_FILES_H_
#define SLOTMESH_NODE_PERSIST_DATA_FILES_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "node/commands/persistence.h"
#include "node/persist/aof_files.h"
#include "node/persist/copied_data.h"
#include "node/persist/rdb_files.h"

namespace slotmesh::node {

class DataFiles : public Persistence, public CopiedData {
 public:
  DataFiles(RdbFiles& rdb, AofFiles& aof, Engine& engine) : rdb_(rdb), aof_(aof), engine_(engine) {
    aof_.set_rdb_busy([this] { return rdb_.Status().saving; });
  }

  // At the start: finds what is there (with appendonly the append-only file before the RDB file).
  // True if there is something; Engine::loading is active then.
  absl::StatusOr<bool> BeginLoading();
  // A slice of a few milliseconds. True when all is loaded.
  absl::StatusOr<bool> StepLoading();
  // With the data there, or without any: begins the append-only file if it is on, and ends
  // Engine::loading.
  absl::Status Begin();
  // CONFIG SET appendonly.
  absl::Status SwitchAof(bool on);
  bool Flush() { return aof_.Flush(); }
  void Close() { aof_.Close(); }
  void Tick();

  absl::Status Save() override { return rdb_.Save(); }
  absl::Status SaveTo(const std::string& path) override { return rdb_.SaveTo(path); }
  Started SaveInBackground() override { return rdb_.SaveInBackground(); }
  bool CancelBackgroundSave() override { return rdb_.CancelBackgroundSave(); }
  bool has_save_points() const override { return rdb_.has_save_points(); }
  absl::Status Reload(const ReloadOptions& options) override { return rdb_.Reload(options); }
  PersistenceStatus Status() const override { return rdb_.Status(); }
  bool RewriteAof() override { return aof_.Rewrite(); }
  absl::Status ReloadAof() override { return aof_.Reload(); }
  AofStatus StatusOfAof() const override { return aof_.Status(); }
  void SetBeforeAofWrite(std::function<void()> before) override {
    aof_.set_before_write(std::move(before));
  }

  // CopiedData.
  absl::Status BeginReplacing(const std::string& path, bool aside) override;
  absl::StatusOr<bool> StepReplacing() override { return StepLoading(); }
  absl::StatusOr<FileNotes> EndReplacing(bool keep) override;
  void AbortReplacing() override;
  RdbNotes NotesOfNow() const override { return rdb_.Notes(); }
  uint64_t synced_offset() const override { return aof_.synced_offset(); }

  // Of the RDB file that was loaded last.
  const FileNotes& loaded_notes() const { return rdb_.loaded_notes(); }

 private:
  void BeginAof();

  RdbFiles& rdb_;
  AofFiles& aof_;
  Engine& engine_;
  std::string copy_;  // The file that takes the data's place.
  bool from_aof_ = false;
  bool aside_ = false;         // The old data is served while the copy is loaded.
  bool aof_to_begin_ = false;  // It could not be, which is in the log; it is tried again.
  int64_t next_aof_try_ms_ = 0;
  bool aof_wanted_ = false;  // By the configuration, when loading began.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_DATA_FILES_H_
