// A host's disk: files in one folder, with the losses that real ones have. What is written is
// readable at once but survives a crash for certain only after Fsync (contents) and SyncDir
// (names).
//
// At Crash() each file loses a random suffix of the writes since its last Fsync; the first lost
// write may be torn: a part of its bytes is there. With faults.reorder_writes each unsynced write
// is kept, torn or lost on its own, so a later one can survive an earlier one (holes read as
// zeros). Of the creations, renames and removals since the last SyncDir a random suffix is undone;
// a file's contents survive with whatever name is left to them.
//
// Errors are injected: FailNext for a given call, faults for random ones, a capacity for a full
// disk. A failed write may have written a part; a failed Fsync leaves the writes unsynced. The
// model itself keeps no time; take DrawSyncDelay() from it where an asynchronous layer above wants
// to wait.
//
// Thread-compatible. Owns the contents, which outlive the host's process: keep it outside of the
// node object. Contents are kept twice (now and synced), and unsynced writes once more.
#ifndef SLOTMESH_GOSSIP_SIM_DISK_H_
#define SLOTMESH_GOSSIP_SIM_DISK_H_

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gossip/sim/random.h"

namespace slotmesh::sim {

struct DiskFaults {
  double write_error_percent = 0;
  double sync_error_percent = 0;
  double read_error_percent = 0;
  bool reorder_writes = false;
  uint64_t capacity_bytes = std::numeric_limits<uint64_t>::max();
  absl::Duration sync_delay_min = absl::Microseconds(100);
  absl::Duration sync_delay_max = absl::Milliseconds(10);
};

enum class DiskCall { kWrite, kSync, kRead, kRename, kRemove, kSyncDir };

class SimDisk {
 public:
  // `random` is e.g. scheduler.random().Fork(host).
  explicit SimDisk(Random random, DiskFaults faults = {});

  const DiskFaults& faults() const { return faults_; }
  void SetFaults(const DiskFaults& faults) { faults_ = faults; }

  // Names are plain file names. Errors: NotFound for a file that is not there, ResourceExhausted
  // for a full disk, DataLoss for an injected input/output error.

  // Creates the file empty if it is absent; nothing if it is there.
  absl::Status Create(std::string_view name);
  // Creates the file if it is absent.
  absl::Status Append(std::string_view name, std::string_view bytes);
  // Overwrites from `offset`; a gap is filled with zeros. Creates the file if it is absent.
  absl::Status WriteAt(std::string_view name, uint64_t offset, std::string_view bytes);
  absl::Status Truncate(std::string_view name, uint64_t size);
  absl::Status Fsync(std::string_view name);
  // Replaces `to` if it is there.
  absl::Status Rename(std::string_view from, std::string_view to);
  absl::Status Remove(std::string_view name);
  absl::Status SyncDir();

  absl::StatusOr<std::string> Read(std::string_view name);
  absl::StatusOr<uint64_t> Size(std::string_view name) const;
  bool Exists(std::string_view name) const { return names_.find(name) != names_.end(); }
  std::vector<std::string> List() const;  // Sorted.
  uint64_t used_bytes() const;

  // What a loss of power does to unsynced state; afterwards all that is left counts as synced.
  void Crash();
  // A process that dies alone (kill -9) loses nothing that it wrote: no call is needed for that.
  // All files gone: a new, empty disk.
  void Wipe();

  // The next `count` calls of the kind fail.
  void FailNext(DiskCall call, int count = 1);
  // Flips the bits of `mask` in one byte, in what is read and what is synced. False if there is no
  // such byte.
  bool Corrupt(std::string_view name, uint64_t offset, uint8_t mask = 0xff);

  absl::Duration DrawSyncDelay();

 private:
  struct PendingWrite {
    bool truncate = false;
    uint64_t offset = 0;  // Of a truncation: the new size.
    std::string bytes;
  };
  struct File {
    std::string now;
    std::string synced;
    std::vector<PendingWrite> pending;
  };
  using FilePtr = std::shared_ptr<File>;
  using Names = std::map<std::string, FilePtr, std::less<>>;
  // What a name led to after one change of the folder: null means nothing.
  struct NameChange {
    std::vector<std::pair<std::string, FilePtr>> set;  // A rename changes two names at once.
  };

  static void Apply(std::string& contents, const PendingWrite& write, uint64_t length);
  absl::Status Injected(DiskCall call, double percent, std::string_view name);
  absl::StatusOr<FilePtr> Find(std::string_view name) const;
  FilePtr FindOrCreate(std::string_view name);
  void ChangeNames(NameChange change);
  absl::Status Write(std::string_view name, const FilePtr& file, PendingWrite write);
  void CrashFile(File& file);

  Random random_;
  DiskFaults faults_;
  Names names_;
  Names synced_names_;
  std::vector<NameChange> name_changes_;  // Since the last SyncDir.
  std::map<DiskCall, int> fail_next_;
};

}  // namespace slotmesh::sim

#endif  // SLOTMESH_GOSSIP_SIM_DISK_H_
