// When the data is saved to its RDB file and loaded from it: SAVE, BGSAVE, the directive `save`,
// start and end of the process.
//
// Engine thread only. Borrows everything it is given; it goes before the snapshots.
#ifndef SLOTMESH_NODE_PERSIST_RDB_FILES_H_
#define SLOTMESH_NODE_PERSIST_RDB_FILES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "node/command/engine.h"
#include "node/commands/persistence.h"
#include "node/persist/background_save.h"
#include "node/persist/copied_data.h"
#include "node/persist/disk_refusal.h"
#include "node/persist/function_texts.h"
#include "node/persist/mapped_file.h"
#include "node/persist/output_file.h"
#include "node/persist/rdb_load.h"
#include "node/snapshot/snapshots.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class RdbFiles {
 public:
  struct Environment {
    Engine& engine;
    Snapshots& snapshots;
    DiskRefusal& refusal;
    FunctionTexts& functions;
    Log& log;
    std::function<void(std::function<void()>)> post;  // As BackgroundSave has it.
    std::function<void(std::chrono::nanoseconds, std::function<void()>)> post_after;
    // Creates the file that a snapshot goes to; tests let it fail.
    std::function<absl::StatusOr<std::unique_ptr<OutputFile>>(const std::string& path)> create;
    // What the file says of where the data is from. Null: nothing.
    std::function<FileNotes()> origin;
  };
  explicit RdbFiles(Environment environment);

  // At the start: NOT_FOUND if there is no file. What it holds comes with StepLoading.
  absl::Status BeginLoading();
  // Goes on for about so many bytes, and tells Engine::loading. True when all is done.
  absl::StatusOr<bool> StepLoading(size_t bytes);
  // The data becomes what the file at `path` holds, keys whose time has come included: a primary's.
  // What was there is gone, also if that fails. `aside`: it stays, and is served, until all is
  // loaded, which takes the memory of both. Goes on with StepLoading.
  absl::Status BeginLoadingCopy(const std::string& path, bool aside);
  void AbortLoading();
  // Of the file that was loaded last.
  const FileNotes& loaded_notes() const { return loaded_notes_; }
  // What a file of this moment holds besides the keys.
  RdbNotes Notes() const;
  // From a timer: save points, and what an earlier failure has put off.
  void Tick();

  // As Persistence has them.
  absl::Status Save();
  absl::Status SaveTo(const std::string& path);
  Persistence::Started SaveInBackground();
  bool CancelBackgroundSave();
  bool has_save_points() const;
  absl::Status Reload(const ReloadOptions& options);
  PersistenceStatus Status() const;

 private:
  struct Loading {
    Loading(std::string name, MappedFile mapped, Keyspace& keyspace, const RdbLoadOptions& options)
        : path(std::move(name)), file(std::move(mapped)), loader(file.bytes(), keyspace, options) {}
    const std::string path;
    MappedFile file;
    RdbLoader loader;
    int64_t begin_ns = 0;
  };
  struct Running {
    std::unique_ptr<BackgroundSave> save;
    uint64_t changes_before = 0;
    uint64_t keys_total = 0;
    bool told = false;  // Observers have heard of its begin.
  };

  absl::StatusOr<std::unique_ptr<OutputFile>> Create() const;
  absl::Status Open(const std::string& path, Keyspace& into, bool replace, bool keep_expired);
  void TakeAside();
  absl::Status EndLoading();
  absl::Status InFile(const absl::Status& status) const;
  bool SavePointReached() const;
  void EndBackground(const absl::Status& status);
  void TellEnd(bool ok);
  void Saved();
  void Judge();

  const Environment env_;
  int64_t last_save_ms_ = 0;  // Or when the process started.
  int64_t last_try_ms_ = 0;
  bool last_background_ok_ = true;
  int64_t last_seconds_ = -1;
  uint64_t saves_ = 0;
  uint64_t keys_loaded_ = 0;
  uint64_t keys_expired_ = 0;
  FileNotes loaded_notes_;
  std::unique_ptr<Keyspace> aside_;   // What is loaded while the old data is served; else null.
  std::unique_ptr<Loading> loading_;  // If that is under way.
  std::unique_ptr<Running> running_;  // A save in the background, if there is one.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_FILES_H_
