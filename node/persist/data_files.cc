#include "node/persist/data_files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "slots/strings.h"

namespace slotmesh::node {

absl::StatusOr<bool> DataFiles::Start() {
  absl::Status loaded = absl::NotFoundError("no append-only file");
  if (config_.appendonly) loaded = aof_.Load();
  // Whoever turns the append-only file on in the configuration keeps the data of the RDB file.
  if (absl::IsNotFound(loaded)) loaded = rdb_.Load();
  if (!loaded.ok() && !absl::IsNotFound(loaded)) return loaded;
  if (config_.appendonly) {
    const absl::Status begun = aof_.Begin();
    if (!begun.ok()) return begun;
  }
  return loaded.ok();
}

absl::Status DataFiles::SwitchAof(bool on) {
  if (on) return aof_.TurnOn();
  aof_.TurnOff();
  return absl::OkStatus();
}

absl::StatusOr<FileNotes> DataFiles::Replace(const std::string& path, bool keep) {
  aof_.TurnOff();
  absl::Status status = rdb_.LoadCopy(path);
  if (status.ok() && keep && std::rename(path.c_str(), config_.dbfilename.c_str()) != 0) {
    status = absl::UnavailableError(
        StrCat("cannot rename ", path, " to ", config_.dbfilename, ": ", std::strerror(errno)));
  }
  // Also of what could not be loaded: nothing.
  const absl::Status on = config_.appendonly ? aof_.TurnOn() : absl::OkStatus();
  if (!status.ok()) return status;
  if (!on.ok()) return on;
  return rdb_.loaded_notes();
}

void DataFiles::Tick() {
  rdb_.Tick();
  aof_.Tick();
}

}  // namespace slotmesh::node
