// Where a server's log, votes and snapshot survive: the interface that the ledger's driver writes
// to, and its implementation on files.
//
// FileStorage's files, in one folder (<dir>/ledger):
//   meta              which server of which log this is, and which of the others count. Replaced by
//   a rename. segment-<number>  what was written since the snapshot: 20 bytes head (magic, number,
//   checksum), then one
//                     batch a Write: length u32, place in the segment u64, payload checksum u64,
//                     checksum of these 20 bytes u32; payload: term, vote, entries. All
//                     little-endian.
//   snapshot-<number> the snapshot that the segment of this number begins after.
//   meta.new, discarded  only while something is under way.
// A Write returns once its bytes are on the disk (fsync of file and folder). A crash during a Write
// leaves a batch cut short at the end of the segment (or zeros where the file was made longer
// first): nothing of it was reported as stored, so Load cuts it off and says so in `notes`.
// Anything else that does not fit - a batch with a wrong checksum, a missing file, a number out of
// order - is DATA_LOSS naming file, offset and what to do; nothing is ever repaired by guessing.
//
// Thread-compatible; blocking: a driver calls it where waiting for a disk hurts nobody. After a
// failed Write the storage accepts no more: what the file holds is unknown until the next Load.
// Load takes memory for what the files hold.
#ifndef SLOTMESH_SLOTS_LEDGER_STORAGE_H_
#define SLOTMESH_SLOTS_LEDGER_STORAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "slots/ids.h"
#include "slots/ledger/log_disk.h"
#include "slots/ledger/raft_types.h"

namespace slotmesh::ledger {

struct StoredLog {
  ServerId server = 0;  // 0: nothing is stored here, Initialize is next.
  slots::LogId log;
  HardState hard;
  SnapshotPtr snapshot;
  std::vector<LogEntry> entries;
  std::vector<std::string>
      notes;  // For the node's log: what was cut off, where and why that is safe.
};

class Storage {
 public:
  virtual ~Storage() = default;

  // First of all. After a failure the storage is not to be used.
  virtual absl::StatusOr<StoredLog> Load() = 0;
  // Makes this an empty log of that server. REQUIRES: Load() found nothing.
  virtual absl::Status Initialize(ServerId server, const slots::LogId& log) = 0;
  // REQUIRES: Load() found a server or Initialize() made one; the steps come in order.
  virtual absl::Status Write(const Persist& persist) = 0;
  // Puts a log of that server, which begins with the step's snapshot, in place of what is stored;
  // of the same log id. A crash on the way leaves the one or the other. REQUIRES: as Write().
  virtual absl::Status Replace(ServerId server, const Persist& persist) = 0;
  // Gives up server and log; the next Load finds nothing. A crash on the way leaves all or nothing.
  virtual absl::Status Discard() = 0;
};

class FileStorage final : public Storage {
 public:
  // `disk` must outlive this.
  explicit FileStorage(LogDisk& disk) : disk_(disk) {}

  absl::StatusOr<StoredLog> Load() override;
  absl::Status Initialize(ServerId server, const slots::LogId& log) override;
  absl::Status Write(const Persist& persist) override;
  absl::Status Replace(ServerId server, const Persist& persist) override;
  absl::Status Discard() override;

 private:
  struct Meta {
    ServerId server = 0;
    slots::LogId log;
    uint64_t segment = 0;
    bool snapshot = false;
  };
  template <typename Archive>
  friend void Fields(Archive& a, Meta& meta) {
    a(meta.server, meta.log, meta.segment, meta.snapshot);
  }

  absl::Status Corrupt(const std::string& name, uint64_t offset, const std::string& what) const;
  absl::StatusOr<StoredLog> LoadWithoutMeta(const std::vector<std::string>& names);
  absl::Status ReadMeta();
  absl::Status ReadSnapshot(StoredLog* log);
  absl::Status ReadSegment(StoredLog* log);
  absl::Status ReadBatch(const std::string& payload, uint64_t offset, StoredLog* log);
  absl::Status CutTail(uint64_t offset, uint64_t size, StoredLog* log);
  absl::Status RemoveOthers();
  absl::Status WriteNew(const std::string& name, const std::string& bytes);
  absl::Status WriteMeta(const Meta& meta);
  absl::Status WriteSnapshot(ServerId server, const Persist& persist);
  absl::Status Poison(absl::Status status);

  LogDisk& disk_;
  Meta meta_;
  uint64_t batches_ = 0;  // In the segment.
  absl::Status broken_;
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_STORAGE_H_
