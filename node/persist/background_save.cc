#include "node/persist/background_save.h"

#include <utility>

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kSliceNanos = 500'000;

}  // namespace

RdbOutputThread::Options RdbOptionsOf(const Config& config) {
  return {.compress = config.rdbcompression,
          .checksum = config.rdbchecksum,
          .key_delay_micros = config.rdb_key_save_delay};
}

BackgroundSave::BackgroundSave(const Environment& environment, Job job)
    : env_(environment), job_(std::move(job)), begin_ms_(env_.engine.now_ms) {
  StepSoon();
}

BackgroundSave::~BackgroundSave() { *alive_ = false; }

int64_t BackgroundSave::seconds() const {
  return (env_.engine.now_ms - begin_ms_) / kMillisPerSecond;
}

void BackgroundSave::StepSoon() {
  if (std::exchange(step_posted_, true)) return;
  env_.post([this, alive = alive_] {
    if (!*alive) return;
    step_posted_ = false;
    Step();
  });
}

absl::Status BackgroundSave::Begin() {
  absl::StatusOr<std::unique_ptr<RdbSave>> save =
      RdbSave::Start(env_.snapshots, job_.file, job_.notes(), RdbOptionsOf(env_.engine.config),
                     [this, alive = alive_] {
                       env_.post([this, alive] {
                         if (*alive) Step();
                       });
                     });
  // Another walk is under way, of slots that move perhaps: the timer tries again.
  if (absl::IsUnavailable(save.status())) return absl::OkStatus();
  save_ = *std::move(save);
  return job_.on_begin();
}

void BackgroundSave::Step() {
  absl::Status status;
  if (save_ == nullptr) status = Begin();
  if (status.ok()) {
    if (save_ == nullptr) return;
    const int64_t end = env_.engine.clock.MonotonicNanos() + kSliceNanos;
    if (!save_->Step([&] { return env_.engine.clock.MonotonicNanos() >= end; })) {
      if (save_->WantsMore() && !save_->encoded()) StepSoon();
      return;
    }
    status = save_->status();
  }
  const auto on_end = std::move(job_.on_end);
  on_end(status);
}

}  // namespace slotmesh::node
