// The source's end of one slot move, as a step machine: greets the target, sends it the stream of
// the slots, fences them when the target has nearly caught up, and asks the ledger to commit.
//
//   greeting    Begin is sent, again and again, until Ready comes.
//   copying     The walk hands out entries, the journal effects; both go into the stream.
//   catching up The walk is done; effects go on. Ends when what the target has not taken in can be
//               applied within the fence time aimed at.
//   draining    Writes are fenced, the final record is in the stream.
//   committing  The target said Complete: reads are fenced too, the commit is proposed.
//   aborting    The move was given up: an abort is proposed, the stream has ended. What is fenced
//               stays fenced (SAFETY 22: only a decision of the ledger lifts the fence; until then
//               proposals are repeated).
//   over        The ledger has decided.
//
// Thread-compatible. Time is monotonic. Owns the stream. Inputs that do not fit the phase (late,
// repeated) change nothing. Every wait but the last for the ledger has a bound (constants below).
#ifndef SLOTMESH_NODE_CLUSTER_MIGRATION_SOURCE_H_
#define SLOTMESH_NODE_CLUSTER_MIGRATION_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "node/cluster/cluster_state.h"
#include "node/cluster/migration/frames.h"
#include "node/cluster/migration/out_stream.h"
#include "node/cluster/migration/records.h"
#include "slots/ledger/entry.h"
#include "slots/ledger/view.h"

namespace slotmesh::node {

inline constexpr absl::Duration kBeginRetry = absl::Milliseconds(100);
inline constexpr absl::Duration kBeginTimeout = absl::Seconds(10);
// The target has bytes and acknowledges none of them.
inline constexpr absl::Duration kStallTimeout = absl::Seconds(10);
// From the fence to Complete.
inline constexpr absl::Duration kDrainTimeout = absl::Seconds(5);
inline constexpr absl::Duration kProposalRetry = absl::Milliseconds(100);
// How long applying the rest may take when the fence goes up: at first, and at most. It grows by a
// fiftieth of the time spent catching up, so that a source that writes as fast as the target
// applies gets done too.
inline constexpr absl::Duration kDrainAim = absl::Milliseconds(10);
inline constexpr absl::Duration kDrainAimMax = absl::Seconds(1);
inline constexpr uint64_t kSmallLagBytes = 64 << 10;  // Never a reason to wait.
// What the target applies a second is taken for no more than it applied within this time.
inline constexpr absl::Duration kRateTimeMin = absl::Milliseconds(100);

class MigrationSource {
 public:
  enum class Phase : uint8_t {
    kGreeting = 0,
    kCopying = 1,
    kCatchingUp = 2,
    kDraining = 3,
    kCommitting = 4,
    kAborting = 5,
    kOver = 6,
  };
  // Performed in field order.
  struct Output {
    std::optional<Fence> fence;       // Of the plan's slots.
    std::vector<std::string> frames;  // To the target, in order.
    bool begin_copy = false;          // Begin walk and journal; they come in by the Add methods.
    bool end_copy = false;            // They are not needed any more.
    std::optional<ledger::Change> proposal;
  };

  MigrationSource(ledger::MovePlan plan, absl::Time now);

  const ledger::MovePlan& plan() const { return plan_; }
  Phase phase() const { return phase_; }
  const OutStream& stream() const { return stream_; }
  // Why it was given up; empty if it was not.
  const std::string& reason() const { return reason_; }
  // The walk may hand out more now. While clients wait for a value it need not be sent at once.
  bool wants_entries(bool awaited = false) const {
    return phase_ == Phase::kCopying &&
           (stream_.has_room() || (awaited && stream_.lag() < kStreamBacklogMax));
  }
  bool takes_records() const { return phase_ == Phase::kCopying || phase_ == Phase::kCatchingUp; }
  uint64_t entries_sent() const { return entries_; }
  absl::Time last_ack() const { return last_ack_; }

  // The stream's content, in its order; sent by the next Send or Tick. What comes when
  // takes_records() is false means that a fenced slot has changed: the move is given up.
  void AddEntry(const EntryRecord& entry, absl::Time now, Output* out);
  // The next part of an entry, as records (entry_parts.h).
  void AddPart(std::string_view records, bool last, absl::Time now, Output* out);
  void AddEffect(int database, Args words, UnixMillis source_now, absl::Time now, Output* out);
  void WalkDone(absl::Time now, Output* out);
  // Sends what the window allows.
  void Send(absl::Time now, Output* out);

  // A frame from the target's process.
  void OnFrame(absl::Time now, const MigrationFrame& frame, Output* out);
  // Frames to or from the target may be lost.
  void OnLinkLost(absl::Time now, Output* out);
  // Gives the move up, unless the ledger decides otherwise first.
  void GiveUp(absl::Time now, std::string_view reason, Output* out);
  // What a proposal came to, if the picture has not decided the move meanwhile.
  void OnAnswer(absl::Time now, const absl::Status& status, Output* out);
  void OnDecided() { phase_ = Phase::kOver; }
  void Tick(absl::Time now, Output* out);

  void CheckInvariants() const;

 private:
  void Append(std::string_view records, uint64_t value_bytes, absl::Time now, Output* out);
  void OnReady(absl::Time now, Output* out);
  void OnAck(absl::Time now, uint64_t offset, Output* out);
  void OnComplete(absl::Time now, uint64_t offset, Output* out);
  void MaybeFence(absl::Time now, Output* out);
  void CheckDeadlines(absl::Time now, Output* out);
  void Propose(absl::Time now, Output* out);
  void SendFrame(FrameKind kind, uint64_t offset, std::string_view bytes, Output* out);

  ledger::MovePlan plan_;
  Phase phase_ = Phase::kGreeting;
  OutStream stream_;
  std::string record_;  // Reused to encode.
  std::string reason_;
  UnixMillis stream_time_ = -1;  // Of the last Time record.
  uint64_t entries_ = 0;
  uint64_t value_bytes_ = 0;      // Of the value that comes in parts, so far.
  uint64_t value_bytes_max_ = 0;  // Of any one value: it may have had to come at once.
  absl::Time created_;
  absl::Time next_begin_;
  absl::Time copy_begin_;
  absl::Time catch_up_begin_;
  absl::Time fenced_at_;
  absl::Time last_ack_;         // Or when the first byte after it was sent.
  bool awaits_answer_ = false;  // Of a proposal.
  absl::Time next_proposal_;
};

}  // namespace slotmesh::node

#endif  // SLOTMESH_NODE_CLUSTER_MIGRATION_SOURCE_H_
