#include "node/persist/aof_log.h"

#include <utility>

namespace slotmesh::node {
namespace {

constexpr int64_t kSyncMillis = 1000;
// A write to a file that is being synced would wait for it: it is put off so long.
constexpr int64_t kPutOffMillis = 2000;

}  // namespace

void AofLog::Use(std::shared_ptr<AppendFile> file) {
  if (file_ == nullptr) journal_.Subscribe(*this);
  // The file is read on its own: it says which database it begins in.
  journal_.ForceSelect();
  file_ = std::move(file);
  unsynced_ = false;
}

void AofLog::Stop() {
  if (file_ == nullptr) return;
  journal_.Unsubscribe(*this);
  file_.reset();
  buffer_.clear();
  status_ = absl::OkStatus();
}

void AofLog::OnUnit(const JournalUnit& unit) {
  if (unit.effects.front().origin != Origin::kAofLoad) {
    buffer_ += unit.resp;
    return;
  }
  // It stands in the file already. The next one says its database anew.
  journal_.ForceSelect();
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

void AofLog::Write() {
  status_ = file_->Append(buffer_);
  if (!status_.ok()) return;
  buffer_.clear();
  unsynced_ = true;
  written_offset_ = journal_.offset();
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
  unsynced_ = false;
  last_sync_ms_ = now_ms;
  syncing_offset_ = written_offset_;
  sync_thread_.Begin(file_);
}

bool AofLog::Flush(int64_t now_ms) {
  if (file_ == nullptr || (buffer_.empty() && !unsynced_ && status_.ok())) return true;
  if (!buffer_.empty() && !MustWait(now_ms)) Write();
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
  Write();
  if (status_.ok()) status_ = file_->Sync();
  unsynced_ = !status_.ok();
  if (status_.ok()) synced_offset_ = written_offset_;
  return status_;
}

}  // namespace slotmesh::node
