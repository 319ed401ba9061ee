// A keyspace on its way into an RDB file: the walk, the encoding on the engine thread, the thread
// that writes.
//
// Engine thread only.
#ifndef SLOTMESH_NODE_PERSIST_RDB_SAVE_H_
#define SLOTMESH_NODE_PERSIST_RDB_SAVE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "node/persist/rdb_file_writer.h"
#include "node/persist/rdb_output_thread.h"
#include "node/persist/snapshot_writer.h"
#include "node/snapshot/snapshots.h"

namespace slotmesh::node {

// As Redis 7.2 names itself: what readers take as the writer's version (redis-ver).
inline constexpr std::string_view kRdbWriter = "7.2.4";

// Of the files that are written.
enum class SnapshotForm : uint8_t { kRdb, kCommands };

struct SaveOptions {
  SnapshotForm form = SnapshotForm::kRdb;
  RdbOutputThread::Options output;
  AccessNotes access;  // In RDB only.
  // A value of at least so many allocations is written in parts of about so many bytes. Smaller
  // ones are done within the fraction of a millisecond that a client would wait otherwise.
  size_t big_effort = 1024;
  // So is a string of at least so many bytes, uncompressed then.
  size_t big_string_bytes = 16 << 20;
  size_t part_bytes = 4096;
};

// In slices, as it is at the start (BGSAVE). Borrows the snapshots, which outlive it. Going away
// before the end gives the file up.
class RdbSave : private SnapshotConsumer {
 public:
  // UNAVAILABLE if a walk over some of the keys is running; the file is left to the caller then.
  // `on_idle`: see RdbOutputThread.
  static absl::StatusOr<std::unique_ptr<RdbSave>> Start(Snapshots& snapshots,
                                                        std::unique_ptr<OutputFile>& file,
                                                        const RdbNotes& notes,
                                                        const SaveOptions& options,
                                                        std::function<void()> on_idle);

  // Encodes until `out_of_time` says so or the thread has enough to do. True when the file is
  // committed or has failed.
  bool Step(absl::FunctionRef<bool()> out_of_time);
  // Clients that wait for a big value get it, whatever the file takes.
  bool WantsMore() const override { return output_->WantsMore() || waited_for(); }
  bool waited_for() const { return walk_ != nullptr && walk_->waited_for(); }

  void set_key_delay(int64_t micros) { output_->set_key_delay(micros); }
  // All is with the thread: more steps bring nothing but its end.
  bool encoded() const { return finished_; }
  // REQUIRES: Step said true.
  const absl::Status& status() const { return output_->status(); }
  uint64_t keys() const { return keys_; }
  uint64_t bytes_written() const { return output_->bytes_written(); }

 private:
  explicit RdbSave(const SaveOptions& options);
  void OnEntry(const SnapshotItem& item) override;
  bool TakesInParts(const Entry& entry) const override;
  bool OnPart(const SnapshotItem& item) override;
  void OnAwaited() override { on_idle_(); }

  std::unique_ptr<RdbOutputThread> output_;
  const SaveOptions options_;
  const std::unique_ptr<SnapshotWriter> writer_;
  // Of entries that came while a big one is being written: they go behind it.
  std::unique_ptr<SnapshotWriter> aside_;
  bool in_parts_ = false;
  std::function<void()> on_idle_;
  uint64_t keys_ = 0;
  bool finished_ = false;               // All is with the thread.
  std::unique_ptr<SnapshotWalk> walk_;  // Null once it is over.
};

// At once, waiting for the disk (SAVE).
absl::Status SaveRdb(const Keyspace& keyspace, std::unique_ptr<OutputFile> file,
                     const RdbNotes& notes, const SaveOptions& options);

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_PERSIST_RDB_SAVE_H_
