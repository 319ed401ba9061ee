// The append-only file: begins, goes on, is written anew, ends.
//
// In the directory appenddirname: a manifest, a base (an RDB file) and increments. Writing anew
// cuts the stream between two transactions: the journal goes on into a new increment while a
// snapshot of that moment becomes the new base; then the manifest names both, and what was there
// before is removed. At each moment the manifest on disk names files that give the whole data.
//
// Engine thread only. Borrows everything it is given; it goes before the snapshots.
#ifndef SLOTMESH_NODE_PERSIST_AOF_FILES_H_
#define SLOTMESH_NODE_PERSIST_AOF_FILES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/command/dispatcher.h"
#include "node/command/engine.h"
#include "node/commands/persistence.h"
#include "node/persist/aof_load.h"
#include "node/persist/aof_log.h"
#include "node/persist/aof_manifest.h"
#include "node/persist/background_save.h"
#include "node/persist/disk_refusal.h"
#include "node/persist/file_remover.h"
#include "node/persist/function_texts.h"
#include "node/snapshot/snapshots.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class AofFiles {
 public:
  struct Environment {
    Engine& engine;
    Dispatcher& dispatcher;
    Snapshots& snapshots;
    DiskRefusal& refusal;
    FunctionTexts& functions;
    Log& log;
    std::function<void(std::function<void()>)> post;  // As BackgroundSave has it.
    std::function<void(std::chrono::nanoseconds, std::function<void()>)> post_after;
    // Slots are on their way here: what has come of them stands in the file, but not in the data.
    // A new base would have it all written again. Null: never.
    std::function<bool()> stages_moves = nullptr;
  };
  explicit AofFiles(Environment environment);

  // At the start, with appendonly: NOT_FOUND if there are no files. What they hold comes with
  // StepLoading.
  absl::Status BeginLoading();
  // Goes on for about so many bytes, and tells Engine::loading. True when all is done.
  absl::StatusOr<bool> StepLoading(size_t bytes);
  // Goes on behind what Load found, or begins with the data that is there.
  absl::Status Begin();
  // A rewrite does not begin while this says that the disk is busy with an RDB file.
  void set_rdb_busy(std::function<bool()> busy) { rdb_busy_ = std::move(busy); }
  // CONFIG SET appendonly yes: begins by writing a base, in the background.
  absl::Status TurnOn();
  void TurnOff();

  // Before replies leave: false if those to writes may not.
  bool Flush();
  // The process ends.
  void Close();
  // From a timer.
  void Tick();

  // BGREWRITEAOF: begins, now or once another snapshot has ended. False if one is under way.
  bool Rewrite();
  // DEBUG LOADAOF: forgets the data and loads the files.
  absl::Status Reload();
  AofStatus Status() const;
  void set_before_write(std::function<void()> before) { log_.set_before_write(std::move(before)); }
  // The journal's offset up to which all is on disk; 0 if nothing is to be.
  uint64_t synced_offset() const { return log_.on() && complete_ ? log_.synced_offset() : 0; }

 private:
  struct Rewriting {
    AofFile base;
    AofManifest after;  // The manifest once it is done, without history.
    std::unique_ptr<BackgroundSave> save;
    uint64_t offset = 0;  // The journal's, at the snapshot's moment.
    bool told = false;    // Observers have heard of its begin.
  };

  RdbNotes Notes() const;
  SnapshotForm FormOfBase() const;
  std::string Path(const std::string& name) const;
  absl::Status MakeDirectory() const;
  std::string ManifestName() const;
  absl::StatusOr<AofManifest> ReadManifest() const;
  absl::Status WriteManifest(const AofManifest& manifest) const;
  absl::Status AdoptSingleFile();
  absl::Status MoveSingleFile();
  void EndLoading();
  absl::Status BeginAnew();
  absl::Status BeginRewrite();
  absl::Status Cut();
  absl::Status GoOnInNext();
  void EndRewrite(const absl::Status& status);
  absl::Status Replace();
  void RemoveHistory();
  bool HasGrown() const;
  // The rewrite has not begun: another snapshot is to end first.
  bool WaitsForAnother() const;
  void Judge();

  const Environment env_;
  std::function<bool()> rdb_busy_;
  AofLog log_;
  FileRemover remover_;
  AofManifest manifest_;
  bool complete_ = false;    // The manifest on disk gives the whole data.
  uint64_t base_bytes_ = 0;  // Size after the last rewrite, increments not counted.
  uint64_t old_bytes_ = 0;   // Of increments before the one that is written.
  bool last_rewrite_ok_ = true;
  int64_t last_rewrite_s_ = -1;
  int64_t last_failure_ms_ = 0;
  uint64_t rewrites_ = 0;
  uint64_t failures_in_a_row_ = 0;
  std::unique_ptr<AofLoader> loader_;     // While loading.
  std::unique_ptr<Rewriting> rewriting_;  // If it is under way.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_AOF_FILES_H_
