#include "node/persist/data_files.h"

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

void DataFiles::Tick() {
  rdb_.Tick();
  aof_.Tick();
}

}  // namespace slotmesh::node
