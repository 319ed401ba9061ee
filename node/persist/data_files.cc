#include "node/persist/data_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "slots/strings.h"

namespace slotmesh::node {

namespace {

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

absl::StatusOr<FileNotes> DataFiles::Replace(const std::string& path, bool keep) {
  aof_.TurnOff();
  absl::Status status = rdb_.LoadCopy(path);
  if (status.ok() && keep && std::rename(path.c_str(), engine_.config.dbfilename.c_str()) != 0) {
    status = absl::UnavailableError(StrCat("cannot rename ", path, " to ",
                                           engine_.config.dbfilename, ": ", std::strerror(errno)));
  }
  // Also of what could not be loaded: nothing.
  const absl::Status on = engine_.config.appendonly ? aof_.TurnOn() : absl::OkStatus();
  if (!status.ok()) return status;
  if (!on.ok()) return on;
  return rdb_.loaded_notes();
}

void DataFiles::Tick() {
  if (engine_.loading.active) return;
  rdb_.Tick();
  aof_.Tick();
}

}  // namespace slotmesh::node
