#include "gossip/sim/chaos.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "slots/check.h"

namespace slotmesh::sim {

Chaos::Chaos(Hosts& hosts, Links& links, const ChaosOptions& options)
    : hosts_(hosts),
      links_(links),
      options_(options),
      usual_links_(links.faults()),
      random_(hosts.scheduler().random().Fork(0xca05)) {}

absl::Duration Chaos::DrawTime(absl::Duration mean, absl::Duration most) {
  const double ns =
      -std::log1p(-random_.Fraction()) * static_cast<double>(absl::ToInt64Nanoseconds(mean));
  return std::min(most, absl::Nanoseconds(static_cast<int64_t>(ns)));
}

void Chaos::Begin() {
  ++round_;
  ScheduleNext();
}

void Chaos::ScheduleNext() {
  const absl::Duration wait = DrawTime(options_.interval_mean, options_.interval_mean * 10);
  hosts_.scheduler().After(wait, [this, round = round_] {
    if (round != round_) return;
    Inject(Draw());
    ScheduleNext();
  });
}

Chaos::Fault Chaos::Draw() {
  const std::pair<Fault, int> weights[] = {
      {Fault::kCrash, options_.crash_weight},
      {Fault::kPause, options_.pause_weight},
      {Fault::kPartition, options_.partition_weight},
      {Fault::kOneWay, options_.one_way_partition_weight},
      {Fault::kIsolate, options_.isolate_weight},
      {Fault::kBadLinks, options_.bad_links_weight},
      {Fault::kDrift, options_.drift_weight},
  };
  int sum = 0;
  for (const auto& [fault, weight] : weights) sum += weight;
  CHECK_GT(sum, 0);
  int drawn = static_cast<int>(random_.Below(sum));
  for (const auto& [fault, weight] : weights) {
    if (drawn < weight) return fault;
    drawn -= weight;
  }
  return Fault::kCrash;
}

int Chaos::DownCount() const {
  int count = 0;
  for (HostIndex i = 0; i < hosts_.size(); ++i) count += !hosts_.IsRunning(i);
  return count;
}

void Chaos::EndLater(Scheduler::Action end) {
  const absl::Duration time = DrawTime(options_.duration_mean, options_.duration_max);
  hosts_.scheduler().After(time, [this, round = round_, end = std::move(end)]() mutable {
    if (round == round_) end();
  });
}

void Chaos::Inject(Fault fault) {
  ++faults_;
  const HostIndex host = static_cast<HostIndex>(random_.Below(hosts_.size()));
  hosts_.scheduler().Trace(static_cast<uint64_t>(fault), host);
  switch (fault) {
    case Fault::kCrash:
      if (!hosts_.IsUp(host) || DownCount() >= options_.down_max) return;
      hosts_.Crash(host);
      EndLater([this, host] { hosts_.Start(host); });
      return;
    case Fault::kPause:
      if (!hosts_.IsRunning(host) || DownCount() >= options_.down_max) return;
      hosts_.Pause(host);
      EndLater([this, host] { hosts_.Resume(host); });
      return;
    case Fault::kPartition:
      Partition(false);
      return;
    case Fault::kOneWay:
      Partition(true);
      return;
    case Fault::kIsolate:
      links_.Isolate(host, hosts_.size());
      EndLater([this, cut = ++cut_] {
        if (cut == cut_) links_.HealAll();
      });
      return;
    case Fault::kBadLinks:
      links_.SetFaults(options_.bad_links);
      EndLater([this] { links_.SetFaults(usual_links_); });
      return;
    case Fault::kDrift: {
      const int64_t most = options_.drift_ppm_max;
      hosts_.clock(host).SetDrift(hosts_.scheduler().now(),
                                  static_cast<int64_t>(random_.Below(2 * most + 1)) - most);
      return;
    }
  }
}

void Chaos::Partition(bool one_way) {
  std::vector<HostIndex> sides[2];
  for (HostIndex i = 0; i < hosts_.size(); ++i) sides[random_.Below(2)].push_back(i);
  if (one_way) {
    links_.PartitionOneWay(sides[0], sides[1]);
  } else {
    links_.Partition(sides[0], sides[1]);
  }
  EndLater([this, cut = ++cut_] {
    if (cut == cut_) links_.HealAll();
  });
}

void Chaos::HealLinks() {
  ++round_;
  links_.HealAll();
  links_.SetFaults(usual_links_);
  for (HostIndex i = 0; i < hosts_.size(); ++i) hosts_.Resume(i);
}

void Chaos::Heal() {
  HealLinks();
  for (HostIndex i = 0; i < hosts_.size(); ++i) hosts_.Start(i);
}

}  // namespace slotmesh::sim
