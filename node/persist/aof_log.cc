#include "node/persist/aof_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/codec/crc64.h"
#include "node/persist/aof_commands.h"

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kSyncMillis = 1000;
// A write to a file that is being synced would wait for it: it is put off so long.
constexpr int64_t kPutOffMillis = 2000;
// What the file says is summed up in pieces of that many bytes, or when so much time has passed.
constexpr uint64_t kSumBytes = 64 << 10;
constexpr int64_t kSumMillis = 1000;

}  // namespace

void AofLog::Use(std::shared_ptr<AppendFile> file) {
  if (file_ == nullptr) journal_.Subscribe(*this);
  // The file is read on its own: it says which database it begins in.
  journal_.ForceSelect();
  file_ = std::move(file);
  noted_s_ = 0;
  sum_ = 0;
  summed_bytes_ = 0;
  unsynced_ = false;
  size_at_sync_ = file_->size();
}

void AofLog::Stop() {
  if (file_ == nullptr) return;
  journal_.Unsubscribe(*this);
  file_.reset();
  buffer_.clear();
  status_ = absl::OkStatus();
  // What comes next may be another stream, whose offsets have nothing to do with these.
  written_offset_ = syncing_offset_ = synced_offset_ = 0;
}

void AofLog::OnUnit(const JournalUnit& unit) {
  const bool data = std::any_of(unit.effects.begin(), unit.effects.end(),
                                [](const Effect& effect) { return effect.changes_data(); });
  if (data && unit.effects.front().origin != Origin::kAofLoad) {
    if (config_.aof_timestamp_enabled) NoteTime();
    buffer_ += unit.resp;
    return;
  }
  // It stands in the file already, or has no place there. The next one says its database anew.
  if (unit.effects.front().origin != Origin::kControl) journal_.ForceSelect();
}

// Before what happens in a new second, so that the file can be cut back to an earlier one.
void AofLog::NoteTime() {
  const int64_t now_s = wall_ms_() / kMillisPerSecond;
  if (now_s <= noted_s_) return;
  noted_s_ = now_s;
  absl::StrAppend(&buffer_, "#TS:", now_s, "\r\n");
}

bool AofLog::MustWait(int64_t now_ms) {
  if (config_.appendfsync != Fsync::kEverySecond || !sync_thread_.busy()) {
    waits_since_ms_ = 0;
    return false;
  }
  if (waits_since_ms_ == 0) waits_since_ms_ = now_ms;
  if (now_ms - waits_since_ms_ < kPutOffMillis) return true;
  ++syncs_awaited_;
  waits_since_ms_ = 0;
  return false;
}

void AofLog::Write(int64_t now_ms) {
  if (before_write_) before_write_();
  status_ = file_->Append(buffer_);
  if (!status_.ok()) return;
  if (summed_bytes_ == 0) summed_since_ms_ = now_ms;
  sum_ = Crc64(sum_, buffer_);
  summed_bytes_ += buffer_.size();
  buffer_.clear();
  unsynced_ = true;
  written_offset_ = journal_.offset();
}

bool AofLog::SumIsDue(int64_t now_ms) const {
  if (summed_bytes_ == 0) return false;
  return summed_bytes_ >= kSumBytes || now_ms - summed_since_ms_ >= kSumMillis;
}

void AofLog::WriteSum() {
  status_ = file_->Append(AofSumNote(summed_bytes_, sum_));
  if (!status_.ok()) return;
  sum_ = 0;
  summed_bytes_ = 0;
  unsynced_ = true;
}

bool AofLog::SyncAlways() {
  if (!buffer_.empty()) return false;
  if (!unsynced_) return true;
  status_ = file_->Sync();
  unsynced_ = !status_.ok();
  if (status_.ok()) synced_offset_ = written_offset_;
  return status_.ok();
}

void AofLog::SyncEverySecond(int64_t now_ms) {
  if (sync_thread_.busy()) return;
  if (status_.ok()) status_ = sync_thread_.status();
  synced_offset_ = synced_offset();
  if (!unsynced_ || now_ms - last_sync_ms_ < kSyncMillis) return;
  last_sync_ms_ = now_ms;
  BeginSync();
}

void AofLog::BeginSync() {
  unsynced_ = false;
  syncing_offset_ = written_offset_;
  size_at_sync_ = file_->size();
  sync_thread_.Begin(file_);
}

bool AofLog::SyncAhead() {
  if (file_ == nullptr || config_.appendfsync == Fsync::kAlways) return true;
  if (sync_thread_.busy()) return false;
  if (!buffer_.empty() && unsynced_bytes() > kLittleBytes) Write(last_sync_ms_);
  if (!status_.ok() || unsynced_bytes() <= kLittleBytes || syncs_ahead_ == kSyncsAheadMax) {
    syncs_ahead_ = 0;
    return true;
  }
  ++syncs_ahead_;
  synced_offset_ = synced_offset();
  BeginSync();
  return false;
}

bool AofLog::Flush(int64_t now_ms) {
  if (file_ == nullptr) return true;
  const bool sum = SumIsDue(now_ms);
  if (buffer_.empty() && !unsynced_ && !sum && status_.ok()) return true;
  if ((sum || !buffer_.empty()) && !MustWait(now_ms)) {
    Write(now_ms);
    if (status_.ok() && SumIsDue(now_ms)) WriteSum();
  }
  switch (config_.appendfsync) {
    case Fsync::kAlways:
      return SyncAlways();
    case Fsync::kEverySecond:
      SyncEverySecond(now_ms);
      return true;
    case Fsync::kNo:
      return true;
  }
  return true;
}

absl::Status AofLog::SyncNow() {
  if (file_ == nullptr) return absl::OkStatus();
  Write(last_sync_ms_);
  if (status_.ok() && summed_bytes_ > 0) WriteSum();
  if (status_.ok()) status_ = file_->Sync();
  unsynced_ = !status_.ok();
  if (status_.ok()) synced_offset_ = written_offset_;
  if (status_.ok()) size_at_sync_ = file_->size();
  return status_;
}

}  // namespace slotmesh::node
