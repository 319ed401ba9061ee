// The target's end of one slot move, as a step machine: takes the stream in order, has it applied
// in slices, says how far it came, and keeps the result hidden until the ledger has decided.
//
//   waiting    Nothing has come; each Begin is answered with Ready.
//   receiving  Data frames are queued; Apply takes records out and gives them to the staging area.
//   storing    The final record is applied: files and in-sync replicas are to have it all before
//              the source hears of it (SAFETY 20).
//   complete   They have: everything stays as it is until the ledger decides, whatever else
//              happens.
//   failed     Given up before it was complete: the staging area can go, an abort is proposed until
//              the ledger decides.
//   over       The ledger has decided.
//
// Thread-compatible. Time is monotonic. Owns what is queued: at most the source's window.
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_TARGET_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_TARGET_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node/cluster/migration/frames.h"
#include "node/cluster/migration/out_stream.h"
#include "node/cluster/migration/records.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/view.h"

namespace slotmesh::node {

// What has come and is not applied; the source's window keeps it below.
inline constexpr uint64_t kReceiveQueueMax = kStreamWindowBytes + 2 * kStreamChunkBytes;

// Where records go (staging.h).
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // An error ends the move.
  virtual absl::Status Apply(const Record& record) = 0;
};

class MigrationTarget {
 public:
  enum class Phase : uint8_t {
    kWaiting = 0,
    kReceiving = 1,
    kStoring = 2,
    kComplete = 3,
    kFailed = 4,
    kOver = 5,
  };
  // Performed in field order.
  struct Output {
    std::vector<std::string> staged;  // Bytes of the stream, applied: for the journal, in order.
    std::vector<std::string> frames;  // To the source, in order.
    bool drop_staging = false;
    std::optional<ledger::Change> proposal;
  };

  explicit MigrationTarget(ledger::MovePlan plan) : plan_(std::move(plan)) {}

  const ledger::MovePlan& plan() const { return plan_; }
  Phase phase() const { return phase_; }
  const std::string& reason() const { return reason_; }
  bool has_work() const { return phase_ == Phase::kReceiving && !queue_.empty(); }
  uint64_t received() const { return received_; }
  uint64_t applied() const { return applied_; }

  // A frame from the source's process.
  void OnFrame(absl::Time now, const MigrationFrame& frame, Output* out);
  // Applies what is queued, until `out_of_time` says so (asked every few records).
  void Apply(absl::Time now, RecordSink& sink, absl::FunctionRef<bool()> out_of_time, Output* out);
  // All that was staged is where it has to be. Does nothing unless it is storing.
  void OnStored(Output* out);
  // Frames to or from the source may be lost.
  void OnLinkLost(absl::Time now, Output* out);
  // Gives the move up. When it is complete this only proposes: the commit may be on its way.
  void GiveUp(absl::Time now, std::string_view reason, Output* out);
  // What a proposal came to.
  void OnAnswer(absl::Time now);
  void OnDecided() { phase_ = Phase::kOver; }
  void Tick(absl::Time now, Output* out);

  void CheckInvariants() const;

 private:
  void OnData(absl::Time now, const MigrationFrame& frame, Output* out);
  void Propose(absl::Time now, Output* out);
  void SendFrame(FrameKind kind, uint64_t offset, std::string_view bytes, Output* out);

  ledger::MovePlan plan_;
  Phase phase_ = Phase::kWaiting;
  std::deque<std::string> queue_;  // Bytes of Data frames.
  RecordReader reader_;
  uint64_t received_ = 0;  // Stream positions.
  uint64_t applied_ = 0;   // Given to the reader; all whole records before it are applied.
  bool frame_in_reader_ = false;
  std::string reason_;
  bool wants_abort_ = false;
  bool awaits_answer_ = false;
  absl::Time next_proposal_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_TARGET_H_
