#include "node/persist/data_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "slots/strings.h"

namespace slotmesh::node {

namespace {

// After the append-only file could not be begun.
constexpr int64_t kAofRetryMillis = 1000;
constexpr int64_t kSliceNanos = 10'000'000;
constexpr uint64_t kBytesPerClockCheck = 64 << 10;

}  // namespace

absl::StatusOr<bool> DataFiles::BeginLoading() {
  aof_wanted_ = engine_.config.appendonly;
  absl::Status found = absl::NotFoundError("no append-only file");
  if (aof_wanted_) found = aof_.BeginLoading();
  from_aof_ = found.ok();
  // Whoever turns the append-only file on in the configuration keeps the data of the RDB file.
  if (absl::IsNotFound(found)) found = rdb_.BeginLoading();
  if (!found.ok() && !absl::IsNotFound(found)) return found;
  return found.ok();
}

absl::StatusOr<bool> DataFiles::StepLoading() {
  const int64_t begin = engine_.clock.MonotonicNanos();
  const auto slice = static_cast<uint64_t>(engine_.config.loading_process_events_interval_bytes);
  uint64_t left = slice;
  while (true) {
    const uint64_t bytes = std::min(left, kBytesPerClockCheck);
    const absl::StatusOr<bool> done = from_aof_ ? aof_.StepLoading(bytes) : rdb_.StepLoading(bytes);
    if (!done.ok() || *done) return done;
    left -= bytes;
    if (left == 0 || engine_.clock.MonotonicNanos() - begin >= kSliceNanos) return false;
  }
}

absl::Status DataFiles::Begin() {
  const bool on = engine_.config.appendonly;
  // Turned on meanwhile: files of an earlier time may be there, which stay until a rewrite is done.
  const absl::Status status = !on ? absl::OkStatus() : aof_wanted_ ? aof_.Begin() : aof_.TurnOn();
  engine_.loading.End();
  return status;
}

absl::Status DataFiles::SwitchAof(bool on) {
  if (on) return aof_.TurnOn();
  aof_.TurnOff();
  return absl::OkStatus();
}

absl::Status DataFiles::BeginReplacing(const std::string& path, bool aside) {
  if (!aside) aof_.TurnOff();
  from_aof_ = false;
  aside_ = aside;
  copy_ = path;
  const absl::Status status = rdb_.BeginLoadingCopy(path, aside);
  if (!status.ok()) AbortReplacing();
  return status;
}

absl::StatusOr<FileNotes> DataFiles::EndReplacing(bool keep) {
  const std::string& own = engine_.config.dbfilename;
  if (aside_) aof_.TurnOff();
  aside_ = false;
  AbortReplacing();
  if (keep && std::rename(copy_.c_str(), own.c_str()) != 0) {
    return absl::UnavailableError(
        StrCat("cannot rename ", copy_, " to ", own, ": ", std::strerror(errno)));
  }
  return rdb_.loaded_notes();
}

// The append-only file goes on with what is there now, nothing perhaps.
void DataFiles::AbortReplacing() {
  rdb_.AbortLoading();
  if (aside_) return;
  aof_to_begin_ = engine_.config.appendonly;
  BeginAof();
}

void DataFiles::BeginAof() {
  if (!aof_to_begin_ || engine_.now_ms < next_aof_try_ms_) return;
  next_aof_try_ms_ = engine_.now_ms + kAofRetryMillis;
  aof_to_begin_ = engine_.config.appendonly && !aof_.TurnOn().ok();
}

void DataFiles::Tick() {
  if (engine_.loading.active) return;
  BeginAof();
  rdb_.Tick();
  aof_.Tick();
}

}  // namespace slotmesh::node
