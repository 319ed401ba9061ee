#include "gossip/sim/hosts.h"

#include <utility>

#include "slots/check.h"

namespace slotmesh::sim {
namespace {

enum TraceKind : uint64_t { kCrash = 0xc1, kStart, kPause, kResume };

}  // namespace

Hosts::Hosts(Scheduler& scheduler, Options options) : scheduler_(scheduler) {
  Random random = scheduler.random().Fork(0x405);
  const int64_t ppm = options.drift_ppm_max;
  const int64_t offset_us = absl::ToInt64Microseconds(options.offset_max);
  for (int i = 0; i < options.count; ++i) {
    const int64_t drift = static_cast<int64_t>(random.Below(2 * ppm + 1)) - ppm;
    const int64_t offset = static_cast<int64_t>(random.Below(offset_us + 1));
    hosts_.push_back({.clock = Clock(scheduler.now(), absl::Microseconds(offset), drift)});
  }
}

void Hosts::Crash(HostIndex index) {
  Host& host = hosts_[index];
  if (!host.up) return;
  scheduler_.Trace(kCrash, index);
  host.up = false;
  host.paused = false;
  ++host.life;
  host.held.clear();
  for (const Listener& listener : on_crash_) listener(index);
}

void Hosts::Start(HostIndex index) {
  Host& host = hosts_[index];
  if (host.up) return;
  scheduler_.Trace(kStart, index);
  host.up = true;
  for (const Listener& listener : on_start_) listener(index);
}

void Hosts::Pause(HostIndex index) {
  Host& host = hosts_[index];
  if (!host.up || host.paused) return;
  scheduler_.Trace(kPause, index);
  host.paused = true;
}

void Hosts::Resume(HostIndex index) {
  Host& host = hosts_[index];
  if (!host.up || !host.paused) return;
  scheduler_.Trace(kResume, index);
  host.paused = false;
  std::vector<Scheduler::Action> held = std::exchange(host.held, {});
  for (Scheduler::Action& action : held) {
    scheduler_.At(scheduler_.now(),
                  [this, index, life = host.life, action = std::move(action)]() mutable {
                    Run(index, life, std::move(action));
                  });
  }
}

EventId Hosts::At(HostIndex index, absl::Time local, Scheduler::Action action) {
  Host& host = hosts_[index];
  CHECK(host.up);
  return scheduler_.At(host.clock.TrueTime(local),
                       [this, index, life = host.life, action = std::move(action)]() mutable {
                         Run(index, life, std::move(action));
                       });
}

void Hosts::Run(HostIndex index, uint64_t life, Scheduler::Action action) {
  Host& host = hosts_[index];
  if (!host.up || host.life != life) return;
  if (host.paused) {
    host.held.push_back(std::move(action));
  } else {
    action();
  }
}

}  // namespace slotmesh::sim
