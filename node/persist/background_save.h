// An RDB file that is written in the background: it waits until no other snapshot runs, begins
// between two transactions, goes on in slices, and says how it ended.
//
// Engine thread only. Going away before the end gives the file up. Borrows what Environment does,
// which outlives it; the snapshots, too.
#ifndef SLOTMESH_NODE_PERSIST_BACKGROUND_SAVE_H_
#define SLOTMESH_NODE_PERSIST_BACKGROUND_SAVE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "node/command/engine.h"
#include "node/persist/output_file.h"
#include "node/persist/rdb_save.h"
#include "node/snapshot/snapshots.h"

namespace slotmesh::node {

// How the directives want RDB files written.
SaveOptions RdbOptionsOf(const Engine& engine);

class BackgroundSave {
 public:
  struct Environment {
    Engine& engine;
    Snapshots& snapshots;
    // Runs it on the engine thread, soon, outside of any command. Called from any thread.
    std::function<void(std::function<void()>)> post;
    // The same after a while, from the engine thread. Null: there is no timer, nothing rests.
    std::function<void(std::chrono::nanoseconds, std::function<void()>)> post_after;
  };
  struct Job {
    std::unique_ptr<OutputFile> file;
    std::function<RdbNotes()> notes;
    SnapshotForm form = SnapshotForm::kRdb;
    // Not yet, says this: the timer asks again. Null: at once.
    std::function<bool()> may_begin;
    // What the file will hold is decided: the state of this moment. An error ends the save.
    std::function<absl::Status()> on_begin;
    // The file is there, or what was wrong. May delete the save.
    std::function<void(const absl::Status&)> on_end;
  };
  BackgroundSave(const Environment& environment, Job job);
  ~BackgroundSave();
  BackgroundSave(const BackgroundSave&) = delete;
  BackgroundSave& operator=(const BackgroundSave&) = delete;

  // Goes on soon: from a timer, for a save that waits for another snapshot.
  void StepSoon();
  bool begun() const { return save_ != nullptr; }
  int64_t seconds() const;
  // Encoded, and written, so far.
  uint64_t keys() const { return begun() ? save_->keys() : 0; }
  uint64_t bytes_written() const { return begun() ? save_->bytes_written() : 0; }

 private:
  absl::Status Begin();
  void Step();
  // After a slice: the next one soon, or after a rest if there is somebody to serve.
  void GoOn(int64_t slice_nanos);

  const Environment env_;
  Job job_;
  const int64_t begin_ms_;
  std::unique_ptr<RdbSave> save_;  // Null while it waits.
  bool step_posted_ = false;
  bool rests_ = false;
  uint64_t commands_before_ = 0;  // Of all clients, at the end of the last slice.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // For what has been posted.
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_BACKGROUND_SAVE_H_
