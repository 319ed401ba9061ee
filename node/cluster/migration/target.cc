#include "node/cluster/migration/target.h"

#include <utility>

#include "node/cluster/migration/source.h"
#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {

void MigrationTarget::SendFrame(FrameKind kind, uint64_t offset, std::string_view bytes,
                                Output* out) {
  out->frames.push_back(EncodeFrame({kind, plan_.plan, offset, bytes}));
}

void MigrationTarget::OnFrame(absl::Time now, const MigrationFrame& frame, Output* out) {
  switch (frame.kind) {
    case FrameKind::kBegin:
      if (phase_ == Phase::kWaiting) SendFrame(FrameKind::kReady, 0, {}, out);
      if (phase_ == Phase::kFailed) SendFrame(FrameKind::kStop, 0, reason_, out);
      return;
    case FrameKind::kData:
      return OnData(now, frame, out);
    case FrameKind::kStop:
      // The source asks for the abort itself, and never commits any more.
      return GiveUp(now, StrCat("the source gave up: ", frame.bytes), out);
    case FrameKind::kReady:
    case FrameKind::kAck:
    case FrameKind::kComplete:
    case FrameKind::kGive:
    case FrameKind::kGiven:
      return GiveUp(now, "the source sent what only a target sends", out);
  }
}

void MigrationTarget::OnData(absl::Time now, const MigrationFrame& frame, Output* out) {
  if (phase_ == Phase::kStoring || phase_ == Phase::kComplete) {
    return GiveUp(now, "the source sent more behind the end of the stream", out);
  }
  if (phase_ != Phase::kWaiting && phase_ != Phase::kReceiving) return;
  if (frame.offset != received_ || frame.bytes.empty()) {
    return GiveUp(now, "a part of the stream is missing", out);
  }
  phase_ = Phase::kReceiving;
  received_ += frame.bytes.size();
  if (received_ - applied_ > kReceiveQueueMax) {
    return GiveUp(now, "the source sent more than its window", out);
  }
  queue_.emplace_back(frame.bytes);
}

void MigrationTarget::Apply(absl::Time now, RecordSink& sink, absl::FunctionRef<bool()> out_of_time,
                            Output* out) {
  constexpr int kRecordsPerClockCheck = 16;
  const uint64_t before = applied_;
  Record record;
  for (int records = 1; has_work(); ++records) {
    if (!frame_in_reader_) reader_.Feed(queue_.front());
    frame_in_reader_ = true;
    const absl::StatusOr<bool> read = reader_.Next(&record);
    if (!read.ok()) return GiveUp(now, ToStd(read.status().message()), out);
    if (!*read) {
      frame_in_reader_ = false;
      applied_ += queue_.front().size();
      out->staged.push_back(std::move(queue_.front()));
      queue_.pop_front();
    } else if (record.kind == RecordKind::kFinal) {
      applied_ = received_;
      if (reader_.unread() > 0 || queue_.size() > 1) {
        return GiveUp(now, "the source sent more behind the end of the stream", out);
      }
      out->staged.push_back(std::move(queue_.front()));
      queue_.clear();
      phase_ = Phase::kStoring;
      return;
    } else if (const absl::Status status = sink.Apply(record); !status.ok()) {
      return GiveUp(now, ToStd(status.message()), out);
    }
    // A part of a big value is as much work as many keys.
    const bool check = record.kind == RecordKind::kPart || records % kRecordsPerClockCheck == 0;
    if (check && out_of_time()) break;
  }
  if (applied_ != before) SendFrame(FrameKind::kAck, applied_, {}, out);
}

void MigrationTarget::OnStored(Output* out) {
  if (phase_ != Phase::kStoring) return;
  phase_ = Phase::kComplete;
  SendFrame(FrameKind::kComplete, applied_, {}, out);
}

void MigrationTarget::OnLinkLost(absl::Time now, Output* out) {
  // Before the first byte Begin comes again; behind the last one nothing is needed.
  if (phase_ == Phase::kReceiving) GiveUp(now, "the connection to the source was lost", out);
}

void MigrationTarget::GiveUp(absl::Time now, std::string_view reason, Output* out) {
  if (phase_ >= Phase::kFailed || wants_abort_) return;
  reason_ = std::string(reason.substr(0, kStopReasonMax));
  wants_abort_ = true;
  SendFrame(FrameKind::kStop, 0, reason_, out);
  if (phase_ != Phase::kComplete) {
    // Complete was never said, so the commit cannot have been proposed.
    phase_ = Phase::kFailed;
    queue_.clear();
    reader_ = RecordReader();
    frame_in_reader_ = false;
    out->drop_staging = true;
  }
  Propose(now, out);
}

void MigrationTarget::Propose(absl::Time now, Output* out) {
  awaits_answer_ = true;
  next_proposal_ = now + kProposalRetry;
  out->proposal = ledger::MoveAborted{plan_.plan, reason_};
}

void MigrationTarget::OnAnswer(absl::Time now) {
  awaits_answer_ = false;
  next_proposal_ = now + kProposalRetry;
}

void MigrationTarget::Tick(absl::Time now, Output* out) {
  if (phase_ == Phase::kOver || !wants_abort_ || awaits_answer_ || now < next_proposal_) return;
  Propose(now, out);
}

void MigrationTarget::CheckInvariants() const {
  CHECK_LE(applied_, received_);
  uint64_t queued = 0;
  for (const std::string& frame : queue_) queued += frame.size();
  if (phase_ == Phase::kReceiving) CHECK_EQ(received_ - applied_, queued);
  if (phase_ == Phase::kStoring || phase_ == Phase::kComplete) CHECK_EQ(received_, applied_);
  CHECK(phase_ != Phase::kFailed || wants_abort_);
}

}  // namespace slotmesh::node
