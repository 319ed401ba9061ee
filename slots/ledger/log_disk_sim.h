// FileStorage on a simulated disk: the same file format, with the losses of a crash. For tests.
//
// `StopAfter(n)` plays a process that dies in the middle of a write: the n-th call from then on,
// and all that follow, fail without doing anything. Thread-compatible; borrows the disk.
#ifndef SLOTMESH_SLOTS_LEDGER_LOG_DISK_SIM_H_
#define SLOTMESH_SLOTS_LEDGER_LOG_DISK_SIM_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "gossip/sim/disk.h"
#include "slots/ledger/log_disk.h"

namespace slotmesh::ledger {

class SimLogDisk final : public LogDisk {
 public:
  explicit SimLogDisk(sim::SimDisk& disk) : disk_(disk) {}

  void StopAfter(uint64_t calls) { calls_left_ = calls; }

  std::string name() const override { return "ledger"; }
  absl::StatusOr<std::vector<std::string>> List() override { return disk_.List(); }
  absl::StatusOr<std::string> Read(const std::string& name) override { return disk_.Read(name); }
  absl::Status Append(const std::string& name, std::string_view bytes) override {
    return Stopped() ? Dead() : disk_.Append(name, bytes);
  }
  absl::Status Truncate(const std::string& name, uint64_t size) override {
    return Stopped() ? Dead() : disk_.Truncate(name, size);
  }
  absl::Status Fsync(const std::string& name) override {
    return Stopped() ? Dead() : disk_.Fsync(name);
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    return Stopped() ? Dead() : disk_.Rename(from, to);
  }
  absl::Status Remove(const std::string& name) override {
    return Stopped() ? Dead() : disk_.Remove(name);
  }
  absl::Status SyncDir() override { return Stopped() ? Dead() : disk_.SyncDir(); }

 private:
  bool Stopped() { return calls_left_ == 0 || calls_left_-- == 0; }
  static absl::Status Dead() { return absl::AbortedError("the process is gone"); }

  sim::SimDisk& disk_;
  uint64_t calls_left_ = std::numeric_limits<uint64_t>::max();
};

}  // namespace slotmesh::ledger

#endif  // SLOTMESH_SLOTS_LEDGER_LOG_DISK_SIM_H_
