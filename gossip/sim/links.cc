#include "gossip/sim/links.h"

#include <algorithm>
#include <cmath>

namespace slotmesh::sim {

Links::Links(Scheduler& scheduler, LinkFaults faults)
    : scheduler_(scheduler), faults_(faults), random_(scheduler.random().Fork(0x71c5)) {}

void Links::Cut(HostIndex from, HostIndex to) { cuts_.insert(Pair(from, to)); }

void Links::Heal(HostIndex from, HostIndex to) { cuts_.erase(Pair(from, to)); }

void Links::CutBoth(HostIndex a, HostIndex b) {
  Cut(a, b);
  Cut(b, a);
}

void Links::Partition(const std::vector<HostIndex>& a, const std::vector<HostIndex>& b) {
  PartitionOneWay(a, b);
  PartitionOneWay(b, a);
}

void Links::PartitionOneWay(const std::vector<HostIndex>& from, const std::vector<HostIndex>& to) {
  for (const HostIndex source : from) {
    for (const HostIndex target : to) {
      if (source != target) Cut(source, target);
    }
  }
}

void Links::Isolate(HostIndex host, int count) {
  for (HostIndex other = 0; other < count; ++other) {
    if (other != host) CutBoth(host, other);
  }
}

absl::Duration Links::DrawDelay() {
  // Whole nanoseconds, so that a trace does not hang on how a duration rounds.
  const double extra = -std::log1p(-random_.Fraction()) *
                       static_cast<double>(absl::ToInt64Nanoseconds(faults_.delay_extra_mean));
  const absl::Duration delay =
      std::min(faults_.delay_min + absl::Nanoseconds(static_cast<int64_t>(extra)),
               std::max(faults_.delay_min, faults_.delay_max));
  return random_.Percent(faults_.slow_percent) ? delay + faults_.slow_delay : delay;
}

Links::Fate Links::Decide(HostIndex from, HostIndex to) {
  Fate fate;
  if (IsCut(from, to) || random_.Percent(faults_.loss_percent)) return fate;
  fate.push_back(DrawDelay());
  if (random_.Percent(faults_.duplicate_percent)) fate.push_back(DrawDelay());
  if (!faults_.ordered) return fate;
  absl::Time& last = last_arrival_[Pair(from, to)];
  for (absl::Duration& delay : fate) {
    last = std::max(last, scheduler_.now() + delay);
    delay = last - scheduler_.now();
  }
  return fate;
}

}  // namespace slotmesh::sim
