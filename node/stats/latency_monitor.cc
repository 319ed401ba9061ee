#include "node/stats/latency_monitor.h"

#include <algorithm>

namespace slotmesh::node {

void LatencyMonitor::Add(std::string_view event, int64_t unix_seconds, int64_t millis) {
  auto found = events_.find(event);
  if (found == events_.end()) {
    if (events_.size() >= kEventsMax) return;
    found = events_.emplace(event, Event()).first;
  }
  Event& series = found->second;
  series.max_millis = std::max(series.max_millis, millis);
  if (!series.samples.empty() && series.samples.back().unix_seconds == unix_seconds) {
    Sample& last = series.samples.back();
    last.millis = std::max(last.millis, millis);
    return;
  }
  series.samples.push_back({unix_seconds, millis});
  if (series.samples.size() > kSamplesMax) series.samples.pop_front();
}

const LatencyMonitor::Event* LatencyMonitor::Find(std::string_view event) const {
  const auto found = events_.find(event);
  return found == events_.end() ? nullptr : &found->second;
}

bool LatencyMonitor::Reset(std::string_view event) {
  const auto found = events_.find(event);
  if (found == events_.end()) return false;
  events_.erase(found);
  return true;
}

size_t LatencyMonitor::ResetAll() {
  const size_t count = events_.size();
  events_.clear();
  return count;
}

}  // namespace slotmesh::node
