#include "node/persist/background_save.h"

#include <utility>

namespace slotmesh::node {
namespace {

constexpr int64_t kMillisPerSecond = 1000;
constexpr int64_t kSliceNanos = 250'000;
// So many times as long as a slice takes, clients are served in between.
constexpr int64_t kRestShare = 3;

}  // namespace

SaveOptions RdbOptionsOf(const Engine& engine) {
  const Config& config = engine.config;
  SaveOptions options{.output = {.compress = config.rdbcompression,
                                 .checksum = config.rdbchecksum,
                                 .key_delay_micros = config.rdb_key_save_delay},
                      .access = {.now = engine.now_ms, .lfu = engine.keyspace.lfu_settings()}};
  switch (config.maxmemory_policy) {
    case MaxmemoryPolicy::kVolatileLru:
    case MaxmemoryPolicy::kAllkeysLru:
      options.access.kind = AccessNotes::Kind::kIdle;
      break;
    case MaxmemoryPolicy::kVolatileLfu:
    case MaxmemoryPolicy::kAllkeysLfu:
      options.access.kind = AccessNotes::Kind::kFrequency;
      break;
    case MaxmemoryPolicy::kVolatileRandom:
    case MaxmemoryPolicy::kVolatileTtl:
    case MaxmemoryPolicy::kAllkeysRandom:
    case MaxmemoryPolicy::kNoEviction:
      break;
  }
  return options;
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
  if (rests_) return;
  if (std::exchange(step_posted_, true)) return;
  env_.post([this, alive = alive_] {
    if (!*alive) return;
    step_posted_ = false;
    Step();
  });
}

absl::Status BackgroundSave::Begin() {
  if (job_.may_begin != nullptr && !job_.may_begin()) return absl::OkStatus();
  SaveOptions options = RdbOptionsOf(env_.engine);
  options.form = job_.form;
  absl::StatusOr<std::unique_ptr<RdbSave>> save =
      RdbSave::Start(env_.snapshots, job_.file, job_.notes(), options, [this, alive = alive_] {
        env_.post([this, alive] {
          if (*alive && !rests_) Step();
        });
      });
  // Another walk is under way, of slots that move perhaps: the timer tries again.
  if (absl::IsUnavailable(save.status())) return absl::OkStatus();
  save_ = *std::move(save);
  return job_.on_begin();
}

void BackgroundSave::GoOn(int64_t slice_nanos) {
  const uint64_t commands = env_.engine.stats.commands_processed;
  const bool busy = std::exchange(commands_before_, commands) != commands;
  const bool rests = busy && env_.post_after != nullptr && !save_->waited_for();
  if (!rests) return StepSoon();
  rests_ = true;
  env_.post_after(std::chrono::nanoseconds(slice_nanos * kRestShare), [this, alive = alive_] {
    if (!*alive) return;
    rests_ = false;
    Step();
  });
}

void BackgroundSave::Step() {
  absl::Status status;
  if (save_ == nullptr) status = Begin();
  if (status.ok()) {
    if (save_ == nullptr) return;
    save_->set_key_delay(env_.engine.config.rdb_key_save_delay);
    Clock& clock = env_.engine.clock;
    const int64_t begin = clock.MonotonicNanos();
    if (!save_->Step([&] { return clock.MonotonicNanos() >= begin + kSliceNanos; })) {
      if (save_->WantsMore() && !save_->encoded()) GoOn(clock.MonotonicNanos() - begin);
      return;
    }
    status = save_->status();
  }
  const auto on_end = std::move(job_.on_end);
  on_end(status);
}

}  // namespace slotmesh::node
