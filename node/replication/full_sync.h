// A full copy of the data on its way to those replicas that joined it: one snapshot, sent as it is
// made (diskless) or from a file once that is complete.
//
// Engine thread only. Going away early gives it up and closes the connections of those who joined.
// Borrows replicas: Forget one that goes. Memory: StreamPipe::kBytesMax without a disk.
#ifndef SLOTMESH_NODE_REPLICATION_FULL_SYNC_H_
#define SLOTMESH_NODE_REPLICATION_FULL_SYNC_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "node/command/engine.h"
#include "node/persist/background_save.h"
#include "node/replication/replica.h"
#include "node/stats/log.h"

namespace slotmesh::node {

class FullSync {
 public:
  struct Environment {
    BackgroundSave::Environment save;
    Log& log;
    std::function<RdbNotes()> notes;
    // The snapshot is cut: the stream is to be kept from now on. Gives its offset.
    std::function<uint64_t()> on_begin;
    // The history's id.
    std::function<std::string()> history;
    // It is over; may delete the copy.
    std::function<void()> on_end;
  };
  enum class Way : uint8_t { kStream, kFile };

  FullSync(const Environment& environment, Way way, std::string mark);
  ~FullSync();
  FullSync(const FullSync&) = delete;
  FullSync& operator=(const FullSync&) = delete;

  // An error ends it: nobody has joined then.
  absl::Status Begin(const std::vector<Replica*>& replicas);
  // A replica that came later can still join: what it gets begins at the same moment. `kept_from`:
  // the first byte of the stream that is still there.
  bool CanJoin(uint64_t kept_from) const;
  void Join(Replica& replica);
  void Forget(Replica& replica);
  // From a timer.
  void Tick();

 private:
  absl::StatusOr<std::unique_ptr<OutputFile>> Create();
  void OnSaved(const absl::Status& status);
  void TakePieces();
  void SendFile();

  const Environment env_;
  const Way way_;
  const std::string mark_;  // Random: ends a stream of pieces, and names the file.
  const std::string path_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::shared_ptr<StreamPipe> pipe_;
  std::vector<Replica*> replicas_;
  bool begun_ = false;
  uint64_t offset_ = 0;
  std::unique_ptr<BackgroundSave> save_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_REPLICATION_FULL_SYNC_H_
