#include "node/cluster/migration/source.h"

#include <algorithm>
#include <utility>

#include "slots/check.h"
#include "slots/strings.h"

namespace slotmesh::node {
namespace {

std::string_view CutReason(std::string_view reason) { return reason.substr(0, kStopReasonMax); }

}  // namespace

MigrationSource::MigrationSource(ledger::MovePlan plan, absl::Time now)
    : plan_(std::move(plan)), created_(now), next_begin_(now), last_ack_(now) {}

void MigrationSource::SendFrame(FrameKind kind, uint64_t offset, std::string_view bytes,
                                Output* out) {
  out->frames.push_back(EncodeFrame({kind, plan_.plan, offset, bytes}));
}

// --- The stream ---

void MigrationSource::Append(std::string_view records, uint64_t value_bytes, absl::Time now,
                             Output* out) {
  if (records.size() > kRecordBytesMax) {
    return GiveUp(now, "a key or command is too big to move", out);
  }
  stream_.Append(records);
  value_bytes_max_ = std::max(value_bytes_max_, value_bytes);
  if (stream_.lag() > kStreamBacklogMax + std::max<uint64_t>(value_bytes_max_, records.size())) {
    GiveUp(now, "the target cannot keep up with the writes to these slots", out);
  }
}

void MigrationSource::AddEntry(const EntryRecord& entry, absl::Time now, Output* out) {
  if (!takes_records()) return;
  record_.clear();
  AppendEntry(&record_, entry);
  ++entries_;
  Append(record_, record_.size(), now, out);
}

void MigrationSource::AddPart(std::string_view records, bool last, absl::Time now, Output* out) {
  if (!takes_records()) return;
  value_bytes_ += records.size();
  Append(records, value_bytes_, now, out);
  if (!last) return;
  value_bytes_ = 0;
  ++entries_;
}

void MigrationSource::AddEffect(int database, Args words, UnixMillis source_now, absl::Time now,
                                Output* out) {
  if (phase_ == Phase::kDraining || phase_ == Phase::kCommitting) {
    return GiveUp(now, StrCat("a fenced slot was changed by ", words[0]), out);
  }
  if (!takes_records()) return;
  record_.clear();
  if (source_now != stream_time_) {
    stream_time_ = source_now;
    AppendTime(&record_, source_now);
  }
  AppendEffect(&record_, database, words);
  Append(record_, 0, now, out);
}

void MigrationSource::WalkDone(absl::Time now, Output* out) {
  if (phase_ != Phase::kCopying) return;
  phase_ = Phase::kCatchingUp;
  catch_up_begin_ = now;
  Send(now, out);
  MaybeFence(now, out);
}

void MigrationSource::Send(absl::Time now, Output* out) {
  if (phase_ == Phase::kGreeting || phase_ >= Phase::kCommitting) return;
  while (true) {
    const uint64_t offset = stream_.sent();
    if (offset == stream_.acknowledged()) last_ack_ = now;
    const std::optional<std::string> chunk = stream_.TakeChunk();
    if (!chunk) return;
    SendFrame(FrameKind::kData, offset, *chunk, out);
  }
}

void MigrationSource::MaybeFence(absl::Time now, Output* out) {
  if (phase_ != Phase::kCatchingUp) return;
  const double seconds = absl::ToDoubleSeconds(std::max(now - copy_begin_, kRateTimeMin));
  const double bytes_per_second = static_cast<double>(stream_.acknowledged()) / seconds;
  const absl::Duration aim = std::min(kDrainAim + (now - catch_up_begin_) / 50, kDrainAimMax);
  const double lag_allowed =
      std::max(static_cast<double>(kSmallLagBytes), bytes_per_second * absl::ToDoubleSeconds(aim));
  if (static_cast<double>(stream_.lag()) > lag_allowed) return;
  phase_ = Phase::kDraining;
  fenced_at_ = now;
  out->fence = Fence::kWrites;
  record_.clear();
  AppendFinal(&record_);
  stream_.Append(record_);
  Send(now, out);
}

// --- From the target ---

void MigrationSource::OnFrame(absl::Time now, const MigrationFrame& frame, Output* out) {
  switch (frame.kind) {
    case FrameKind::kReady:
      return OnReady(now, out);
    case FrameKind::kAck:
      return OnAck(now, frame.offset, out);
    case FrameKind::kComplete:
      return OnComplete(now, frame.offset, out);
    case FrameKind::kStop:
      return GiveUp(now, StrCat("the target gave up: ", frame.bytes), out);
    case FrameKind::kBegin:
    case FrameKind::kData:
    case FrameKind::kGive:
    case FrameKind::kGiven:
      return GiveUp(now, "the target sent what only a source sends", out);
  }
}

void MigrationSource::OnReady(absl::Time now, Output* out) {
  if (phase_ != Phase::kGreeting) return;
  phase_ = Phase::kCopying;
  copy_begin_ = now;
  last_ack_ = now;
  out->begin_copy = true;
}

void MigrationSource::OnAck(absl::Time now, uint64_t offset, Output* out) {
  if (phase_ == Phase::kGreeting || phase_ >= Phase::kCommitting) return;
  if (!stream_.Acknowledge(offset)) {
    return GiveUp(now, "the target acknowledged what was not sent", out);
  }
  last_ack_ = now;
  Send(now, out);
  MaybeFence(now, out);
}

void MigrationSource::OnComplete(absl::Time now, uint64_t offset, Output* out) {
  if (phase_ >= Phase::kCommitting) return;
  if (phase_ != Phase::kDraining || offset != stream_.end() || stream_.sent() != stream_.end()) {
    return GiveUp(now, "the target took the move for complete too early", out);
  }
  stream_.Acknowledge(offset);
  last_ack_ = now;
  phase_ = Phase::kCommitting;
  out->fence = Fence::kWritesAndReads;
  Propose(now, out);
}

void MigrationSource::OnLinkLost(absl::Time now, Output* out) {
  // While greeting, Begin is repeated anyway; once it is complete, the target needs nothing more.
  if (phase_ == Phase::kGreeting || phase_ >= Phase::kCommitting) return;
  GiveUp(now, "the connection to the target was lost", out);
}

// --- Deciding ---

void MigrationSource::GiveUp(absl::Time now, std::string_view reason, Output* out) {
  if (phase_ >= Phase::kAborting) return;
  reason_ = std::string(CutReason(reason));
  phase_ = Phase::kAborting;
  SendFrame(FrameKind::kStop, 0, reason_, out);
  stream_.Clear();
  out->end_copy = true;
  Propose(now, out);
}

void MigrationSource::Propose(absl::Time now, Output* out) {
  awaits_answer_ = true;
  next_proposal_ = now + kProposalRetry;
  if (phase_ == Phase::kCommitting) {
    out->proposal = ledger::MoveCommitted{plan_.plan, plan_.source, plan_.target};
  } else {
    out->proposal = ledger::MoveAborted{plan_.plan, reason_};
  }
}

void MigrationSource::OnAnswer(absl::Time now, const absl::Status& status, Output* out) {
  if (phase_ != Phase::kCommitting && phase_ != Phase::kAborting) return;
  awaits_answer_ = false;
  next_proposal_ = now + kProposalRetry;
  // Refused for good, though the move is still under way as far as is known here. Only if the
  // answer does not come from the ledger (unavailable) may the commit still be made.
  if (phase_ == Phase::kCommitting && absl::IsFailedPrecondition(status)) {
    GiveUp(now, StrCat("the ledger refused the commit: ", status.message()), out);
  }
}

void MigrationSource::CheckDeadlines(absl::Time now, Output* out) {
  switch (phase_) {
    case Phase::kGreeting:
      if (now >= created_ + kBeginTimeout) GiveUp(now, "the target did not answer", out);
      return;
    case Phase::kCopying:
    case Phase::kCatchingUp:
    case Phase::kDraining:
      if (stream_.sent() > stream_.acknowledged() && now >= last_ack_ + kStallTimeout) {
        return GiveUp(now, "the target stopped taking in the stream", out);
      }
      if (phase_ == Phase::kDraining && now >= fenced_at_ + kDrainTimeout) {
        GiveUp(now, "the target did not complete in time", out);
      }
      return;
    case Phase::kCommitting:
    case Phase::kAborting:
      if (!awaits_answer_ && now >= next_proposal_) Propose(now, out);
      return;
    case Phase::kOver:
      return;
  }
}

void MigrationSource::Tick(absl::Time now, Output* out) {
  CheckDeadlines(now, out);
  if (phase_ == Phase::kGreeting && now >= next_begin_) {
    next_begin_ = now + kBeginRetry;
    SendFrame(FrameKind::kBegin, 0, {}, out);
  }
  Send(now, out);
  MaybeFence(now, out);
}

void MigrationSource::CheckInvariants() const {
  CHECK(stream_.acknowledged() <= stream_.sent() && stream_.sent() <= stream_.end());
  CHECK(stream_.sent() - stream_.acknowledged() < kStreamWindowBytes + kStreamChunkBytes);
  if (phase_ == Phase::kCommitting) CHECK_EQ(stream_.lag(), 0);
  CHECK_EQ(phase_ == Phase::kAborting, !reason_.empty() && phase_ != Phase::kOver);
}

}  // namespace slotmesh::node
